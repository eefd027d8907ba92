"""patients/: who they are and what was made of them."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from accounts.roles import Ability
from scans.api.fields import NoticeField
from scans.api.reads import AuditedViewSet
from scans.api.results import PatientSummarySerializer, ScanSummarySerializer
from scans.models import Patient, Scan


class PatientSerializer(PatientSummarySerializer):
    """A patient as lists show them."""

    url = serializers.HyperlinkedIdentityField(view_name="api:patient-detail")
    hospital: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    notice = NoticeField()

    class Meta(PatientSummarySerializer.Meta):
        fields = [*PatientSummarySerializer.Meta.fields, "url", "hospital", "created_at", "notice"]


class PatientWithScansSerializer(PatientSerializer):
    """A patient with their scans, newest first."""

    scans = ScanSummarySerializer(many=True)

    class Meta(PatientSerializer.Meta):
        fields = [*PatientSerializer.Meta.fields, "scans"]


class PatientFilter(filters.FilterSet):
    """What a list of patients can be narrowed by."""

    mrn = filters.CharFilter()
    hospital = filters.CharFilter(field_name="hospital__slug")

    class Meta:
        model = Patient
        fields: list[str] = []


class PatientViewSet(AuditedViewSet):
    """List patients; open one with their scans."""

    required_ability = Ability.VIEW_SCANS
    queryset = Patient.objects.none()
    filterset_class = PatientFilter
    ordering = ("-created_at", "-id")
    list_name = "patients"

    def get_queryset(self) -> QuerySet[Patient]:
        """Return the patients the caller may see."""
        patients = Patient.objects.visible_to(self.request.user).select_related("hospital")
        if self.action == "list":
            return patients
        scans = Scan.objects.visible_to(self.request.user).select_related("patient", "hospital")
        return patients.prefetch_related(Prefetch("scans", queryset=scans.order_by("-received_at", "-id")))

    def get_serializer_class(self) -> Any:
        """Return how the action shows a patient."""
        return PatientSerializer if self.action == "list" else PatientWithScansSerializer
