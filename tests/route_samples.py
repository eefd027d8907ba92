"""Every address of the product, what it needs of the north's records, and who there gets in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import PASSWORD


@dataclass(frozen=True)
class Sample:
    """How to call one route.

    Args:
        ids: which of the north's records fill its converters, in order; none: the route names no record.
        insider: the role that gets in at the north; "" for routes that show nothing of a hospital.
        method, body, kind: the insider's call that succeeds; `kind` is json or form.
        shared: the record belongs to no hospital, so another hospital's staff may see it too.
        shows: the insider's answer has one of the north's secrets in it.
    """

    ids: tuple[str, ...] = ()
    insider: str = ""
    method: str = "GET"
    body: dict[str, Any] = field(default_factory=dict)
    kind: str = "form"
    shared: bool = False
    shows: bool = False


def everyones(**options: Any) -> Sample:
    """A route that shows nothing of any hospital."""
    return Sample(**options)


TEXT = {"findings": "Clear lungs.", "impression": "No acute finding."}
READER, SENDER, ADMIN, MACHINE = "radiologist", "technician", "hospital_admin", "integrator"
MANAGER = "model_manager"
SAMPLES: dict[str, Sample] = {
    "": everyones(),
    "healthz": everyones(),
    "readyz": everyones(),
    "metrics": everyones(),
    # --- people
    "members/": Sample(insider=ADMIN),
    "members/<uuid:hospital_id>/": Sample(("hospital",), ADMIN, shows=True),
    "members/<uuid:hospital_id>/add/": Sample(
        ("hospital",), ADMIN, "POST", {"email": "new@example.org", "name": "New", "roles": ["radiologist"]}
    ),
    "members/<uuid:hospital_id>/people/<uuid:user_id>/": Sample(
        ("hospital", "technician"), ADMIN, "POST", {"roles": ["radiologist"]}
    ),
    "members/<uuid:hospital_id>/people/<uuid:user_id>/deactivate/": Sample(("hospital", "technician"), ADMIN, "POST"),
    "members/<uuid:hospital_id>/people/<uuid:user_id>/reactivate/": Sample(("hospital", "technician"), ADMIN, "POST"),
    "members/<uuid:hospital_id>/people/<uuid:user_id>/first-password/": Sample(
        ("hospital", "technician"), ADMIN, "POST"
    ),
    "members/<uuid:hospital_id>/keys/issue/": Sample(
        ("hospital",), ADMIN, "POST", {"name": "CT", "owner": "{integrator}", "scopes": ["submit_scans"], "days": "90"}
    ),
    "members/<uuid:hospital_id>/keys/<uuid:key_id>/revoke/": Sample(("hospital", "key"), ADMIN, "POST"),
    # --- pages of the record
    "worklist/": Sample(insider=READER, shows=True),
    "worklist/rows/": Sample(insider=READER, shows=True),
    "upload/": Sample(insider=SENDER),
    "upload/file/": Sample(
        insider=SENDER, method="POST", body={"hospital": "{hospital}", "patient_mrn": "M2", "priority": "3"}
    ),
    "upload/status/<uuid:scan_id>/": Sample(("scan",), SENDER),
    "scans/<uuid:scan_id>/": Sample(("scan",), READER, shows=True),
    "scans/<uuid:scan_id>/live/": Sample(("scan",), READER),
    "scans/<uuid:scan_id>/verdict/": Sample(
        ("scan",), READER, "POST", {"verdict": "accept", "diagnosis": "{diagnosis}"}
    ),
    "scans/<uuid:scan_id>/draft/": Sample(("scan",), READER, "POST", TEXT),
    "scans/<uuid:scan_id>/sign/": Sample(("scan",), READER, "POST", {**TEXT, "image": "{image}"}),
    "scans/<uuid:scan_id>/next/": Sample(("scan",), READER),
    "images/<uuid:image_id>/rendition/": Sample(("image",), READER, shows=True),
    "images/<uuid:image_id>/thumbnail/": Sample(("image",), READER, shows=True),
    "images/<uuid:image_id>/original/": Sample(("image",), READER),
    "diagnoses/<uuid:diagnosis_id>/heatmap/": Sample(("diagnosis",), READER, shows=True),
    "diagnoses/<uuid:diagnosis_id>/replay/": Sample(("diagnosis",), READER, "POST"),
    # --- the model
    "models/": Sample(insider=READER, shared=True),
    "models/roll-back/": Sample(insider=MANAGER, shared=True, body={"reason": "Why."}),
    "models/<uuid:version_id>/": Sample(("model",), READER, shared=True),
    "models/<uuid:version_id>/plots/<str:name>": Sample(("model", "plot"), READER, shared=True),
    "models/<uuid:version_id>/ask/": Sample(("model",), MANAGER, shared=True, body={"reason": "Why."}),
    **{
        f"models/requests/<uuid:request_id>/{answer}/": Sample(
            ("asked",), MANAGER, shared=True, body={"reason": "Why."}
        )
        for answer in ("approve", "refuse", "withdraw")
    },
    "models/hospitals/<uuid:hospital_id>/stop/": Sample(("hospital",), ADMIN, "POST", {"reason": "Why."}),
    "models/hospitals/<uuid:hospital_id>/resume/": Sample(("hospital",), ADMIN, body={"reason": "Why."}),
    # --- the API
    "api/v1/me/": Sample(insider=MACHINE, shows=True),
    "api/v1/schema/": everyones(),
    "api/v1/docs/": everyones(),
    "api/v1/scans/": Sample(insider=READER, shows=True),
    "api/v1/scans/<uuid:pk>/": Sample(("scan",), READER, shows=True),
    "api/v1/patients/": Sample(insider=READER, shows=True),
    "api/v1/patients/<uuid:pk>/": Sample(("patient",), READER, shows=True),
    "api/v1/reviews/": Sample(
        insider=READER,
        method="POST",
        body={"scan": "{scan}", "verdict": "reject", "diagnosis": "{diagnosis}"},
        kind="json",
    ),
    "api/v1/reviews/<uuid:pk>/": Sample(("review",), READER, shows=True),
    "api/v1/reports/": Sample(insider=READER, method="POST", body={"scan": "{scan}", **TEXT}, kind="json"),
    "api/v1/reports/<uuid:pk>/": Sample(("report",), READER, "PATCH", TEXT, "json"),
    "api/v1/reports/<uuid:pk>/sign/": Sample(("report",), READER, "POST", {**TEXT, "images_seen": ["{image}"]}, "json"),
    "api/v1/models/": Sample(insider=READER),
    "api/v1/models/<uuid:pk>/": Sample(("model",), READER, shared=True),
    "api/v1/activation-requests/": Sample(
        insider=MANAGER, body={"version": "{model}", "reason": "Why."}, kind="json", shared=True
    ),
    "api/v1/activation-requests/<uuid:pk>/": Sample(("asked",), MANAGER, shared=True),
    # Who asked, the manager of the samples, may not answer; what is refused to whom: tests/inference/test_api.py.
    "api/v1/activation-requests/<uuid:pk>/approve/": everyones(ids=("asked",), kind="json"),
    "api/v1/activation-requests/<uuid:pk>/refuse/": everyones(ids=("asked",), body={"reason": "Why."}, kind="json"),
    "api/v1/activation-requests/<uuid:pk>/withdraw/": Sample(
        ("asked",), MANAGER, "POST", {"reason": "Why."}, "json", shared=True
    ),
    "api/v1/activations/": Sample(insider=READER),
    "api/v1/activations/<uuid:pk>/": Sample(("activation",), READER, shared=True),
    "api/v1/activations/roll-back/": everyones(body={"reason": "Why."}, kind="json"),
    "api/v1/model-stops/": Sample(
        insider=ADMIN, method="POST", body={"hospital": "north", "reason": "Why."}, kind="json"
    ),
    "api/v1/model-stops/<uuid:pk>/": Sample(("stop",), READER),
    "api/v1/model-stops/<uuid:pk>/resume/": Sample(("stop",), ADMIN, "POST", {"reason": "Why."}, "json"),
    "api/v1/replays/": Sample(insider=READER, method="POST", body={"diagnosis": "{diagnosis}"}, kind="json"),
    "api/v1/replays/<uuid:pk>/": Sample(("replay",), READER, shows=True),
    # --- the operator's admin: nobody of a hospital gets in
    "admin/": everyones(),
    "admin/jsi18n/": everyones(),
    "admin/^(?P<app_label>inference)/$": everyones(ids=("word",)),
    **{
        f"admin/inference/{model}/{page}": everyones(ids=(record,) if page else ())
        for model, record in (("modelversion", "model"), ("activationrequest", "asked"), ("activation", "activation"))
        for page in ("", "<path:object_id>/history/", "<path:object_id>/change/")
    },
    # --- one's own sign-in (allauth): no record of any hospital
    "accounts/login/": everyones(body={"login": "somebody@example.org", "password": PASSWORD + "!"}),
    "accounts/password/reset/": everyones(body={"email": "nobody@example.org"}),
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": everyones(ids=("word", "word")),
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": everyones(ids=("word",)),
    **{
        f"accounts/{page}": everyones()
        for page in (
            "logout/", "inactive/", "signup/", "reauthenticate/", "email/", "confirm-email/", "password/change/",
            "password/set/", "login/code/confirm/", "password/reset/key/done/", "password/reset/done/", "2fa/",
            "2fa/authenticate/", "2fa/reauthenticate/", "2fa/totp/activate/", "2fa/totp/deactivate/",
            "2fa/recovery-codes/", "2fa/recovery-codes/generate/", "2fa/recovery-codes/download/", "sessions/",
        )
    },
}  # fmt: skip


def routes(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Yield every route of the URL resolver as its text."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern)
