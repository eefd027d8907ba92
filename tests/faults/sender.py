"""A door in a process of its own: one JSON request a line in, one JSON answer a line out.

It calls the same two functions as the upload page and the API, under the environment it was started with. A request
that names a scan only rings for it again; one that asks for a key gets an API key, one for managers two people.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.files.uploadedfile import SimpleUploadedFile

    from accounts.models import Hospital, User
    from scans import pipeline

    hospital, _ = Hospital.objects.get_or_create(slug="north", defaults={"name": "North"})
    technician, _ = User.objects.get_or_create(email="technician@north.example", defaults={"name": "Technician"})
    for line in sys.stdin:
        request = json.loads(line)
        if "scan" in request:
            pipeline.diagnose.delay(request["scan"])
            print(json.dumps(request), flush=True)
            continue
        if "key" in request:
            print(json.dumps({"key": issue_key(hospital, technician)}), flush=True)
            continue
        if "managers" in request:
            print(json.dumps({"managers": make_managers(hospital)}), flush=True)
            continue
        submission = pipeline.Submission(
            hospital=hospital,
            submitted_by=technician,
            door="api",
            patient_mrn="MRN1",
            priority=request["priority"],
            is_synthetic=True,
        )
        started = time.perf_counter()
        file = SimpleUploadedFile("film.png", Path(request["file"]).read_bytes())
        receipt = pipeline.receive(submission, pipeline.store_files([file]))
        seconds = time.perf_counter() - started
        assert receipt.scan is not None, [refusal.detail for refusal in receipt.refused]
        print(json.dumps({"scan": str(receipt.scan.pk), "seconds": seconds}), flush=True)


def issue_key(hospital: Any, user: Any) -> str:
    from accounts import api_keys
    from accounts.models import Membership
    from accounts.roles import KEY_SCOPES, Role

    Membership.objects.get_or_create(hospital=hospital, user=user, role=Role.INTEGRATOR)
    return api_keys.issue(hospital=hospital, user=user, name="fault test", scopes=KEY_SCOPES, issued_by=None)[1]


def make_managers(hospital: Any) -> list[str]:
    from accounts.models import Membership, User
    from accounts.roles import Role

    emails = ["first-manager@north.example", "second-manager@north.example"]
    for email in emails:
        person, _ = User.objects.get_or_create(email=email, defaults={"name": email.split("@")[0]})
        Membership.objects.get_or_create(hospital=hospital, user=person, role=Role.MODEL_MANAGER)
    return emails


if __name__ == "__main__":
    main()
