"""The demo's two hospitals with one person per role at each; never made in a deployment unless asked."""

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import PeopleError
from accounts.models import Hospital, Membership, User
from accounts.roles import Role

NORTH = "north-demo"
SOUTH = "south-demo"
HOSPITAL_NAMES = {NORTH: "North Demo Hospital", SOUTH: "South Demo Hospital"}
EMAIL_DOMAINS = {NORTH: "north.example", SOUTH: "south.example"}


class NotForDeployments(PeopleError):
    """Demo people share one password that is printed."""

    code = "not_for_deployments"


@dataclass(frozen=True)
class DemoPeople:
    """Who was made, by hospital slug and role, and the one password of all."""

    hospitals: dict[str, Hospital]
    people: dict[tuple[str, str], User]
    password: str

    def at(self, slug: str, role: str) -> User:
        """Return the person who has `role` at the hospital."""
        return self.people[slug, role]


def email_of(slug: str, role: str) -> str:
    """Return the demo person's email, as hospital-admin@north.example."""
    return f"{role.replace('_', '-')}@{EMAIL_DOMAINS[slug]}"


def ensure_demo_people(*, outside_embedded_mode: bool = False) -> DemoPeople:
    """Make the demo's hospitals and people where they are missing; a second call changes nothing.

    Raises:
        NotForDeployments: DATABASE_URL is set, and nobody said that it is meant.
    """
    if not settings.EMBEDDED and not outside_embedded_mode:
        raise NotForDeployments(
            expected="embedded mode for people with a printed password",
            received="a deployment (DATABASE_URL is set)",
            remedy="Leave the demo out, or state that it is wanted on this database.",
        )
    password = demo_password()
    with transaction.atomic():
        hospitals = {slug: _hospital(slug) for slug in HOSPITAL_NAMES}
        people = {
            (slug, role): _person(hospital, role, password=password)
            for slug, hospital in hospitals.items()
            for role in Role.values
        }
    return DemoPeople(hospitals, people, password)


def demo_password() -> str:
    """Return DEMO_PASSWORD, or a random one that is made once and kept in the state folder, for its owner only."""
    if settings.DEMO_PASSWORD:
        return str(settings.DEMO_PASSWORD)
    kept = settings.STATE_DIR / "demo_password"
    kept.touch(mode=0o600)
    password: str = kept.read_text(encoding="ascii").strip()
    if not password:
        password = secrets.token_urlsafe(12)
        kept.write_text(password, encoding="ascii")
    return password


def _hospital(slug: str) -> Hospital:
    hospital, _ = Hospital.objects.get_or_create(slug=slug, defaults={"name": HOSPITAL_NAMES[slug]})
    return hospital


def _person(hospital: Hospital, role: str, *, password: str) -> User:
    email = email_of(hospital.slug, role)
    name = f"{hospital.name.split()[0]} {Role(role).label}"
    user, _ = User.objects.get_or_create(email=email, defaults={"name": name})
    # What create_demo prints must open the door, also after somebody changed it.
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    _, joined = Membership.objects.get_or_create(user=user, hospital=hospital, role=role)
    if joined:
        detail = {"roles": [role], "is_new": True}
        audit.record("member.added", hospital=hospital, subject=user, detail=detail)
    return user
