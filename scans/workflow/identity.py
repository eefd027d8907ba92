"""Whose picture it is: the form, the DICOM patient module and the record must speak of one person."""

import datetime
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.models import Hospital
from inference.engine.header import FileFacts
from scans.models import Patient
from scans.workflow.errors import PatientMismatch, RecordError
from scans.workflow.submission import Submission

MRN_LENGTH = 64  # DICOM's LO (PS3.5 6.2)
NAME_LENGTH = 200


@dataclass(frozen=True)
class Person:
    """A patient's identity as one file and its form state it; `film_name` and `film_sex` as the film shall be of.

    The form goes first in `name` and `sex`. What the film says of itself is kept beside it: of the two, the form is
    where a wrong file is chosen.
    """

    mrn: str
    name: str
    birth_date: datetime.date | None
    sex: str
    film_name: str
    film_sex: str


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are the same but for case, spacing and DICOM's component marks (PS3.5 6.2.1)."""

    def parts(name: str) -> list[str]:
        return name.replace("^", " ").replace("=", " ").replace(",", " ").casefold().split()

    return sorted(parts(one)) == sorted(parts(other))


def of_file(submission: Submission, facts: FileFacts) -> Person:
    """Return the person a file is of.

    Args:
        submission: what the form states; an empty field is filled from the file.
        facts: what the file's header states (PS3.3 C.7.1.1, the patient module).

    Raises:
        PatientMismatch: form and file both name a patient, and not the same one.
        RecordError: nobody is named, or the identity cannot be stored as it is.
    """
    dicom = facts.dicom
    file_mrn = dicom.patient_id if dicom else ""
    file_born = datetime.date.fromisoformat(dicom.patient_birth_date) if dicom and dicom.patient_birth_date else None
    if submission.patient_mrn and file_mrn and submission.patient_mrn != file_mrn:
        raise PatientMismatch(
            expected="the MRN on the form and in the file to be the same",
            received="two different ones",
            remedy="Check whose film this is; leave the form's MRN empty to use the file's.",
        )
    if submission.patient_birth_date and file_born and submission.patient_birth_date != file_born:
        raise PatientMismatch(
            expected="the birth date on the form and in the file to be the same",
            received="two different ones",
            remedy="Check whose film this is before you send it again.",
        )
    film_name, film_sex = (dicom.patient_name, dicom.patient_sex) if dicom else ("", "")
    name, sex = submission.patient_name or film_name, submission.patient_sex or film_sex
    person = Person(
        mrn=submission.patient_mrn or file_mrn,
        name=name,
        birth_date=submission.patient_birth_date or file_born,
        sex=sex if sex in ("F", "M", "O") else "",
        film_name=film_name or name,
        film_sex=film_sex or sex,
    )
    _check(person)
    return person


def _check(person: Person) -> None:
    if not person.mrn.strip():
        raise RecordError(
            expected="the patient's MRN, on the form or in the file",
            received="none",
            remedy="Enter the MRN: a scan without a patient cannot be found again.",
        )
    for what, text, longest in (("MRN", person.mrn, MRN_LENGTH), ("name", person.name, NAME_LENGTH)):
        if len(text) > longest or any(ord(character) < 32 for character in text):
            raise RecordError(
                expected=f"a patient's {what} of at most {longest} printable characters",
                received=f"{len(text)} characters" if len(text) > longest else "control characters",
                remedy=f"Correct the {what} at its source and send the file again.",
            )


def find_or_make_patient(hospital: Hospital, person: Person) -> tuple[Patient, str]:
    """Return the hospital's patient with this MRN, locked, and a note where names or sex differ.

    The record is never changed by a file: a typing error at a modality must not rename a patient. A different
    birth date is refused, because it most likely is another person under a mistyped MRN.

    Raises:
        PatientMismatch: the record's birth date is another.
    """
    try:
        with transaction.atomic():
            patient, _ = Patient.objects.get_or_create(
                hospital=hospital,
                mrn=person.mrn,
                defaults={"name": person.name, "birth_date": person.birth_date, "sex": person.sex},
            )
    except IntegrityError:
        patient = Patient.objects.get(hospital=hospital, mrn=person.mrn)
    patient = Patient.objects.select_for_update().get(pk=patient.pk)
    if patient.birth_date and person.birth_date and patient.birth_date != person.birth_date:
        raise PatientMismatch(
            expected="the birth date that the record has for this MRN",
            received="another one",
            remedy="Check the MRN: this film may be of another patient.",
        )
    return patient, _differences(patient, person)


def _differences(patient: Patient, person: Person) -> str:
    differences = []
    if person.film_name and patient.name and not same_name(person.film_name, patient.name):
        differences.append(f"The film says the patient's name is “{person.film_name}”.")
    if person.film_sex and patient.sex and person.film_sex != patient.sex:
        differences.append(f"The film says the patient's sex is {person.film_sex}.")
    return " ".join(differences)
