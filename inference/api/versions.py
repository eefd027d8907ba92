"""models/: the registered model versions and their facts."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets

from accounts.roles import Ability
from inference.models import ModelVersion


class ModelVersionSerializer(serializers.ModelSerializer):
    """A model version; `facts` is the card it was registered with: labels, thresholds, metrics, hashes."""

    url = serializers.HyperlinkedIdentityField(view_name="api:model-detail")
    is_active = serializers.SerializerMethodField()
    facts = serializers.DictField(source="card")
    notice = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = [
            "id", "url", "name", "weights_sha256", "status", "is_active", "registered_at", "activated_at", "facts",
            "notice",
        ]  # fmt: skip

    @extend_schema_field(serializers.BooleanField())
    def get_is_active(self, version: ModelVersion) -> bool:
        """Return whether new scans are read by this version."""
        return version.status == ModelVersion.Status.ACTIVE

    @extend_schema_field(serializers.CharField())
    def get_notice(self, version: ModelVersion) -> str:
        """Return the sentence that stands on everything the model says."""
        return "Research use, not a medical device"


class ModelVersionFilter(filters.FilterSet):
    """What a list of model versions can be narrowed by."""

    status = filters.ChoiceFilter(choices=ModelVersion.Status.choices)

    class Meta:
        model = ModelVersion
        fields: list[str] = []


class ModelVersionViewSet(viewsets.ReadOnlyModelViewSet):
    """List and open model versions. They belong to no hospital and hold no patient's data."""

    required_ability = Ability.VIEW_MODELS
    lookup_value_converter = "uuid"
    queryset = ModelVersion.objects.none()
    serializer_class = ModelVersionSerializer
    filterset_class = ModelVersionFilter
    ordering = ("-registered_at", "-id")

    def get_queryset(self) -> QuerySet[ModelVersion]:
        """Return every registered version."""
        return ModelVersion.objects.all()
