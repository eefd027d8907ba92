"""model-stops/: the stop button of each hospital, and its history."""

from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import PersonSerializer
from accounts.api_requests import StrictSerializer, caller, plain
from accounts.roles import Ability
from inference.models import ModelStop
from scans import pipeline
from scans.api.fields import HospitalField

LONGEST_REASON = 2000


class ModelStopSerializer(serializers.ModelSerializer):
    """The model stopped at one hospital; in force until `resumed_at`."""

    hospital: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    stopped_by = PersonSerializer(allow_null=True)
    resumed_by = PersonSerializer(allow_null=True)
    in_words = serializers.CharField(help_text="What stands on the scans that the model does not read.")

    class Meta:
        model = ModelStop
        fields = [
            "id", "hospital", "is_in_force", "in_words", "reason", "stopped_at", "stopped_by", "resumed_at",
            "resumed_by", "resume_reason",
        ]  # fmt: skip


class NewStopSerializer(StrictSerializer):
    """Where, and why; readers of the hospital's scans see it."""

    hospital = HospitalField(ability=Ability.STOP_MODEL)
    reason = serializers.CharField(max_length=LONGEST_REASON)


class ResumptionSerializer(StrictSerializer):
    """Why the model may read again."""

    reason = serializers.CharField(max_length=LONGEST_REASON)
    read_missed = serializers.BooleanField(
        default=False, help_text="Also queue the unreported scans that the stop kept from the model."
    )


class ResumedSerializer(serializers.Serializer):
    """The stop that is over."""

    stop = ModelStopSerializer()
    queued = serializers.IntegerField(help_text="Scans that the model reads now, of those it missed.")


class ModelStopFilter(filters.FilterSet):
    """What a list of stops can be narrowed by."""

    hospital = filters.CharFilter(field_name="hospital__slug")
    in_force = filters.BooleanFilter(field_name="resumed_at", lookup_expr="isnull")

    class Meta:
        model = ModelStop
        fields: list[str] = []


class ModelStopViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Stop the model at your hospital, resume it, see when it was stopped. No key has the scope to stop it."""

    required_ability = {"GET": Ability.VIEW_MODELS, "HEAD": Ability.VIEW_MODELS, "POST": Ability.STOP_MODEL}
    lookup_value_converter = "uuid"
    queryset = ModelStop.objects.none()
    serializer_class = ModelStopSerializer
    filterset_class = ModelStopFilter
    ordering = ("-stopped_at", "-id")

    def get_queryset(self) -> QuerySet[ModelStop]:
        """Return the stops of the hospitals where the caller may do this."""
        ability = Ability.STOP_MODEL if self.action == "resume" else Ability.VIEW_MODELS
        visible = ModelStop.objects.visible_to(self.request.user, ability)
        return visible.select_related("hospital", "stopped_by", "resumed_by")

    @extend_schema(request=NewStopSerializer, responses={201: ModelStopSerializer})
    def create(self, request: Request) -> Response:
        """Stop the model at a hospital: when this answers, nothing more is written for its scans."""
        wish = NewStopSerializer.checked(request)
        stopped = pipeline.stop_model(
            wish["hospital"], stopped_by=caller(request), reason=wish["reason"], request=plain(request)
        )
        return Response(self.get_serializer(stopped).data, status=201)

    @extend_schema(request=ResumptionSerializer, responses=ResumedSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        """End the stop: the active version reads this hospital's new scans again."""
        stopped, wish = self.get_object(), ResumptionSerializer.checked(request)
        over, queued = pipeline.resume_model(
            stopped.hospital, resumed_by=caller(request), request=plain(request), **wish
        )
        return Response(ResumedSerializer({"stop": over, "queued": queued}).data)
