"""scans/: send films in, list them, read what the model said."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_requests import caller, plain
from accounts.roles import Ability
from scans import idempotency, pipeline
from scans.api.fields import PriorityField
from scans.api.reads import AuditedViewSet
from scans.api.results import ScanSerializer, ScanSummarySerializer
from scans.api.submission import NothingAccepted, ReceiptSerializer, SubmissionSerializer
from scans.models import Priority, Scan, ScanStatus
from scans.models.analysis import analyses_of

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    type={"type": "string", "minLength": 1, "maxLength": 255},
    location=OpenApiParameter.HEADER,
    description=(
        "A random text of your own, at most 255 printable characters. The same key and body get the first answer "
        "again, with Idempotency-Replayed: true; another body is refused with 422; while the first is in flight the "
        "second gets 409 and Retry-After. A submission that stored nothing is forgotten."
    ),
)


class ScanFilter(filters.FilterSet):
    """What a list of scans can be narrowed by."""

    status = filters.ChoiceFilter(choices=ScanStatus.choices)
    priority = filters.ChoiceFilter(choices=list(PriorityField().choices.items()), method="by_priority")
    hospital = filters.CharFilter(field_name="hospital__slug")
    patient_mrn = filters.CharFilter(field_name="patient__mrn")
    accession_number = filters.CharFilter()
    received_after = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="gte")
    received_before = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="lt")

    class Meta:
        model = Scan
        fields: list[str] = []

    @extend_schema_field({"type": "string", "enum": list(PriorityField().choices)})
    def by_priority(self, scans: QuerySet[Scan], name: str, word: str) -> QuerySet[Scan]:
        """Return the scans whose priority is `word`."""
        return scans.filter(priority=Priority[word.upper()])


class ScanViewSet(AuditedViewSet):
    """Send films in; list scans, newest first; open one with everything the model said."""

    required_ability = {"GET": Ability.VIEW_SCANS, "HEAD": Ability.VIEW_SCANS, "POST": Ability.SUBMIT_SCANS}
    queryset = Scan.objects.none()
    parser_classes = [MultiPartParser]
    filterset_class = ScanFilter
    ordering = ("-received_at", "-id")
    list_name = "scans"

    def get_queryset(self) -> QuerySet[Scan]:
        """Return the scans the caller may see."""
        scans = Scan.objects.visible_to(self.request.user)
        return scans.select_related("patient", "hospital") if self.action == "list" else scans.with_results()

    def get_serializer_class(self) -> Any:
        """Return how the action shows a scan."""
        return {"list": ScanSummarySerializer, "create": SubmissionSerializer}.get(self.action, ScanSerializer)

    def get_serializer_context(self) -> dict[str, Any]:
        """Return the context, with how far the model's work on the opened scan has come."""
        context = super().get_serializer_context()
        opened = getattr(self, "opened", None)
        return {**context, "analyses": analyses_of(list(opened.images.all()))} if opened else dict(context)

    def get_object(self) -> Scan:
        """Return the scan of the address; anyone else's is as unknown as one that never was."""
        self.opened = super().get_object()
        return self.opened

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": SubmissionSerializer},
        responses={
            200: OpenApiResponse(ReceiptSerializer, description="A repeat: every file was already here."),
            201: OpenApiResponse(ReceiptSerializer, description="Received; `refused` names files that were not taken."),
        },
    )
    def create(self, request: Request) -> Response:
        """Take one or more films of one patient in. Files that cannot be taken are named; the others stay in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        files, hospital = fields.pop("images"), fields.pop("hospital")
        key = request.headers.get("Idempotency-Key", "").strip()
        with idempotency.attempt(key, user=caller(request), hospital=hospital, fields=fields, files=files) as attempt:
            if attempt.answer is not None:
                return _respond(attempt.answer, replayed=True)
            submission = pipeline.Submission(
                hospital=hospital, submitted_by=caller(request), door="api", request=plain(request), **fields
            )
            stored = pipeline.store_files(files)
            with transaction.atomic():
                receipt = pipeline.receive(submission, stored)
                if receipt.scan is not None:
                    answer = self._answer_of(receipt)
                    attempt.complete(answer)
        if receipt.scan is None:
            raise NothingAccepted(receipt.refused)
        return _respond(answer, replayed=False)

    def _answer_of(self, receipt: pipeline.Receipt) -> idempotency.Answer:
        body = ReceiptSerializer(receipt, context=self.get_serializer_context()).data
        return idempotency.Answer(200 if receipt.is_repeat else 201, dict(body))


def _respond(answer: idempotency.Answer, *, replayed: bool) -> Response:
    headers = {"Location": answer.body["url"]} | ({"Idempotency-Replayed": "true"} if replayed else {})
    return Response(answer.body, status=answer.status, headers=headers)
