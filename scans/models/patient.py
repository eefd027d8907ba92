"""A person at one hospital, known by their medical record number (MRN)."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Hospital
from scans.querysets import PatientQuerySet


class Sex(models.TextChoices):
    """Patient's Sex as DICOM codes it (PS3.3 C.7.1.1, 0010,0040)."""

    FEMALE = "F", "Female"
    MALE = "M", "Male"
    OTHER = "O", "Other"
    UNKNOWN = "", "Not stated"


class Patient(models.Model):
    """A person at one hospital. The id is opaque: it stands in URLs and audit lines where the MRN must not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="patients")
    mrn = models.CharField("MRN", max_length=64)
    name = models.CharField(max_length=200, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True, default=Sex.UNKNOWN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Patient"]] = PatientQuerySet.as_manager()

    class Meta:
        ordering = ["name", "mrn"]
        constraints = [models.UniqueConstraint(fields=["hospital", "mrn"], name="one_patient_per_mrn")]

    def __str__(self) -> str:
        return f"{self.name or 'Name not stated'} (MRN {self.mrn})"
