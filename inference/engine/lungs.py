"""The lung finder in serving: where the lungs are in a squashed film, and the box around them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Side in pixels of what the finder's network reads and answers.
FINDER_SIDE = 96
# A place is lung from this chance on.
LUNG = 0.5
# The box leaves out this share of the lungs' area on each of its four sides, so that a stray spot cannot stretch it ...
_STRAY = 0.005
# ... and grows by this share of its own height and width, so that pleura, hila and costal angles are inside.
_MARGIN = 0.05
# Lungs on less of the film than this are not lungs.
LEAST_AREA = 0.04

Grey = NDArray[np.float32]
# Top, left, bottom, right, in shares (0..1) of the film's height and width.
Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
FindLungs = Callable[[Grey], Grey]


class LungFinder:
    """The finder's loaded serving graph; call it on what `preprocess.finder_input` makes."""

    def __init__(self, graph: Path, *, threads: int = 0) -> None:
        """Load a graph file (.xml); threads: 0 lets OpenVINO choose."""
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        self._compiled = openvino.Core().compile_model(graph, "CPU", settings)

    def __call__(self, inputs: Grey) -> Grey:
        """Chance of lung (side, side), 0..1, at every place of an input (side, side, 1)."""
        return np.array(self._compiled(inputs[np.newaxis])[0][0, ..., 0])


def lung_box(lungs: Grey) -> Box | None:
    """The box around the lungs, or None where there are none; use it to crop a film.

    lungs: (side, side) chance of lung. The margin ends at the film's edge.
    """
    found = lungs >= LUNG
    if found.mean() < LEAST_AREA:
        return None
    top, bottom = _extent(found.sum(axis=1))
    left, right = _extent(found.sum(axis=0))
    down, across = _MARGIN * (bottom - top), _MARGIN * (right - left)
    return (max(top - down, 0.0), max(left - across, 0.0), min(bottom + down, 1.0), min(right + across, 1.0))


def _extent(counts: NDArray[np.int64]) -> tuple[float, float]:
    # Where the running sum crosses the two shares, between places: a box that moves smoothly with the lungs.
    running = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    places = np.arange(len(running)) / len(counts)
    first = int(np.searchsorted(running, _STRAY, side="right")) - 1
    last = int(np.searchsorted(running, 1.0 - _STRAY, side="left"))
    low = np.interp(_STRAY, running[first : first + 2], places[first : first + 2])
    high = np.interp(1.0 - _STRAY, running[last - 1 : last + 1], places[last - 1 : last + 1])
    return float(low), float(high)
