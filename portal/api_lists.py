"""How every list of the API is narrowed and paged."""

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    # At run time it would close a circle: DRF loads this module while it makes APIView.
    from rest_framework.views import APIView


class CursorPages(CursorPagination):
    """Pages by cursor in the view's `ordering`: rows that arrive meanwhile neither repeat nor hide another."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        """Return how many rows were asked for.

        Raises:
            ValidationError: not a number from 1 to 200.
        """
        stated = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (stated.isascii() and stated.isdecimal() and 1 <= int(stated[:9]) <= self.max_page_size):
            expected = f"Expected a number from 1 to {self.max_page_size}; received {stated[:20]}."
            raise ValidationError({self.page_size_query_param: [expected]})
        return int(stated)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the parameters with their limits."""
        limits = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            parameter | {"schema": limits} if parameter["name"] == self.page_size_query_param else parameter
            for parameter in super().get_schema_operation_parameters(view)
        ]

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any = None) -> tuple[str, ...]:
        """Return the order the view states."""
        ordering: tuple[str, ...] = view.ordering
        return ordering


class StrictFilterBackend(DjangoFilterBackend):
    """A parameter that is unknown or empty is refused: ignoring `mrn=` for `patient_mrn=` would list everybody."""

    PAGING = frozenset({CursorPages.cursor_query_param, CursorPages.page_size_query_param})

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: "APIView") -> QuerySet[Any]:
        """Return the rows that match.

        Raises:
            ValidationError: an unknown, empty or bad parameter.
        """
        known = self.PAGING | set(self.get_filterset_class(view, queryset).base_filters)
        expected = ", ".join(sorted(known))
        errors = {name: [f"Expected one of {expected}."] for name in request.query_params if name not in known} | {
            name: ["Expected a value; received none. Leave the parameter out to see all."]
            for name, value in request.query_params.items()
            if name in known and not value
        }
        if errors:
            raise ValidationError(errors)
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered
