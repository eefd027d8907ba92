"""Files sent in as a door sends them."""

from django.core.files.uploadedfile import SimpleUploadedFile

from scans import pipeline


def upload(staff, *files: tuple[str, bytes], **stated) -> pipeline.Receipt:
    """Send named files of one hospital's technician through the real intake."""
    submission = pipeline.Submission(hospital=staff.hospital, submitted_by=staff.technician, door="page", **stated)
    return pipeline.receive(submission, pipeline.store_files([SimpleUploadedFile(*file) for file in files]))
