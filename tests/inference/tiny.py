"""A network of two convolutions and a folder of drawn films, so that training and serving are tested in seconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from inference.engine.labels import LABELS
from inference.training.config import TrainingConfig
from inference.training.dataset import Film, write_manifest

SIZE = 32
FILMS_PER_LABEL = 24
CONFIG = TrainingConfig(
    network="tiny",
    stages=((SIZE, 1.0),),
    batch=8,
    steps_per_epoch=4,
    epochs=4,
    validate_every=2,
    precision="float32",
)


def body(centred):
    import keras

    found = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="first")(centred)
    found = keras.layers.BatchNormalization(name="norm")(found)
    found = keras.layers.Activation("relu", name="bend")(found)
    return keras.layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="second")(found)


NETWORKS = {"tiny": body}


def draw(label: str, seed: int, *, side: int = 120) -> np.ndarray:
    """A film of sorts, uint8: two dark lungs in a bright body, with stripes whose pitch is the label's."""
    generator = np.random.default_rng([LABELS.index(label), seed])
    y, x = np.mgrid[0:side, 0:side] / side
    lungs = sum(np.exp(-(((x - middle) / 0.12) ** 2) - ((y - 0.5) / 0.28) ** 2) for middle in (0.3, 0.7))
    stripes = 0.15 * np.sin(x * 40 * (1 + LABELS.index(label)))
    film = 0.7 - 0.6 * lungs + stripes + generator.normal(0, 0.05, (side, side))
    return (np.clip(film, 0, 1) * 255).astype(np.uint8)


def film(label: str, index: int, /, **changes: str) -> Film:
    split = ("train", "train", "validation", "test")[index % 4]
    blank = dict.fromkeys(("patient_id", "view", "sex", "age"), "")
    made = Film(
        file=f"{label}-{index}.png", label=label, group=f"{label}-{index}", source=f"source{index // 4 % 2}",
        age_group="adult", split=split, **blank,
    )  # fmt: skip
    return replace(made, **changes)


def write_films(folder: Path) -> Path:
    """Write drawn films and their manifest into `folder`; returns the manifest's path."""
    films = [film(label, index) for label in LABELS for index in range(FILMS_PER_LABEL)]
    for one in films:
        label, index = one.file.removesuffix(".png").rsplit("-", 1)
        Image.fromarray(draw(label, int(index))).save(folder / one.file)
    write_manifest(films, folder / "manifest.csv")
    return folder / "manifest.csv"
