"""How the API behaves: constants for DRF and drf-spectacular; nothing here depends on the environment."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.DenyUnlessAbilityStated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # OPTIONS would describe fields and choices beside the OpenAPI page, where nobody reviews it.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": ["portal.api_lists.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "portal.api_lists.CursorPages",
    "DEFAULT_THROTTLE_CLASSES": ["portal.throttling.PerCallerThrottle"],
    "EXCEPTION_HANDLER": "portal.api_errors.problem_details",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Lightbox API",
    "DESCRIPTION": "Chest X-ray intake, computer-generated findings, review and reports. "
    "Research use, not a medical device.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # A file is bytes in a request and an address in an answer: one description of both would be wrong in one of them.
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api_docs.describe_errors",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Ability": "accounts.roles.Ability",
        "Sex": "scans.models.Sex",
        "ScanStatus": "scans.models.ScanStatus",
        "ReportStatus": "scans.models.ReportStatus",
        "ModelStatus": "inference.models.ModelVersion.Status",
        "ActivationRequestStatus": "inference.models.ActivationRequest.Status",
        "ReplayVerdict": "scans.models.ReplayVerdict",
        "VerdictEnum": "scans.models.Verdict",
    },
}
