"""Random changes of training films, mostly of style, because style betrays the hospital and so the label."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inference.training.degrade import compress

Films = NDArray[np.float32]


def augment(films: Films, lungs: Films | None, generator: Generator) -> Films:
    """Change every film of a batch at random; use on training batches only.

    films: (n, side, side) float32 in 0..1, as `preprocess.prepare` makes them. lungs: (n, side, side) chance of
    lung in them, None where no finder was used. There is no vertical flip: no film is read upside down, and
    the gate should not learn to accept one.
    Returns the same shape and range.
    """
    if lungs is None:
        (films,) = move((films,), generator)
    else:
        films, lungs = move((films, lungs), generator)
        films = _change_outside(films, lungs, generator)
    films = change_style(films, generator)
    films = _cover_borders(films, generator)
    films = _cover_box(films, generator)
    return np.clip(films, 0.0, 1.0).astype(np.float32)


def mix_up(films: Films, targets: Films, generator: Generator, *, alpha: float) -> tuple[Films, Films]:
    """Blend films (n, side, side) and their targets (n, labels) with another of the batch; use after `augment`.

    alpha: of the beta distribution of the blend; 0 changes nothing. Blended targets keep the network from certainty,
    which is most of what calibration needs.
    Source: Zhang et al., mixup, arXiv 1710.09412.
    """
    if alpha <= 0:
        return films, targets
    other = generator.permutation(len(films))
    share = generator.beta(alpha, alpha, len(films)).astype(np.float32)
    share = np.maximum(share, 1.0 - share)
    pixels, label = share[:, np.newaxis, np.newaxis], share[:, np.newaxis]
    return pixels * films + (1 - pixels) * films[other], label * targets + (1 - label) * targets[other]


def change_style(films: Films, generator: Generator) -> Films:
    """Change sharpness, local and global contrast, noise and compression of (n, side, side) films; places stay."""
    films = _mix_amplitudes(films, generator)
    films = _sharpen_or_blur(films, generator)
    films = _change_local_contrast(films, generator)
    films = _change_greys(films, generator)
    return compress(films, generator, chance=0.3)


def _each(generator: Generator, count: int, low: float, high: float) -> Films:
    return generator.uniform(low, high, (count, 1, 1)).astype(np.float32)


def move(stacks: Sequence[Films], generator: Generator) -> list[Films]:
    """Turn, scale, shift and mirror (n, side, side) stacks, all in the same way."""
    # Positioning, collimation and squashing differ by hospital. Mirroring puts burnt-in side letters on either
    # side; the heart on the right is the price, and none of the labels depends on the side.
    count, side, _ = stacks[0].shape
    angle = np.deg2rad(_each(generator, count, -10.0, 10.0))
    height, width = _each(generator, count, 0.8, 1.12), _each(generator, count, 0.8, 1.12)
    width = width * np.where(generator.random((count, 1, 1)) < 0.5, -1.0, 1.0)
    down, across = _each(generator, count, -0.07, 0.07), _each(generator, count, -0.07, 0.07)
    grid = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5).astype(np.float32)
    y, x = grid[np.newaxis, :, np.newaxis], grid[np.newaxis, np.newaxis, :]
    rows = (np.cos(angle) * y * height - np.sin(angle) * x * width + down + 0.5) * side - 0.5
    columns = (np.sin(angle) * y * height + np.cos(angle) * x * width + across + 0.5) * side - 0.5
    rows, columns = np.clip(rows, 0, side - 1), np.clip(columns, 0, side - 1)
    return [_sample(stack, rows.astype(np.float32), columns.astype(np.float32)) for stack in stacks]


def _sample(films: Films, rows: Films, columns: Films) -> Films:
    side = films.shape[1]
    top, left = np.minimum(rows.astype(np.int32), side - 2), np.minimum(columns.astype(np.int32), side - 2)
    # Said, because float32 less int32 is float64, which is twice the work from here on.
    low, right = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    flat = films.reshape(-1)
    index = np.arange(films.shape[0], dtype=np.int32)[:, np.newaxis, np.newaxis] * (side * side) + top * side + left
    upper = flat[index] * (1 - right) + flat[index + 1] * right
    lower = flat[index + side] * (1 - right) + flat[index + side + 1] * right
    return upper * (1 - low) + lower * low


def _change_outside(films: Films, lungs: Films, generator: Generator) -> Films:
    # Abdomen, shoulders, tubes and letters name the hospital: one film in seven loses what is not lung, one in
    # five takes it from another film of the batch, so that it goes with no label.
    count = len(films)
    inside = np.clip(3.0 * _blur(_blur(lungs)), 0.0, 1.0)
    other = films[generator.permutation(count)]
    flat = np.broadcast_to(_each(generator, count, 0.0, 1.0), films.shape)
    kind = generator.random((count, 1, 1))
    outside = np.where(kind < 0.15, flat, np.where(kind < 0.35, other, films))
    return inside * films + (1 - inside) * outside


def _mix_amplitudes(films: Films, generator: Generator) -> Films:
    # The amplitude spectrum carries sharpness, noise and contrast, the phase the anatomy: two thirds of the films take
    # part of another film's amplitudes (Xu et al., A Fourier-based framework for domain generalization, CVPR 2021).
    count = films.shape[0]
    spectrum = np.fft.rfft2(films)
    amplitude = np.abs(spectrum) + 1e-6
    share = _each(generator, count, 0.0, 0.8) * (generator.random((count, 1, 1)) < 0.66)
    mixed = (1 - share) * amplitude + share * amplitude[generator.permutation(count)]
    return np.fft.irfft2(spectrum * (mixed / amplitude), s=films.shape[1:]).astype(np.float32)


def _blur(films: Films) -> Films:
    padded = np.pad(films, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) * np.float32(1 / 16)


def _sharpen_or_blur(films: Films, generator: Generator) -> Films:
    # House pipelines sharpen (unsharp mask) or soften (repeated JPEG and resizing): neither is a sign of disease.
    once = _blur(films)
    twice = _blur(once)
    count = films.shape[0]
    fine, coarse = _each(generator, count, -1.0, 1.5), _each(generator, count, -1.0, 1.0)
    return films + fine * (films - once) + coarse * (once - twice)


def _change_local_contrast(films: Films, generator: Generator) -> Films:
    # What contrast-limited equalisation does more or less of, by vendor: half of the films.
    count, side, _ = films.shape
    tile = side // 8
    edge = 8 * tile
    means = films[:, :edge, :edge].reshape(count, 8, tile, 8, tile).mean(axis=(2, 4))
    nearest = np.minimum(np.arange(side) // tile, 7)
    low = _blur(_blur(means[:, nearest][:, :, nearest]))
    amount = _each(generator, count, -0.5, 0.8) * (generator.random((count, 1, 1)) < 0.5)
    return films + amount * (films - low)


def _change_greys(films: Films, generator: Generator) -> Films:
    # What window, gamma and dose do after the equalisation has removed most of it; and quantum noise.
    count = films.shape[0]
    films = np.clip(films, 0.0, 1.0) ** np.exp(_each(generator, count, -0.45, 0.45))
    films = (films - 0.5) * _each(generator, count, 0.7, 1.3) + 0.5 + _each(generator, count, -0.12, 0.12)
    noise = generator.standard_normal(films.shape, dtype=np.float32)
    return films + noise * np.maximum(_each(generator, count, -0.05, 0.06), 0.0)


def _cover_borders(films: Films, generator: Generator) -> Films:
    # Letters, frames and collimator edges stand at the borders and name the source: a third of the films lose
    # up to an eighth on each side.
    count, side, _ = films.shape
    edges = generator.integers(0, side // 8 + 1, (count, 4)) * (generator.random((count, 1)) < 0.33)
    position = np.arange(side)
    rows = (position >= edges[:, :1]) & (position < side - edges[:, 1:2])
    columns = (position >= edges[:, 2:3]) & (position < side - edges[:, 3:])
    inside = rows[:, :, np.newaxis] & columns[:, np.newaxis, :]
    return np.where(inside, films, _each(generator, count, 0.0, 1.0))


def _cover_box(films: Films, generator: Generator) -> Films:
    # Random erasing (Zhong et al., arXiv 1708.04896): no single spot may decide.
    count, side, _ = films.shape
    start = generator.integers(0, side, (count, 2))
    extent = generator.integers(1, side // 4 + 1, (count, 2)) * (generator.random((count, 1)) < 0.33)
    position = np.arange(side)
    rows = (position >= start[:, :1]) & (position < start[:, :1] + extent[:, :1])
    columns = (position >= start[:, 1:]) & (position < start[:, 1:] + extent[:, 1:])
    box = rows[:, :, np.newaxis] & columns[:, np.newaxis, :]
    return np.where(box, _each(generator, count, 0.0, 1.0), films)
