"""The stop button of a hospital: stopping the model there, and letting it read again, each with its reason."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import requires
from accounts.roles import Ability
from inference import stops
from inference.views.acting import Act, confirm, person_of
from scans import pipeline

ASKED_OR_SENT = ["GET", "HEAD", "POST"]


@requires(Ability.STOP_MODEL)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def stop_model(request: HttpRequest, hospital_id: UUID) -> HttpResponse:
    """Stop the model at one hospital, now."""
    person = person_of(request)
    hospital = get_object_or_404(person.hospitals_with(Ability.STOP_MODEL), pk=hospital_id)
    stopped = stops.in_force(hospital.pk)
    act = Act(
        title=f"Stop the model at {hospital}",
        effect="At once: scans that come in are not analysed, and what is being analysed there ends without an answer."
        " Every scan can be read and reported as before. Answers that are recorded stay. Readers see that the model is"
        " stopped, since when, and the reason you give.",
        button="Stop the model",
        done=f"The model is stopped at {hospital}.",
        is_dangerous=True,
        hindrance=stopped.in_words if stopped else "",
    )
    return confirm(
        request,
        act,
        lambda given: pipeline.stop_model(hospital, stopped_by=person, reason=given["reason"], request=request),
    )


@requires(Ability.STOP_MODEL)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def resume_model(request: HttpRequest, hospital_id: UUID) -> HttpResponse:
    """Let the model read again at one hospital, and, where that is wanted, what it missed."""
    person = person_of(request)
    hospital = get_object_or_404(person.hospitals_with(Ability.STOP_MODEL), pk=hospital_id)
    stopped = stops.in_force(hospital.pk)
    missed = pipeline.missed_by_model(stopped) if stopped else 0
    pictures = "1 picture" if missed == 1 else f"{missed} pictures"
    act = Act(
        title=f"Let the model read again at {hospital}",
        effect=f"{stopped.in_words if stopped else ''} From now on scans that come in are read by the active version.",
        button="Resume",
        done=f"The model reads again at {hospital}.",
        offer=f"Also let it read the {pictures} of unreported scans that it missed" if missed else "",
        hindrance="" if stopped else f"The model is not stopped at {hospital}.",
        seen=str(stopped.pk) if stopped else "",
    )
    return confirm(
        request,
        act,
        lambda given: pipeline.resume_model(
            hospital,
            resumed_by=person,
            reason=given["reason"],
            read_missed=given.get("also", False),
            request=request,
        ),
    )
