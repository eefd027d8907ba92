"""Pictures for people: the display rendition, the thumbnail and the heat map laid over it; runs in a worker only."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .lungs import WHOLE, Box
from .read import Picture
from .read_window import Grey

_DISPLAY_SIDE = 3072  # as many pixels as a 6 megapixel diagnostic display has on its longer side
_THUMBNAIL_SIDE = 256
_THUMBNAIL_QUALITY = 85
# Level 6 takes three times as long for two per cent less.
_PNG_LEVEL = 3

# Violet over orange to yellow: brightness rises all the way, so the order survives every kind of colour blindness
# and a grey print; red to green (jet) does not. Transparent where low, so that the film stays a film.
_RAMP_AT = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_RAMP = np.array([(40, 11, 84), (120, 28, 109), (203, 70, 80), (247, 150, 40), (252, 240, 130)], dtype=np.float64)
_CLEAR_BELOW = 0.25
_MOST_OPAQUE = 160


def display_rendition(picture: Picture) -> bytes:
    """The picture that a browser shows: 8-bit grey PNG, longer side at most 3072 pixels, never enlarged.

    picture: from `read_picture`. Returns PNG bytes.
    """
    file = io.BytesIO()
    _shrunk(picture.pixels, _DISPLAY_SIDE).save(file, "PNG", compress_level=_PNG_LEVEL)
    return file.getvalue()


def thumbnail(picture: Picture) -> bytes:
    """The picture for lists: 8-bit grey JPEG, longer side at most 256 pixels, never enlarged.

    picture: from `read_picture`. Returns JPEG bytes.
    """
    file = io.BytesIO()
    _shrunk(picture.pixels, _THUMBNAIL_SIDE).save(file, "JPEG", quality=_THUMBNAIL_QUALITY)
    return file.getvalue()


def heatmap_overlay(cam: NDArray[np.floating], *, width: int, height: int, box: Box = WHOLE) -> bytes:
    """What influenced the model, to be laid over the display rendition: RGBA PNG, clear where low.

    cam: (h, w) class-activation map in 0..1. width, height: of the overlay in pixels; a browser scales it, so a
    side of 512 is plenty. box: the part of the picture that the map is about; the rest is clear. Returns PNG bytes.
    Raises ValueError when the map is not two-dimensional or not finite.
    """
    if cam.ndim != 2 or not np.isfinite(cam).all():
        raise ValueError(f"Expected a finite map of shape (h, w); received shape {cam.shape}.")
    coarse = Image.fromarray(np.clip(cam, 0, 1).astype(np.float32))
    top, left, bottom, right = (round(share * side) for share, side in zip(box, (height, width) * 2, strict=True))
    inside = coarse.resize((max(right - left, 1), max(bottom - top, 1)), Image.Resampling.BICUBIC)
    fine = np.zeros((height, width), dtype=np.float32)
    shown = fine[top : top + inside.height, left : left + inside.width]
    shown[:] = np.clip(np.asarray(inside), 0, 1)[: shown.shape[0], : shown.shape[1]]
    rgba = np.empty((height, width, 4), dtype=np.uint8)
    for channel in range(3):
        rgba[..., channel] = np.rint(np.interp(fine, _RAMP_AT, _RAMP[:, channel]))
    rgba[..., 3] = np.rint(_MOST_OPAQUE * np.clip((fine - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1))
    file = io.BytesIO()
    Image.fromarray(rgba, "RGBA").save(file, "PNG", compress_level=_PNG_LEVEL)
    return file.getvalue()


def _shrunk(pixels: Grey, side: int) -> Image.Image:
    """Resize in float, then round once: rounding first would band a smooth lung field."""
    image = Image.fromarray(pixels)
    scale = side / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return Image.fromarray(np.rint(np.clip(np.asarray(image), 0, 1) * 255).astype(np.uint8))
