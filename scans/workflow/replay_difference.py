"""What differs between two answers of a model to the same picture, and how that is said."""

from dataclasses import asdict, dataclass
from typing import Any

from inference.engine.labels import in_words as label_in_words
from scans.models import Diagnosis, Outcome

# In the order they are told: what went in, what computed it.
PARTS = {
    "image_sha256": "original picture",
    "weights_sha256": "weights",
    "graph_sha256": "serving graph",
    "preprocess_version": "preprocessing",
    "box": "part of the picture that was read",
    "calibration": "calibration and thresholds",
    "code_version": "code",
    "device": "device",
    "precision": "numerical precision",
}


@dataclass(frozen=True)
class Answer:
    """What a model said of a picture; label and reason are "" where there is none."""

    outcome: str
    label: str
    reason: str
    probabilities: dict[str, float]
    lineage: dict[str, Any]

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> "Answer":
        """Return the recorded answer."""
        return cls(
            str(diagnosis.outcome), diagnosis.label, diagnosis.reason, diagnosis.probabilities, diagnosis.lineage
        )

    @property
    def in_words(self) -> str:
        """The answer as the end of a sentence."""
        if self.outcome == Outcome.FINDING:
            return f"finding: {label_in_words(self.label)}"
        words = "inconclusive" if self.outcome == Outcome.INCONCLUSIVE else "not analysed"
        return f"{words} ({self.reason.replace('_', ' ')})" if self.reason else words


@dataclass(frozen=True)
class Part:
    """One part of the lineage, then and now; None where it was not recorded."""

    name: str
    recorded: Any
    now: Any
    is_same: bool


@dataclass(frozen=True)
class Difference:
    """Two answers side by side; `largest` is between probabilities of one label, None when one answer has none."""

    recorded: Answer
    now: Answer
    parts: list[Part]
    largest: float | None

    def is_same(self, tolerance: float) -> bool:
        """Whether outcome, label and reason are equal and no probability is further apart than `tolerance`."""
        recorded, now = self.recorded, self.now
        says_same = (recorded.outcome, recorded.label, recorded.reason) == (now.outcome, now.label, now.reason)
        has_same_labels = recorded.probabilities.keys() == now.probabilities.keys()
        return says_same and has_same_labels and (self.largest or 0.0) <= tolerance

    def as_json(self) -> dict[str, Any]:
        """Return it as the record keeps it; the lineages stand in the parts."""
        answers = {
            name: {"outcome": a.outcome, "label": a.label, "reason": a.reason, "probabilities": a.probabilities}
            for name, a in (("recorded", self.recorded), ("now", self.now))
        }
        return {
            "parts": [asdict(part) for part in self.parts],
            "answers": answers,
            "largest_difference": self.largest,
        }


def difference_between(recorded: Answer, now: Answer) -> Difference:
    """Return what is equal and what differs between a recorded answer and the one computed now."""
    parts = [
        Part(title, recorded.lineage.get(key), now.lineage.get(key), recorded.lineage.get(key) == now.lineage.get(key))
        for key, title in PARTS.items()
        if key in recorded.lineage or key in now.lineage
    ]
    shared = recorded.probabilities.keys() & now.probabilities.keys()
    gaps = [abs(recorded.probabilities[label] - now.probabilities[label]) for label in shared]
    return Difference(recorded, now, parts, max(gaps, default=None))


def in_words(difference: Difference, *, tolerance: float) -> str:
    """Return the verdict as sentences: the answer, the numbers, the parts that differ.

    Args:
        tolerance: the largest difference in a probability that still counts as the same.
    """
    same = difference.is_same(tolerance)
    said = (
        f"The same answer, {difference.now.in_words}."
        if same
        else f"Another answer. Recorded: {difference.recorded.in_words}. Now: {difference.now.in_words}."
    )
    return " ".join(filter(None, [said, _numbers(difference, tolerance), _differing(difference)]))


def _numbers(difference: Difference, tolerance: float) -> str:
    if difference.largest is None:
        return ""
    if difference.largest == 0:
        return "No probability differs."
    where = "within" if difference.largest <= tolerance else "beyond"
    return f"The largest difference in a probability is {difference.largest:.1e}, {where} the tolerance of {tolerance}."


def _differing(difference: Difference) -> str:
    names = [part.name for part in difference.parts if not part.is_same]
    if not names:
        return "Nothing in its lineage differs."
    return f"What differs in its lineage: {', '.join(names)}."
