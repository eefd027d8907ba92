"""The lung finder's network, in Keras; imported by training and by the compile step, never by serving."""

import keras

LUNGS = "lungs"
_WIDTHS = (16, 32, 64, 96)
_BOTTOM = 128


def build_lungs() -> keras.Model:
    """Build the lung finder: from (batch, side, side, 1) in 0..1 to the chance of lung, of the same shape.

    The side is a multiple of 16.
    Source: U-Net, Ronneberger et al., arXiv 1505.04597, narrower and with batch normalisation.
    """
    pixels = keras.Input((None, None, 1), name="pixels")
    found = keras.layers.Rescaling(4.0, offset=-2.0, name="centre")(pixels)
    kept = []
    for level, width in enumerate(_WIDTHS):
        found = _convolve_twice(found, width, name=f"down{level}")
        kept.append(found)
        found = keras.layers.MaxPooling2D(name=f"down{level}_pool")(found)
    found = _convolve_twice(found, _BOTTOM, name="bottom")
    for level, width in reversed(list(enumerate(_WIDTHS))):
        found = keras.layers.UpSampling2D(interpolation="bilinear", name=f"up{level}_grow")(found)
        found = keras.layers.Concatenate(name=f"up{level}_join")([found, kept[level]])
        found = _convolve_twice(found, width, name=f"up{level}")
    score = keras.layers.Conv2D(1, 1, dtype="float32", name="score")(found)
    return keras.Model(pixels, keras.layers.Activation("sigmoid", dtype="float32", name=LUNGS)(score), name=LUNGS)


def _convolve_twice(found: keras.KerasTensor, width: int, *, name: str) -> keras.KerasTensor:
    for turn in (1, 2):
        found = keras.layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv{turn}")(found)
        found = keras.layers.BatchNormalization(name=f"{name}_bn{turn}")(found)
        found = keras.layers.Activation("relu", name=f"{name}_relu{turn}")(found)
    return found
