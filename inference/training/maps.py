"""Does the class-activation map point where radiologists drew: at the infection, within the lungs?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.lungs import WHOLE, Box
from inference.engine.predict import NOT_ANALYSED, Prediction, Predictor
from inference.engine.read import read_picture
from inference.training.dataset import Film, Manifest
from inference.training.metrics import bootstrap, covid_label
from inference.training.painted import mask_path, read_mask

# The masks' own side; maps are laid over them there.
SIDE = 256
# Standard deviation of the centred prior, in shares of the film's side.
_CENTRE_SPREAD = 0.25
_SPLITS = ("validation", "test")

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Places in shares of the film's height and width.
Places = list[tuple[float, float]]


@dataclass(frozen=True)
class _Checked:
    """A film with its masks and the map it was given; infection is None where none was drawn."""

    film: Film
    prediction: Prediction
    lungs: Mask
    infection: Mask | None

    @property
    def cam(self) -> NDArray[np.floating]:
        return np.zeros((1, 1)) if self.prediction.cam is None else self.prediction.cam

    @property
    def said(self) -> str:
        return max(self.prediction.probabilities, key=self.prediction.probabilities.__getitem__)


def map_figures(
    predictor: Predictor, manifest: Manifest, known: Mapping[Film, Prediction], *, images: Path, masks: Path
) -> dict[str, Any]:
    """Share of the map's mass, and of its peaks, in the lungs and in the drawn infection, beside maps that see no film.

    known: predictions made already; the other films of the validation and test split that have a lung mask are
    predicted here. masks: folder with lung/ and infection/. The map is the one the product shows, that of the most
    likely label. A map without any evidence has no mass and no peak anywhere: it counts as a miss.
    The baselines: every place alike, a Gaussian at the centre, the mean lungs and the mean infection of the training
    films' masks, the same for every film.
    Returns {} when no film has a mask; else n, how many were refused, how many maps are all zero, and `lungs`,
    `infection` and `infection, where it said COVID`: each n, groups, and for the map and each baseline its figures.
    """
    having = [film for film in manifest.films if mask_path(masks / "lung", film).exists()]
    asked = [film for film in having if film.split in _SPLITS]
    if not asked:
        return {}
    found = {film: known.get(film) or predictor.predict(read_picture(images / film.file)) for film in asked}
    checked = [_check(film, found[film], masks) for film in asked if found[film].outcome != NOT_ANALYSED]
    drawn = [(one, one.infection) for one in checked if one.infection is not None]
    covid = covid_label(predictor.labels)
    sets: dict[str, list[tuple[_Checked, Mask]]] = {
        "lungs": [(one, one.lungs) for one in checked],
        "infection": drawn,
        "infection, where it said COVID": [(one, area) for one, area in drawn if one.said == covid],
    }
    priors = _priors([film for film in having if film.split == "train"], masks)
    return {
        "n": len(asked),
        "refused": len(asked) - len(checked),
        "all zero": sum(not one.cam.any() for one in checked),
        "sets": {name: _set_figures(films, priors) for name, films in sets.items() if films},
    }


def place(cam: NDArray[np.floating], box: Box) -> Grey:
    """A map laid over the film squashed to (256, 256), bilinear, zero outside its box.

    cam: (h, w). box: top, left, bottom, right of what the network read, in shares of the film's height and width.
    """
    top, left, bottom, right = (round(edge * SIDE) for edge in box)
    bottom, right = max(bottom, top + 1), max(right, left + 1)
    small = Image.fromarray(np.asarray(cam, dtype=np.float32))
    laid = np.zeros((SIDE, SIDE))
    grown = np.asarray(small.resize((right - left, bottom - top), Image.Resampling.BILINEAR), dtype=np.float64)
    laid[top:bottom, left:right] = np.maximum(grown, 0.0)[: SIDE - top, : SIDE - left]
    return laid


def peaks(cam: NDArray[np.floating], box: Box) -> Places:
    """Where a map is strongest: the middles of its strongest cells, as (down, across) in shares of the film.

    The cell's middle and not the brightest pixel of the map laid over the film, which for a cell at the edge would be a
    whole stretch of equals. No places for a map that is zero everywhere.
    """
    if not cam.max() > 0:
        return []
    top, left, bottom, right = box
    height, width = cam.shape
    return [
        (top + (row + 0.5) / height * (bottom - top), left + (column + 0.5) / width * (right - left))
        for row, column in np.argwhere(cam == cam.max())
    ]


def mass_within(laid: Grey, area: Mask) -> float:
    """Share of a laid map's mass in an area, both (256, 256); 0 for a map without mass."""
    total = laid.sum()
    return float(laid[area].sum() / total) if total > 0 else 0.0


def peaks_within(places: Places, area: Mask) -> float:
    """The pointing game: 1 when the peak lies in the area (256, 256), a share when several are equal, 0 for none.

    Source: Zhang et al., Top-down neural attention by excitation backprop, arXiv 1608.00507, section 4.1.
    """
    hits = [area[min(int(down * SIDE), SIDE - 1), min(int(across * SIDE), SIDE - 1)] for down, across in places]
    return float(np.mean(hits)) if hits else 0.0


def _check(film: Film, prediction: Prediction, masks: Path) -> _Checked:
    infection = mask_path(masks / "infection", film)
    return _Checked(
        film,
        prediction,
        read_mask(mask_path(masks / "lung", film), shape=(SIDE, SIDE)),
        read_mask(infection, shape=(SIDE, SIDE)) if infection.exists() else None,
    )


def _priors(films: Sequence[Film], masks: Path) -> dict[str, Grey]:
    """Maps that see no film: what chance hits, and what knowing where lungs and infections tend to be hits."""
    down, across = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE - 0.5
    found = {
        "every place alike": np.ones((32, 32)),
        "Gaussian at the centre": np.exp(-(down**2 + across**2) / (2 * _CENTRE_SPREAD**2)),
    }
    for name, folder in (("mean lungs of the training films", "lung"), ("mean infection of those", "infection")):
        paths = [path for film in films if (path := mask_path(masks / folder, film)).exists()]
        if paths:
            found[name] = np.mean([read_mask(path, shape=(SIDE, SIDE)) for path in paths], axis=0)
    return found


def _set_figures(films: Sequence[tuple[_Checked, Mask]], priors: Mapping[str, Grey]) -> dict[str, Any]:
    groups = np.array([one.film.group for one, _ in films])
    areas = [area for _, area in films]
    found = {"class-activation map": _figures([(one.cam, one.prediction.box) for one, _ in films], areas, groups)}
    for name, prior in priors.items():
        found[name] = _figures([(prior, WHOLE)] * len(films), areas, groups)
    return {"n": len(films), "groups": len(set(groups.tolist())), "maps": found}


def _figures(
    maps: Sequence[tuple[NDArray[np.floating], Box]], areas: Sequence[Mask], groups: NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    pairs = list(zip(maps, areas, strict=True))
    mass = np.array([mass_within(place(cam, box), area) for (cam, box), area in pairs])
    hits = np.array([peaks_within(peaks(cam, box), area) for (cam, box), area in pairs])
    return bootstrap(
        groups, lambda chosen: {"mass inside": float(mass[chosen].mean()), "peak inside": float(hits[chosen].mean())}
    )
