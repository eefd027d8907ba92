"""One page for every act that is confirmed: what it does, why it is done, or why this person may not do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import NotAllowed
from accounts.models import User
from inference.forms import ReasonForm


@dataclass(frozen=True, kw_only=True)
class Act:
    """What the page says before the button is pressed.

    Args:
        title: the act as a heading.
        effect: what will be different, in sentences.
        button: the words on the button.
        done: the sentence after it.
        is_dangerous, needs_reason, offer, seen: as of ReasonForm.
        hindrance: why this person cannot do it; then there is no form.
        shown: what else the page shows, for its template.
    """

    title: str
    effect: str
    button: str
    done: str
    is_dangerous: bool = False
    needs_reason: bool = True
    offer: str = ""
    seen: str = ""
    hindrance: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


class PageIsOld(NotAllowed):
    """What the page showed is no longer so."""

    code = "page_is_old"


def confirm(request: HttpRequest, act: Act, perform: Callable[[Mapping[str, Any]], object]) -> HttpResponse:
    """Ask before an act, and do it when it is confirmed; a refusal of the rules is shown where it was asked.

    Args:
        act: what is asked.
        perform: does it, with what ReasonForm found (`reason`, and `also` with an offer); may raise NotAllowed.
    """
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        button=act.button,
        is_dangerous=act.is_dangerous,
        needs_reason=act.needs_reason,
        offer=act.offer,
        seen=act.seen,
    )
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data["seen"] != act.seen:
                raise PageIsOld(
                    expected="the state that the page showed",
                    received="another: somebody changed it meanwhile",
                    remedy="Look at what is said here now, and decide again.",
                )
            perform(form.cleaned_data)
        except NotAllowed as error:
            form.refuse(error, seen=act.seen)
        else:
            messages.success(request, act.done)
            return redirect("models")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "inference/act.html", {"act": act, "form": form, **act.shown}, status=status)


def person_of(request: HttpRequest) -> User:
    """Return who is signed in; LoginRequiredMiddleware let nobody else through."""
    assert isinstance(request.user, User)
    return request.user
