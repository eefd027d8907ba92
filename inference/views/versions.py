"""The page of all versions: which one reads, what is asked for, where the model is stopped, what happened."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.permissions import requires
from accounts.roles import Ability
from inference import activation, history
from inference.models import ActivationRequest, ModelStop, ModelVersion
from inference.views.acting import person_of

EVENTS_ON_A_PAGE = 25


@requires(Ability.VIEW_MODELS)
@never_cache
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """List the registered versions and what may be done with them."""
    person = person_of(request)
    events = history.events(person.hospitals_with(Ability.VIEW_MODELS))
    context = {
        "present": activation.current(),
        "target": activation.rollback_target(),
        "waiting": ActivationRequest.objects.filter(status=ActivationRequest.Status.WAITING).select_related(
            "version", "asked_by"
        ),
        "versions": _versions(),
        "hospitals": _hospitals(person),
        "page": Paginator(events, EVENTS_ON_A_PAGE).get_page(request.GET.get("page")),
        "may_manage": person.can(Ability.MANAGE_MODELS),
    }
    return render(request, "inference/models.html", context)


def _versions() -> list[dict[str, Any]]:
    registered_by = history.registered_by()
    waiting = set(
        ActivationRequest.objects.filter(status=ActivationRequest.Status.WAITING).values_list("version_id", flat=True)
    )
    return [
        {
            "version": version,
            "registered_by": registered_by.get(str(version.pk)),
            "last": version.activations.all()[0] if version.activations.all() else None,
            "is_asked_for": version.pk in waiting,
        }
        for version in ModelVersion.objects.prefetch_related("activations__by", "activations__request__asked_by")
    ]


def _hospitals(person: User) -> list[dict[str, Any]]:
    may_stop = set(person.hospitals_with(Ability.STOP_MODEL))
    stops = {stop.hospital_id: stop for stop in ModelStop.objects.filter(resumed_at=None).select_related("stopped_by")}
    return [
        {"hospital": hospital, "stop": stops.get(hospital.pk), "may_stop": hospital in may_stop}
        for hospital in person.hospitals_with(Ability.VIEW_MODELS)
    ]
