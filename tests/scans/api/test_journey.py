"""The main job through the API alone: a machine sends, the worker reads, a radiologist answers and signs."""

import pytest

from inference.engine import synthetic
from scans.models import Diagnosis, Image, Scan
from scans.workflow import diagnosis
from tests.callers import SCANS, film, machine_of, post_scan, session_of
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db


def test_sent_again_after_a_lost_answer_read_once_judged_and_signed(two_hospitals, active_model):
    north = two_hospitals.north
    machine, reader = machine_of(north.integrator, north.hospital), session_of(north.radiologist)
    content = png_bytes(synthetic.sample("pneumonia", 3))

    first = post_scan(machine, film(content=content), key="one-submission", priority="stat")
    again = post_scan(machine, film(content=content), key="one-submission", priority="stat")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Scan.objects.count() == Image.objects.count() == 1

    diagnosis.run(first.json()["id"])
    answer = machine.get(first.json()["url"]).json()
    (image,) = answer["images"]
    (found,) = image["diagnoses"]
    assert answer["status"] == "awaiting_review"
    assert found["lineage"]["weights_sha256"] == active_model.weights_sha256
    assert Diagnosis.objects.count() == 1

    def post(path: str, **body):
        return reader.post(f"/api/v1/{path}", body, content_type="application/json")

    scan_id = first.json()["id"]
    assert post("reviews/", scan=scan_id, verdict="accept", diagnosis=found["id"]).status_code == 201
    report = post("reports/", scan=scan_id, findings="Opacity, right base.", impression="Pneumonia.").json()
    signed = post(f"reports/{report['id']}/sign/", images_seen=[image["id"]]).json()
    assert (signed["status"], signed["signer_name"]) == ("final", north.radiologist.name)
    assert machine.get(f"{SCANS}{scan_id}/").json()["status"] == "reported"


def test_signing_without_saying_which_images_were_seen_is_refused(two_hospitals, send):
    scan = send(two_hospitals.north)
    reader = session_of(two_hospitals.north.radiologist)
    body = {"scan": str(scan.pk), "impression": "Clear."}
    report = reader.post("/api/v1/reports/", body, content_type="application/json").json()

    answer = reader.post(f"/api/v1/reports/{report['id']}/sign/", {}, content_type="application/json")
    assert answer.status_code == 400
    assert "images_seen" in answer.json()["errors"]
