"""What many tests stand on: two hospitals with everyone in them, the shipped model, and a way to send a picture in."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts import audit_guard
from accounts.models import Hospital, User
from accounts.roles import Role
from inference import activation, registry
from inference.engine.bundle import DEFAULT_BUNDLE
from inference.models import ModelVersion
from scans import pipeline
from scans.models import Scan
from tests.factories import HospitalFactory, MembershipFactory, UserFactory
from tests.pictures import png_bytes


@dataclass
class Staff:
    """One hospital with one person per role."""

    hospital: Hospital
    radiologist: User
    technician: User
    hospital_admin: User
    integrator: User
    model_manager: User

    @property
    def everyone(self) -> list[User]:
        return [self.radiologist, self.technician, self.hospital_admin, self.integrator, self.model_manager]


def make_staff(name: str) -> Staff:
    """Make a hospital and its people."""
    hospital = HospitalFactory(name=f"{name.title()} Hospital", slug=name)
    people = {}
    for role in Role.values:
        person = UserFactory(email=f"{role}@{name}.example", name=f"{name.title()} {role.replace('_', ' ')}")
        MembershipFactory(user=person, hospital=hospital, role=role)
        people[role] = person
    return Staff(hospital=hospital, **people)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Transactional tests empty every table at their end, the audit trail too."""
    with django_db_blocker.unblock():
        audit_guard.open_for_flush(connection)


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    """Every test keeps its pictures in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def two_hospitals(db) -> SimpleNamespace:
    """Two of everything, and a stranger who belongs to neither."""
    return SimpleNamespace(
        north=make_staff("north"),
        south=make_staff("south"),
        stranger=UserFactory(email="stranger@example.org", name="Stranger"),
    )


@pytest.fixture
def active_model(db) -> ModelVersion:
    """The shipped bundle, registered and active."""
    version = registry.register(DEFAULT_BUNDLE)
    activation.activate_first(version)
    return version


@pytest.fixture
def send(settings) -> Callable[..., Scan]:
    """Send one picture through the real intake; returns its scan."""

    def send_one(staff: Staff, *, content: bytes | None = None, name: str = "film.png", **stated) -> Scan:
        stated.setdefault("patient_mrn", "MRN1")
        submission = pipeline.Submission(hospital=staff.hospital, submitted_by=staff.technician, door="api", **stated)
        file = SimpleUploadedFile(name, content if content is not None else png_bytes())
        receipt = pipeline.receive(submission, pipeline.store_files([file]))
        assert receipt.scan is not None, [refusal.detail for refusal in receipt.refused]
        return receipt.scan

    return send_one
