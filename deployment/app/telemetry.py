"""What Prometheus reads: how many answers of which kind, how fast, from which model and data.

Under gunicorn each worker counts in files of its own (PROMETHEUS_MULTIPROC_DIR, set before the
first worker starts), and whichever is asked adds them up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from deployment.app.api import Api
from deployment.app.serving import Outcome

if TYPE_CHECKING:
    from prometheus_client import Metric

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds in seconds: a look-up takes under one millisecond, a list of what-ifs seconds."""


class Telemetry:
    """Counts answers, and tells how serving stands.

    Args:
        api: what is served.
    """

    def __init__(self, api: Api) -> None:
        # Here, so that the directory is known by now and Lambda does without.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415

        self._api = api
        self._registry = CollectorRegistry()
        answers = Counter(
            "canasta_answers",
            "Answers by endpoint, method and status.",
            ("endpoint", "method", "status"),
            registry=self._registry,
        )
        latency = Histogram(
            "canasta_latency_seconds",
            "From the first byte of a request to its answer.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._failures = Counter(
            "canasta_refresh_failures",
            "Looks at the pointer that found it, or what it names, unusable.",
            registry=self._registry,
        )
        self._version = Gauge(
            "canasta_served_version",
            "Version that each worker serves of the model.",
            ("model",),  # a gauge without a label would begin at 0 before the fork, for ever
            registry=self._registry,
            multiprocess_mode="liveall",
        )
        self._answer = lru_cache(maxsize=512)(answers.labels)
        self._latency = lru_cache(maxsize=64)(latency.labels)
        api.serving.subscribe(self._refreshed)

    def count(self, endpoint: str, method: str, status: str, seconds: float) -> None:
        """Count an answer, and how long it took."""
        self._answer(endpoint, method, status).inc()
        self._latency(endpoint).observe(seconds)

    def text(self) -> bytes:
        """Return the metrics of all workers, in Prometheus's text format."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = self._registry
        if os.environ.get(MULTIPROC):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # has no annotations
        standing = CollectorRegistry()
        standing.register(_Standing(self._api))
        return generate_latest(registry) + generate_latest(standing)

    def _refreshed(self, outcome: Outcome) -> None:
        live = self._api.serving.live
        if live is not None:
            self._version.labels(live.model.name).set(live.model.version)
        if outcome.problem is not None:
            self._failures.inc()


class _Standing:
    """How the answering worker stands, when asked."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def collect(self) -> Iterable[Metric]:
        """Yield a gauge of each."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 # as above

        status, live = self._api.serving.status, self._api.serving.live
        late = live is not None and bool(self._api.late(live))
        yield GaugeMetricFamily("canasta_ready", "1: requests can be answered.", status.ready)
        yield GaugeMetricFamily(
            "canasta_degraded", "1: GET /ready says why.", bool(status.reasons) or late
        )
        if live is not None:
            age = (self._api.today - live.origin).days
            yield GaugeMetricFamily("canasta_model_version", "Served.", live.model.version)
            yield GaugeMetricFamily("canasta_data_age_days", "Of the newest publication.", age)
            yield GaugeMetricFamily(
                "canasta_origin_timestamp_seconds", "Its day.", _at(live.origin)
            )


def _at(day: date) -> float:
    return (day - date(1970, 1, 1)).days * 86400.0
