"""A verdict fits the finding it judges, and comes from a radiologist of the hospital."""

import pytest

from scans import pipeline
from scans.models import Review
from scans.workflow import errors
from tests.factories import DiagnosisFactory, ImageFactory, ScanFactory


@pytest.fixture
def finding(two_hospitals):
    return DiagnosisFactory(image=ImageFactory(scan=ScanFactory(hospital=two_hospitals.north.hospital)))


def judge(finding, reader, verdict, **more):
    return pipeline.record_verdict(finding.image.scan, reader=reader, verdict=verdict, diagnosis=finding, **more)


def test_a_second_verdict_of_the_same_reader_replaces_the_first(finding, two_hospitals):
    reader = two_hospitals.north.radiologist
    judge(finding, reader, "accept")
    judge(finding, reader, "amend", label="covid19")

    review = Review.objects.get()
    assert (review.verdict, review.label, review.diagnosis) == ("amend", "covid19", finding)


@pytest.mark.parametrize(
    ("verdict", "label"),
    [("agree", ""), ("amend", ""), ("amend", "measles"), ("accept", "covid19"), ("", "")],
)
def test_a_verdict_that_does_not_fit_is_refused(finding, two_hospitals, verdict, label):
    with pytest.raises(errors.BadVerdict):
        judge(finding, two_hospitals.north.radiologist, verdict, label=label)
    assert not Review.objects.exists()


def test_a_finding_of_another_scan_cannot_be_judged_here(finding, two_hospitals):
    other = ScanFactory(hospital=two_hospitals.north.hospital)

    with pytest.raises(errors.BadVerdict):
        pipeline.record_verdict(other, reader=two_hospitals.north.radiologist, verdict="accept", diagnosis=finding)


def test_without_a_finding_only_cannot_tell_is_a_verdict(two_hospitals):
    scan = ScanFactory(hospital=two_hospitals.north.hospital)
    reader = two_hospitals.north.radiologist

    with pytest.raises(errors.BadVerdict):
        pipeline.record_verdict(scan, reader=reader, verdict="accept", diagnosis=None)
    assert pipeline.record_verdict(scan, reader=reader, verdict="cannot_tell", diagnosis=None).diagnosis is None


def test_nobody_else_judges(finding, two_hospitals):
    for person in (two_hospitals.north.technician, two_hospitals.south.radiologist, two_hospitals.stranger):
        with pytest.raises(errors.MayNotReview):
            judge(finding, person, "accept")


def test_a_reported_scan_is_not_judged_again(finding, two_hospitals):
    reader = two_hospitals.north.radiologist
    judge(finding, reader, "accept")
    pipeline.sign(finding.image.scan, author=reader, findings="", impression="Pneumonia.")

    with pytest.raises(errors.ReportAlreadySigned):
        judge(finding, reader, "reject")
    assert Review.objects.get().verdict == "accept"
