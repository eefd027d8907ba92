"""Who gets what from every endpoint: one table, two hospitals, a stranger, the anonymous, and keys with few scopes."""

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey
from accounts.roles import Ability
from tests.callers import key_of, machine_of, session_of
from tests.factories import DiagnosisFactory, MembershipFactory, ModelVersionFactory

API = "/api/v1/"
# Who may read the clinical record, and what they then see.
RECORD = {
    "anonymous": (401, None),
    "stranger": (403, None),
    "north radiologist": (200, {"north"}),
    "north technician": (200, {"north"}),
    "north integrator": (200, {"north"}),
    "north hospital_admin": (403, None),
    "north model_manager": (403, None),
    "south radiologist": (200, {"south"}),
    "radiologist of both": (200, {"north", "south"}),
    "former radiologist": (403, None),
    "key of the north": (200, {"north"}),
    "key of a reader of both": (200, {"north"}),
    "key that may only submit": (403, None),
    "key that was revoked": (401, None),
    "key that is unknown": (401, None),
}
MODELS = {
    "anonymous": 401,
    "stranger": 403,
    "north radiologist": 200,
    "north technician": 403,
    "north hospital_admin": 200,
    "north model_manager": 200,
    "key of the north": 200,
    "key that may only submit": 403,
}
KINDS = ["scans", "patients", "reviews", "reports"]


@pytest.fixture
def callers(two_hospitals) -> dict[str, Client]:
    north, south = two_hospitals.north, two_hospitals.south
    both = north.integrator.__class__.objects.create_user("both@example.org", name="Both")
    former = both.__class__.objects.create_user("former@example.org", name="Former")
    for hospital in (north.hospital, south.hospital):
        MembershipFactory(user=both, hospital=hospital)
    MembershipFactory(user=former, hospital=north.hospital, is_active=False)
    people = {
        "anonymous": session_of(None),
        "stranger": session_of(two_hospitals.stranger),
        "south radiologist": session_of(south.radiologist),
        "radiologist of both": session_of(both),
        "former radiologist": session_of(former),
    }
    people |= {
        f"north {role}": session_of(getattr(north, role))
        for role in ("radiologist", "technician", "integrator", "hospital_admin", "model_manager")
    }
    revoked = Client(headers=key_of(north.integrator, north.hospital))
    api_keys.revoke(ApiKey.objects.get(), revoked_by=north.hospital_admin)
    return people | {
        "key of the north": machine_of(north.integrator, north.hospital),
        "key of a reader of both": machine_of(both, north.hospital),
        "key that may only submit": machine_of(north.integrator, north.hospital, [Ability.SUBMIT_SCANS]),
        "key that was revoked": revoked,
        "key that is unknown": Client(headers={"Authorization": "Bearer lbx_made-up"}),
    }


@pytest.fixture
def records(two_hospitals) -> dict[str, dict[str, str]]:
    """{list: {hospital: id}}: one record of each kind at each hospital."""
    made: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
    for name in ("north", "south"):
        staff = getattr(two_hospitals, name)
        scan = DiagnosisFactory(image__scan__hospital=staff.hospital).image.scan
        made["scans"][name] = str(scan.pk)
        made["patients"][name] = str(scan.patient_id)
        made["reviews"][name] = str(scan.reviews.create(reader=staff.radiologist, verdict="accept").pk)
        made["reports"][name] = str(scan.reports.create(author=staff.radiologist, status="preliminary").pk)
    return made


@pytest.mark.parametrize("who", RECORD)
def test_the_record_is_listed_and_opened_at_the_callers_hospitals_only(callers, records, who):
    status, visible = RECORD[who]
    for kind, ids in records.items():
        listed = callers[who].get(f"{API}{kind}/")
        assert listed.status_code == status
        if visible is not None:
            assert {row["id"] for row in listed.json()["results"]} == {ids[name] for name in visible}
        for name, pk in ids.items():
            opened = callers[who].get(f"{API}{kind}/{pk}/")
            assert opened.status_code == (status if visible is None else 200 if name in visible else 404)


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_id_and_one_that_never_was_get_the_same_answer(callers, records, kind):
    unknown = "6f1e0e5e-0000-4000-8000-000000000000"
    foreign = records[kind]["south"]
    client = callers["north radiologist"]
    answers = [client.get(f"{API}{kind}/{pk}/").content.replace(pk.encode(), b"") for pk in (foreign, unknown)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("who", MODELS)
def test_models_are_open_to_those_who_may_see_them(callers, who):
    version = ModelVersionFactory()
    assert callers[who].get(f"{API}models/").status_code == MODELS[who]
    assert callers[who].get(f"{API}models/{version.pk}/").status_code == MODELS[who]


@pytest.mark.parametrize("path", ["me/", "schema/"])
@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 401), ("stranger", 200), ("key of the north", 200), ("key that is unknown", 401)]
)
def test_who_one_is_and_what_the_api_is_need_a_sign_in_only(callers, path, who, status):
    assert callers[who].get(f"{API}{path}").status_code == status


@pytest.mark.parametrize("who", ["anonymous", "key that is unknown", "key that was revoked"])
def test_401_says_how_to_sign_in(callers, who):
    assert callers[who].get(f"{API}scans/")["WWW-Authenticate"] == "Bearer"


def test_a_key_in_the_query_string_opens_nothing(north):
    text = key_of(north.integrator, north.hospital)["Authorization"].removeprefix("Bearer ")
    assert Client().get(f"{API}scans/?key={text}").status_code == 401


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("kind", ["scans", "patients", "reviews"])
def test_what_is_not_offered_is_refused(callers, records, kind, method):
    client = callers["north radiologist"]
    for path in (f"{API}{kind}/", f"{API}{kind}/{records[kind]['north']}/"):
        assert getattr(client, method)(path).status_code in (403, 405)
