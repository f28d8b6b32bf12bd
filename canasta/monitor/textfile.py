"""What Prometheus reads of the pipeline: a file for node_exporter's textfile collector.

    <monitor_dir>/metrics/<commodity>.prom

The pipeline is no server that could be asked: it writes the file at the end of each run, in one
atomic step, and node_exporter reads it (`--collector.textfile.directory`). A run that fails before
its end leaves the file as it was: its time tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Severity, Verdict

FOLDER = "metrics"
SEVERITIES = {Severity.OK: 0, Severity.WARNING: 1, Severity.ALERT: 2}

LIVE = {
    "mae": "Mean absolute error of the published medians, in the unit of the prices.",
    "rmse": "Root mean squared error of the published means, in the unit of the prices.",
    "bias": "Mean of the published means less what came, in the unit of the prices.",
    "crps": "Continuous ranked probability score of the forecasts, in the unit of the prices.",
    "last_mae": "Mean absolute error of the last prices, in the unit of the prices.",
    "last_rmse": "Root mean squared error of the last prices, in the unit of the prices.",
    "base_crps": "CRPS of persistence's distribution, in the unit of the prices.",
    "coverage_80": "Share of what came that lay in the 80 % range.",
    "coverage_95": "Share of what came that lay in the 95 % range.",
    "mae_skill": "Percent by which the MAE lies below the last price's.",
    "rmse_skill": "Percent by which the RMSE lies below the last price's.",
    "crps_skill": "Percent by which the CRPS lies below persistence's.",
    "dm_mae": "Diebold-Mariano statistic against the last price, by absolute errors.",
    "dm_rmse": "Diebold-Mariano statistic against the last price, by squared errors.",
    "dm_crps": "Diebold-Mariano statistic against persistence, by CRPS.",
}
"""What each of LiveSkill's figures is."""


@dataclass(frozen=True)
class Standing:
    """How things stand at the end of a run.

    Attributes:
        commodity: its name.
        finished: when the run ended.
        failed_steps: steps that failed though the run went on.
        origin: the newest accepted publication.
        quarantined, missing: expected publications that wait, and that never came.
        version: the champion's.
        drift: the verdict; None where it was not asked for.
        live: skill of the champion's reign, by horizon.
        slices: the same one publication ahead, by slice.
        waiting: messages that could not be sent yet.
        lost: of the newest messages, how many in a row reached nobody.
    """

    commodity: str
    finished: datetime
    failed_steps: int
    origin: date
    quarantined: int
    missing: int
    version: int
    drift: Verdict | None = None
    live: Mapping[int, LiveSkill] = field(default_factory=dict)
    slices: Mapping[str, LiveSkill] = field(default_factory=dict)
    waiting: int = 0
    lost: int = 0


def write_standing(standing: Standing, monitor_dir: Path) -> Path:
    """Write the file; return its path.

    Raises:
        OSError: it cannot be written.
    """
    folder = monitor_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{standing.commodity}.prom"
    registry = CollectorRegistry()
    registry.register(_Standing(standing))
    write_to_textfile(str(path), registry)
    return path


@dataclass(frozen=True, eq=False)  # prometheus_client keeps collectors by their hash
class _Standing(Collector):
    standing: Standing

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        yield from self._of_the_run()
        yield from self._of_drift()
        for name, told in LIVE.items():
            yield self._of_live(name, told)
        yield self._publications()
        yield self._of_slices()

    def _of_the_run(self) -> Iterator[Metric]:
        now = self.standing
        figures = {
            "run_timestamp_seconds": ("When the last run ended.", now.finished.timestamp()),
            "run_failed_steps": ("Steps of the last run that failed.", now.failed_steps),
            "newest_publication_timestamp_seconds": ("Its day.", _seconds(now.origin)),
            "quarantined_publications": ("That wait to be released.", now.quarantined),
            "missing_publications": ("Expected ones that never came.", now.missing),
            "champion_version": ("Version of the model that holds the title.", now.version),
            "messages_waiting": ("Messages that could not be sent yet.", now.waiting),
            "messages_lost": ("Newest messages in a row that reached nobody.", now.lost),
        }
        for name, (told, value) in figures.items():
            gauge = GaugeMetricFamily(f"canasta_pipeline_{name}", told, labels=("commodity",))
            gauge.add_metric((now.commodity,), value)
            yield gauge

    def _of_drift(self) -> Iterator[Metric]:
        if self.standing.drift is None:
            return
        gauge = GaugeMetricFamily(
            "canasta_drift_severity", "0 OK, 1 WARNING, 2 ALERT.", labels=("commodity",)
        )
        gauge.add_metric((self.standing.commodity,), SEVERITIES[self.standing.drift.severity])
        yield gauge

    def _of_live(self, name: str, told: str) -> Metric:
        labels = ("commodity", "horizon")
        gauge = GaugeMetricFamily(f"canasta_live_{name}", told, labels=labels)
        for horizon, skill in self.standing.live.items():
            gauge.add_metric((self.standing.commodity, str(horizon)), skill.figures()[name])
        return gauge

    def _publications(self) -> Metric:
        told = "Publications of the champion's reign that were scored, of the newest ones."
        labels = ("commodity", "horizon")
        gauge = GaugeMetricFamily("canasta_live_publications", told, labels=labels)
        for horizon, skill in self.standing.live.items():
            gauge.add_metric((self.standing.commodity, str(horizon)), skill.publications)
        return gauge

    def _of_slices(self) -> Metric:
        told = "Percent by which the CRPS of a slice lies below persistence's."
        labels = ("commodity", "slice")
        gauge = GaugeMetricFamily("canasta_live_slice_crps_skill", told, labels=labels)
        for name, skill in self.standing.slices.items():
            gauge.add_metric((self.standing.commodity, name), skill.by_crps.skill)
        return gauge


def _seconds(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
