"""Asking for an activation, answering it, taking it back, and going back to the version before."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.permissions import requires
from accounts.roles import Ability
from inference import activation, registry
from inference.comparison import compare
from inference.models import ActivationRequest, ModelVersion
from inference.views.acting import Act, confirm, person_of

ASKED_OR_SENT = ["GET", "HEAD", "POST"]


@requires(Ability.MANAGE_MODELS)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def ask_activation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Ask that a version reads new scans."""
    version = get_object_or_404(ModelVersion, pk=version_id)
    act = Act(
        title=f"Ask for the activation of {version.name}",
        effect="Nothing changes yet: another model manager has to approve it. Until then the active version reads on.",
        button="Ask for activation",
        done=f"Asked. Another model manager can now approve {version.name}.",
        shown=_compared(version),
    )
    person = person_of(request)
    return confirm(
        request,
        act,
        lambda given: activation.request_activation(version, asked_by=person, reason=given["reason"], request=request),
    )


@requires(Ability.MANAGE_MODELS)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def approve_activation(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Approve what another person asked for: from then on it reads new scans."""
    asked, person = _asked(request_id), person_of(request)
    act = Act(
        title=f"Approve the activation of {asked.version.name}",
        effect="From now on it reads every new scan of every hospital on this desk. Scans that came in before keep the"
        " version they were opened for. Going back takes one step.",
        button=f"Activate {asked.version.name}",
        done=f"{asked.version.name} reads new scans from now on.",
        is_dangerous=True,
        needs_reason=False,
        seen=_present(),
        hindrance=_hindrance(asked, person),
        shown={"asked": asked, **_compared(asked.version)},
    )
    return confirm(
        request,
        act,
        lambda given: activation.approve_activation(asked, approved_by=person, reason=given["reason"], request=request),
    )


@requires(Ability.MANAGE_MODELS)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def refuse_activation(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Say no to what another person asked for."""
    asked, person = _asked(request_id), person_of(request)
    act = Act(
        title=f"Refuse the activation of {asked.version.name}",
        effect="The active version reads on. The request stays in the history with your answer; it can be asked anew.",
        button="Refuse",
        done=f"The activation of {asked.version.name} is refused.",
        hindrance=_hindrance(asked, person),
        shown={"asked": asked},
    )
    return confirm(
        request,
        act,
        lambda given: activation.refuse_activation(asked, refused_by=person, reason=given["reason"], request=request),
    )


@requires(Ability.MANAGE_MODELS)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def withdraw_activation(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Take one's own request back."""
    asked, person = _asked(request_id), person_of(request)
    act = Act(
        title=f"Withdraw the request for {asked.version.name}",
        effect="The active version reads on. The request stays in the history as withdrawn.",
        button="Withdraw",
        done=f"The request for {asked.version.name} is withdrawn.",
        shown={"asked": asked},
    )
    return confirm(
        request,
        act,
        lambda given: activation.withdraw_activation(
            asked, withdrawn_by=person, reason=given["reason"], request=request
        ),
    )


@requires(Ability.MANAGE_MODELS)
@never_cache
@require_http_methods(ASKED_OR_SENT)
def roll_back(request: HttpRequest) -> HttpResponse:
    """Go back to the version that read before: the emergency path, for which one person is enough."""
    now, target, person = activation.current(), activation.rollback_target(), person_of(request)
    left = now.version.name if now else "the present version"
    act = Act(
        title=f"Go back to {target.name}" if target else "Go back to the version before",
        effect=f"From now on {target.name if target else 'it'} reads every new scan instead of {left}, without a second"
        " person: this is for the case that the present version must not read on. What was read already stays.",
        button=f"Go back to {target.name}" if target else "Go back",
        done=f"{target.name if target else 'The version before'} reads new scans again.",
        is_dangerous=True,
        seen=_present(),
        hindrance="" if target else "No version was active before the present one, so there is none to go back to.",
        shown=_compared(target) if target else {},
    )
    return confirm(
        request, act, lambda given: activation.roll_back(rolled_back_by=person, reason=given["reason"], request=request)
    )


def _asked(request_id: UUID) -> ActivationRequest:
    return get_object_or_404(ActivationRequest.objects.select_related("version", "asked_by"), pk=request_id)


def _present() -> str:
    """Return what the page says is active; an act that was thought of another one is not done."""
    now = activation.current()
    return str(now.pk) if now else ""


def _hindrance(asked: ActivationRequest, person: User) -> str:
    if not asked.is_waiting:
        return f"This request is answered: it was {asked.get_status_display().lower()}."
    if asked.asked_by_id == person.pk:
        return "You asked for this activation, so somebody else has to answer: two people stand behind every model."
    return ""


def _compared(version: ModelVersion) -> dict[str, object]:
    return {"version": version, "comparison": compare(version, registry.active())}
