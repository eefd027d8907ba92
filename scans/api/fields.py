"""Serializer fields of the record: the notice, priorities in words, scans one may name."""

from typing import Any

from rest_framework import serializers

from accounts.models import Hospital
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


class HospitalField(serializers.SlugRelatedField):
    """The slug of a hospital where the caller has `ability`; any other is unknown."""

    def __init__(self, *, ability: str, **options: Any) -> None:
        self.ability = ability
        super().__init__(slug_field="slug", queryset=Hospital.objects.none(), **options)

    def get_queryset(self) -> Any:
        """Return what the caller may name here."""
        return self.context["request"].user.hospitals_with(self.ability)


class WritableScanField(serializers.PrimaryKeyRelatedField):
    """The id of a scan on which the caller has `ability`; any other id is unknown, whoever's it is."""

    def __init__(self, *, ability: str, **options: Any) -> None:
        self.ability = ability
        super().__init__(queryset=Scan.objects.none(), pk_field=serializers.UUIDField(), **options)

    def get_queryset(self) -> Any:
        """Return what the caller may name here."""
        return Scan.objects.visible_to(self.context["request"].user, self.ability).select_related("hospital")
