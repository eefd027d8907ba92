"""The body of POST scans/ and its answer."""

import datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import APIException

from accounts.api_requests import StrictSerializer
from accounts.models import Hospital, User
from accounts.roles import Ability
from scans.api.fields import NoticeField, PriorityField
from scans.models import Image, Priority, ScanStatus, Sex
from scans.pipeline import Refusal

UID = r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*$"  # PS3.5 9.1
CODE = r"^[A-Z0-9 _]{1,16}$"  # PS3.5 6.2, CS


class SubmissionSerializer(StrictSerializer):
    """What the sender states about the files; a DICOM header fills what is left out."""

    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),  # an empty file is refused by intake, at this file only
        allow_empty=False,
        min_length=1,
        help_text="One or more files of one patient: DICOM CR/DX/SC, PNG, TIFF, JPEG, WebP or BMP.",
    )
    patient_mrn = serializers.CharField(max_length=64, required=False, allow_blank=True)
    patient_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    patient_birth_date = serializers.DateField(required=False, allow_null=True)
    patient_sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True)
    view = serializers.RegexField(CODE, required=False, allow_blank=True, help_text="View position, PA or AP.")
    priority = PriorityField(default=Priority.ROUTINE)
    indication = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    accession_number = serializers.CharField(max_length=64, required=False, allow_blank=True)
    study_instance_uid = serializers.RegexField(UID, max_length=64, required=False, allow_blank=True)
    hospital = serializers.CharField(
        max_length=60, required=False, help_text="The hospital's slug; needed when you may submit at several."
    )

    def validate_patient_birth_date(self, born: datetime.date | None) -> datetime.date | None:
        """Return the date.

        Raises:
            ValidationError: it has not come yet.
        """
        if born is not None and born > timezone.localdate():
            raise serializers.ValidationError("Expected a day in the past; received one in the future.")
        return born

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields with the hospital found.

        Raises:
            ValidationError: no hospital, or not one where the caller may submit.
        """
        user = cast(User, self.context["request"].user)
        return fields | {"hospital": _hospital_for(user, fields.get("hospital"))}


def _hospital_for(user: User, slug: str | None) -> Hospital:
    hospitals = {hospital.slug: hospital for hospital in user.hospitals_with(Ability.SUBMIT_SCANS)}
    if slug is None and len(hospitals) == 1:
        return next(iter(hospitals.values()))
    if slug not in hospitals:
        expected = " or ".join(sorted(hospitals))
        raise serializers.ValidationError({"hospital": [f"Expected {expected}; received {slug or 'none'}."]})
    return hospitals[slug]


class RefusalSerializer(serializers.Serializer):
    """Why one file was not taken."""

    name = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()
    expected = serializers.CharField()
    received = serializers.CharField()
    remedy = serializers.CharField()


class ReceivedImageSerializer(serializers.ModelSerializer):
    """One file that was taken; `sha256` is of the bytes as sent."""

    name = serializers.CharField(source="original_name")
    sha256 = serializers.CharField(source="received_sha256")

    class Meta:
        model = Image
        fields = ["id", "number", "name", "sha256", "byte_size", "format", "width", "height", "view"]


class ReceiptSerializer(serializers.Serializer):
    """What became of a submission."""

    id = serializers.UUIDField(source="scan.id")
    status = serializers.ChoiceField(choices=ScanStatus.choices, source="scan.status")
    url: serializers.Field = serializers.HyperlinkedRelatedField(
        view_name="api:scan-detail", source="scan", read_only=True
    )
    repeat = serializers.BooleanField(
        source="is_repeat", help_text="Every file was already here, byte for byte: nothing new was stored."
    )
    images = ReceivedImageSerializer(many=True)
    refused = RefusalSerializer(many=True)
    notice = NoticeField()


class NothingAccepted(APIException):
    """Every file of a submission was refused; nothing is stored."""

    status_code = 422
    default_code = "nothing_accepted"

    def __init__(self, refused: list[Refusal]) -> None:
        super().__init__("Expected at least one file that can be taken; received none. See refused, file by file.")
        self.extra = {"refused": RefusalSerializer(refused, many=True).data}
