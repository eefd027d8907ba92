"""What the scan page shows one reader: pictures, results, verdict, report, priors."""

from dataclasses import dataclass, replace
from typing import Any

from accounts.models import User
from accounts.roles import Ability
from scans import pipeline
from scans.models import Diagnosis, Image, Replay, Report, Review, Scan, Verdict
from scans.models.analysis import analyses_of
from scans.views.wording import ImageResult, label_words, result_of

PRIORS_SHOWN = 12

VERDICT_KEYS = {Verdict.ACCEPT: "Y", Verdict.REJECT: "X", Verdict.AMEND: "E", Verdict.CANNOT_TELL: "C"}


@dataclass(frozen=True)
class Prior:
    """Another scan of the same patient."""

    scan: Scan

    @property
    def thumbnail(self) -> Image | None:
        """Its first picture that can be shown."""
        return next((image for image in self.scan.images.all() if image.is_prepared), None)


def results_of(scan: Scan) -> list[ImageResult]:
    """Return what to say about each image of a scan fetched with_results()."""
    images = list(scan.images.all())
    analyses = analyses_of(images)
    results = [result_of(image, analyses[str(image.pk)]) for image in images]
    replays = newest_replays([result.diagnosis for result in results if result.diagnosis])
    return [
        replace(result, replay=replays.get(result.diagnosis.pk if result.diagnosis else None)) for result in results
    ]


def newest_replays(diagnoses: list[Diagnosis]) -> dict[object, Replay]:
    """Return the newest replay of each diagnosis that has one, by the diagnosis's id."""
    found = Replay.objects.filter(diagnosis__in=diagnoses).order_by("asked_at", "id")
    return {replay.diagnosis_id: replay for replay in found}


def live_context(scan: Scan, *, reader: User) -> dict[str, Any]:
    """Return what may change while the page is open: pictures, results, the verdict they allow."""
    results = results_of(scan)
    signed = signed_report(scan)
    return {
        "scan": scan,
        "results": results,
        "signed": signed,
        "fingerprint": fingerprint(scan, results, signed),
        "may_view_models": reader.can(Ability.VIEW_MODELS),
        "is_live": not scan.is_analysis_finished and signed is None,
        **verdict_context(scan, reader=reader, results=results, signed=signed),
    }


def fingerprint(scan: Scan, results: list[ImageResult], signed: Report | None) -> str:
    """Return a short text that changes when pictures or verdict must be drawn again, and only then."""
    parts = [f"{result.shows[0]}{result.diagnosis.pk.hex[:6] if result.diagnosis else ''}" for result in results]
    return "-".join([*parts, "signed" if signed else "open"])


def verdict_context(scan: Scan, *, reader: User, results: list[ImageResult], signed: Report | None) -> dict[str, Any]:
    """Return what the verdict part shows: the reader's own verdict, what can be judged, and with which labels."""
    judged = sorted(
        (result for result in results if result.diagnosis), key=lambda result: result.words.kind != "finding"
    )
    labels: list[tuple[str, str]] = []
    if judged and judged[0].diagnosis is not None:
        labels = [(label, label_words(label)) for label in pipeline.labels_for(judged[0].diagnosis)]
    return {
        "scan": scan,
        "judged": judged,
        "amend_labels": labels,
        "verdicts": [(value, title, VERDICT_KEYS[Verdict(value)]) for value, title in Verdict.choices],
        "review": Review.objects.filter(scan=scan, reader=reader).first(),
        "signed": signed,
        "may_review": reader.can(Ability.REVIEW_SCANS, scan.hospital),
    }


def reading_context(scan: Scan, *, reader: User) -> dict[str, Any]:
    """Return everything the page shows."""
    return {
        **live_context(scan, reader=reader),
        "patient": scan.patient,
        "report": Report.objects.filter(scan=scan, author=reader).first(),
        "may_sign": reader.can(Ability.SIGN_REPORTS, scan.hospital),
        "priors": priors_of(scan, reader=reader),
    }


def signed_report(scan: Scan) -> Report | None:
    """Return the scan's final report, if it has one."""
    return Report.objects.filter(scan=scan, status="final").select_related("author", "review").first()


def priors_of(scan: Scan, *, reader: User) -> list[Prior]:
    """Return the patient's other scans, newest first."""
    others = Scan.objects.visible_to(reader).filter(patient_id=scan.patient_id).exclude(pk=scan.pk)
    return [Prior(other) for other in others.order_by("-received_at", "id").prefetch_related("images")[:PRIORS_SHOWN]]


def diagnosis_named(scan: Scan, diagnosis_id: str) -> Diagnosis | None:
    """Return the diagnosis of this scan that the reader judged, or None when none was named."""
    if not diagnosis_id:
        return None
    return next(
        (each for image in scan.images.all() for each in image.diagnoses.all() if str(each.pk) == diagnosis_id), None
    )
