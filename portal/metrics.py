"""The gauges of /metrics, counted in the database at each scrape: right with any number of web processes."""

import shutil
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inference.models import Job, JobStatus
from scans.models import Priority, Scan


class DeskCollector(Collector):
    """How much waits, and for how long. No gauge names a hospital or a person."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every gauge."""
        yield from self._unfinished()
        yield self._jobs()
        yield self._awaiting_review()
        yield GaugeMetricFamily(
            "lightbox_storage_free_bytes",
            "Room left where the pictures lie.",
            value=shutil.disk_usage(settings.MEDIA_ROOT).free,
        )

    def _unfinished(self) -> Iterator[GaugeMetricFamily]:
        unfinished = Scan.objects.unfinished()
        oldest = unfinished.order_by("received_at").values_list("received_at", flat=True).first()
        waited = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "lightbox_scans_unfinished", "Scans whose analysis is not finished.", value=unfinished.count()
        )
        yield GaugeMetricFamily(
            "lightbox_oldest_unfinished_scan_seconds", "How long the oldest of them has waited.", value=waited
        )

    def _jobs(self) -> GaugeMetricFamily:
        counts = dict(Job.objects.values_list("status").annotate(Count("pk")).order_by())
        gauge = GaugeMetricFamily("lightbox_jobs", "Jobs by status.", labels=["status"])
        for status in JobStatus.values:
            gauge.add_metric([status], counts.get(status, 0))
        return gauge

    def _awaiting_review(self) -> GaugeMetricFamily:
        waiting = Scan.objects.awaiting_review()
        counts = dict(waiting.values_list("priority").annotate(Count("pk")).order_by())
        gauge = GaugeMetricFamily(
            "lightbox_scans_awaiting_review", "Scans without a signed report.", labels=["priority"]
        )
        for priority in Priority:
            gauge.add_metric([priority.name.lower()], counts.get(priority.value, 0))
        return gauge
