"""What the model said about an Image, in the clinical record."""

import uuid

from django.db import models
from django.utils import timezone

from inference.models import Job, ModelVersion
from scans.models.scan import Image


class Outcome(models.TextChoices):
    """Three different things, and none of them means normal."""

    FINDING = "finding", "Finding"
    INCONCLUSIVE = "inconclusive", "Inconclusive"
    NOT_ANALYSED = "not_analysed", "Not analysed"


class Diagnosis(models.Model):
    """The model's outcome for one Image: calibrated probabilities, explanation, lineage. Never edited."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="diagnoses")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="diagnoses")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="diagnosis")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    label = models.CharField(max_length=40, blank=True)
    probabilities = models.JSONField(default=dict)
    reason = models.CharField(max_length=40, blank=True, help_text="Code of why there is no finding.")
    explanation = models.TextField(blank=True, help_text="The outcome in one sentence.")
    activation_map = models.JSONField(null=True, help_text="Class-activation map, rows of values 0 to 1; null: none.")
    lineage = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "diagnoses"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "model_version"], name="one_diagnosis_per_image_and_model_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.label}".strip()

    @property
    def is_finding(self) -> bool:
        """Whether the model committed itself to a label."""
        return self.outcome == Outcome.FINDING
