"""The OpenAPI description and the page that shows it; both need a sign-in."""

from typing import Any

from django.contrib.auth.decorators import login_required
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.permissions import SIGNED_IN, DenyUnlessAbilityStated

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details: every error of the API has this shape.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "urn:lightbox:problem:CODE; for programs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was expected, what was received, what to do."},
        "instance": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": True, "description": "Field by field."},
        "refused": {"type": "array", "items": {"$ref": "#/components/schemas/Refusal"}, "description": "File by file."},
        "expected": {"type": "string"},
        "received": {"type": "string"},
        "remedy": {"type": "string"},
    },
}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what holds for every operation: the one error shape, and that empty and unknown input is refused.

    A post-processing hook of drf-spectacular.
    """
    schemas = result["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    for name, body in schemas.items():
        if name.endswith("Request"):
            body["additionalProperties"] = False
    answer = {
        "description": "A problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = answer
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and parameter["schema"].get("type") == "string":
                    parameter["schema"].setdefault("minLength", 1)
    return result


class SchemaView(SpectacularAPIView):
    """The API as OpenAPI 3, in YAML or JSON."""

    required_ability = SIGNED_IN
    permission_classes = [DenyUnlessAbilityStated]


class SwaggerView(SpectacularSwaggerSplitView):
    """The API as a page to try it on; the split view and our head keep it within the strict content policy."""

    required_ability = SIGNED_IN
    permission_classes = [DenyUnlessAbilityStated]
    url_name = "api:schema"
    template_name = "portal/api_docs.html"


# A person who follows the link is shown the sign-in page, not a 401 in JSON.
docs = login_required(SwaggerView.as_view())
