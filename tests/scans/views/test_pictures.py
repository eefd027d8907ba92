"""The bytes of pictures: never decoded here, cached privately, never run as anything else."""

import pytest
from django.urls import reverse
from django.utils import timezone

from scans import storage
from scans.models import Image
from tests.pictures import png_bytes


@pytest.fixture
def opened(two_hospitals, make_scan, with_files, as_person):
    scan = make_scan(two_hospitals.north.hospital)
    image, diagnosis = with_files(scan)
    return as_person(two_hospitals.north.radiologist), image, diagnosis


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("image_rendition", "image/png"), ("image_thumbnail", "image/jpeg"), ("image_original", "image/png")],
)
def test_a_picture_is_sent_with_its_type_and_cached_for_this_person_only(opened, name, media_type):
    client, image, _ = opened

    response = client.get(reverse(name, args=[image.pk]))

    assert response["Content-Type"] == media_type
    assert response["Cache-Control"].startswith("private")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.received


def test_the_original_is_a_download_of_the_bytes_as_received_under_a_name_of_ours(opened):
    client, image, _ = opened
    Image.objects.filter(pk=image.pk).update(original_name='bad"name\r\n.png')

    response = client.get(reverse("image_original", args=[image.pk]))

    assert response["Content-Disposition"] == f"attachment; filename*=UTF-8''image-{image.pk}.png"
    assert response.received == png_bytes()


def test_nginx_sends_the_file_where_it_serves_the_media_folder(opened, settings):
    client, image, _ = opened
    settings.MEDIA_ACCEL_LOCATION = "/media-files/"

    response = client.get(reverse("image_rendition", args=[image.pk]))

    inside = storage.rendition_path(image).relative_to(settings.MEDIA_ROOT)
    assert response["X-Accel-Redirect"] == f"/media-files/{inside}"
    assert response.content == b""


@pytest.mark.parametrize("name", ["image_rendition", "image_thumbnail"])
def test_a_picture_that_is_not_prepared_is_not_there(opened, name):
    client, image, _ = opened
    Image.objects.filter(pk=image.pk).update(prepared_at=None)

    assert client.get(reverse(name, args=[image.pk])).status_code == 404


def test_a_file_missing_from_the_store_is_not_found_rather_than_a_failure(opened):
    client, image, _ = opened
    storage.rendition_path(image).unlink()

    assert client.get(reverse("image_rendition", args=[image.pk])).status_code == 404


def test_a_diagnosis_without_a_map_has_no_overlay(opened):
    client, _, diagnosis = opened
    type(diagnosis).objects.filter(pk=diagnosis.pk).update(activation_map=None, created_at=timezone.now())

    assert client.get(reverse("heatmap", args=[diagnosis.pk])).status_code == 404
