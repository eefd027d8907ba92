"""What the worklist can be narrowed to: status, priority, hospital, and a search over the whole set."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from accounts.models import Hospital, User
from accounts.roles import Ability
from scans.models import Priority, Scan, ScanStatus

UNREPORTED = "unreported"
STATUSES = [
    (UNREPORTED, "Not reported"),
    *((value, label) for value, label in ScanStatus.choices),
]


class WorklistFilter(django_filters.FilterSet):
    """Narrows the scans a person may see; an empty field narrows nothing, but no status means not reported."""

    q = django_filters.CharFilter(
        method="search",
        label="Search",
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, MRN or accession"}),
    )
    status = django_filters.ChoiceFilter(choices=STATUSES, method="narrow_status", empty_label=None, label="Status")
    priority = django_filters.ChoiceFilter(choices=Priority.choices, empty_label="Any priority", label="Priority")
    hospital = django_filters.ModelChoiceFilter(
        queryset=Hospital.objects.none(), empty_label="All my hospitals", label="Hospital"
    )

    class Meta:
        model = Scan
        fields: list[str] = []

    def __init__(self, data: Any, *, user: User) -> None:
        stated = data.copy()
        stated.setdefault("status", UNREPORTED)
        super().__init__(stated, queryset=Scan.objects.visible_to(user))
        self.filters["hospital"].queryset = user.hospitals_with(Ability.VIEW_SCANS)

    def narrow_status(self, scans: QuerySet[Scan], name: str, value: str) -> QuerySet[Scan]:
        """Keep one status, or every one that is not reported."""
        return scans.awaiting_review() if value == UNREPORTED else scans.filter(status=value)  # type: ignore[attr-defined]

    def search(self, scans: QuerySet[Scan], name: str, value: str) -> QuerySet[Scan]:
        """Keep the scans of whom the words are part of the name, or begin the MRN or accession number."""
        words = value.strip()
        return scans.filter(
            Q(patient__name__icontains=words)
            | Q(patient__mrn__istartswith=words)
            | Q(accession_number__istartswith=words)
        )

    @property
    def shows_reported(self) -> bool:
        """Whether the list is of what is done, which is read newest first."""
        return self.data.get("status") == ScanStatus.REPORTED
