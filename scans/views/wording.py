"""The model's outcome in words: what lists and result pages say, the same everywhere."""

from dataclasses import dataclass

from inference.engine.labels import in_words
from scans.models import Diagnosis, Image, Outcome, Replay, Review, Verdict
from scans.models.analysis import Analysis

VERDICTS_DONE = {
    Verdict.ACCEPT: "accepted",
    Verdict.REJECT: "rejected",
    Verdict.AMEND: "amended",
    Verdict.CANNOT_TELL: "could not be judged",
}
NATIVE_FORMATS = frozenset({"png", "jpeg", "webp", "bmp"})


@dataclass(frozen=True)
class Words:
    """`kind` chooses the icon and colour, which never stand alone: `headline` says it, `sentence` explains it."""

    kind: str
    headline: str
    sentence: str


WITHOUT_DIAGNOSIS = {
    "waiting": Words("pending", "Waiting for analysis", "The picture can be read and reported now."),
    "running": Words("pending", "Being analysed", "The picture can be read and reported now."),
    "failed": Words("failed", "Analysis failed", "The scan is read without the model."),
    "off": Words("off", "Model off", "The scan is read without the model."),
    "done": Words("pending", "Being analysed", "The result is being recorded."),
}


def label_words(label: str) -> str:
    """Return a label as a person says it, with a capital."""
    words = in_words(label)
    return words[:1].upper() + words[1:]


def verdict_words(review: Review) -> str:
    """Return what a reader said to the model's answer, as the end of "the model's answer was ..."."""
    words = VERDICTS_DONE[Verdict(review.verdict)]
    return f"{words} to {in_words(review.label)}" if review.label else words


def outcome_words(diagnosis: Diagnosis | None, analysis: Analysis) -> Words:
    """Return what to say about one image: its diagnosis, or how far its analysis has come."""
    if diagnosis is None:
        words = WITHOUT_DIAGNOSIS[analysis.state]
        return Words(words.kind, words.headline, f"{analysis.reason} {words.sentence}".strip())
    if diagnosis.outcome == Outcome.FINDING:
        return Words("finding", label_words(diagnosis.label), diagnosis.explanation)
    if diagnosis.outcome == Outcome.INCONCLUSIVE:
        return Words("inconclusive", "Inconclusive", diagnosis.explanation)
    reason = diagnosis.reason.replace("_", " ")
    return Words("not-analysed", f"Not analysed: {reason}" if reason else "Not analysed", diagnosis.explanation)


@dataclass(frozen=True)
class ImageResult:
    """One image with what the pages say about it; `replay` is the newest, where the page shows one."""

    image: Image
    diagnosis: Diagnosis | None
    analysis: Analysis
    words: Words
    replay: Replay | None = None

    @property
    def shows(self) -> str:
        """What can be shown now: the rendition, the original itself while that is made, or nothing."""
        if self.image.is_prepared:
            return "rendition"
        if self.image.unreadable_reason:
            return "unreadable"
        is_native = self.image.format in NATIVE_FORMATS and self.image.bits <= 8
        return "original" if is_native else "preparing"

    @property
    def title(self) -> str:
        """The image's number and view in words."""
        return f"Image {self.image.number}, {self.image.view or 'view not stated'}"

    @property
    def has_heatmap(self) -> bool:
        """Whether there is a map to lay over the picture."""
        return self.diagnosis is not None and self.diagnosis.activation_map is not None and self.image.is_prepared

    @property
    def probabilities(self) -> list[tuple[str, float]]:
        """Labels in words with their calibrated probability, the likeliest first."""
        found = self.diagnosis.probabilities if self.diagnosis else {}
        return sorted(((label_words(label), value) for label, value in found.items()), key=lambda pair: -pair[1])

    @property
    def threshold(self) -> float | None:
        """The operating point the answer was made with."""
        lineage = self.diagnosis.lineage if self.diagnosis else {}
        return lineage.get("calibration", {}).get("threshold")


def result_of(image: Image, analysis: Analysis) -> ImageResult:
    """Return the image with its newest diagnosis in words; diagnoses must have been fetched newest first."""
    diagnosis = next(iter(image.diagnoses.all()), None)
    return ImageResult(image, diagnosis, analysis, outcome_words(diagnosis, analysis))
