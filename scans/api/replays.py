"""replays/: a past diagnosis computed again by a worker, and what differs."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import PersonSerializer
from accounts.api_requests import StrictSerializer, caller, plain
from accounts.roles import Ability
from scans import pipeline
from scans.api.fields import NoticeField
from scans.api.reads import AuditedViewSet
from scans.models import Diagnosis, Outcome, Replay, Scan


class AnswerSerializer(serializers.Serializer):
    """What the model said."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # DRF calls a field's caption label too
    reason = serializers.CharField()
    probabilities = serializers.DictField(child=serializers.FloatField())


class PartSerializer(serializers.Serializer):
    """One part of the lineage, as recorded and as it is now; null: not recorded."""

    name = serializers.CharField()
    recorded = serializers.JSONField(allow_null=True)
    now = serializers.JSONField(allow_null=True)
    is_same = serializers.BooleanField()


class ReplaySerializer(serializers.ModelSerializer):
    """One replay; until `is_finished` ask again."""

    asked_by = PersonSerializer(allow_null=True)
    recorded = serializers.SerializerMethodField()
    now = serializers.SerializerMethodField()
    parts = serializers.SerializerMethodField()
    largest_difference = serializers.SerializerMethodField()
    notice = NoticeField()

    class Meta:
        model = Replay
        fields = [
            "id", "diagnosis", "asked_by", "asked_at", "is_finished", "finished_at", "verdict", "statement", "recorded",
            "now", "largest_difference", "parts", "notice",
        ]  # fmt: skip

    @extend_schema_field(AnswerSerializer(allow_null=True))
    def get_recorded(self, replay: Replay) -> dict[str, Any] | None:
        """Return the answer that stands in the record."""
        return replay.difference.get("answers", {}).get("recorded")

    @extend_schema_field(AnswerSerializer(allow_null=True))
    def get_now(self, replay: Replay) -> dict[str, Any] | None:
        """Return the answer as it was computed again."""
        return replay.difference.get("answers", {}).get("now")

    @extend_schema_field(PartSerializer(many=True))
    def get_parts(self, replay: Replay) -> list[dict[str, Any]]:
        """Return the lineage part by part."""
        parts: list[dict[str, Any]] = replay.difference.get("parts", [])
        return parts

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_largest_difference(self, replay: Replay) -> float | None:
        """Return the largest difference between two probabilities of one label."""
        return replay.difference.get("largest_difference")


class VisibleDiagnosisField(serializers.PrimaryKeyRelatedField):
    """The id of a diagnosis on a scan that the caller may see."""

    def get_queryset(self) -> Any:
        """Return what the caller may name here."""
        scans = Scan.objects.visible_to(self.context["request"].user)
        return Diagnosis.objects.filter(image__scan__in=scans).select_related("image__scan__hospital", "model_version")


class NewReplaySerializer(StrictSerializer):
    """Which diagnosis."""

    diagnosis = VisibleDiagnosisField(queryset=Diagnosis.objects.none(), pk_field=serializers.UUIDField())


class ReplayFilter(filters.FilterSet):
    """What a list of replays can be narrowed by."""

    diagnosis = filters.UUIDFilter(field_name="diagnosis_id")

    class Meta:
        model = Replay
        fields: list[str] = []


class ReplayViewSet(AuditedViewSet):
    """Let a diagnosis be computed again; see what came of it. The diagnosis never changes."""

    required_ability = Ability.VIEW_SCANS
    queryset = Replay.objects.none()
    serializer_class = ReplaySerializer
    filterset_class = ReplayFilter
    ordering = ("-asked_at", "-id")
    list_name = "replays"

    def get_queryset(self) -> QuerySet[Replay]:
        """Return the replays of the scans the caller may see."""
        scans = Scan.objects.visible_to(self.request.user)
        replays = Replay.objects.filter(diagnosis__image__scan__in=scans)
        return replays.select_related("asked_by", "diagnosis__image__scan__hospital")

    def scan_or_patient_of(self, record: Any) -> Scan:
        """Return the scan whose diagnosis was computed again."""
        scan: Scan = record.diagnosis.image.scan
        return scan

    @extend_schema(request=NewReplaySerializer, responses={202: ReplaySerializer})
    def create(self, request: Request) -> Response:
        """Ask a worker to compute a diagnosis again, with the version and the original it was made from."""
        diagnosis = NewReplaySerializer.checked(request)["diagnosis"]
        replay = pipeline.ask_replay(diagnosis, asked_by=caller(request), request=plain(request))
        return Response(self.get_serializer(replay).data, status=202)
