"""reviews/: what radiologists answered to the model's findings."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import PersonSerializer
from accounts.api_requests import StrictSerializer, caller, plain
from accounts.roles import Ability
from scans import pipeline
from scans.api.fields import NoticeField, WritableScanField
from scans.api.reads import AuditedViewSet
from scans.models import Diagnosis, Review, Scan, Verdict


class ReviewSerializer(serializers.ModelSerializer):
    """One verdict of one reader."""

    reader = PersonSerializer()
    notice = NoticeField()

    class Meta:
        model = Review
        fields = ["id", "scan", "diagnosis", "reader", "verdict", "label", "note", "recorded_at", "notice"]


class JudgedDiagnosisField(serializers.PrimaryKeyRelatedField):
    """The id of a diagnosis on a scan that the caller may review."""

    def get_queryset(self) -> Any:
        """Return what the caller may name here."""
        scans = Scan.objects.visible_to(self.context["request"].user, Ability.REVIEW_SCANS)
        return Diagnosis.objects.filter(image__scan__in=scans).select_related("image", "model_version")


class VerdictSerializer(StrictSerializer):
    """A reader's answer; a later one of the same reader replaces it until the report is signed."""

    scan = WritableScanField(ability=Ability.REVIEW_SCANS)
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    diagnosis = JudgedDiagnosisField(
        queryset=Diagnosis.objects.none(), pk_field=serializers.UUIDField(), allow_null=True, default=None
    )
    label = serializers.CharField(  # type: ignore[assignment]  # DRF calls a field's caption label too
        max_length=40, allow_blank=True, default="", help_text="Your own label, with amend."
    )
    note = serializers.CharField(max_length=10_000, allow_blank=True, default="")


class ReviewFilter(filters.FilterSet):
    """What a list of reviews can be narrowed by."""

    scan = filters.UUIDFilter(field_name="scan_id")

    class Meta:
        model = Review
        fields: list[str] = []


class ReviewViewSet(AuditedViewSet):
    """List and open reviews; radiologists record theirs, signed in as themselves: no key has that scope."""

    required_ability = {"GET": Ability.VIEW_SCANS, "HEAD": Ability.VIEW_SCANS, "POST": Ability.REVIEW_SCANS}
    queryset = Review.objects.none()
    serializer_class = ReviewSerializer
    filterset_class = ReviewFilter
    ordering = ("-recorded_at", "-id")
    list_name = "reviews"

    def get_queryset(self) -> QuerySet[Review]:
        """Return the reviews of the scans the caller may see."""
        scans = Scan.objects.visible_to(self.request.user)
        return Review.objects.filter(scan__in=scans).select_related("reader", "scan__hospital")

    @extend_schema(request=VerdictSerializer, responses={201: ReviewSerializer})
    def create(self, request: Request) -> Response:
        """Record your verdict on the model's finding, or replace it."""
        verdict = VerdictSerializer.checked(request)
        review = pipeline.record_verdict(verdict.pop("scan"), reader=caller(request), request=plain(request), **verdict)
        return Response(self.get_serializer(review).data, status=201)
