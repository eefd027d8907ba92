"""Starts a network from the weights that Keras publishes for ImageNet, made to read grey films."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from inference.engine import network
from inference.engine.errors import BadBundle

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Published:
    """How a published network reads a picture: value of channel c = slope * ours + offsets[c].

    maker: its name in keras.applications. Ours is 4 * grey - 2, grey in 0..1.
    """

    maker: str
    slope: float
    offsets: tuple[float, float, float]


# 255 * grey less the mean colour of ImageNet, blue first ("caffe"); 2 * grey - 1 ("tf"): keras.applications.
_CAFFE = (63.75, (127.5 - 103.939, 127.5 - 116.779, 127.5 - 123.68))
PUBLISHED: Mapping[str, Published] = {
    "resnet50": Published("ResNet50", *_CAFFE),
    "vgg16": Published("VGG16", *_CAFFE),
    "xception": Published("Xception", 0.5, (0.0, 0.0, 0.0)),
}
# What this product adds to the published networks, and starts anew.
_OURS = (network.LOGITS, "dense")


def start_from_imagenet(model: keras.Model, name: str) -> None:
    """Give a new model of network `name`, logits only, the weights published for it; its head stays as it is.

    Raises BadBundle when nobody has published weights for the network, or they cannot be had on this machine.
    """
    if name not in PUBLISHED:
        raise BadBundle(
            expected=f"a network that ImageNet weights are published for: {', '.join(PUBLISHED)}",
            received=name,
            remedy="Train it without --weights imagenet, or choose one of these",
        )
    published = _fetch(PUBLISHED[name].maker)
    own = {variable.path: variable for variable in model.variables if variable.path.split("/")[0] not in _OURS}
    values = {variable.path: np.asarray(variable) for variable in published.variables}
    pairs = _pairs(name, own, values)
    first = next(iter(pairs))
    for path, source in pairs.items():
        if path != first and path != first.replace("kernel", "bias"):
            own[path].assign(values[source])
    _start_first_layer(first, own, {path: values[source] for path, source in pairs.items()}, PUBLISHED[name])


def _fetch(maker: str) -> keras.Model:
    try:
        return getattr(keras.applications, maker)(weights="imagenet", include_top=False)
    # Keras raises plain Exception when a download fails.
    except Exception as error:
        raise BadBundle(
            expected=f"the ImageNet weights of {maker}, from the network or from Keras' folder of models",
            received=f"{type(error).__name__}: {error}",
            remedy="Connect this machine, copy ~/.keras/models from one that has them, or train without --weights",
        ) from error


def _pairs(name: str, own: Mapping[str, keras.Variable], values: Mapping[str, Floats]) -> dict[str, str]:
    """Path of each of our variables with the published one's, the layer that reads the picture first."""
    # Keras numbers the shortcuts of Xception by how many the process has made: those go by their order.
    left, right = [path for path in own if path not in values], [path for path in values if path not in own]
    pairs = {path: path for path in own if path in values} | dict(zip(left, right, strict=False))
    misfits = [path for path, source in pairs.items() if own[path].shape[:2] != values[source].shape[:2]]
    colours = [path for path, source in pairs.items() if own[path].shape != values[source].shape]
    if len(left) != len(right) or misfits or len(colours) != 1:
        raise BadBundle(
            expected=f"ImageNet weights of {name} that differ from this network in the colours they read alone",
            received=f"others: {[*left, *right, *colours][:4]}",
            remedy="Install the Keras version of requirements.txt",
        )
    return {colours[0]: pairs[colours[0]]} | pairs


def _start_first_layer(
    kernel: str, own: Mapping[str, keras.Variable], values: Mapping[str, Floats], reads: Published
) -> None:
    # A grey film is the same in all three colours, so their sum reads it; scale and mean go into kernel and bias.
    own[kernel].assign(reads.slope * values[kernel].sum(axis=2, keepdims=True))
    bias = kernel.replace("kernel", "bias")
    if bias in values:
        offsets = np.array(reads.offsets, dtype=np.float32)[:, np.newaxis]
        own[bias].assign(values[bias] + (values[kernel] * offsets).sum(axis=(0, 1, 2)))
