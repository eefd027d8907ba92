"""Records for tests, made with factory_boy; every one is complete enough to be real."""

import datetime
import hashlib
import uuid

import factory
from django.utils import timezone

from accounts.models import Hospital, Membership, User
from accounts.roles import Role
from inference.models import Job, JobStatus, ModelVersion
from scans.models import Diagnosis, Image, Outcome, Patient, Priority, Scan

PASSWORD = "correct horse battery staple"


class HospitalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Hospital

    name = factory.Sequence(lambda n: f"Hospital {n}")
    slug = factory.Sequence(lambda n: f"hospital-{n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    hospital = factory.SubFactory(HospitalFactory)
    role = Role.RADIOLOGIST


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient

    hospital = factory.SubFactory(HospitalFactory)
    mrn = factory.Sequence(lambda n: f"MRN{n:05}")
    name = factory.Sequence(lambda n: f"Invented, Person {n}")
    birth_date = datetime.date(1960, 1, 2)
    sex = "F"


class ScanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Scan

    hospital = factory.SubFactory(HospitalFactory)
    patient = factory.SubFactory(PatientFactory, hospital=factory.SelfAttribute("..hospital"))
    submitted_by = factory.SubFactory(UserFactory)
    priority = Priority.ROUTINE
    door = "api"


class ImageFactory(factory.django.DjangoModelFactory):
    """A row only: its file is not on the disk. Use the `send` fixture for a real one."""

    class Meta:
        model = Image

    scan = factory.SubFactory(ScanFactory)
    hospital = factory.SelfAttribute("scan.hospital")
    number = factory.LazyAttribute(lambda image: image.scan.images.count() + 1)
    original_name = "film.png"
    sha256 = factory.LazyFunction(lambda: hashlib.sha256(uuid.uuid4().bytes).hexdigest())
    received_sha256 = factory.SelfAttribute("sha256")
    byte_size = 1000
    format = "png"
    media_type = "image/png"
    width = 512
    height = 512
    bits = 8
    view = "PA"


class ModelVersionFactory(factory.django.DjangoModelFactory):
    """A row only: its bundle does not exist. Use the `active_model` fixture for the shipped one."""

    class Meta:
        model = ModelVersion

    name = "resnet50-test"
    bundle_path = "/nonexistent"
    graph_path = "/nonexistent"
    weights_sha256 = factory.LazyFunction(lambda: hashlib.sha256(uuid.uuid4().bytes).hexdigest())
    card = factory.LazyFunction(lambda: {"labels": ["covid19", "pneumonia", "normal"]})
    status = ModelVersion.Status.REGISTERED


class JobFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Job

    image_key = factory.LazyFunction(uuid.uuid4)
    model_version = factory.SubFactory(ModelVersionFactory)
    status = JobStatus.QUEUED


class DiagnosisFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Diagnosis

    image = factory.SubFactory(ImageFactory)
    model_version = factory.SubFactory(ModelVersionFactory)
    job = factory.SubFactory(
        JobFactory,
        image_key=factory.SelfAttribute("..image.pk"),
        model_version=factory.SelfAttribute("..model_version"),
        status=JobStatus.DONE,
        finished_at=factory.LazyFunction(timezone.now),
    )
    outcome = Outcome.FINDING
    label = "pneumonia"
    probabilities = factory.LazyFunction(lambda: {"covid19": 0.05, "pneumonia": 0.9, "normal": 0.05})
    explanation = "The model's finding is pneumonia."
    activation_map = factory.LazyFunction(lambda: [[0.0, 0.5], [0.5, 1.0]])
