"""Whatever is sent, the API answers with a success or a refusal, never with an error of ours."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scans.models import Image, Scan
from tests.callers import SCANS, film, post_scan, session_of
from tests.factories import DiagnosisFactory
from tests.pictures import dicom_bytes, png_bytes

quietly = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIELDS = [
    "patient_mrn", "patient_name", "patient_birth_date", "patient_sex", "view", "priority", "indication",
    "accession_number", "study_instance_uid", "hospital", "status", "images", "\x00", "a b",
]  # fmt: skip
text = st.text(st.characters(codec="utf-8"), max_size=300)
plausible = st.sampled_from(["", "MRN1", "stat", "F", "PA", "1960-01-02", "1.2.3", "north", "9999-99-99", "0", "null"])
FILMS = {"png": png_bytes(), "dicom": dicom_bytes()}  # by name, because a failing example is printed
contents = st.sampled_from(["png", "dicom", b"", b"\x89PNG\r\n\x1a\n", bytes(200)]) | st.binary(max_size=300)
names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=300)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@quietly
@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), plausible | text, max_size=6), key=st.text("aK7 \x7fé", max_size=9)
)
def test_any_fields_beside_a_good_film(machine, fields, key):
    before = Scan.objects.count()
    answer = post_scan(machine, key=key, **fields)
    assert answer.status_code in (200, 201, 400, 409, 422)
    assert Scan.objects.count() - before == (answer.status_code == 201 and "Idempotency-Replayed" not in answer)


@quietly
@given(files=st.lists(st.tuples(names, contents), min_size=1, max_size=4))
def test_any_files(machine, files):
    answer = post_scan(machine, *[film(name, FILMS.get(content, content)) for name, content in files])
    assert answer.status_code in (200, 201, 400, 422)
    if answer.status_code == 201:
        body = answer.json()
        assert len(body["images"]) + len(body["refused"]) == len(files)
        assert Image.objects.filter(scan=body["id"]).exists()


@quietly
@given(
    body=st.binary(max_size=500), media_type=st.sampled_from(["multipart/form-data; boundary=x", "application/json"])
)
def test_any_bytes(machine, body, media_type):
    parts = body.replace(b"\x00", b'\r\n--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n')
    assert machine.generic("POST", SCANS, parts, content_type=media_type).status_code in (400, 415, 422)


@quietly
@given(
    body=st.dictionaries(st.sampled_from(["scan", "verdict", "diagnosis", "label", "note", "findings"]), json_values)
)
@pytest.mark.parametrize("path", ["reviews", "reports"])
def test_any_json(north, path, body):
    answer = session_of(north.radiologist).post(f"/api/v1/{path}/", body, content_type="application/json")
    assert answer.status_code == 400


@quietly
@given(query=st.dictionaries(st.sampled_from(["cursor", "page_size", "status", "received_after", "patient_mrn"]), text))
def test_any_query(north, query):
    DiagnosisFactory(image__scan__hospital=north.hospital)
    assert session_of(north.radiologist).get(SCANS, query).status_code in (200, 400, 404)
