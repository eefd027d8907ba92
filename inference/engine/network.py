"""The networks by name, in Keras; imported by training and by the compile step, never by serving."""

from collections.abc import Callable, Mapping

import keras

Body = Callable[[keras.KerasTensor], keras.KerasTensor]

LAST_MAP = "last_map"
LOGITS = "logits"


def build(name: str, *, label_count: int, networks: Mapping[str, Body] | None = None) -> keras.Model:
    """Build a network by name; use for training, for evaluation and for the compile step.

    name: a key of `NETWORKS` (or of `networks`, for a table of one's own).
    label_count: number of logits.
    Returns a model from (batch, side, side, 1) in 0..1 (any side from 32) to the dict of `logits`
    (batch, labels) and `last_map` (batch, h, w, channels), float32. The head is linear on the mean of the
    last map, so the class-activation map needs no gradient and the pooled map is the embedding.
    Raises ValueError for an unknown name.
    Source: He et al., arXiv 1512.03385; Zhou et al., arXiv 1512.04150.
    """
    table = NETWORKS if networks is None else networks
    if name not in table:
        raise ValueError(f"Expected a network among {sorted(table)}; received {name!r}. Choose one of these names.")
    pixels = keras.Input((None, None, 1), name="pixels")
    centred = keras.layers.Rescaling(4.0, offset=-2.0, name="centre")(pixels)
    last_map = keras.layers.Activation("linear", dtype="float32", name=LAST_MAP)(table[name](centred))
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(last_map)
    logits = keras.layers.Dense(label_count, dtype="float32", name=LOGITS)(pooled)
    return keras.Model(pixels, {LOGITS: logits, LAST_MAP: last_map}, name=name)


def head(model: keras.Model) -> tuple[keras.Variable, keras.Variable]:
    """Kernel (channels, labels) and bias (labels,) of the linear head; needed for class-activation maps."""
    dense = model.get_layer(LOGITS)
    return dense.kernel, dense.bias


def _resnet50(centred: keras.KerasTensor) -> keras.KerasTensor:
    body = keras.applications.ResNet50(weights=None, include_top=False, input_tensor=centred)
    for layer in body.layers:
        # Each residual block starts as the identity (Goyal et al., arXiv 1706.02677, section 5.1);
        # without it training from scratch on films took several times as long.
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(keras.ops.zeros_like(layer.gamma))
    return body.output


NETWORKS: Mapping[str, Body] = {"resnet50": _resnet50}
