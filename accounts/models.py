"""Hospitals, people, their memberships, the keys of machines, and the audit trail."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.roles import KEY_SCOPES, Role, roles_with


class Hospital(models.Model):
    """The tenant: no record is visible across hospitals."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Creates people by email; there is no username."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password nobody can sign in until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator of the whole installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by email; what they may do comes from their memberships."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Set by ApiKeyAuthentication for the length of one request: the key narrows its owner, never widens.
    acting_key: "ApiKey | None" = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["name", "email"]

    def __str__(self) -> str:
        return self.name or self.email

    def hospitals_with(self, ability: str) -> QuerySet[Hospital]:
        """Return the hospitals where this person, or the key they came with, has `ability`."""
        hospitals = Hospital.objects.filter(
            # One filter() call: two would join memberships twice and mix one hospital's role with another's.
            pk__in=Membership.objects.filter(
                user=self, is_active=True, user__is_active=True, role__in=roles_with(ability)
            ).values("hospital_id")
        )
        if self.acting_key is None:
            return hospitals
        # Asked again although issue() checked: a scope written past it must not let a machine sign.
        if ability not in KEY_SCOPES.intersection(self.acting_key.scopes):
            return hospitals.none()
        return hospitals.filter(pk=self.acting_key.hospital_id)

    def can(self, ability: str, hospital: Hospital | None = None) -> bool:
        """Tell whether this person has `ability` at `hospital`, or anywhere when none is named."""
        hospitals = self.hospitals_with(ability)
        return (hospitals if hospital is None else hospitals.filter(pk=hospital.pk)).exists()


class Membership(models.Model):
    """One role of one person at one hospital; a person may hold several."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=30, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["hospital__name", "role"]
        constraints = [
            models.UniqueConstraint(fields=["user", "hospital", "role"], name="one_membership_per_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.hospital}"


class ApiKey(models.Model):
    """A machine's key to one hospital: only its hash is kept, it has scopes, it can be revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys", help_text="Whose machine it is.")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_in_force(self) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class AuditQuerySet(QuerySet["AuditEntry"]):
    """Audit lines are only ever added."""

    def update(self, **_: Any) -> int:
        """Refuse: a line that can be changed is no evidence."""
        raise TypeError("Expected an append to the audit trail; received an update. Write a new line instead.")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse: a line that can be removed is no evidence."""
        raise TypeError("Expected an append to the audit trail; received a delete. Lines are kept.")


class AuditEntry(models.Model):
    """Who did what to which record, when and from where. Written by accounts.audit only.

    Names and identifiers are copied in, so that the line outlives what it speaks of.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    hospital = models.ForeignKey(Hospital, null=True, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(max_length=300)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    patient_id = models.UUIDField(null=True, help_text="The opaque id; a name never stands in the trail.")
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    objects: ClassVar[models.Manager["AuditEntry"]] = models.Manager.from_queryset(AuditQuerySet)()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["hospital", "-at"], name="audit_by_hospital"),
            models.Index(fields=["patient_id", "-at"], name="audit_by_patient", condition=Q(patient_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action}"
