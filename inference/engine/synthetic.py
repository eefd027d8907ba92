"""Synthetic chest X-rays for demonstrations and tests: drawn from principal components, never a real patient's."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

DATA = Path(__file__).resolve().parent.parent / "bundles" / "synthetic-chest-v1" / "components.npz"
SIDE = 512
WORD = "SYNTHETIC"
# Draws further out than this leave the cloud of the films and stop looking like chests.
_FURTHEST = 1.3
_GRAIN = 2.0


def labels() -> tuple[str, ...]:
    """The labels a picture can be drawn for."""
    return tuple(str(label) for label in _load()["labels"])


def sample(label: str, seed: int) -> NDArray[np.uint8]:
    """Draw one synthetic chest X-ray, with the word SYNTHETIC burnt in; use for demo content and tests.

    label: one of `labels()`: the films the components were fitted on, not a promise of what a model will say.
    seed: the same label and seed give the same picture.
    Returns (512, 512) uint8, 0 = black.
    Raises ValueError for an unknown label.
    Source: principal components of the training films of the label (mean and 40 directions of thousands of
    films, each draw a random mixture), fitted by inference/training/synthesise.py.
    """
    if label not in labels():
        raise ValueError(f"Expected a label among {labels()}; received {label!r}. Choose one of these.")
    data, index = _load(), labels().index(label)
    generator = np.random.default_rng([index, seed])
    draws = np.clip(generator.standard_normal(data["deviations"].shape[1]), -_FURTHEST, _FURTHEST)
    weights = draws * data["deviations"][index] * data["scales"][index]
    detail = np.tensordot(weights, data["components"][index].astype(np.float64), axes=1)
    picture = _enlarge(data["means"][index].astype(np.float32)) + _enlarge(detail.astype(np.float32))
    grain = generator.standard_normal((SIDE, SIDE)) * _GRAIN
    return _burn_in(np.clip(picture + grain, 0, 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _load() -> dict[str, NDArray[np.generic]]:
    with np.load(DATA, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _enlarge(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.float32)


def _burn_in(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, SIDE - 34, 178, SIDE), fill=0)
    draw.text((10, SIDE - 31), WORD, fill=255, font=ImageFont.load_default(size=24))
    return np.asarray(image, dtype=np.uint8)
