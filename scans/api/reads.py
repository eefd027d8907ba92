"""Reading the record through the API: every list and every record opened leaves its audit line."""

from typing import Any
from uuid import UUID

from django.utils.cache import add_never_cache_headers
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_requests import caller, plain
from scans import pipeline
from scans.models import Patient, Scan


class AuditedViewSet(viewsets.GenericViewSet):
    """Lists and opens what `get_queryset` gives; the audit line is written before anything is shown."""

    lookup_value_converter = "uuid"
    # What a list is called in the audit trail.
    list_name: str

    def scan_or_patient_of(self, record: Any) -> Scan | Patient:
        """Return whose record is read: the scan or patient that `record` is or belongs to."""
        return record if isinstance(record, Scan | Patient) else record.scan

    def list(self, request: Request) -> Response:
        """Return one page."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        pipeline.viewed_list(
            [self.scan_or_patient_of(record) for record in page],
            viewer=caller(request),
            request=plain(request),
            what=self.list_name,
        )
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Return one record."""
        record = self.get_object()
        opened = self.scan_or_patient_of(record)
        if isinstance(opened, Scan):
            pipeline.viewed(opened, viewer=caller(request), request=plain(request))
        else:
            pipeline.viewed_list([opened], viewer=caller(request), request=plain(request), what="patient")
        return Response(self.get_serializer(record).data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Return the answer, marked as one that no browser or proxy may keep."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        add_never_cache_headers(answer)
        return answer
