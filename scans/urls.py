"""The addresses of the clinical record's pages."""

from django.urls import path

from scans.views import model_stop, pictures, replay, review, scan, upload, worklist

urlpatterns = [
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/rows/", worklist.worklist_rows, name="worklist_rows"),
    path("upload/", upload.upload, name="upload"),
    path("upload/file/", upload.upload_file, name="upload_file"),
    path("upload/status/<uuid:scan_id>/", upload.upload_status, name="upload_status"),
    path("scans/<uuid:scan_id>/", scan.scan, name="scan"),
    path("scans/<uuid:scan_id>/live/", scan.scan_live, name="scan_live"),
    path("scans/<uuid:scan_id>/verdict/", review.scan_verdict, name="scan_verdict"),
    path("scans/<uuid:scan_id>/draft/", review.scan_draft, name="scan_draft"),
    path("scans/<uuid:scan_id>/sign/", review.scan_sign, name="scan_sign"),
    path("scans/<uuid:scan_id>/next/", review.next_scan, name="next_scan"),
    path("models/hospitals/<uuid:hospital_id>/stop/", model_stop.stop_model, name="stop_model"),
    path("models/hospitals/<uuid:hospital_id>/resume/", model_stop.resume_model, name="resume_model"),
    path("images/<uuid:image_id>/rendition/", pictures.image_rendition, name="image_rendition"),
    path("images/<uuid:image_id>/thumbnail/", pictures.image_thumbnail, name="image_thumbnail"),
    path("images/<uuid:image_id>/original/", pictures.image_original, name="image_original"),
    path("diagnoses/<uuid:diagnosis_id>/heatmap/", pictures.heatmap, name="heatmap"),
    path("diagnoses/<uuid:diagnosis_id>/replay/", replay.diagnosis_replay, name="replay"),
]
