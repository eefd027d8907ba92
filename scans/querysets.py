"""Every read rule: who may see what is decided here and nowhere else."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.models import Hospital, User
from accounts.roles import Ability

if TYPE_CHECKING:
    from scans.models import Image, Patient, Scan  # noqa: F401 - named in the subscripts below


def _hospitals(user: User | AnonymousUser, ability: str) -> QuerySet[Hospital]:
    return user.hospitals_with(ability) if isinstance(user, User) else Hospital.objects.none()


class PatientQuerySet(QuerySet["Patient"]):
    """Reads of patients."""

    def visible_to(self, user: User | AnonymousUser, ability: str = Ability.VIEW_SCANS) -> "PatientQuerySet":
        """Return the patients of the hospitals where `user` has `ability`."""
        return self.filter(hospital__in=_hospitals(user, ability))


class ScanQuerySet(QuerySet["Scan"]):
    """Reads of scans."""

    def visible_to(self, user: User | AnonymousUser, ability: str = Ability.VIEW_SCANS) -> "ScanQuerySet":
        """Return the scans of the hospitals where `user` has `ability`; used by every page, endpoint and export."""
        return self.filter(hospital__in=_hospitals(user, ability))

    def awaiting_review(self) -> "ScanQuerySet":
        """Return the scans a radiologist still has to report, whatever the model did."""
        # A positive list, because the worklist's index can serve it and cannot serve an exclusion.
        return self.filter(status__in=["received", "analysing", "awaiting_review"])

    def most_urgent_first(self) -> "ScanQuerySet":
        """Order by priority, then by how long the scan has waited."""
        return self.order_by("priority", "received_at", "id")

    def later_in_worklist_than(self, scan: "Scan") -> "ScanQuerySet":
        """Return what stands below `scan` when the list is ordered most urgent first."""
        same_time = Q(priority=scan.priority, received_at=scan.received_at, id__gt=scan.pk)
        later = Q(priority=scan.priority, received_at__gt=scan.received_at)
        return self.filter(Q(priority__gt=scan.priority) | later | same_time)

    def unfinished(self) -> "ScanQuerySet":
        """Return the scans whose pictures or analysis are not complete."""
        return self.filter(analysis_finished_at=None)

    def with_results(self) -> "ScanQuerySet":
        """Fetch patient, hospital, images and diagnoses in a constant number of queries."""
        # By name, not by a queryset of Diagnosis: this module stands below the models.
        return self.select_related("patient", "hospital").prefetch_related("images__diagnoses__model_version")


class ImageQuerySet(QuerySet["Image"]):
    """Reads of images."""

    def visible_to(self, user: User | AnonymousUser, ability: str = Ability.VIEW_SCANS) -> "ImageQuerySet":
        """Return the images of the hospitals where `user` has `ability`."""
        return self.filter(hospital__in=_hospitals(user, ability))
