"""The one preprocess of training and serving: squash, find the lungs, crop to them, blur, equalise, resize."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.lungs import FINDER_SIDE, WHOLE, Box, FindLungs, lung_box

# Version 1 reads the whole film; version 2 the film cropped to its lungs, by the bundle's own lung finder.
WHOLE_FILM = "1-squash224-blur-equalise-clahe4"
LUNGS_ONLY = "2-squash224-lungs96-blur-equalise-clahe4"
VERSIONS = (WHOLE_FILM, LUNGS_ONLY)

# Every film goes through this square first, whatever its own size, so that sharpness and aspect,
# which differ by source, do not reach the network as features.
WORKING_SIDE = 224
_BINS = 256
_TILES = 4
_CLIP = 2.0

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Prepared:
    """What the network reads of a picture, and where that was in it.

    inputs: (size, size, 1) float32 in 0..1. overview: (96, 96, 1), the whole picture as the finder reads it, for the
    gate (without a finder: the inputs). box: the crop, in shares of the picture's height and width.
    lungs: (96, 96) chance of lung over the whole picture, None without a finder. found: whether lungs were found.
    """

    inputs: Grey
    overview: Grey
    box: Box = WHOLE
    lungs: Grey | None = None
    found: bool = True


def prepare(pixels: Grey, *, size: int, find_lungs: FindLungs | None) -> Prepared:
    """Make the network's input from a picture; use it for training, evaluation and serving alike.

    pixels: (H, W) float32 in 0..1, 0 = black = air, 1 = white = dense.
    size: side of the input in pixels; above 224 the square is enlarged.
    find_lungs: the bundle's finder; None reads the whole film.
    A picture without lungs is prepared whole and says so: whether to read it is the gate's decision.
    Raises ValueError when `pixels` is not two-dimensional or holds a value that is not finite.
    """
    square = _square(pixels)
    if find_lungs is None:
        inputs = _finish(square, size)
        return Prepared(inputs, overview=inputs)
    overview = _finder_input(square)
    lungs = find_lungs(overview)
    box = lung_box(lungs)
    if box is None:
        return Prepared(_finish(square, size), overview=overview, lungs=lungs, found=False)
    return Prepared(_finish(crop(square, box, side=WORKING_SIDE), size), overview=overview, box=box, lungs=lungs)


def to_input(pixels: Grey, *, size: int) -> Grey:
    """The whole film as the network's input, (size, size, 1) float32 in 0..1; as `prepare` without a finder."""
    return prepare(pixels, size=size, find_lungs=None).inputs


def finder_input(pixels: Grey) -> Grey:
    """What the lung finder reads of a picture (H, W) in 0..1: (96, 96, 1), equalised: no grey scale is strange."""
    return _finder_input(_square(pixels))


def crop(pixels: Grey, box: Box, *, side: int) -> Grey:
    """The part of (h, w) pixels within a box, as (side, side)."""
    height, width = pixels.shape
    top, left, bottom, right = box
    inside = (left * width, top * height, right * width, bottom * height)
    resized = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, box=inside)
    return np.asarray(resized, dtype=np.float32)


def _square(pixels: Grey) -> Grey:
    if pixels.ndim != 2 or not np.isfinite(pixels).all():
        raise ValueError(f"Expected finite grey pixels of shape (H, W); received shape {pixels.shape}.")
    return _resize(np.asarray(pixels, dtype=np.float32), WORKING_SIDE)


def _finder_input(square: Grey) -> Grey:
    return _resize(_equalise(_blur(square)), FINDER_SIDE)[..., np.newaxis]


def _finish(square: Grey, size: int) -> Grey:
    # Contrast-limited adaptive histogram equalisation: Zuiderveld, Graphics Gems IV (1994), 474-485.
    even = _equalise_locally(_equalise(_blur(square)))
    return np.clip(_resize(even, size), 0.0, 1.0)[..., np.newaxis]


def _resize(pixels: Grey, side: int) -> Grey:
    image = Image.fromarray(pixels)
    # BOX prereduction keeps a 50 megapixel film cheap; the bilinear step is antialiased in Pillow.
    resized = image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(resized, dtype=np.float32)


def _blur(pixels: Grey) -> Grey:
    padded = np.pad(pixels, 1, mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) * 0.25
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) * np.float32(0.25)


def _equalise(pixels: Grey) -> Grey:
    # By rank within the film: any monotone grey-level mapping (window, gamma, vendor's curve) gives the
    # same result. Ties share their mean rank, so that a flat black frame stays one grey.
    low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        return np.zeros_like(pixels)
    levels = np.round((pixels - low) * (4095.0 / (high - low))).astype(np.int32)
    counts = np.bincount(levels.ravel(), minlength=4096)
    ranks = (np.cumsum(counts) - 0.5 * counts) / pixels.size
    return ranks[levels].astype(np.float32)


def _equalise_locally(pixels: Grey) -> Grey:
    levels = np.minimum((pixels * _BINS).astype(np.int32), _BINS - 1)
    maps = _tile_maps(levels)
    side = pixels.shape[0]
    position = (np.arange(side) + 0.5) * _TILES / side - 0.5
    first = np.clip(np.floor(position).astype(np.int32), 0, _TILES - 1)
    second = np.clip(first + 1, 0, _TILES - 1)
    weight = np.clip(position - first, 0.0, 1.0).astype(np.float32)
    down, across = weight[:, np.newaxis], weight[np.newaxis, :]
    top = _look_up(maps, first, first, levels) * (1 - across) + _look_up(maps, first, second, levels) * across
    bottom = _look_up(maps, second, first, levels) * (1 - across) + _look_up(maps, second, second, levels) * across
    return top * (1 - down) + bottom * down


def _look_up(maps: Grey, rows: NDArray[np.int32], columns: NDArray[np.int32], levels: NDArray[np.int32]) -> Grey:
    found: Grey = maps[rows[:, np.newaxis], columns[np.newaxis, :], levels]
    return found


def _tile_maps(levels: NDArray[np.int32]) -> Grey:
    edge = levels.shape[0] // _TILES
    tiles = levels.reshape(_TILES, edge, _TILES, edge).transpose(0, 2, 1, 3).reshape(_TILES * _TILES, -1)
    offsets = np.arange(_TILES * _TILES)[:, np.newaxis] * _BINS
    counts = np.bincount((tiles + offsets).ravel(), minlength=_TILES * _TILES * _BINS)
    share = counts.reshape(_TILES * _TILES, _BINS) / tiles.shape[1]
    clipped = np.minimum(share, _CLIP / _BINS)
    clipped += (1.0 - clipped.sum(axis=1, keepdims=True)) / _BINS
    mapping = np.cumsum(clipped, axis=1) - 0.5 * clipped
    return mapping.reshape(_TILES, _TILES, _BINS).astype(np.float32)
