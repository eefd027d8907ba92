"""Scans as the pages meet them: real ones from the intake, and rows for counting."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from scans import storage
from scans.models import Diagnosis, Image, Scan, ScanStatus
from tests.factories import DiagnosisFactory, ImageFactory, ModelVersionFactory, PatientFactory, ScanFactory
from tests.pictures import jpeg_bytes, png_bytes

HTMX = {"HX-Request": "true"}


class ReadingClient(Client):
    """Reads a streamed answer to its end, as a browser does; else its file would stay open."""

    def request(self, **request):
        response = super().request(**request)
        if response.streaming:
            response.received = b"".join(response.streaming_content)
        return response


@pytest.fixture
def as_person() -> Callable[..., Client]:
    """Return a browser in which a person is signed in."""

    def sign_in(person) -> Client:
        client = ReadingClient()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def make_scan(db) -> Callable[..., Scan]:
    """Make a scan with one prepared image and, unless told otherwise, a finding."""
    version = ModelVersionFactory()

    def make(hospital, *, diagnosed: bool = True, status: str = ScanStatus.AWAITING_REVIEW, **fields) -> Scan:
        patient = fields.pop("patient", None) or PatientFactory(hospital=hospital)
        finished = timezone.now() if diagnosed else None
        scan = ScanFactory(hospital=hospital, patient=patient, status=status, analysis_finished_at=finished, **fields)
        image = ImageFactory(scan=scan, prepared_at=timezone.now())
        if diagnosed:
            DiagnosisFactory(image=image, model_version=version)
        return scan

    return make


@pytest.fixture
def with_files(db) -> Callable[[Scan], tuple[Image, Diagnosis]]:
    """Put the files of a made scan on the disk, as the worker would."""

    def put(scan: Scan) -> tuple[Image, Diagnosis]:
        image = scan.images.get()
        diagnosis = image.diagnoses.get()
        storage.write_derived(storage.original_path(image), png_bytes())
        storage.write_derived(storage.rendition_path(image), png_bytes())
        storage.write_derived(storage.thumbnail_path(image), jpeg_bytes())
        storage.write_derived(storage.heatmap_path(diagnosis), png_bytes())
        return image, diagnosis

    return put
