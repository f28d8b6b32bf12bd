"""What Prometheus reads: how many answers of which kind, how fast, from which model and data.

Under gunicorn each worker counts in files of its own (PROMETHEUS_MULTIPROC_DIR, set before the
first worker starts), and whichever is asked adds them up.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from deployment.app.api import Api
from deployment.app.serving import Outcome

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Gauge

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds in seconds: a look-up takes under one millisecond, a list of what-ifs seconds."""

type Mode = Literal["livemin", "livemax", "liveall"]
LOWEST: Final = "livemin"
HIGHEST: Final = "livemax"
EACH: Final = "liveall"
"""Which of the workers' values is told; none of a worker that has ended."""

LOOKED = "When the worker that has not looked at the pointer for longest did."
NO_LABELS: Mapping[str, str] = MappingProxyType({})


class Telemetry:
    """Counts answers, and tells how serving stands.

    Args:
        api: what is served.
    """

    def __init__(self, api: Api) -> None:
        # Here, so that the directory is known by now and Lambda does without.
        from prometheus_client import (  # noqa: PLC0415 # see above
            CollectorRegistry,
            Counter,
            Histogram,
        )

        self._api = api
        self._registry = CollectorRegistry()
        self._standing = _Standing(self._registry)
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
            "Looks after which not all that is promoted is served as it should be.",
            registry=self._registry,
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
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 # as above
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 # same

        self._standing.tell(self._api)  # the others told at their last look
        registry = self._registry
        if os.environ.get(MULTIPROC):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # has no annotations
        return generate_latest(registry)

    def _refreshed(self, outcome: Outcome) -> None:
        self._standing.tell(self._api)
        if outcome.problem is not None:
            self._failures.inc()


class _Standing:
    """Gauges of how a worker stands; of several, the worst is told.

    A gauge is made when it is first set, which is after the fork: one that the master made would
    be 0 for ever, and the least of all.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._gauges: dict[str, Gauge] = {}
        self._telling = threading.Lock()  # a request tells, and so does the thread that looks

    def tell(self, api: Api) -> None:
        """Set all gauges."""
        with self._telling:
            self._tell(api)

    def _tell(self, api: Api) -> None:
        status, live = api.serving.status, api.serving.live
        self._set("ready", status.ready, "1: every worker can answer.", LOWEST)
        late = live is not None and bool(api.late(live))
        degraded = bool(status.reasons) or late
        self._set("degraded", degraded, "1: GET /ready of some worker says why.", HIGHEST)
        if status.looked_at is not None:
            self._set("looked_timestamp_seconds", status.looked_at.timestamp(), LOOKED, LOWEST)
        if live is not None:
            age = (api.today - live.origin).days
            version, model = live.model.version, {"model": live.model.name}
            self._set("model_version", version, "The lowest that a worker serves.", LOWEST)
            self._set("served_version", version, "That each worker serves.", EACH, model)
            self._set("data_age_days", age, "Of the newest publication.", HIGHEST)
            self._set("origin_timestamp_seconds", _at(live.origin), "Its day.", LOWEST)

    def _set(
        self, name: str, value: float, what: str, mode: Mode, labels: Mapping[str, str] = NO_LABELS
    ) -> None:
        gauge = self._gauges.get(name)
        if gauge is None:
            from prometheus_client import Gauge  # noqa: PLC0415 # as above

            gauge = self._gauges[name] = Gauge(
                f"canasta_{name}",
                what,
                tuple(labels),
                registry=self._registry,
                multiprocess_mode=mode,
            )
        (gauge.labels(**labels) if labels else gauge).set(value)


def _at(day: date) -> float:
    return (day - date(1970, 1, 1)).days * 86400.0
