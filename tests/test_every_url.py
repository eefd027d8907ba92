"""Walks every address as the anonymous, as a stranger and as the other hospital's staff: none gets data or effect."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Q
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, AuditEntry, Hospital, Membership, User
from accounts.roles import Role
from inference.models import Activation, ActivationRequest, ModelStop
from scans import storage
from scans.models import Diagnosis, IdempotencyKey, Image, Patient, Replay, Report, Review, Scan
from tests.callers import key_of, machine_of, session_of
from tests.factories import DiagnosisFactory
from tests.inference.measured import measured_version
from tests.pictures import png_bytes
from tests.route_samples import SAMPLES, Sample, routes

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
SECRETS = {
    "patient": "NORTHSECRETNAME",
    "mrn": "NORTHSECRETMRN",
    "report": "NORTHSECRETTEXT",
    "note": "NORTHSECRETNOTE",
    "hospital": "North Hospital",
    "email": "@north.example",
    "rendition": "NORTHSECRETRENDITION",
}


class North:
    """One of everything at the first hospital, each with a secret in it."""

    def __init__(self, staff: Any, scan: Scan, *, folder: Path) -> None:
        self.staff = staff
        self.scan = scan
        self.image = scan.images.get()
        self.diagnosis = DiagnosisFactory(image=self.image, model_version=measured_version(folder / "bundle"))
        self.asked = ActivationRequest.objects.create(
            version=self.diagnosis.model_version, asked_by=staff.model_manager, reason="Better."
        )
        self._make_pictures()
        reader = staff.radiologist
        self.review = Review.objects.create(
            scan=scan, diagnosis=self.diagnosis, reader=reader, verdict="accept", note=SECRETS["note"]
        )
        self.report = Report.objects.create(scan=scan, author=reader, findings=SECRETS["report"], impression="x")
        key_of(staff.integrator, staff.hospital)
        self.key = ApiKey.objects.get()
        # Whose first password is still to be set, so that the link can be made.
        User.objects.filter(pk=staff.technician.pk).update(password="!", last_login=None)

    def _make_pictures(self) -> None:
        Image.objects.filter(pk=self.image.pk).update(prepared_at=timezone.now())
        secret = SECRETS["rendition"].encode()
        for path in (storage.rendition_path(self.image), storage.thumbnail_path(self.image)):
            storage.write_derived(path, secret)
        storage.write_derived(storage.heatmap_path(self.diagnosis), secret)

    def named(self, name: str) -> str:
        """Return the id of one of the records,."""
        if name in ("word", "plot"):
            return {"word": "abc", "plot": "curve.svg"}[name]
        if name in ("stop", "activation", "replay"):
            return str(self._made(name).pk)
        if name in ("hospital", "technician", "integrator"):
            return str(getattr(self.staff, name).pk)
        if name in ("patient", "model"):
            return str(self.scan.patient_id if name == "patient" else self.diagnosis.model_version_id)
        return str(getattr(self, name).pk)

    def _made(self, name: str) -> ModelStop | Activation | Replay:
        """Make a record that would stand in the way of other addresses, when it is named."""
        if name == "stop":
            return ModelStop.objects.get_or_create(hospital=self.staff.hospital, defaults={"reason": "Why."})[0]
        if name == "activation":
            return Activation.objects.get_or_create(version=self.diagnosis.model_version, kind="first")[0]
        return Replay.objects.get_or_create(diagnosis=self.diagnosis, defaults={"statement": SECRETS["report"]})[0]

    def address(self, route: str, sample: Sample) -> str:
        """Return the route with the north's ids in it."""
        ids = iter(sample.ids)
        plain = re.sub(r"\(\?P<\w+>[^)]*\)|<\w+:\w+>", lambda _: self.named(next(ids)), route)
        return "/" + re.sub(r"[\^$]", "", plain)

    def body(self, sample: Sample) -> dict[str, Any]:
        """Return the sample's body with the north's ids in it."""
        return {key: self._filled(value) for key, value in sample.body.items()}

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        return re.sub(r"\{(\w+)\}", lambda found: self.named(found[1]), value) if isinstance(value, str) else value

    def rows(self) -> list[Any]:
        """Return everything the desk keeps about the north: what an outsider's call must not change."""
        hospital = self.staff.hospital
        people = User.objects.filter(memberships__hospital=hospital).distinct()
        owned = [
            Hospital.objects.filter(pk=hospital.pk),
            *(model.objects.filter(hospital=hospital) for model in (Membership, ApiKey, Patient, Scan, Image)),
            *(model.objects.filter(scan__hospital=hospital) for model in (Review, Report)),
            Diagnosis.objects.filter(image__hospital=hospital),
            AuditEntry.objects.filter(Q(hospital=hospital) | Q(patient_id=self.scan.patient_id)),
            IdempotencyKey.objects.filter(hospital=hospital),
            ModelStop.objects.filter(hospital=hospital),
            Replay.objects.filter(diagnosis__image__hospital=hospital),
            people,
        ]
        return [list(query.order_by("pk").values()) for query in owned]


