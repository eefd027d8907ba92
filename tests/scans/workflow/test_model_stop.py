"""The stop button: nothing more is written for the hospital's scans, everything stays readable, others go on."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.roles import Role
from inference import jobs, registry, stops
from inference.errors import AlreadyStopped, MayNotStopModel, MissingReason, NotStopped
from inference.models import Job, JobStatus, ModelStop
from scans import pipeline
from scans.models import Diagnosis, Scan, ScanStatus
from scans.models.analysis import Analysis, analyses_of
from scans.workflow import diagnosis
from tests.inference.small_bundles import made_active, registered, two_people_activate
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db
WHY = "It calls everything COVID"


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


@pytest.fixture
def version(tmp_path):
    return made_active(registered(tmp_path, "present"))


def stop(staff) -> ModelStop:
    return pipeline.stop_model(staff.hospital, stopped_by=staff.hospital_admin, reason=WHY)


def resume(staff, **options):
    return pipeline.resume_model(staff.hospital, resumed_by=staff.model_manager, reason="Rolled back.", **options)


def analysis(scan: Scan) -> Analysis:
    (image,) = scan.images.select_related("scan")
    return analyses_of([image])[str(image.pk)]


def film(seed: int) -> bytes:
    return png_bytes(seed=seed)


# --- Stopped ----------------------------------------------------------------------------------------------------------
def test_a_scan_that_comes_in_is_readable_and_says_who_stopped_the_model_when_and_why(north, version, send):
    stopped = stop(north)
    scan = send(north)
    assert analysis(scan).state == "off"
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    assert scan.status == ScanStatus.AWAITING_REVIEW
    assert scan.images.get().is_prepared
    assert not Job.objects.exists()
    found = analysis(scan)
    assert found.state == "off"
    assert found.reason == (
        f"The model is stopped at North Hospital since {stopped.stopped_at:%Y-%m-%d %H:%M} UTC "
        "by North hospital admin: It calls everything COVID."
    )


def test_what_is_queued_ends_unanswered_and_its_picture_is_still_made(north, version, send):
    scan = send(north)
    stop(north)
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    job = Job.objects.get()
    assert (job.status, job.lease_token) == (JobStatus.STOPPED, None)
    assert WHY in job.error
    assert scan.is_analysis_finished
    assert scan.images.get().is_prepared
    assert not Diagnosis.objects.exists()
    assert analysis(scan).state == "off"


def test_a_worker_in_the_middle_of_an_answer_writes_nothing(north, version, send, monkeypatch):
    scan = send(north)
    predictor = registry.predictor_for(version)

    class Interrupted:
        def predict(self, picture, *, view):
            stop(north)
            return predictor.predict(picture, view=view)

    monkeypatch.setattr(registry, "predictor_for", lambda _: Interrupted())
    diagnosis.run(scan.pk)

    scan.refresh_from_db()
    assert Job.objects.get().status == JobStatus.STOPPED
    assert not Diagnosis.objects.exists()
    assert not AuditEntry.objects.filter(action="diagnosis.recorded").exists()
    assert scan.status == ScanStatus.AWAITING_REVIEW


def test_a_stop_whose_process_died_before_it_ended_the_jobs_holds_all_the_same(north, version, send, monkeypatch):
    scan = send(north)
    predictor = registry.predictor_for(version)

    class Interrupted:
        def predict(self, picture, *, view):
            stops.stop(north.hospital, stopped_by=north.hospital_admin, reason=WHY)
            return predictor.predict(picture, view=view)

    monkeypatch.setattr(registry, "predictor_for", lambda _: Interrupted())
    assert analysis(scan).state == "waiting"
    diagnosis.run(scan.pk)

    assert Job.objects.get().status == JobStatus.STOPPED
    assert not Diagnosis.objects.exists()


def test_a_job_that_was_being_opened_when_the_button_was_pressed_is_not_begun(north, version, send, monkeypatch):
    stop(north)
    scan = send(north)
    jobs.open_job(scan.images.get().pk, version)
    assert analysis(scan).state == "off"
    monkeypatch.setattr(registry, "predictor_for", lambda _: pytest.fail("the model was asked"))
    diagnosis.run(scan.pk)

    assert Job.objects.get().status == JobStatus.STOPPED
    assert scan.images.get().is_prepared


def test_a_job_that_failed_is_not_tried_again_while_the_model_is_stopped(north, version, send):
    scan = send(north)
    Job.objects.update(status=JobStatus.FAILED, finished_at=timezone.now())
    stop(north)
    pipeline.requeue(include_failed=True)
    diagnosis.run(scan.pk)

    assert Job.objects.get().status == JobStatus.STOPPED
    assert not Diagnosis.objects.exists()


def test_the_other_hospital_is_not_touched(two_hospitals, version, send):
    queued = send(two_hospitals.south, content=film(1))
    stop(two_hospitals.north)
    later = send(two_hospitals.south, content=film(2), patient_mrn="M2")
    for scan in (queued, later):
        diagnosis.run(scan.pk)

    assert Diagnosis.objects.count() == 2
    assert analysis(queued).state == analysis(later).state == "done"


def test_answers_from_before_stay(north, version, send):
    scan = send(north)
    diagnosis.run(scan.pk)
    stop(north)

    assert Diagnosis.objects.count() == 1
    assert analysis(scan).state == "done"


# --- Resumed ----------------------------------------------------------------------------------------------------------
def test_resumed_the_model_reads_what_comes_in_and_not_what_it_missed(north, version, send):
    stop(north)
    missed = send(north, content=film(1))
    diagnosis.run(missed.pk)
    over, queued = resume(north)
    later = send(north, content=film(2), patient_mrn="M2")
    diagnosis.run(later.pk)

    assert queued == 0
    assert Diagnosis.objects.get().image.scan == later
    found = analysis(missed)
    assert found.state == "off"
    assert f"until {over.resumed_at:%Y-%m-%d %H:%M} UTC" in found.reason


def test_asked_to_it_reads_what_it_missed_with_the_version_that_is_active_now(
    two_hospitals, north, version, send, tmp_path
):
    queued = send(north, content=film(1))
    reported = send(north, content=film(2), patient_mrn="M2")
    stop(north)
    came_in = send(north, content=film(3), patient_mrn="M3")
    for scan in (queued, reported, came_in):
        diagnosis.run(scan.pk)
    pipeline.sign(reported, author=north.radiologist, findings="", impression="Clear.")
    better = registered(tmp_path, "better")
    two_people_activate(better, north.model_manager, two_hospitals.south.model_manager)

    assert pipeline.missed_by_model(ModelStop.objects.get()) == 2
    _, count = resume(north, read_missed=True)
    for scan in (queued, came_in):
        assert analysis(scan).state == "waiting"
        diagnosis.run(scan.pk)

    assert count == 2
    read = Diagnosis.objects.select_related("image__scan")
    assert {(found.image.scan, found.model_version) for found in read} == {(queued, better), (came_in, better)}
    assert Job.objects.get(model_version=version, image_key=queued.images.get().pk).status == JobStatus.STOPPED
    assert pipeline.missed_by_model(ModelStop.objects.get()) == 0


def test_a_stopped_job_of_the_active_version_is_queued_again(north, version, send):
    scan = send(north)
    stop(north)
    diagnosis.run(scan.pk)
    resume(north, read_missed=True)
    diagnosis.run(scan.pk)

    job = Job.objects.get()
    assert (job.status, job.attempts, job.error) == (JobStatus.DONE, 1, "")
    assert Diagnosis.objects.get().job == job


def test_every_stop_is_kept_and_the_scan_names_its_own(north, version, send):
    stop(north)
    scan = send(north)
    resume(north)
    pipeline.stop_model(north.hospital, stopped_by=north.model_manager, reason="Another reason.")

    assert ModelStop.objects.count() == 2
    assert WHY in analysis(scan).reason
    assert stops.in_force(north.hospital.pk).reason == "Another reason."


def test_no_model_at_all_is_told_from_a_stop(north, send):
    scan = send(north)
    diagnosis.run(scan.pk)

    assert analysis(scan).reason == "No model was switched on when this scan came in."


# --- Who, why, and the trail ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", Role.values)
def test_admins_and_model_managers_of_the_hospital_press_the_button(two_hospitals, role):
    north, person = two_hospitals.north.hospital, getattr(two_hospitals.north, role)
    if role in (Role.HOSPITAL_ADMIN, Role.MODEL_MANAGER):
        pipeline.stop_model(north, stopped_by=person, reason=WHY)
        pipeline.resume_model(north, resumed_by=person, reason=WHY)
    else:
        with pytest.raises(MayNotStopModel):
            pipeline.stop_model(north, stopped_by=person, reason=WHY)
    with pytest.raises(MayNotStopModel):
        pipeline.stop_model(two_hospitals.south.hospital, stopped_by=person, reason=WHY)
    assert not ModelStop.objects.in_force().exists()


def test_a_stop_needs_a_reason_and_is_pressed_once(north):
    with pytest.raises(MissingReason):
        pipeline.stop_model(north.hospital, stopped_by=north.hospital_admin, reason=" ")
    with pytest.raises(NotStopped):
        resume(north)
    stop(north)
    with pytest.raises(AlreadyStopped, match="since"):
        stop(north)
    assert ModelStop.objects.count() == 1


def test_both_acts_stand_in_the_hospitals_trail_with_their_reasons(north):
    stop(north)
    resume(north)

    pressed, ended = AuditEntry.objects.filter(action__in=["model.stopped", "model.resumed"]).order_by("id")
    assert (pressed.hospital, pressed.actor, pressed.detail["reason"]) == (north.hospital, north.hospital_admin, WHY)
    assert (ended.hospital, ended.actor, ended.detail["reason"]) == (
        north.hospital, north.model_manager, "Rolled back.",
    )  # fmt: skip


def test_the_commands_stop_and_resume_and_say_what_is_queued(north, version, send, capsys):
    scan = send(north)
    admin = north.hospital_admin.email
    call_command("stop_model", "north", "--by", admin, "--reason", WHY)
    assert "is stopped at North Hospital since" in capsys.readouterr().out
    diagnosis.run(scan.pk)
    call_command("resume_model", "north", "--by", admin, "--reason", "Rolled back.", "--read-missed")

    assert "missed: 1." in capsys.readouterr().out
    assert Job.objects.get().status == JobStatus.QUEUED


def test_the_commands_refuse_in_words(two_hospitals, north):
    for hospital, email, said in (
        ("nowhere", north.hospital_admin.email, "slug of a hospital"),
        ("north", "nobody@example.org", "email of a person"),
        ("north", two_hospitals.south.hospital_admin.email, "hospital admin or model manager of North Hospital"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("stop_model", hospital, "--by", email, "--reason", WHY)
    with pytest.raises(CommandError, match="where it is not"):
        call_command("resume_model", "north", "--by", north.hospital_admin.email, "--reason", WHY)
