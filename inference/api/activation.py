"""activation-requests/ and activations/: one model manager asks, another answers; back in one step; the history."""

from typing import Any
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
from inference import activation
from inference.models import Activation, ActivationRequest, ModelVersion

LONGEST_REASON = 2000


class VersionNameSerializer(serializers.ModelSerializer):
    """Which version; models/{id}/ has its facts."""

    class Meta:
        model = ModelVersion
        fields = ["id", "name", "weights_sha256"]


class ActivationSerializer(serializers.ModelSerializer):
    """One time that a version became the one new scans are read with."""

    version = VersionNameSerializer()
    by = PersonSerializer(allow_null=True)
    asked_by = PersonSerializer(source="request.asked_by", allow_null=True, default=None)
    returns_to = VersionNameSerializer(source="returns_to.version", allow_null=True, default=None)

    class Meta:
        model = Activation
        fields = ["id", "version", "kind", "at", "asked_by", "by", "reason", "returns_to"]


class ActivationRequestSerializer(serializers.ModelSerializer):
    """What one person asked for, and what another answered."""

    version = VersionNameSerializer()
    asked_by = PersonSerializer()
    answered_by = PersonSerializer(allow_null=True)

    class Meta:
        model = ActivationRequest
        fields = ["id", "version", "asked_by", "asked_at", "reason", "status", "answered_by", "answered_at", "answer"]


class NewRequestSerializer(StrictSerializer):
    """A version, and why it should read new scans."""

    version = serializers.PrimaryKeyRelatedField(
        queryset=ModelVersion.objects.all(), pk_field=serializers.UUIDField()
    )  # fmt: skip
    reason = serializers.CharField(max_length=LONGEST_REASON)


class ApprovalSerializer(StrictSerializer):
    """Words to an approval, if there are any."""

    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class ReasonSerializer(StrictSerializer):
    """Why; it stands in the history."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class ActivationRequestFilter(filters.FilterSet):
    """What a list of requests can be narrowed by."""

    status = filters.ChoiceFilter(choices=ActivationRequest.Status.choices)
    version = filters.UUIDFilter(field_name="version_id")

    class Meta:
        model = ActivationRequest
        fields: list[str] = []


class ActivationRequestViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Ask that a version reads new scans; answer what somebody else asked. No key has that scope."""

    required_ability = Ability.MANAGE_MODELS
    lookup_value_converter = "uuid"
    queryset = ActivationRequest.objects.none()
    serializer_class = ActivationRequestSerializer
    filterset_class = ActivationRequestFilter
    ordering = ("-asked_at", "-id")

    def get_queryset(self) -> QuerySet[ActivationRequest]:
        """Return every request: versions belong to no hospital."""
        return ActivationRequest.objects.select_related("version", "asked_by", "answered_by")

    @extend_schema(request=NewRequestSerializer, responses={201: ActivationRequestSerializer})
    def create(self, request: Request) -> Response:
        """Ask that a version reads new scans; nothing changes until another model manager approves."""
        wish = NewRequestSerializer.checked(request)
        asked = activation.request_activation(
            wish["version"], asked_by=caller(request), reason=wish["reason"], request=plain(request)
        )
        return Response(self.get_serializer(asked).data, status=201)

    @extend_schema(request=ApprovalSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: UUID) -> Response:
        """Approve what somebody else asked for: the version reads new scans from now on."""
        asked, reason = self.get_object(), ApprovalSerializer.checked(request)["reason"]
        activation.approve_activation(asked, approved_by=caller(request), reason=reason, request=plain(request))
        return self._answered(asked)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: UUID) -> Response:
        """Refuse what somebody else asked for."""
        asked, reason = self.get_object(), ReasonSerializer.checked(request)["reason"]
        activation.refuse_activation(asked, refused_by=caller(request), reason=reason, request=plain(request))
        return self._answered(asked)

    @extend_schema(request=ReasonSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Take your own request back."""
        asked, reason = self.get_object(), ReasonSerializer.checked(request)["reason"]
        activation.withdraw_activation(asked, withdrawn_by=caller(request), reason=reason, request=plain(request))
        return self._answered(asked)

    def _answered(self, asked: ActivationRequest) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=asked.pk)).data)


class ActivationFilter(filters.FilterSet):
    """What the history can be narrowed by."""

    version = filters.UUIDFilter(field_name="version_id")
    kind = filters.ChoiceFilter(choices=Activation.Kind.choices)

    class Meta:
        model = Activation
        fields: list[str] = []


class ActivationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The history of what read new scans, newest first: the first row is the present."""

    required_ability: dict[str, Any] = {
        "GET": Ability.VIEW_MODELS,
        "HEAD": Ability.VIEW_MODELS,
        "POST": Ability.MANAGE_MODELS,
    }
    lookup_value_converter = "uuid"
    queryset = Activation.objects.none()
    serializer_class = ActivationSerializer
    filterset_class = ActivationFilter
    ordering = ("-at", "-id")

    def get_queryset(self) -> QuerySet[Activation]:
        """Return every activation: versions belong to no hospital."""
        return Activation.objects.select_related("version", "by", "request__asked_by", "returns_to__version")

    @extend_schema(request=ReasonSerializer, responses={201: ActivationSerializer})
    @action(detail=False, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request) -> Response:
        """Go back to the version that was active before: the emergency path, one person and a reason."""
        reason = ReasonSerializer.checked(request)["reason"]
        now = activation.roll_back(rolled_back_by=caller(request), reason=reason, request=plain(request))
        return Response(self.get_serializer(now).data, status=201)
