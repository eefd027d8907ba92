"""Fits the principal components that synthetic chest X-rays are drawn from; run once, its small result is committed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import PCA

from inference.training.dataset import Film, read_film

COMPONENTS = 40
# One source for each label keeps the chests alike, so that their mean is sharp enough to look like a film.
SOURCES = {"covid19": "radiography_covid", "pneumonia": "covid_qu_ex_noncovid", "normal": "radiography_rsna"}
_MEAN_SIDE = 224
_DETAIL_SIDE = 112
_FEWEST = 500
_MOST = 2000


def fit(films: Sequence[Film], *, images: Path, out: Path, seed: int = 1) -> None:
    """Fit mean and components per label and write them to `out`; use when the training data change.

    films: training films; for each label those of its source in `SOURCES` are used, 500 to 2000 of them, so that a
    component is an average over many people and no picture drawn from it is a real patient's.
    images: folder of the films. seed: which films are taken, and the solver's start.
    Raises ValueError when a label has fewer than 500 films.
    """
    fitted = [_fit_label(label, films, images=images, seed=seed) for label in SOURCES]
    means, components, scales, deviations = (np.stack(part) for part in zip(*fitted, strict=True))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out, labels=np.array(list(SOURCES)), means=means, components=components, scales=scales, deviations=deviations
    )


def _fit_label(
    label: str, films: Sequence[Film], *, images: Path, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.float32], NDArray[np.float32]]:
    chosen = [film for film in films if film.label == label and film.source == SOURCES[label]]
    if len(chosen) < _FEWEST:
        raise ValueError(f"Expected at least {_FEWEST} films of {label}; received {len(chosen)}. Add films.")
    order = np.random.default_rng(seed).permutation(len(chosen))[:_MOST]
    pictures = [_standard(images / chosen[index].file) for index in order]
    mean = np.stack([_resize(picture, _MEAN_SIDE) for picture in pictures]).mean(axis=0)
    rows = np.stack([_resize(picture, _DETAIL_SIDE).ravel() for picture in pictures])
    found = PCA(COMPONENTS, svd_solver="randomized", random_state=seed).fit(rows)
    largest = np.abs(found.components_).max(axis=1, keepdims=True)
    components = np.round(found.components_ / largest * 127).astype(np.int8)
    rounded: NDArray[np.uint8] = mean.round().clip(0, 255).astype(np.uint8)
    return (
        rounded,
        components.reshape(COMPONENTS, _DETAIL_SIDE, _DETAIL_SIDE),
        (largest[:, 0] / 127).astype(np.float32),
        np.sqrt(found.explained_variance_).astype(np.float32),
    )


def _standard(path: Path) -> NDArray[np.float32]:
    pixels = _resize(read_film(path), _MEAN_SIDE)
    low, high = np.percentile(pixels, (2, 98))
    return np.clip((pixels - low) / max(float(high - low), 1e-3), 0, 1).astype(np.float32) * 235 + 5


def _resize(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)
