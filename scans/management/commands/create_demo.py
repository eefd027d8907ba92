"""manage.py create_demo: two hospitals, one person per role, a dozen synthetic scans through the real pipeline."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.demo import DemoPeople, ensure_demo_people
from accounts.errors import PeopleError
from accounts.roles import Role
from scans import pipeline
from scans.demo import FILMS, Film, file_of
from scans.models import Scan


class Command(BaseCommand):
    """Makes the demo, or what is missing of it; a second run adds nothing."""

    help = "Make the demo's hospitals, people and synthetic scans; print who can sign in and with which password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the permission to do this in a deployment."""
        parser.add_argument(
            "--outside-embedded-mode", action="store_true", help="Also where DATABASE_URL is set: a demo, not a clinic."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make people, then send what was not sent yet."""
        try:
            demo = ensure_demo_people(outside_embedded_mode=options["outside_embedded_mode"])
        except PeopleError as error:
            raise CommandError(str(error)) from error
        sent = sum(_send_once(film, demo) for film in FILMS)
        self._say_who(demo)
        self.stdout.write(f"{len(FILMS)} synthetic scans of invented patients, {sent} of them sent now.")
        self.stdout.write("Research use, not a medical device.")

    def _say_who(self, demo: DemoPeople) -> None:
        self.stdout.write(f"Sign in as any of these; the password of all is  {demo.password}")
        for (slug, role), person in demo.people.items():
            self.stdout.write(f"  {person.email:<32} {Role(role).label:<16} {demo.hospitals[slug].name}")


def _send_once(film: Film, demo: DemoPeople) -> bool:
    hospital = demo.hospitals[film.patient.hospital]
    if Scan.objects.filter(hospital=hospital, accession_number=film.accession_number).exists():
        return False
    # A DICOM file brings its patient and its view; a picture has none, so the technician states them.
    submission = pipeline.Submission(
        hospital=hospital,
        submitted_by=demo.at(film.patient.hospital, Role.TECHNICIAN),
        door="demo",
        patient_mrn="" if film.is_dicom else film.patient.mrn,
        patient_name="" if film.is_dicom else film.patient.name,
        patient_birth_date=None if film.is_dicom else film.patient.birth_date,
        patient_sex="" if film.is_dicom else film.patient.sex,
        view="" if film.is_dicom else "PA",
        priority=film.priority,
        indication=film.indication,
        accession_number=film.accession_number,
        is_synthetic=True,
    )
    receipt = pipeline.receive(submission, pipeline.store_files([file_of(film)]))
    if receipt.scan is None:
        raise CommandError(f"{film.accession_number} was refused: {receipt.refused[0].detail}")
    return True
