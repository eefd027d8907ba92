"""Lossy compression as an augmentation: the blocks that JPEG leaves in a film differ by source, not by disease."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Films = NDArray[np.float32]

_BLOCK = 8
# Luminance quantisation of ITU-T T.81, annex K, table K.1.
_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.float32,
)


def _cosines() -> Films:
    place, wave = np.arange(_BLOCK), np.arange(_BLOCK)[:, np.newaxis]
    basis = np.cos((2 * place + 1) * wave * np.pi / (2 * _BLOCK)) * np.sqrt(2 / _BLOCK)
    basis[0] /= np.sqrt(2)
    return basis.astype(np.float32)


_COSINES = _cosines()


def compress(films: Films, generator: Generator, *, chance: float) -> Films:
    """Quantise some films of (n, side, side) as JPEG would, at a quality of 20 to 90; values about 0..1."""
    chosen = np.flatnonzero(generator.random(len(films)) < chance)
    if not len(chosen):
        return films
    changed = films.copy()
    changed[chosen] = as_jpeg(films[chosen], generator.uniform(20, 90, len(chosen)).astype(np.float32))
    return changed


def as_jpeg(films: Films, quality: Films) -> NDArray[np.floating]:
    """Films (n, side, side), values about 0..1, as they come back from a grey JPEG of quality (n,) 1..100.

    Source: ITU-T T.81; the quality scale is that of the Independent JPEG Group's library.
    """
    scale = np.where(quality < 50, 50 / quality, 2 - quality / 50)[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis]
    count, side = films.shape[:2]
    rest = -side % _BLOCK
    whole = np.pad(films, ((0, 0), (0, rest), (0, rest)), mode="edge")
    tiles = whole.shape[1] // _BLOCK
    blocks = whole.reshape(count, tiles, _BLOCK, tiles, _BLOCK).swapaxes(2, 3)
    waves = _COSINES @ ((blocks - 0.5) * 255.0) @ _COSINES.T
    steps = np.maximum(_STEPS * scale, 1.0)
    again = _COSINES.T @ (np.round(waves / steps) * steps) @ _COSINES
    found: NDArray[np.floating] = again.swapaxes(2, 3).reshape(whole.shape)[:, :side, :side] / 255.0 + 0.5
    return found
