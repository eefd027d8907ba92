"""The networks by name."""

import numpy as np
import pytest

from inference.engine import network
from tests.inference import tiny


def test_two_outputs_in_one_pass_at_any_size():
    model = network.build("tiny", label_count=4, networks=tiny.NETWORKS)
    for side in (32, 64):
        found = model(np.zeros((2, side, side, 1), dtype=np.float32))
        assert found["logits"].shape == (2, 4)
        assert found["last_map"].shape == (2, side // 4, side // 4, 6)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="resnet50"):
        network.build("resnet51", label_count=3)


def test_each_residual_block_of_resnet50_starts_as_the_identity():
    model = network.build("resnet50", label_count=3)
    last = [layer for layer in model.layers if layer.name.endswith("_3_bn")]
    assert len(last) == 16
    assert not any(np.asarray(layer.gamma).any() for layer in last)
    assert model.count_params() == pytest.approx(23.59e6, rel=0.01)