@pytest.fixture
def north(two_hospitals, send, tmp_path) -> North:
    scan = send(two_hospitals.north, patient_mrn=SECRETS["mrn"], patient_name=SECRETS["patient"], accession_number="A1")
    return North(two_hospitals.north, scan, folder=tmp_path)


@pytest.fixture
def outsiders(two_hospitals) -> dict[str, Client]:
    south = two_hospitals.south
    people = {"anonymous": None, "stranger": two_hospitals.stranger}
    people |= {f"south {role}": getattr(south, role) for role in Role.values}
    return {name: session_of(user) for name, user in people.items()} | {
        "south's key": machine_of(south.integrator, south.hospital)
    }


def call(client: Client, method: str, address: str, body: dict[str, Any], kind: str) -> HttpResponseBase:
    """Send one request; a form carries a film too, for the routes that take one."""
    client.raise_request_exception = False
    if method == "GET":
        return client.get(address)
    if kind == "json":
        return client.generic(method, address, data=json.dumps(body), content_type="application/json")
    if method == "POST":
        film = io.BytesIO(png_bytes(seed=7))
        film.name = "film.png"
        return client.post(address, {**body, "images": film})
    return client.generic(method, address, data=json.dumps(body), content_type="application/json")


def content_of(answer: HttpResponseBase) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return headers + content.decode("utf-8", errors="replace")


def test_every_route_has_an_entry_and_every_entry_a_route():
    assert set(routes()) == set(SAMPLES)


def test_every_model_of_the_record_is_among_the_rows_that_are_compared():
    compared = {"Hospital", "Membership", "ApiKey", "Patient", "Scan", "Image", "Review", "Report", "Diagnosis"}
    compared |= {"AuditEntry", "IdempotencyKey", "ModelStop", "Replay", "User"}
    # Versions belong to the whole desk; a job knows an image key, never a hospital.
    of_no_hospital = {"Job", "ModelVersion", "Activation", "ActivationRequest"}
    ours = {
        model.__name__
        for label in ("accounts", "scans", "inference")
        for model in apps.get_app_config(label).get_models()
    }
    assert ours == compared | of_no_hospital


@pytest.mark.parametrize("route", [route for route, sample in SAMPLES.items() if sample.insider])
def test_the_sample_lets_the_insider_in(route, north, two_hospitals):
    """Without this the walk below could pass because its ids and bodies are wrong for everybody."""
    sample = SAMPLES[route]
    insider = session_of(getattr(two_hospitals.north, sample.insider))
    answer = call(insider, sample.method, north.address(route, sample), north.body(sample), sample.kind)
    content = content_of(answer)
    assert answer.status_code < 400, content
    if sample.shows:
        assert any(secret in content for secret in SECRETS.values())


def expected(who: str, route: str, sample: Sample) -> set[int]:
    """Return the statuses with which an outsider may be answered where a hospital's data is."""
    is_page = not route.startswith("api/")
    if who == "anonymous" or (who == "south's key" and is_page):  # a key opens no page
        return {302, 403} if is_page else {401}
    refused = {403, 405}
    if sample.ids and not sample.shared:
        return refused | {404}
    if who == "stranger" and not sample.shared:
        return refused | ({200} if route == "api/v1/me/" else set())
    # Their own hospital's list, form or upload; what belongs to no hospital may be in a state that refuses.
    return refused | {200, 201, 302, 400, 415, 422} | ({409} if sample.shared else set())


@pytest.mark.parametrize("route", SAMPLES)
def test_no_outsider_gets_data_or_effect(route, north, outsiders):
    sample = SAMPLES[route]
    address, body = north.address(route, sample), north.body(sample)
    before = north.rows()
    for who, client in outsiders.items():
        for method in METHODS:
            answer = call(client, method, address, body, sample.kind)
            content = content_of(answer)
            said = f"{who} {method} {address}: {answer.status_code}"
            assert answer.status_code < 500, said
            assert not [secret for secret in SECRETS.values() if secret in content], said
            if sample.insider:
                assert answer.status_code in expected(who, route, sample), said
            if sample.insider and answer.status_code == 302:
                assert answer["Location"].startswith(("/accounts/login/", "/members/", "/models/")), said
    assert north.rows() == before


@pytest.mark.parametrize("query", ["patient_mrn={mrn}", "patient_mrn={mrn}&hospital=north", "accession_number=A1"])
def test_no_filter_finds_the_other_hospitals_records(north, outsiders, query):
    found = outsiders["south radiologist"].get("/api/v1/scans/?" + query.format(mrn=SECRETS["mrn"]))
    assert found.json()["results"] == []


@pytest.mark.parametrize("path", ["/worklist/?q={mrn}", "/worklist/rows/?q={mrn}", "/worklist/?after={scan}"])
def test_no_search_of_the_worklist_finds_the_other_hospitals_records(north, outsiders, path):
    answer = outsiders["south radiologist"].get(path.format(mrn=SECRETS["mrn"], scan=north.scan.pk))
    assert answer.status_code in (200, 404)
    assert SECRETS["patient"] not in content_of(answer)
