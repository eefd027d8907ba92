"""How scans, their images and the model's diagnoses are shown."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from inference.models import ModelVersion
from scans.api.fields import NoticeField, PriorityField
from scans.models import Diagnosis, Image, Patient, Scan
from scans.models.analysis import Analysis


class AnalysisSerializer(serializers.Serializer):
    """How far the model's work on an image has come."""

    state = serializers.ChoiceField(choices=["waiting", "running", "done", "failed", "off"])
    reason = serializers.CharField()


class DiagnosedBySerializer(serializers.ModelSerializer):
    """Which model version made a diagnosis; models/{id}/ has its facts."""

    class Meta:
        model = ModelVersion
        fields = ["id", "name", "weights_sha256"]


class DiagnosisSerializer(serializers.ModelSerializer):
    """What the model said: computer-generated, not verified until a radiologist signs."""

    model_version = DiagnosedBySerializer()
    probabilities = serializers.DictField(child=serializers.FloatField())
    lineage = serializers.DictField()
    notice = NoticeField()

    class Meta:
        model = Diagnosis
        fields = [
            "id", "outcome", "label", "probabilities", "reason", "explanation", "model_version", "lineage",
            "created_at", "notice",
        ]  # fmt: skip


class ImageSerializer(serializers.ModelSerializer):
    """One picture as it was received."""

    analysis = serializers.SerializerMethodField()
    diagnoses = DiagnosisSerializer(many=True)

    class Meta:
        model = Image
        fields = [
            "id", "number", "original_name", "sha256", "received_sha256", "byte_size", "format", "media_type", "width",
            "height", "bits", "view", "sop_instance_uid", "received_at", "is_prepared", "window", "unreadable_reason",
            "analysis", "diagnoses",
        ]  # fmt: skip

    @extend_schema_field(AnalysisSerializer)
    def get_analysis(self, image: Image) -> dict[str, Any]:
        """Return the state of the newest job; the view asks for all of a scan's at once."""
        analyses: dict[str, Analysis] = self.context["analyses"]
        return dict(AnalysisSerializer(analyses[str(image.pk)]).data)


class PatientSummarySerializer(serializers.ModelSerializer):
    """A patient as a scan names them."""

    class Meta:
        model = Patient
        fields = ["id", "mrn", "name", "birth_date", "sex"]


class ScanSummarySerializer(serializers.ModelSerializer):
    """A scan as lists show it."""

    url = serializers.HyperlinkedIdentityField(view_name="api:scan-detail")
    hospital: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    patient = PatientSummarySerializer()
    priority = PriorityField()
    notice = NoticeField()

    class Meta:
        model = Scan
        fields = [
            "id", "url", "hospital", "patient", "status", "priority", "indication", "accession_number",
            "study_instance_uid", "identity_note", "door", "received_at", "is_synthetic", "notice",
        ]  # fmt: skip


class ScanSerializer(ScanSummarySerializer):
    """A scan with its images and what the model said about each."""

    images = ImageSerializer(many=True)

    class Meta(ScanSummarySerializer.Meta):
        fields = [*ScanSummarySerializer.Meta.fields, "images"]
