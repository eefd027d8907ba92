"""What every endpoint takes from a request: who calls, Django's own request, and a body in which nothing is unknown."""

from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import User


def caller(request: Request) -> User:
    """Return who calls; the anonymous never come as far as an action."""
    return cast(User, request.user)


def plain(request: Request) -> HttpRequest:
    """Return Django's request inside DRF's: the audit trail reads the sender's address from it."""
    return request._request


class StrictSerializer(serializers.Serializer):
    """A request body: a field that is not stated, or one that may not be written, is refused, not ignored.

    Ignoring would let a misspelt `priorty=stat` pass as routine, and hide an attempt to set `status` or `hospital`.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the checked values.

        Raises:
            ValidationError: unknown fields, or one value expected and several received.
        """
        if isinstance(data, Mapping):
            writable = {name: field for name, field in self.fields.items() if not field.read_only}
            errors = {
                str(name): ["Expected only the fields of the OpenAPI page; received this one too. Leave it out."]
                for name in data
                if name not in writable
            } | {
                name: ["Expected one value; received several. Send it once."]
                for name, field in writable.items()
                if not isinstance(field, serializers.ListField) and _times_given(data, name) > 1
            }
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    @classmethod
    def checked(cls, request: Request, **context: Any) -> dict[str, Any]:
        """Return the checked values of a request's body; the fields see the request and `context`.

        Raises:
            ValidationError: the body is not as stated.
        """
        serializer = cls(data=request.data, context={"request": request, **context})
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


def _times_given(data: Mapping[str, Any], name: str) -> int:
    """Return how often a form states a field; the first or the last of two MRNs would be a guess."""
    values = getattr(data, "getlist", None)
    return len(values(name)) if values is not None else int(name in data)
