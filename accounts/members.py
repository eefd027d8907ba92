"""Who belongs to a hospital: add, set roles, deactivate, reactivate; each act with its audit line."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Prefetch, Q
from django.http import HttpRequest

from accounts import audit
from accounts.errors import AlreadyMember, BadRoles, LastAdmin, NotAMember, OwnAdminRole, PasswordNotChosen
from accounts.models import Hospital, Membership, User
from accounts.roles import Role


@dataclass(frozen=True)
class Member:
    """One person as one hospital sees them; what they are elsewhere is not in it."""

    user: User
    roles: tuple[str, ...]
    is_active: bool

    @property
    def role_titles(self) -> list[str]:
        """The roles as people read them."""
        return [Role(role).label for role in self.roles]

    @property
    def has_chosen_password(self) -> bool:
        """Whether the person can sign in at all."""
        return self.user.has_usable_password()


@dataclass(frozen=True)
class Added:
    """What adding a person did: `is_new` when their sign-in was made now."""

    user: User
    is_new: bool


def members_of(hospital: Hospital, *, search: str = "", user: User | None = None) -> list[Member]:
    """Return the hospital's people by name, active and deactivated; `search` narrows by name or email."""
    people = User.objects.filter(memberships__hospital=hospital).distinct()
    if user is not None:
        people = people.filter(pk=user.pk)
    if search:
        people = people.filter(Q(name__icontains=search) | Q(email__icontains=search))
    here = Prefetch("memberships", hospital.memberships.order_by("role"), to_attr="memberships_here")
    return [_member(person, person.memberships_here) for person in people.prefetch_related(here)]


@transaction.atomic
def add_person(
    hospital: Hospital,
    *,
    email: str,
    name: str,
    roles: Collection[str],
    added_by: User | None,
    request: HttpRequest | None = None,
) -> Added:
    """Give a person roles here, and a sign-in when the email is new to the installation.

    A known email keeps its name and password: this hospital has no say over what others know the person by.
    added_by: None for the operator at the command line.

    Raises:
        BadRoles: no role, or one that does not exist.
        AlreadyMember: the person is here, active or deactivated.
        PasswordNotChosen: another hospital added the email and its owner never signed in.
    """
    lock(hospital)
    roles = _checked(roles)
    # Beside the race-safe get_or_create a password hash that nothing matches: nobody can sign in yet.
    user, is_new = User.objects.get_or_create(
        email=User.objects.normalize_email(email).lower(), defaults={"name": name, "password": make_password(None)}
    )
    if not is_new:
        _check_may_join(hospital, user)
    Membership.objects.bulk_create([Membership(user=user, hospital=hospital, role=role) for role in roles])
    audit.record(
        "member.added",
        hospital=hospital,
        actor=added_by,
        subject=user,
        detail={"roles": roles, "is_new": is_new},
        request=request,
    )
    return Added(user, is_new)


@transaction.atomic
def set_roles(
    hospital: Hospital, user: User, *, roles: Collection[str], set_by: User, request: HttpRequest | None = None
) -> None:
    """Make `roles` the person's roles here; the same roles again change nothing.

    Raises:
        BadRoles: no role, or one that does not exist.
        NotAMember: the person is not here, or deactivated.
        OwnAdminRole, LastAdmin: the hospital would lose its admin.
    """
    lock(hospital)
    roles = _checked(roles)
    member = member_at(hospital, user)
    if not member.is_active:
        raise NotAMember(
            expected="a person who is active at this hospital",
            received="one who is deactivated",
            remedy="Reactivate the person first, then set the roles.",
        )
    if list(member.roles) == roles:
        return
    if Role.HOSPITAL_ADMIN in member.roles and Role.HOSPITAL_ADMIN not in roles:
        _check_admin_may_go(hospital, user, acting=set_by)
    hospital.memberships.filter(user=user).exclude(role__in=roles).delete()
    added = [role for role in roles if role not in member.roles]
    Membership.objects.bulk_create([Membership(user=user, hospital=hospital, role=role) for role in added])
    audit.record(
        "member.roles_set",
        hospital=hospital,
        actor=set_by,
        subject=user,
        detail={"before": list(member.roles), "after": roles},
        request=request,
    )


