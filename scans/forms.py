"""What a person states beside the pictures they send, and what a reader writes."""

import re
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Field, Layout, Row
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts.models import Hospital, User
from accounts.roles import Ability
from scans.models import Priority, Sex
from scans.pipeline import Submission

# View Position (0018,5101), PS3.3 C.8.11.5.
VIEWS = [
    ("", "Not stated"),
    ("PA", "PA, posterior to anterior"),
    ("AP", "AP, anterior to posterior"),
    ("LL", "Left lateral"),
    ("RL", "Right lateral"),
]
# PS3.5 9.1: components of digits, joined by dots, 64 characters at most.
STUDY_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; whether each one is a picture is intake's question, never this field's."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the list of files; an empty file is passed on, so that intake refuses it by name."""
        files = [file for file in data or [] if file]
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return files


class SubmissionForm(forms.Form):
    """The technician's statement about the files: whose they are and how urgent."""

    images = ManyFilesField(
        label="Pictures",
        error_messages={"required": "Expected one or more picture files; received none. Choose the files to send."},
    )
    hospital = forms.ModelChoiceField(Hospital.objects.none(), empty_label=None)
    patient_mrn = forms.CharField(label="MRN", max_length=64, required=False)
    patient_name = forms.CharField(label="Name", max_length=200, required=False)
    patient_birth_date = forms.DateField(
        label="Birth date", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    patient_sex = forms.ChoiceField(label="Sex", choices=Sex.choices, required=False)
    view = forms.ChoiceField(choices=VIEWS, required=False)
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int, initial=Priority.ROUTINE)
    accession_number = forms.CharField(label="Accession", max_length=64, required=False)
    indication = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text="Why the film was taken."
    )
    one_scan = forms.BooleanField(label="These pictures belong to one scan", required=False)
    study_instance_uid = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hospital = self.fields["hospital"]
        assert isinstance(hospital, forms.ModelChoiceField)
        hospital.queryset = user.hospitals_with(Ability.SUBMIT_SCANS)
        hospital.initial = hospital.queryset.first()
        self.fields["images"].widget.attrs["data-files"] = ""
        self.helper = self._helper()

    @staticmethod
    def _helper() -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.layout = Layout(
            Row(Column("hospital", css_class="col-sm-6"), Column("priority", css_class="col-sm-6")),
            Row(Column("patient_mrn", css_class="col-sm-6"), Column("accession_number", css_class="col-sm-6")),
            Field("patient_name", autocomplete="off"),
            Row(
                Column("patient_birth_date", css_class="col-sm-6"),
                Column("patient_sex", css_class="col-sm-6"),
            ),
            "view",
            "indication",
            "one_scan",
            "study_instance_uid",
        )
        return helper

    def clean_patient_birth_date(self) -> Any:
        """Refuse a birth date that has not come yet."""
        born = self.cleaned_data["patient_birth_date"]
        if born and born > timezone.localdate():
            raise forms.ValidationError("Expected a day in the past; received one in the future. Correct the year.")
        return born

    def clean_study_instance_uid(self) -> str:
        """Refuse what is no UID: it would stand in exported files."""
        uid: str = self.cleaned_data["study_instance_uid"]
        if uid and not STUDY_UID.fullmatch(uid):
            raise forms.ValidationError("Expected a DICOM UID; received something else. Reload the page.")
        return uid

    def stated(self) -> dict[str, Any]:
        """Return the fields that say something about the pictures, without hospital and files."""
        others = ("images", "one_scan", "hospital")
        return {key: value for key, value in self.cleaned_data.items() if key not in others and value != ""}

    def submission(self, request: Any) -> Submission:
        """Return what was stated, as intake takes it."""
        hospital = self.cleaned_data["hospital"]
        return Submission(hospital=hospital, submitted_by=request.user, door="page", request=request, **self.stated())


class ReportForm(forms.Form):
    """The reader's text. Whether it may be signed is the report stage's question."""

    findings = forms.CharField(required=False, strip=False, max_length=20_000)
    impression = forms.CharField(required=False, strip=False, max_length=20_000)
