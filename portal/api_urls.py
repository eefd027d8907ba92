"""The whole REST API on one page; included below /api/v1/."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.api import MeView
from inference.api.activation import ActivationRequestViewSet, ActivationViewSet
from inference.api.versions import ModelVersionViewSet
from portal.api_docs import SchemaView, docs
from scans.api.model_stops import ModelStopViewSet
from scans.api.patients import PatientViewSet
from scans.api.replays import ReplayViewSet
from scans.api.reports import ReportViewSet
from scans.api.reviews import ReviewViewSet
from scans.api.scans import ScanViewSet

router = SimpleRouter(use_regex_path=False)
router.register("scans", ScanViewSet, basename="scan")  # GET, POST; {id}/ GET
router.register("patients", PatientViewSet, basename="patient")  # GET; {id}/ GET
router.register("reviews", ReviewViewSet, basename="review")  # GET, POST; {id}/ GET
router.register("reports", ReportViewSet, basename="report")  # GET, POST; {id}/ GET, PATCH; {id}/sign/ POST
router.register("replays", ReplayViewSet, basename="replay")  # GET, POST; {id}/ GET
router.register("models", ModelVersionViewSet, basename="model")  # GET; {id}/ GET
# GET, POST; {id}/ GET; {id}/approve/, {id}/refuse/, {id}/withdraw/ POST
router.register("activation-requests", ActivationRequestViewSet, basename="activation-request")
router.register("activations", ActivationViewSet, basename="activation")  # GET; {id}/ GET; roll-back/ POST
router.register("model-stops", ModelStopViewSet, basename="model-stop")  # GET, POST; {id}/ GET; {id}/resume/ POST

app_name = "api"
urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("", include(router.urls)),
]
