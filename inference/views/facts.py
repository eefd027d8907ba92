"""Model facts: the model card of a registered version as a page, with its plots."""

from uuid import UUID

from csp.constants import NONE
from csp.decorators import csp
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import requires
from accounts.roles import Ability
from inference import history
from inference.facts import facts_of, plot_of
from inference.models import JobStatus, ModelVersion


@requires(Ability.VIEW_MODELS)
@require_safe
@never_cache
def model_facts(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """Show what a version says of itself, and what it did here."""
    version = get_object_or_404(ModelVersion, pk=version_id)
    counts = dict(version.jobs.values_list("status").annotate(count=Count("pk")).order_by())
    context = {
        "version": version,
        "facts": facts_of(version),
        "registered_by": history.registered_by().get(str(version.pk)),
        "activations": version.activations.select_related("by", "request__asked_by"),
        "jobs": [(title, counts[status]) for status, title in JobStatus.choices if status in counts],
    }
    return render(request, "inference/facts.html", context)


@requires(Ability.VIEW_MODELS)
@require_safe
@never_cache
# A drawing carries its own styles, and nothing else of it may run or load, opened by itself too.
# csp's types know no view with arguments.
@csp({"default-src": [NONE], "style-src": ["'unsafe-inline'"], "sandbox": True})  # type: ignore[arg-type]
def model_plot(request: HttpRequest, version_id: UUID, name: str) -> HttpResponse:
    """Show one plot of a version, as its bundle has it."""
    plot = plot_of(get_object_or_404(ModelVersion, pk=version_id), name)
    if plot is None:
        raise Http404("The bundle has no such plot, or not as its card lists it.")
    return HttpResponse(plot, content_type="image/svg+xml")
