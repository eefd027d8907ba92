"""Films as the network's inputs, prepared once by the product's own preprocessing and kept in a cache."""

import hashlib
import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.bundle import sha256_of
from inference.engine.errors import UnreadableImage
from inference.engine.lungs import FINDER_SIDE, LungFinder
from inference.engine.preprocess import LUNGS_ONLY, WHOLE_FILM, crop, prepare
from inference.training.dataset import Film, read_film

# A run with more unreadable films than this has a broken data folder, not a few bad files.
MOST_UNREADABLE = 0.01
_GRAPH = "lungs.xml"
_FILMS_AT_ONCE = 64

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Inputs:
    """Prepared films, memory-mapped: (n, size, size) uint8, 255 = 1.0.

    pixels: the network's inputs. lungs: chance of lung in the same frame, None when no finder was used.
    overview: (n, 32, 32), the whole film, for the gate's mean chest. whole_lungs: (n, 96, 96) chance of lung over the
    whole film, for the gate; all zero where none were found. films: in that order, less the unreadable.
    """

    pixels: Bytes
    overview: Bytes
    lungs: Bytes | None
    whole_lungs: Bytes | None
    films: list[Film]


def load_inputs(
    films: Sequence[Film], *, images: Path, size: int, cache: Path, finder: Path | None = None
) -> tuple[Bytes, list[Film]]:
    """As `load_all`, the pixels and the films only; use for evaluation."""
    found = load_all(films, images=images, size=size, cache=cache, finder=finder)
    return found.pixels, found.films


def load_all(films: Sequence[Film], *, images: Path, size: int, cache: Path, finder: Path | None) -> Inputs:
    """Prepare films, or map the cached result; use for training.

    images: folder the manifest's `file` column is relative to. size: side in pixels. cache: folder for the arrays, made
    when missing. finder: the lung finder's weights (.npz); None prepares whole films.
    Skips unreadable films, and prints each; raises UnreadableImage when they are more than 1 %.
    """
    version = LUNGS_ONLY + sha256_of(finder) if finder else WHOLE_FILM
    key = hashlib.sha256(json.dumps([version, size, str(images), [film.file for film in films]]).encode())
    folder = cache / f"{key.hexdigest()[:16]}-{size}"
    if not folder.exists():
        _write(films, images=images, size=size, folder=folder, finder=finder)
    kept = np.load(folder / "kept.npy")
    return Inputs(
        pixels=np.load(folder / "pixels.npy", mmap_mode="r"),
        overview=np.load(folder / "overview.npy", mmap_mode="r"),
        lungs=np.load(folder / "lungs.npy", mmap_mode="r") if finder else None,
        whole_lungs=np.load(folder / "whole_lungs.npy", mmap_mode="r") if finder else None,
        films=[films[index] for index in kept],
    )


def _write(films: Sequence[Film], *, images: Path, size: int, folder: Path, finder: Path | None) -> None:
    graph = _finder_graph(finder, folder.parent) if finder else None
    paths = [images / film.file for film in films]
    # Spawned, not forked: a child of a process with TensorFlow's threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(children(len(films)), mp_context=context, initializer=_start, initargs=(graph,)) as pool:
        found = list(pool.map(_prepare, paths, [size] * len(paths), chunksize=_FILMS_AT_ONCE))
    refuse_unreadable([film.file for film, one in zip(films, found, strict=True) if one is None], of=len(films))
    kept = [index for index, one in enumerate(found) if one is not None]
    with _appearing_whole(folder) as partial:
        np.save(partial / "kept.npy", np.array(kept, dtype=np.int64))
        for position, name in enumerate(("pixels", "overview", "lungs", "whole_lungs")):
            if finder or position < 2:
                np.save(partial / f"{name}.npy", np.stack([one[position] for one in found if one is not None]))


def children(films: int) -> int:
    """How many child processes are worth their start for so many films: at most one a processor."""
    return min(os.cpu_count() or 1, 1 + films // _FILMS_AT_ONCE)


def refuse_unreadable(files: Sequence[str], *, of: int) -> None:
    """List the films that could not be read; raises UnreadableImage when they are more than 1 % of `of` films."""
    if files:
        print(f"{len(files)} of {of} films cannot be read and are skipped: {', '.join(files)}", flush=True)
    if len(files) > MOST_UNREADABLE * of:
        raise UnreadableImage(
            expected=f"at most {MOST_UNREADABLE:.0%} unreadable films",
            received=f"{len(files)} of {of}, the first {list(files[:5])}",
            remedy="Check the images folder",
        )


def _finder_graph(finder: Path, cache: Path) -> Path:
    from inference.engine.compile_lungs import write_finder_graph

    folder = cache / f"finder-{sha256_of(finder)[:16]}"
    if not folder.exists():
        # A graph that differs from Keras is refused, and then does not lie there the next time.
        with _appearing_whole(folder) as partial:
            write_finder_graph(finder, partial / _GRAPH)
    return folder / _GRAPH


@contextmanager
def _appearing_whole(folder: Path) -> Iterator[Path]:
    """A folder to fill, which appears as `folder` whole or not at all; when two processes race, the first stands."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield partial
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


_finder: LungFinder | None = None


def _start(graph: Path | None) -> None:
    # One finder a child process, with one thread: the children already fill the cores.
    global _finder
    _finder = LungFinder(graph, threads=1) if graph else None


def _prepare(path: Path, size: int) -> tuple[Bytes, ...] | None:
    try:
        pixels = read_film(path)
    except UnreadableImage:
        return None
    prepared = prepare(pixels, size=size, find_lungs=_finder)
    lungs = prepared.lungs if prepared.lungs is not None else np.ones((FINDER_SIDE, FINDER_SIDE), dtype=np.float32)
    overview = Image.fromarray(prepared.overview[..., 0]).resize((32, 32), Image.Resampling.BOX)
    return (
        _as_bytes(prepared.inputs[..., 0]),
        _as_bytes(np.asarray(overview)),
        _as_bytes(crop(lungs, prepared.box, side=size)),
        _as_bytes(lungs if prepared.found else np.zeros_like(lungs)),
    )


def _as_bytes(values: NDArray[np.floating]) -> Bytes:
    return np.round(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
