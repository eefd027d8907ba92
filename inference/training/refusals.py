"""Whom the gate turns away: real frontal films, pictures that are none, and films spoiled on purpose."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.errors import UnreadableImage
from inference.engine.predict import INCONCLUSIVE, NOT_ANALYSED, Predictor
from inference.engine.read import Picture, read_picture
from inference.training.dataset import Film
from inference.training.metrics import bootstrap

_SPOILED_FILMS = 200

Grey = NDArray[np.float32]


def _middle(pixels: Grey) -> Grey:
    height, width = pixels.shape
    return pixels[height // 3 : height - height // 3, width // 3 : width - width // 3]


def _enlarged_middle(pixels: Grey) -> Grey:
    # Back to the film's own size, so that it is refused for what it shows and not for being small.
    cut = Image.fromarray(np.ascontiguousarray(_middle(pixels)))
    return np.asarray(cut.resize(pixels.shape[::-1], Image.Resampling.BILINEAR), dtype=np.float32)


def _thumbnail(pixels: Grey) -> Grey:
    return np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX), dtype=np.float32)


SPOILED: dict[str, Callable[[Grey], Grey]] = {
    "inverted": lambda pixels: 1.0 - pixels,
    "blank": lambda pixels: np.full_like(pixels, pixels.mean()),
    "cropped to its middle ninth": _enlarged_middle,
    "shrunk to 64 x 64": _thumbnail,
    "upside down": lambda pixels: pixels[::-1],
    "lying on its side": lambda pixels: np.rot90(pixels),
}


def of_films(films: Sequence[Film], refused: Sequence[tuple[Film, str]]) -> dict[str, Any]:
    """How many frontal films were refused, why, from which source, and the share with its interval.

    films: those that were analysed. refused: the others, with the reason's code.
    """
    everyone = [*films, *(film for film, _ in refused)]
    turned_away = np.arange(len(everyone)) >= len(films)
    groups = np.array([film.group for film in everyone])
    share = bootstrap(groups, lambda chosen: {"refused": float(turned_away[chosen].mean())})["refused"]
    return {
        "n": len(everyone),
        "refused": dict(Counter(reason for _, reason in refused)),
        "by source": dict(Counter(film.source for film, _ in refused)),
        "share": share,
    }


def odd_pictures(predictor: Predictor, folder: Path) -> dict[str, dict[str, Any]]:
    """How many pictures of each kind in a folder's index.csv (`file`, `kind`) get no answer, by reader or gate."""
    found: dict[str, dict[str, Any]] = {}
    with (folder / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            counts = found.setdefault(row["kind"], {"n": 0, "refused": 0, "inconclusive": 0})
            _count(counts, _outcome_of_file(predictor, folder / row["file"]))
    return found


def spoiled_films(predictor: Predictor, films: Sequence[Film], *, images: Path) -> dict[str, dict[str, Any]]:
    """What becomes of real films that were inverted, blanked, cropped, shrunk or turned; an answer to one is a guess.

    films: of which at most 200 are taken, always the same.
    """
    chosen = np.random.default_rng(0).permutation(len(films))[:_SPOILED_FILMS]
    found: dict[str, dict[str, Any]] = {name: {"n": 0, "refused": 0, "inconclusive": 0} for name in SPOILED}
    for index in chosen:
        picture = read_picture(images / films[index].file)
        for name, spoil in SPOILED.items():
            _count(found[name], predictor.predict(_changed(picture, spoil)).outcome)
    return found


def _changed(picture: Picture, spoil: Callable[[Grey], Grey]) -> Picture:
    return replace(picture, pixels=np.ascontiguousarray(spoil(picture.pixels), dtype=np.float32))


def _count(counts: dict[str, Any], outcome: str) -> None:
    counts["n"] += 1
    counts["refused"] += outcome == NOT_ANALYSED
    counts["inconclusive"] += outcome == INCONCLUSIVE


def _outcome_of_file(predictor: Predictor, path: Path) -> str:
    try:
        return predictor.predict(read_picture(path)).outcome
    except UnreadableImage:
        return NOT_ANALYSED
