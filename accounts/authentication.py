"""How a machine says who it is: `Authorization: Bearer KEY`."""

import datetime

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import api_keys
from accounts.models import ApiKey, User

# Writing last_used_at on every call would turn each read into a write.
LAST_USED_RESOLUTION = datetime.timedelta(minutes=5)


class ApiKeyAuthentication(BaseAuthentication):
    """The key's owner, narrowed for this request to the key's hospital and scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the owner and the key, or None when no bearer key came."""
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = api_keys.find(text.strip())
        if key is None:
            raise AuthenticationFailed(
                "Expected a key in force; received one that is unknown, expired or revoked."
                " Ask the hospital admin for a new key."
            )
        now = timezone.now()
        if key.last_used_at is None or now - key.last_used_at > LAST_USED_RESOLUTION:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        key.user.acting_key = key
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a refusal is 401 and says how to sign in."""
        return "Bearer"


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Tells the OpenAPI page how keys are sent."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI description of the bearer key."""
        return {"type": "http", "scheme": "bearer", "description": "A key issued on the hospital's members page."}
