"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.permissions import open_to_anyone


@open_to_anyone
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and what it is not, and show the signed-in person the way to their rooms."""
    return render(request, "portal/home.html")
