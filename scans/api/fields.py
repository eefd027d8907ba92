"""Serializer fields and the base of every request body: only what is stated comes in."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from scans.models import Priority, Scan

NOTICE = "Research use, not a medical device"


class NoticeField(serializers.CharField):
    """The sentence that stands on every result."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True, default=NOTICE)

    def to_representation(self, value: object) -> str:
        """Return the notice, whatever it stands beside."""
        return NOTICE


class PriorityField(serializers.ChoiceField):
    """A priority in words: stat, urgent, routine."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[(priority.name.lower(), priority.label) for priority in Priority], **options)

    def to_internal_value(self, data: Any) -> Any:
        """Return the priority of a word."""
        return Priority[super().to_internal_value(data).upper()]

    def to_representation(self, value: Any) -> str:
        """Return the word of a priority."""
        return Priority(value).name.lower()


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


def _times_given(data: Mapping[str, Any], name: str) -> int:
    """Return how often a form states a field; the first or the last of two MRNs would be a guess."""
    values = getattr(data, "getlist", None)
    return len(values(name)) if values is not None else int(name in data)


class WritableScanField(serializers.PrimaryKeyRelatedField):
    """The id of a scan on which the caller has `ability`; any other id is unknown, whoever's it is."""

    def __init__(self, *, ability: str, **options: Any) -> None:
        self.ability = ability
        super().__init__(queryset=Scan.objects.none(), pk_field=serializers.UUIDField(), **options)

    def get_queryset(self) -> Any:
        """Return what the caller may name here."""
        return Scan.objects.visible_to(self.context["request"].user, self.ability).select_related("hospital")
