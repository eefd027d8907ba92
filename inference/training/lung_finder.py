"""How well a bundle's lung finder finds the lungs that radiologists drew; on films it never learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.lungs import LUNG
from inference.engine.predict import Predictor
from inference.engine.preprocess import Prepared
from inference.training.dataset import Film, read_film
from inference.training.metrics import bootstrap
from inference.training.painted import mask_path, read_mask

# From this Dice on, two people's outlines of the same lungs would not agree better.
GOOD = 0.90

Mask = NDArray[np.bool_]


def finder_figures(predictor: Predictor, films: Sequence[Film], *, images: Path, masks: Path) -> dict[str, Any]:
    """Dice of the lungs found, and what the crop keeps, on films that have a lung mask; {} without finder or masks.

    masks: folder with lung/. Returns n, groups and figures with intervals; a film without any lungs found has a Dice
    of 0 and is read whole.
    """
    having = [film for film in films if mask_path(masks / "lung", film).exists()]
    rows = []
    for film in having:
        prepared = predictor.prepare(read_film(images / film.file))
        if prepared.lungs is None:
            return {}
        rows.append(_row(prepared, read_mask(mask_path(masks / "lung", film), shape=prepared.lungs.shape)))
    if not rows:
        return {}
    table = np.array([list(row.values()) for row in rows])
    groups = np.array([film.group for film in having])
    return {
        "n": len(having),
        "groups": len(set(groups.tolist())),
        "figures": bootstrap(
            groups, lambda chosen: dict(zip(rows[0], map(float, table[chosen].mean(axis=0)), strict=True))
        ),
    }


def _row(prepared: Prepared, drawn: Mask) -> dict[str, float]:
    assert prepared.lungs is not None
    overlap = dice(prepared.lungs >= LUNG, drawn)
    top, left, bottom, right = prepared.box
    height, width = drawn.shape
    kept = drawn[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return {
        "Dice": overlap,
        f"films with a Dice of {GOOD} or more": float(overlap >= GOOD),
        "films without lungs found": float(not prepared.found),
        "share of the drawn lungs that the crop keeps": float(kept.sum() / max(drawn.sum(), 1)),
        "share of the film that the crop keeps": (bottom - top) * (right - left),
    }


def dice(found: Mask, drawn: Mask) -> float:
    """Twice the overlap over the sum of two areas: 1 when they are the same, 0 when they are apart or both empty.

    Source: Dice, Measures of the amount of ecologic association between species, Ecology 26 (1945), 297-302.
    """
    return float(2 * (found & drawn).sum() / max(int(found.sum()) + int(drawn.sum()), 1))