@transaction.atomic
def deactivate(hospital: Hospital, user: User, *, deactivated_by: User, request: HttpRequest | None = None) -> None:
    """Close this hospital to the person and their keys from the next request on; other hospitals are not touched.

    Raises:
        NotAMember: the person is not here.
        OwnAdminRole, LastAdmin: the hospital would lose its admin.
    """
    lock(hospital)
    member = member_at(hospital, user)
    if not member.is_active:
        return
    if Role.HOSPITAL_ADMIN in member.roles:
        _check_admin_may_go(hospital, user, acting=deactivated_by)
    hospital.memberships.filter(user=user).update(is_active=False)
    audit.record("member.deactivated", hospital=hospital, actor=deactivated_by, subject=user, request=request)


@transaction.atomic
def reactivate(hospital: Hospital, user: User, *, reactivated_by: User, request: HttpRequest | None = None) -> None:
    """Open this hospital to the person again, with the roles they had.

    Raises:
        NotAMember: the person is not here.
    """
    lock(hospital)
    if member_at(hospital, user).is_active:
        return
    hospital.memberships.filter(user=user).update(is_active=True)
    audit.record("member.reactivated", hospital=hospital, actor=reactivated_by, subject=user, request=request)


def member_at(hospital: Hospital, user: User) -> Member:
    """Return the person as this hospital sees them, or raise NotAMember."""
    memberships = list(hospital.memberships.filter(user=user).order_by("role"))
    if not memberships:
        raise NotAMember(
            expected="a person of this hospital",
            received="somebody else",
            remedy="Add the person to the hospital first.",
        )
    return _member(user, memberships)


def _member(user: User, memberships: list[Membership]) -> Member:
    # A person's roles at one hospital are switched on and off together.
    return Member(user, tuple(membership.role for membership in memberships), any(m.is_active for m in memberships))


def lock(hospital: Hospital) -> None:
    """Let one act at a time change a hospital's people: two admins who remove each other must not both succeed."""
    Hospital.objects.select_for_update().get(pk=hospital.pk)


def _checked(roles: Collection[str]) -> list[str]:
    unknown = set(roles) - set(Role.values)
    if unknown or not roles:
        raise BadRoles(
            expected=f"one or more roles of {', '.join(Role.values)}",
            received=", ".join(sorted(unknown)) or "none",
            remedy="Choose the roles the person works in; to end their access, deactivate them.",
        )
    return sorted(set(roles))


def _check_may_join(hospital: Hospital, user: User) -> None:
    if hospital.memberships.filter(user=user).exists():
        raise AlreadyMember(
            expected="somebody who is not at this hospital yet",
            received=f"{user.email}, who is",
            remedy="Open the person in the list to set roles or reactivate them.",
        )
    # Whoever added them first may still hold the link to their first password, and with it this hospital's records.
    if not user.has_usable_password():
        raise PasswordNotChosen(
            expected="somebody who can sign in, or an email that is new here",
            received=f"{user.email}, who was added before and has not chosen a password",
            remedy="Ask the person to sign in once with the link they were given, then add them.",
        )


def _check_admin_may_go(hospital: Hospital, user: User, *, acting: User) -> None:
    if user.pk == acting.pk:
        raise OwnAdminRole(
            expected="another admin to end your admin role",
            received="your own request",
            remedy="Ask another admin of the hospital; if there is none, make one first.",
        )
    others = hospital.memberships.filter(role=Role.HOSPITAL_ADMIN, is_active=True, user__is_active=True)
    if not others.exclude(user=user).exists():
        raise LastAdmin(
            expected="at least one active admin to remain",
            received="a request that removes the last one",
            remedy="Make somebody else an admin of the hospital first.",
        )
