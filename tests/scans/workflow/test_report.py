"""Signing: under one's own name, once, after an answer to the model, and never edited again."""

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from scans import pipeline
from scans.models import Outcome, Report, ReportStatus, Review, ScanStatus
from scans.workflow import errors, report
from tests.factories import DiagnosisFactory, ImageFactory, MembershipFactory, ScanFactory

TEXT = {"findings": "Clear lungs.", "impression": "No pneumonia seen."}


@pytest.fixture
def scan(two_hospitals):
    return ScanFactory(hospital=two_hospitals.north.hospital, status=ScanStatus.AWAITING_REVIEW)


def test_a_draft_is_kept_per_author(scan, two_hospitals):
    colleague = MembershipFactory(hospital=scan.hospital).user
    pipeline.save_draft(scan, author=two_hospitals.north.radiologist, **TEXT)
    pipeline.save_draft(scan, author=colleague, findings="", impression="Something else.")

    assert set(Report.objects.values_list("impression", flat=True)) == {"No pneumonia seen.", "Something else."}


def test_what_colleagues_were_shown_as_preliminary_stays_so_until_its_author_takes_it_back(scan, two_hospitals):
    author = two_hospitals.north.radiologist
    pipeline.save_draft(scan, author=author, preliminary=True, **TEXT)

    assert pipeline.save_draft(scan, author=author, **TEXT).status == ReportStatus.PRELIMINARY
    with pytest.raises(errors.EmptyReport):
        pipeline.sign(scan, author=author, findings="", impression="")
    assert Report.objects.get().status == ReportStatus.PRELIMINARY
    assert pipeline.save_draft(scan, author=author, preliminary=False, **TEXT).status == ReportStatus.DRAFT


def test_signing_makes_the_report_final_and_takes_the_scan_off_the_worklist(scan, two_hospitals):
    reader = two_hospitals.north.radiologist
    signed = pipeline.sign(scan, author=reader, **TEXT)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.REPORTED
    assert (signed.status, signed.signer_name) == (ReportStatus.FINAL, reader.name)
    assert signed.digest == report.digest_of(Report.objects.get(pk=signed.pk))
    assert AuditEntry.objects.filter(action="report.signed", actor=reader, object_id=str(signed.pk)).count() == 1


@pytest.mark.parametrize("status", [ScanStatus.RECEIVED, ScanStatus.ANALYSING])
def test_a_scan_is_reported_without_waiting_for_the_model(scan, two_hospitals, status):
    type(scan).objects.update(status=status)

    pipeline.sign(scan, author=two_hospitals.north.radiologist, **TEXT)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.REPORTED


def test_a_final_report_is_never_edited(scan, two_hospitals):
    reader = two_hospitals.north.radiologist
    pipeline.sign(scan, author=reader, **TEXT)

    with pytest.raises(errors.ReportAlreadySigned):
        pipeline.save_draft(scan, author=reader, findings="", impression="Changed my mind.")
    with pytest.raises(errors.ReportAlreadySigned):
        pipeline.sign(scan, author=reader, findings="", impression="Changed my mind.")
    assert Report.objects.get().impression == TEXT["impression"]


def test_of_two_signatures_the_first_stands_and_the_second_keeps_their_text(scan, two_hospitals):
    first, second = two_hospitals.north.radiologist, MembershipFactory(hospital=scan.hospital).user
    pipeline.sign(scan, author=first, **TEXT)

    with pytest.raises(errors.ReportAlreadySigned, match=first.name):
        pipeline.sign(scan, author=second, findings="", impression="I read pneumonia.")
    kept = Report.objects.get(author=second)
    assert (kept.status, kept.impression) == (ReportStatus.DRAFT, "I read pneumonia.")


