"""The lease: one owner at a time, fenced out when late, visibly failed in the end."""

import datetime
import uuid

import pytest
from django.utils import timezone

from inference import jobs
from inference.models import TRANSITIONS, Job, JobStatus
from tests.factories import JobFactory, ModelVersionFactory

pytestmark = pytest.mark.django_db


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - datetime.timedelta(seconds=1))


def test_opening_a_job_twice_gives_the_same_job():
    version, image_key = ModelVersionFactory(), uuid.uuid4()

    assert jobs.open_job(image_key, version) == jobs.open_job(image_key, version)


def test_a_claimed_job_cannot_be_claimed_again_while_the_lease_lives():
    job = JobFactory()

    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None


def test_an_expired_lease_passes_to_the_next_worker_and_fences_out_the_first():
    job = JobFactory()
    first = jobs.claim(job.pk)
    expire(job)
    second = jobs.claim(job.pk)

    with pytest.raises(jobs.LeaseLost):
        jobs.finish(first)
    assert not jobs.renew(first)
    jobs.finish(second)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.lease_token) == (JobStatus.DONE, 2, None)


def test_a_finished_job_cannot_be_finished_failed_or_claimed_again():
    job = JobFactory()
    lease = jobs.claim(job.pk)
    jobs.finish(lease)

    with pytest.raises(jobs.LeaseLost):
        jobs.finish(lease)
    assert jobs.put_back(lease, error="late") is False
    assert jobs.claim(job.pk) is None
    job.refresh_from_db()
    assert job.status == JobStatus.DONE


def test_a_failed_attempt_waits_longer_each_time_and_ends_failed(settings):
    settings.JOB_MAX_ATTEMPTS = 3
    job = JobFactory()
    pauses = []
    for _ in range(3):
        lease = jobs.claim(job.pk)
        exhausted = jobs.put_back(lease, error="The model is busy.")
        job.refresh_from_db()
        pauses.append((job.not_before - timezone.now()).total_seconds())
        Job.objects.filter(pk=job.pk).update(not_before=timezone.now())

    assert exhausted
    assert 0 < pauses[0] < pauses[1]
    assert (job.status, job.error) == (JobStatus.FAILED, "The model is busy.")
    assert jobs.claim(job.pk) is None


def test_no_attempt_is_made_before_its_pause_is_over():
    job = JobFactory(not_before=timezone.now() + datetime.timedelta(minutes=1))

    assert jobs.claim(job.pk) is None


def test_a_job_whose_every_worker_was_killed_becomes_visibly_failed(settings):
    settings.JOB_MAX_ATTEMPTS = 2
    job, alive = JobFactory(), JobFactory()
    for _ in range(2):
        jobs.claim(job.pk)
        expire(job)
    jobs.claim(alive.pk)

    assert jobs.fail_abandoned() == [job.image_key]
    job.refresh_from_db()
    alive.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "2 attempts" in job.error
    assert alive.status == JobStatus.RUNNING


def test_a_failed_job_gets_a_new_round_only_when_asked():
    failed, done = JobFactory(status=JobStatus.FAILED, attempts=3), JobFactory(status=JobStatus.DONE, attempts=1)

    assert jobs.requeue_failed([failed.image_key, done.image_key]) == 1
    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.status, failed.attempts) == (JobStatus.QUEUED, 0)
    assert done.status == JobStatus.DONE


def test_every_state_stands_in_the_table_and_done_is_the_end():
    assert set(TRANSITIONS) == set(JobStatus.values)
    assert TRANSITIONS[JobStatus.DONE] == frozenset()


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_keeps_a_slow_job_from_being_taken(settings):
    settings.JOB_LEASE_SECONDS = 0.6
    job = JobFactory()
    lease = jobs.claim(job.pk)
    before = Job.objects.get(pk=job.pk).lease_expires_at
    with jobs.Heartbeat(lease):
        deadline = timezone.now() + datetime.timedelta(seconds=20)
        while Job.objects.get(pk=job.pk).lease_expires_at == before:
            assert timezone.now() < deadline

    jobs.finish(lease)
