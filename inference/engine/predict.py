"""From a picture to a Prediction: gate, preprocess, network, calibration, selective rule, explanation, lineage."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.engine import gate
from inference.engine.bundle import GATE, HEAD_KERNEL, Card, load_card, load_weights
from inference.engine.calibrate import probabilities
from inference.engine.explain import class_activation_map
from inference.engine.labels import in_words
from inference.engine.lung_looks import look
from inference.engine.lungs import WHOLE, Box, FindLungs, LungFinder
from inference.engine.precision import precision_to_serve
from inference.engine.preprocess import Prepared, prepare
from inference.engine.serve import LUNGS_GRAPH, Graph, ensure_graph

if TYPE_CHECKING:
    from inference.engine.read import Picture

FINDING, INCONCLUSIVE, NOT_ANALYSED = "finding", "inconclusive", "not_analysed"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the model says about one picture; `lineage` holds what is needed to say it again.

    cam lies over `box`: top, left, bottom, right of what the network read, in shares of the picture's height and width.
    """

    outcome: str
    label: str | None
    probabilities: dict[str, float]
    reason: str | None
    explanation: str
    cam: NDArray[np.float16] | None
    lineage: dict[str, Any]
    box: Box = WHOLE


class Predictor:
    """A loaded bundle, ready to predict; one per worker process."""

    def __init__(
        self,
        card: Card,
        graph: Graph,
        *,
        statistics: gate.GateStatistics,
        kernel: NDArray[np.float32],
        find_lungs: FindLungs | None = None,
    ) -> None:
        self.card = card
        self.labels: Sequence[str] = card.labels
        self.weights_sha256 = card.weights_sha256
        self._graph, self._statistics, self._kernel, self._find_lungs = graph, statistics, kernel, find_lungs

    @classmethod
    def load(cls, bundle_dir: Path, *, graph_dir: Path | None = None, precision: str | None = None) -> "Predictor":
        """Load a bundle and its serving graph, making the graph first when it is missing; never imports TensorFlow.

        precision: default what the environment asks for, which the bundle must have been measured in; one that is
        stated here is taken unmeasured, for measuring it. The lung finder stays float32.
        Raises BadBundle (BadPrecision), or EngineBusy while the graph is still being made.
        """
        card = load_card(bundle_dir)
        precision = precision or precision_to_serve(bundle_dir, card)
        folder = ensure_graph(bundle_dir, graph_dir)
        return cls(
            card,
            Graph(folder, precision=precision),
            statistics=gate.GateStatistics.read(bundle_dir / GATE),
            kernel=load_weights(bundle_dir)[HEAD_KERNEL],
            find_lungs=LungFinder(folder / LUNGS_GRAPH) if card.reads_lungs_only else None,
        )

    def prepare(self, pixels: NDArray[np.float32]) -> Prepared:
        """What the network reads of (H, W) pixels in 0..1; for evaluation, which paints parts of films over."""
        return prepare(pixels, size=self.card.input_size, find_lungs=self._find_lungs)

    def run(self, prepared: Prepared) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (labels,) and last map (h, w, channels) of a prepared film, before calibration and gate."""
        if not self.card.mirrored:
            logits, last_map = self._graph.run(prepared.inputs[np.newaxis])
            return logits[0], last_map[0]
        # The head is linear on the pooled map, so the mean of both maps is the map of the mean answer.
        logits, last_map = self._graph.run(np.stack([prepared.inputs, prepared.inputs[:, ::-1]]))
        return logits.mean(axis=0), (last_map[0] + last_map[1][:, ::-1]) / 2

    def predict(self, picture: "Picture", *, view: str = "") -> Prediction:
        """What the model says about a picture as `read.read_picture` gives it; never raises for its content.

        view: its view position as stated, "" when nobody did.
        """
        clock = _Clock()
        reason = gate.view_refusal(view) or gate.picture_refusal(picture.pixels)
        if reason is not None:
            return self._not_analysed(reason, picture, clock)
        prepared = self.prepare(picture.pixels)
        clock.lap("preprocess")
        logits, last_map = self.run(prepared)
        clock.lap("network")
        reason = gate.chest_refusal(self.looks(prepared, last_map), limits=self.card.gate_limits)
        clock.lap("gate")
        if reason is not None:
            return self._not_analysed(reason, picture, clock)
        answer = self._answer(logits, last_map, picture, clock)
        return replace(answer, box=prepared.box, lineage={**answer.lineage, "box": list(prepared.box)})

    def looks(self, prepared: Prepared, last_map: NDArray[np.float32]) -> gate.Looks:
        """What the gate measures of a prepared film and its last map (h, w, channels)."""
        return gate.Looks(
            likeness=gate.likeness(prepared.overview, self._statistics.template),
            distance=float(gate.distance(last_map.mean(axis=(0, 1))[np.newaxis], self._statistics)[0]),
            lungs=None if prepared.lungs is None else look(prepared.lungs),
        )

    def _answer(
        self, logits: NDArray[np.float32], last_map: NDArray[np.float32], picture: "Picture", clock: "_Clock"
    ) -> Prediction:
        calibrated = probabilities(logits, temperature=self.card.temperature)
        best = int(calibrated.argmax())
        named = self.card.selective_rule.accepts(self.labels[best], float(calibrated[best]))
        cam = class_activation_map(last_map, self._kernel, best)
        clock.lap("explain")
        return Prediction(
            outcome=FINDING if named else INCONCLUSIVE,
            label=self.labels[best] if named else None,
            probabilities={label: float(value) for label, value in zip(self.labels, calibrated, strict=True)},
            reason=None if named else "not_sure_enough",
            explanation=_explain(self.labels[best] if named else None),
            cam=cam,
            lineage=self._lineage(picture, clock, threshold=self.card.selective_rule.threshold_of(self.labels[best])),
        )

    def _not_analysed(self, reason: str, picture: "Picture", clock: "_Clock") -> Prediction:
        return Prediction(
            outcome=NOT_ANALYSED,
            label=None,
            probabilities={},
            reason=reason,
            explanation=f"The model did not analyse this picture, because {gate.REASONS[reason]}.",
            cam=None,
            lineage=self._lineage(picture, clock),
        )

    def _lineage(self, picture: "Picture", clock: "_Clock", *, threshold: float | None = None) -> dict[str, Any]:
        rule = self.card.selective_rule
        return {
            "image_sha256": picture.sha256,
            "preprocess_version": self.card.preprocess_version,
            "weights_sha256": self.weights_sha256,
            "graph_sha256": self._graph.sha256,
            "calibration": {
                "temperature": self.card.temperature,
                "threshold": rule.threshold if threshold is None else threshold,
                "thresholds": {label: rule.threshold_of(label) for label in self.labels},
                "gate": asdict(self.card.gate_limits),
            },
            "code_version": code_version(),
            "device": self._graph.device,
            "precision": self._graph.precision,
            "timings_ms": clock.laps,
        }


def _explain(label: str | None) -> str:
    if label is None:
        return "The model cannot tell: no label was probable enough to be named."
    if label == "normal":
        return "The model finds none of the diseases it knows; that does not rule any out."
    return f"The model's finding is {in_words(label)}."


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 2)
        self._last = now


@lru_cache(maxsize=1)
def code_version() -> str:
    """Twelve hex digits over the engine's source files: two results with the same digits came from the same code."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    joined = b"".join(path.name.encode() + path.read_bytes() for path in sources)
    return hashlib.sha256(joined).hexdigest()[:12]
