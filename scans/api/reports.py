"""reports/: draft, preliminary, final. A final report is never edited."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import PersonSerializer
from accounts.api_requests import StrictSerializer, caller, plain
from accounts.roles import Ability
from scans import pipeline
from scans.api.fields import NoticeField, WritableScanField
from scans.api.reads import AuditedViewSet
from scans.models import Report, ReportStatus, Scan

LONGEST_TEXT = 50_000


class ReportSerializer(serializers.ModelSerializer):
    """One author's text about one scan."""

    author = PersonSerializer()
    notice = NoticeField()

    class Meta:
        model = Report
        fields = [
            "id", "scan", "author", "review", "status", "findings", "impression", "saved_at", "signed_at",
            "signer_name", "digest", "notice",
        ]  # fmt: skip


class TextSerializer(StrictSerializer):
    """What an author may change; what is left out stays."""

    findings = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False)
    impression = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False)


class SignatureSerializer(TextSerializer):
    """The text to sign, and the images it was written from."""

    images_seen = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="Every image you were shown; a scan that has another by now answers 409 and is not signed.",
    )


class DraftSerializer(TextSerializer):
    """A text that is not signed; preliminary shows it to colleagues."""

    preliminary = serializers.BooleanField(required=False)


class NewDraftSerializer(DraftSerializer):
    """A text about a scan; an author has one per scan, and sending it again replaces it."""

    scan = WritableScanField(ability=Ability.SIGN_REPORTS)


class ReportFilter(filters.FilterSet):
    """What a list of reports can be narrowed by."""

    scan = filters.UUIDFilter(field_name="scan_id")
    status = filters.ChoiceFilter(choices=ReportStatus.choices)

    class Meta:
        model = Report
        fields: list[str] = []


class ReportViewSet(AuditedViewSet):
    """List and open reports; radiologists write and sign theirs, signed in as themselves: no key has that scope."""

    required_ability = {
        "GET": Ability.VIEW_SCANS,
        "HEAD": Ability.VIEW_SCANS,
        "POST": Ability.SIGN_REPORTS,
        "PATCH": Ability.SIGN_REPORTS,
    }
    queryset = Report.objects.none()
    serializer_class = ReportSerializer
    filterset_class = ReportFilter
    ordering = ("-saved_at", "-id")
    list_name = "reports"

    def get_queryset(self) -> QuerySet[Report]:
        """Return what the caller may read, or to write: their own texts. A colleague's draft is theirs alone."""
        user = self.request.user
        reports = Report.objects.select_related("author", "scan__hospital")
        if self.action in ("partial_update", "sign"):
            return reports.filter(scan__in=Scan.objects.visible_to(user, Ability.SIGN_REPORTS), author=user.pk)
        shown = ~Q(status=ReportStatus.DRAFT) | Q(author=user.pk)
        return reports.filter(shown, scan__in=Scan.objects.visible_to(user))

    @extend_schema(request=NewDraftSerializer, responses={201: ReportSerializer})
    def create(self, request: Request) -> Response:
        """Keep your text about a scan as a draft."""
        text = NewDraftSerializer.checked(request)
        scan = text.pop("scan")
        blank = {"findings": "", "impression": ""}
        report = pipeline.save_draft(scan, author=caller(request), request=plain(request), **(blank | text))
        return Response(self.get_serializer(report).data, status=201)

    @extend_schema(request=DraftSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change your draft; what is left out stays. A signed report answers 409."""
        report = self.get_object()
        text = _text_of(report) | DraftSerializer.checked(request)
        saved = pipeline.save_draft(report.scan, author=caller(request), request=plain(request), **text)
        return Response(self.get_serializer(saved).data)

    @extend_schema(request=SignatureSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: UUID) -> Response:
        """Sign your report as it is kept, or with the text you send."""
        report = self.get_object()
        text = _text_of(report) | SignatureSerializer.checked(request)
        signed = pipeline.sign(report.scan, author=caller(request), request=plain(request), **text)
        return Response(self.get_serializer(signed).data)


def _text_of(report: Report) -> dict[str, str]:
    return {"findings": report.findings, "impression": report.impression}
