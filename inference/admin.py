"""The operator's read-only history: versions, what was asked and answered, what read new scans since when."""

from django.contrib import admin

from accounts.admin import ReadOnlyAdmin, site
from inference.models import Activation, ActivationRequest, ModelVersion


@admin.register(ModelVersion, site=site)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Every registered bundle, with its card."""

    list_display = ("name", "weights_sha256", "status", "registered_at", "activated_at")
    list_filter = ("status",)
    search_fields = ("name", "weights_sha256")


@admin.register(ActivationRequest, site=site)
class ActivationRequestAdmin(ReadOnlyAdmin):
    """Every request for an activation, with its answer."""

    list_display = ("version", "status", "asked_by", "asked_at", "answered_by", "answered_at")
    list_filter = ("status",)
    list_select_related = ("version", "asked_by", "answered_by")


@admin.register(Activation, site=site)
class ActivationAdmin(ReadOnlyAdmin):
    """Every time that a version became the one new scans are read with."""

    list_display = ("version", "kind", "at", "by", "reason")
    list_filter = ("kind",)
    list_select_related = ("version", "by")