def test_a_finding_must_be_answered_before_signing(scan, two_hospitals):
    reader = two_hospitals.north.radiologist
    diagnosis = DiagnosisFactory(image=ImageFactory(scan=scan))

    with pytest.raises(errors.MissingVerdict):
        pipeline.sign(scan, author=reader, **TEXT)
    assert Report.objects.get().status == ReportStatus.DRAFT
    pipeline.record_verdict(scan, reader=reader, verdict="reject", diagnosis=diagnosis)
    assert pipeline.sign(scan, author=reader, **TEXT).review.verdict == "reject"


def test_a_verdict_given_before_there_was_a_finding_does_not_answer_it(scan, two_hospitals):
    reader = two_hospitals.north.radiologist
    pipeline.record_verdict(scan, reader=reader, verdict="cannot_tell", diagnosis=None)
    DiagnosisFactory(image=ImageFactory(scan=scan))

    with pytest.raises(errors.MissingVerdict):
        pipeline.sign(scan, author=reader, **TEXT)


def test_a_verdict_on_another_image_without_a_finding_does_not_answer_the_finding(scan, two_hospitals):
    reader = two_hospitals.north.radiologist
    unsure = DiagnosisFactory(image=ImageFactory(scan=scan), outcome=Outcome.INCONCLUSIVE, label="")
    DiagnosisFactory(image=ImageFactory(scan=scan))
    pipeline.record_verdict(scan, reader=reader, verdict="accept", diagnosis=unsure)

    with pytest.raises(errors.MissingVerdict):
        pipeline.sign(scan, author=reader, **TEXT)


def test_an_image_that_the_signer_was_not_shown_is_not_signed_for(scan, two_hospitals):
    reader, shown = two_hospitals.north.radiologist, ImageFactory(scan=scan)
    late = ImageFactory(scan=scan)

    with pytest.raises(errors.UnseenImage, match="image 2"):
        pipeline.sign(scan, author=reader, images_seen=[shown.pk], **TEXT)
    assert Report.objects.get().status == ReportStatus.DRAFT
    assert pipeline.sign(scan, author=reader, images_seen=[shown.pk, late.pk], **TEXT).is_final


def test_an_empty_report_is_not_signed(scan, two_hospitals):
    with pytest.raises(errors.EmptyReport):
        pipeline.sign(scan, author=two_hospitals.north.radiologist, findings="Clear.", impression="  \n")


@pytest.mark.parametrize("role", ["technician", "hospital_admin", "integrator", "model_manager"])
def test_only_a_radiologist_of_the_hospital_signs(scan, two_hospitals, role):
    for author in (getattr(two_hospitals.north, role), two_hospitals.south.radiologist, two_hospitals.stranger):
        with pytest.raises(errors.MayNotSign):
            pipeline.sign(scan, author=author, **TEXT)
    assert not Report.objects.exists()


def test_the_digest_stays_when_a_result_is_written_down_after_the_signature(scan, two_hospitals):
    image, before = ImageFactory(scan=scan), timezone.now()
    signed = pipeline.sign(scan, author=two_hospitals.north.radiologist, **TEXT)
    # A worker made it before, and its transaction ended after.
    DiagnosisFactory(image=image, created_at=before)

    assert report.digest_of(Report.objects.get(pk=signed.pk)) == signed.digest


def test_the_digest_names_the_finding_that_was_answered(scan, two_hospitals):
    reader, diagnosis = two_hospitals.north.radiologist, DiagnosisFactory(image=ImageFactory(scan=scan))
    pipeline.record_verdict(scan, reader=reader, verdict="accept", diagnosis=diagnosis)
    signed = pipeline.sign(scan, author=reader, **TEXT)
    Review.objects.update(diagnosis=DiagnosisFactory(image=diagnosis.image))

    assert report.digest_of(Report.objects.get(pk=signed.pk)) != signed.digest


def test_the_digest_notices_a_changed_word(scan, two_hospitals):
    signed = pipeline.sign(scan, author=two_hospitals.north.radiologist, **TEXT)
    Report.objects.filter(pk=signed.pk).update(impression="No pneumonia seem.")

    assert report.digest_of(Report.objects.get(pk=signed.pk)) != signed.digest
