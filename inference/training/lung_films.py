"""Films with drawn lung masks as the finder's network reads them; loads no Keras, since child processes read them."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.errors import UnreadableImage
from inference.engine.lungs import FINDER_SIDE
from inference.engine.preprocess import finder_input
from inference.training.dataset import Film, read_film
from inference.training.inputs import children, refuse_unreadable

Grey = NDArray[np.float32]


def mask_path(masks: Path, film: Film) -> Path:
    """The file of a film's lung mask, whether or not there is one."""
    return (masks / Path(film.file).name).with_suffix(".png")


def load_pairs(films: Sequence[Film], images: Path, masks: Path) -> tuple[Grey, Grey]:
    """Films and their masks, (n, 96, 96) each in 0..1, less those that cannot be read, which are listed.

    Raises UnreadableImage when they are more than 1 %.
    """
    paths = [(images / film.file, mask_path(masks, film)) for film in films]
    # Spawned, not forked: a child of a process with TensorFlow's threads may hang.
    with ProcessPoolExecutor(children(len(films)), mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(_load_pair, paths, chunksize=64))
    refuse_unreadable([film.file for film, pair in zip(films, found, strict=True) if pair is None], of=len(films))
    pairs = [pair for pair in found if pair is not None]
    return np.stack([film for film, _ in pairs]), np.stack([mask for _, mask in pairs])


def _load_pair(paths: tuple[Path, Path]) -> tuple[Grey, Grey] | None:
    film, mask = paths
    try:
        with Image.open(mask) as image:
            drawn = image.convert("L").resize((FINDER_SIDE, FINDER_SIDE), Image.Resampling.BOX)
        return finder_input(read_film(film))[..., 0], np.asarray(drawn, dtype=np.float32) / np.float32(255)
    except (UnreadableImage, OSError, SyntaxError, ValueError):
        return None
