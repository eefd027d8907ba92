"""Every page's address; the API has its own page of addresses (api_urls.py)."""

from django.urls import URLPattern, URLResolver, include, path

from inference.admin import site
from portal.health import healthz, metrics, readyz
from portal.views import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("accounts.urls")),  # before allauth: it closes one of its pages
    path("accounts/", include("allauth.urls")),
    path("", include("scans.urls")),
    path("", include("inference.urls")),
    path("api/v1/", include("portal.api_urls")),
    path("admin/", site.urls),
]

handler400 = "portal.api_errors.bad_request"
handler403 = "portal.api_errors.permission_denied"
handler404 = "portal.api_errors.page_not_found"
handler500 = "portal.api_errors.server_error"
