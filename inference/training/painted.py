"""What a network still gets right when part of every film is painted over: how much it reads beside the lungs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.calibrate import probabilities
from inference.engine.predict import Predictor
from inference.training.dataset import Film, read_film
from inference.training.metrics import Scores, with_intervals

# Of the film's height and width, painted from each edge: letters, collimator edges and shoulders are there, and of the
# lungs little; how much is stated with the figures.
BORDER = 0.10

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

# What is painted grey, from the mask of the lungs and that of the border.
COVERED: dict[str, Callable[[Mask, Mask], Mask]] = {
    "as they are": lambda lungs, border: np.zeros_like(lungs),
    "lungs painted over": lambda lungs, border: lungs,
    "only the lungs left": lambda lungs, border: ~lungs,
    "border painted over": lambda lungs, border: border,
    "only the border left": lambda lungs, border: ~border,
}


def painted_figures(predictor: Predictor, films: Sequence[Film], *, images: Path, masks: Path) -> dict[str, Any]:
    """Figures of the films that have a lung mask, by what was painted grey; without the gate.

    A network that reads lungs falls to chance without them, and loses nothing with the border; what is left otherwise
    it reads off borders, letters and style. masks: folder with lung/.
    Returns {} when no film has a mask; else `border` (its share of the sides), `lungs within the border` (share of
    their area), `lungs found` (share of the films that were not read whole for want of lungs), and `films` with the
    figures.
    """
    having = [film for film in films if mask_path(masks / "lung", film).exists()]
    if not having:
        return {}
    rows: dict[str, list[NDArray[np.float64]]] = {name: [] for name in COVERED}
    found_lungs = dict.fromkeys(COVERED, 0)
    inside = []
    for film in having:
        pixels = read_film(images / film.file)
        lungs = read_mask(mask_path(masks / "lung", film), shape=pixels.shape)
        border = border_mask(pixels.shape)
        inside.append(float((lungs & border).sum() / max(lungs.sum(), 1)))
        for name, covered in COVERED.items():
            prepared = predictor.prepare(paint(pixels, covered(lungs, border)))
            found_lungs[name] += prepared.found
            logits, _ = predictor.run(prepared)
            rows[name].append(probabilities(logits, temperature=predictor.card.temperature))
    targets = np.array([predictor.labels.index(film.label) for film in having], dtype=np.int64)
    groups = np.array([film.group for film in having])
    return {
        "border": BORDER,
        "lungs within the border": round(float(np.mean(inside)), 4),
        "lungs found": {name: round(count / len(having), 4) for name, count in found_lungs.items()},
        "films": {
            name: with_intervals(Scores(np.array(found), targets, groups), labels=predictor.labels)
            for name, found in rows.items()
        },
    }


def mask_path(folder: Path, film: Film) -> Path:
    """Where a film's mask lies when it has one: named as the film, .png."""
    return (folder / film.file).with_suffix(".png")


def read_mask(path: Path, *, shape: tuple[int, ...]) -> Mask:
    """A mask, drawn on the film squashed to a square, as (height, width) of the film."""
    with Image.open(path) as image:
        resized = image.convert("L").resize((shape[1], shape[0]), Image.Resampling.NEAREST)
        return np.asarray(resized) > 127


def border_mask(shape: tuple[int, ...]) -> Mask:
    """The outer ring of a film, `BORDER` of its height and width wide."""
    height, width = shape
    down, across = round(BORDER * height), round(BORDER * width)
    ring: Mask = np.ones((height, width), dtype=bool)
    ring[down : height - down, across : width - across] = False
    return ring


def paint(pixels: Grey, covered: Mask) -> Grey:
    """Pixels with the covered places at the film's mean grey."""
    return np.where(covered, pixels.mean(), pixels).astype(np.float32)
