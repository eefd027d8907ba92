"""The OpenAPI description and its page."""

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from tests.callers import session_of

OPERATIONS = {
    "/api/v1/activation-requests/": {"get", "post"},
    "/api/v1/activation-requests/{id}/": {"get"},
    "/api/v1/activation-requests/{id}/approve/": {"post"},
    "/api/v1/activation-requests/{id}/refuse/": {"post"},
    "/api/v1/activation-requests/{id}/withdraw/": {"post"},
    "/api/v1/activations/": {"get"},
    "/api/v1/activations/{id}/": {"get"},
    "/api/v1/activations/roll-back/": {"post"},
    "/api/v1/me/": {"get"},
    "/api/v1/model-stops/": {"get", "post"},
    "/api/v1/model-stops/{id}/": {"get"},
    "/api/v1/model-stops/{id}/resume/": {"post"},
    "/api/v1/models/": {"get"},
    "/api/v1/models/{id}/": {"get"},
    "/api/v1/patients/": {"get"},
    "/api/v1/patients/{id}/": {"get"},
    "/api/v1/replays/": {"get", "post"},
    "/api/v1/replays/{id}/": {"get"},
    "/api/v1/reports/": {"get", "post"},
    "/api/v1/reports/{id}/": {"get", "patch"},
    "/api/v1/reports/{id}/sign/": {"post"},
    "/api/v1/reviews/": {"get", "post"},
    "/api/v1/reviews/{id}/": {"get"},
    "/api/v1/scans/": {"get", "post"},
    "/api/v1/scans/{id}/": {"get"},
    "/api/v1/schema/": {"get"},
}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_is_made_without_a_warning_and_is_valid(tmp_path):
    GENERATOR_STATS.reset()
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_the_schema_names_every_operation_and_no_other(schema):
    found = {path: set(operations) for path, operations in schema["paths"].items()}
    assert {path: methods for path, methods in found.items() if not path.endswith("schema/")} == {
        path: methods for path, methods in OPERATIONS.items() if not path.endswith("schema/")
    }


def test_every_operation_states_the_error_shape(schema):
    for operations in schema["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]
            assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_posting_a_scan_is_described_with_its_files_its_header_and_its_two_answers(schema):
    operation = schema["paths"]["/api/v1/scans/"]["post"]
    body = schema["components"]["schemas"]["SubmissionRequest"]
    assert body["properties"]["images"]["type"] == "array"
    assert body["properties"]["images"]["items"] == {"type": "string", "format": "binary"}
    assert "images" in body["required"]
    assert body["additionalProperties"] is False
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
    assert {"200", "201"} <= set(operation["responses"])


def test_the_page_needs_a_sign_in_and_loads_nothing_from_elsewhere(two_hospitals):
    assert Client().get("/api/v1/docs/").status_code == 302
    browser = session_of(two_hospitals.north.integrator)
    page = browser.get("/api/v1/docs/").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert finders.find("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
    script = browser.get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")


def test_the_page_keeps_the_strict_content_policy(two_hospitals):
    answer = session_of(two_hospitals.north.integrator).get("/api/v1/docs/")
    policy = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    assert {"script-src 'self'", "style-src 'self'", "connect-src 'self'"} <= policy
