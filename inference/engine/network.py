"""The networks by name, in Keras; imported by training and by the compile step, never by serving."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

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
    Source: each network's own function below; class-activation maps: Zhou et al., arXiv 1512.04150.
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
    """Deep residual learning, He et al., arXiv 1512.03385; 2048 maps at 1/32 of the side."""
    body = keras.applications.ResNet50(weights=None, include_top=False, input_tensor=centred)
    for layer in body.layers:
        # Each residual block starts as the identity (Goyal et al., arXiv 1706.02677, section 5.1);
        # without it training from scratch on films took several times as long.
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(keras.ops.zeros_like(layer.gamma))
    return body.output


def _vgg16(centred: keras.KerasTensor) -> keras.KerasTensor:
    """VGG16 with a dense head of 256, Simonyan and Zisserman, arXiv 1409.1556; 256 maps at 1/32 of the side.

    The dense layer is a 1 x 1 convolution with ReLU before the pooling: a dense head shared over places. Behind the
    pooling it would bend what the linear head sees, and the class-activation map would need gradients.
    """
    body = keras.applications.VGG16(weights=None, include_top=False, input_tensor=centred)
    for layer in body.layers:
        # Thirteen ReLU layers without normalisation halve the signal's variance each under Glorot's rule, which
        # Keras gives them; He's keeps it (He et al., arXiv 1502.01852, section 2.2).
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))
    return keras.layers.Conv2D(256, 1, activation="relu", kernel_initializer="he_normal", name="dense")(body.output)


def _xception(centred: keras.KerasTensor) -> keras.KerasTensor:
    """Depthwise separable convolutions, Chollet, arXiv 1610.02357; 2048 maps at 1/32 of the side."""
    body = keras.applications.Xception(weights=None, include_top=False, input_tensor=centred)
    # Keras numbers the shortcuts' layers by how many the process has made, and a bundle knows weights by name.
    unnamed = [layer.name for layer in body.layers if not layer.name.startswith(("block", "centre", "pixels"))]

    def named(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in unnamed:
            config["name"] = f"shortcut_{unnamed.index(layer.name)}"
        return type(layer).from_config(config)

    return keras.models.clone_model(body, input_tensors=body.input, clone_function=named).output


def _cnn4(centred: keras.KerasTensor) -> keras.KerasTensor:
    """Four blocks of convolution and pooling behind a Gaussian blur that is not trained; 256 maps at 1/16."""
    blur = keras.layers.Conv2D(1, 5, padding="same", use_bias=False, trainable=False, name="denoise")
    found = blur(centred)
    # The binomial row is a Gaussian of one pixel's deviation, and sixteenths squared are exact in the bundle's float16.
    row = np.array([1, 4, 6, 4, 1]) / 16
    blur.kernel.assign(np.outer(row, row)[..., np.newaxis, np.newaxis])
    for number, width in enumerate((32, 64, 128, 256), start=1):
        convolution = keras.layers.Conv2D(
            width, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=f"block{number}_conv"
        )
        found = keras.layers.MaxPooling2D(name=f"block{number}_pool")(convolution(found))
    return found


def _cnn_bn(centred: keras.KerasTensor) -> keras.KerasTensor:
    """Five blocks of convolution, batch normalisation (arXiv 1502.03167) and pooling; 256 maps at 1/32 of the side."""
    found = centred
    for number, width in enumerate((32, 64, 128, 256, 256), start=1):
        found = keras.layers.Conv2D(
            width, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"block{number}_conv"
        )(found)
        found = keras.layers.BatchNormalization(name=f"block{number}_bn")(found)
        found = keras.layers.Activation("relu", name=f"block{number}_relu")(found)
        found = keras.layers.MaxPooling2D(name=f"block{number}_pool")(found)
    return found


NETWORKS: Mapping[str, Body] = {
    "resnet50": _resnet50,
    "vgg16": _vgg16,
    "xception": _xception,
    "cnn4": _cnn4,
    "cnn_bn": _cnn_bn,
}
