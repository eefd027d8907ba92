"""Every page's address; the API has its own page of addresses (api_urls.py)."""

from django.urls import URLPattern, URLResolver, include, path

from portal.views import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("accounts/", include("allauth.urls")),
]
