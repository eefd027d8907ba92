"""The members page: a hospital's people, their roles, its machines' keys. Rules live in members.py, api_keys.py."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import api_keys, first_password
from accounts import members as people
from accounts.errors import PeopleError
from accounts.forms import KeyForm, PersonForm, RolesForm
from accounts.models import ApiKey, Hospital, User
from accounts.permissions import open_to_signed_in, requires
from accounts.roles import Ability

PEOPLE_ON_A_PAGE = 50


@requires(Ability.MANAGE_MEMBERS)
@never_cache
@require_safe
def members(request: HttpRequest, hospital_id: UUID | None = None) -> HttpResponse:
    """List one hospital's people and keys; without an id go to the only hospital, or let the admin choose."""
    hospitals = _hospitals_of(request)
    if hospital_id is None:
        if len(hospitals) == 1:
            return redirect("members", hospitals[0].pk)
        return render(request, "accounts/choose_hospital.html", {"hospitals": hospitals})
    hospital = get_object_or_404(hospitals, pk=hospital_id)
    search = request.GET.get("search", "").strip()
    page = Paginator(people.members_of(hospital, search=search), PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"hospital": hospital, "hospitals": hospitals, "page": page, "search": search}
    if request.headers.get("HX-Target") == "people":
        return render(request, "accounts/people.html", context)
    return render(request, "accounts/members.html", {**context, "keys": api_keys.keys_of(hospital)})


@requires(Ability.MANAGE_MEMBERS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_member(request: HttpRequest, hospital_id: UUID) -> HttpResponse:
    """Add a person; of a new one the answer shows, once, the link to their first password."""
    hospital = get_object_or_404(_hospitals_of(request), pk=hospital_id)
    form = PersonForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            added = people.add_person(hospital, **form.cleaned_data, added_by=_person(request), request=request)
        except PeopleError as error:
            form.refuse(error)
        else:
            if added.is_new:
                return _show_first_password_link(request, hospital, added.user)
            messages.success(
                request,
                f"{added.user.email} has a sign-in on this portal already and now has the roles at {hospital}."
                " Make sure with them that the address is theirs.",
            )
            return redirect("members", hospital.pk)
    return _form_page(request, hospital, form, title="Add a person")


@requires(Ability.MANAGE_MEMBERS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, hospital_id: UUID, user_id: UUID) -> HttpResponse:
    """Show one person, and set their roles."""
    hospital, user = _person_or_404(request, hospital_id, user_id)
    shown = people.member_at(hospital, user)
    form = RolesForm(_posted(request), initial={"roles": shown.roles})
    if request.method == "POST" and form.is_valid():
        try:
            people.set_roles(hospital, user, **form.cleaned_data, set_by=_person(request), request=request)
        except PeopleError as error:
            form.refuse(error)
        else:
            messages.success(request, f"The roles of {user} are saved.")
            return redirect("members", hospital.pk)
    context = {"hospital": hospital, "member": shown, "form": form}
    return render(request, "accounts/member.html", context, status=422 if form.errors else 200)


@requires(Ability.MANAGE_MEMBERS)
@require_POST
def deactivate_member(request: HttpRequest, hospital_id: UUID, user_id: UUID) -> HttpResponse:
    """Close the hospital to a person."""
    hospital, user = _person_or_404(request, hospital_id, user_id)
    try:
        people.deactivate(hospital, user, deactivated_by=_person(request), request=request)
    except PeopleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{user} has no access to {hospital} any more.")
    return redirect("member", hospital.pk, user.pk)


@requires(Ability.MANAGE_MEMBERS)
@require_POST
def reactivate_member(request: HttpRequest, hospital_id: UUID, user_id: UUID) -> HttpResponse:
    """Open the hospital to a person again."""
    hospital, user = _person_or_404(request, hospital_id, user_id)
    people.reactivate(hospital, user, reactivated_by=_person(request), request=request)
    messages.success(request, f"{user} has access to {hospital} again.")
    return redirect("member", hospital.pk, user.pk)


@requires(Ability.MANAGE_MEMBERS)
@never_cache
@require_POST
def make_first_password_link(request: HttpRequest, hospital_id: UUID, user_id: UUID) -> HttpResponse:
    """Show a new link, for a person who has not used theirs."""
    hospital, user = _person_or_404(request, hospital_id, user_id)
    try:
        return _show_first_password_link(request, hospital, user)
    except PeopleError as error:
        messages.error(request, str(error))
        return redirect("member", hospital.pk, user.pk)


@requires(Ability.MANAGE_API_KEYS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def issue_key(request: HttpRequest, hospital_id: UUID) -> HttpResponse:
    """Issue a key; the answer shows its text, once."""
    hospital = get_object_or_404(_person(request).hospitals_with(Ability.MANAGE_API_KEYS), pk=hospital_id)
    form = KeyForm(_posted(request), hospital=hospital)
    if request.method == "POST" and form.is_valid():
        try:
            key, text = api_keys.issue(hospital=hospital, issued_by=_person(request), request=request, **form.stated)
        except PeopleError as error:
            form.refuse(error)
        else:
            context = {"hospital": hospital, "title": f"The key “{key.name}”", "secret": text, "is_key": True}
            return render(request, "accounts/shown_once.html", context)
    return _form_page(request, hospital, form, title="Issue an API key")


@requires(Ability.MANAGE_API_KEYS)
@require_POST
def revoke_key(request: HttpRequest, hospital_id: UUID, key_id: UUID) -> HttpResponse:
    """Close a key now."""
    hospital = get_object_or_404(_person(request).hospitals_with(Ability.MANAGE_API_KEYS), pk=hospital_id)
    key = get_object_or_404(ApiKey, pk=key_id, hospital=hospital)
    api_keys.revoke(key, revoked_by=_person(request), request=request)
    messages.success(request, f"The key “{key.name}” opens nothing any more.")
    return redirect("members", hospital.pk)


@open_to_signed_in
@never_cache
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Show the signed-in person who they are here and what they may do."""
    memberships = _person(request).memberships.filter(is_active=True).select_related("hospital")
    return render(request, "accounts/profile.html", {"memberships": memberships})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware
    return request.user


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _hospitals_of(request: HttpRequest) -> QuerySet[Hospital]:
    return _person(request).hospitals_with(Ability.MANAGE_MEMBERS)


def _person_or_404(request: HttpRequest, hospital_id: UUID, user_id: UUID) -> tuple[Hospital, User]:
    hospital = get_object_or_404(_hospitals_of(request), pk=hospital_id)
    return hospital, get_object_or_404(User.objects.filter(memberships__hospital=hospital).distinct(), pk=user_id)


def _form_page(request: HttpRequest, hospital: Hospital, form: PersonForm | KeyForm, *, title: str) -> HttpResponse:
    context = {"hospital": hospital, "form": form, "title": title}
    return render(request, "accounts/form_page.html", context, status=422 if form.errors else 200)


def _show_first_password_link(request: HttpRequest, hospital: Hospital, user: User) -> HttpResponse:
    # Not redirected: a link kept for the next page would be a password on the disk.
    path = first_password.path_for(hospital, user, made_by=_person(request), request=request)
    context = {
        "hospital": hospital,
        "title": f"The first password of {user}",
        "secret": request.build_absolute_uri(path),
    }
    return render(request, "accounts/shown_once.html", context)
