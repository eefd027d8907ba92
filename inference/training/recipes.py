"""How each network is trained unless the command says otherwise: one table over the defaults of TrainingConfig."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# Half of a run at half the side costs a quarter per film; the last side is the network's own.
# With plain Adam the decay stands in the loss (`l2`), with AdamW in the update (`weight_decay`): never in both.
RECIPES: Mapping[str, Mapping[str, Any]] = {
    # The product's: TrainingConfig's own defaults are its recipe.
    "resnet50": {},
    # No normalisation between its layers, so a tenth of the others' rate (arXiv 1409.1556, section 3.1, says why).
    "vgg16": {"stages": ((116, 0.5), (232, 0.5)), "batch": 32, "learning_rate": 1e-4},
    "xception": {"stages": ((150, 0.5), (299, 0.5)), "batch": 24},
    "cnn4": {
        "stages": ((112, 0.5), (224, 0.5)),
        "batch": 32,
        "optimizer": "adam",
        "learning_rate": 5e-4,
        "weight_decay": 0.0,
    },
    "cnn_bn": {
        "stages": ((128, 0.5), (256, 0.5)),
        "batch": 32,
        "optimizer": "adam",
        "learning_rate": 4e-4,
        "weight_decay": 0.0,
        "l2": 1e-4,
    },
}


def recipe(network: str) -> Mapping[str, Any]:
    """What a network changes of TrainingConfig's defaults; use it below what the command line states.

    network: a name of `inference.engine.network.NETWORKS`; a network of one's own has no recipe, and changes nothing.
    Returns fields of TrainingConfig with their values.
    """
    return RECIPES.get(network, {})


def add_l2(model: "keras.Model", l2: float) -> None:
    """Add `l2` times the square of every trained kernel to a model's loss; use before the model is compiled.

    l2: 0 leaves the model as it is. Biases and batch-norm vectors stay free, as they do of AdamW's decay. The fixed
    blur of `cnn4` is no trained kernel.
    """
    import keras

    if not l2:
        return
    for variable in model.trainable_variables:
        if variable.name.endswith("kernel"):
            variable.regularizer = keras.regularizers.L2(l2)
