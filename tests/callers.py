"""Callers of the API: people in a session, machines with a key, and a way to post films."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import api_keys
from accounts.models import Hospital, User
from tests.pictures import png_bytes

SCANS = "/api/v1/scans/"


def session_of(user: User | None) -> Client:
    """A browser in which `user` is signed in, or nobody."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def key_of(user: User, hospital: Hospital, scopes=None) -> dict[str, str]:
    """The header of a new key of `user` at `hospital`, with every scope it may have unless some are given."""
    scopes = api_keys.scopes_for(user, hospital) if scopes is None else scopes
    _, text = api_keys.issue(hospital=hospital, user=user, name="machine", scopes=scopes, issued_by=None)
    return {"Authorization": f"Bearer {text}"}


def machine_of(user: User, hospital: Hospital, scopes=None) -> Client:
    """A machine with a key of `user` at `hospital`."""
    return Client(headers=key_of(user, hospital, scopes))


def film(name: str = "film.png", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, png_bytes() if content is None else content)


def post_scan(client: Client, *files: SimpleUploadedFile, key: str = "", **fields):
    """POST scans/ with one good film unless files are given."""
    headers = {"Idempotency-Key": key} if key else {}
    body = {"patient_mrn": "MRN1", **fields, "images": list(files) or [film()]}
    return client.post(SCANS, body, headers=headers)
