"""Every network has its recipe, a recipe changes only what a run has, and its decay reaches kernels alone."""

from dataclasses import replace

import numpy as np
import pytest

from inference.engine import network
from inference.training.config import TrainingConfig
from inference.training.recipes import RECIPES, add_l2, recipe
from tests.inference import tiny


def test_every_network_has_its_recipe():
    assert set(RECIPES) == set(network.NETWORKS)
    assert recipe("a network of one's own") == {}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_makes_a_run(name):
    config = replace(TrainingConfig(epochs=1, network=name), **RECIPES[name])
    assert sum(share for _, share in config.stages) == pytest.approx(1.0)
    assert config.weight_decay == 0.0 or config.optimizer == "adamw"
    assert config.l2 == 0.0 or config.optimizer == "adam"


def test_the_sides_the_networks_are_known_for():
    sides = {name: TrainingConfig(epochs=1, **RECIPES[name]).final_size for name in ("vgg16", "xception", "cnn_bn")}
    assert sides == {"vgg16": 232, "xception": 299, "cnn_bn": 256}


def test_l2_is_the_square_of_the_trained_kernels_and_of_nothing_else():
    model = network.build("tiny", label_count=3, networks=tiny.NETWORKS)
    model.get_layer("first").trainable = False
    add_l2(model, 0.0)
    assert model.losses == []
    add_l2(model, 0.01)
    kernels = [np.asarray(model.get_layer(name).kernel) for name in ("second", "logits")]
    assert float(sum(model.losses)) == pytest.approx(0.01 * sum(float((kernel**2).sum()) for kernel in kernels))
