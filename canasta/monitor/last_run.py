"""How the last run ended, from the file that it wrote for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from canasta.monitor.textfile import FOLDER


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that came to its end.

    Attributes:
        finished: when.
        failed_steps: steps that failed though it went on.
    """

    finished: datetime
    failed_steps: int


def read_last_run(monitor_dir: Path, commodity: str) -> LastRun | None:
    """Return how the last run of a commodity ended; None where no readable file says it."""
    try:
        text = (monitor_dir / FOLDER / f"{commodity}.prom").read_text(encoding="utf-8")
        figures = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        finished = datetime.fromtimestamp(figures["canasta_pipeline_run_timestamp_seconds"], UTC)
        return LastRun(finished, int(figures["canasta_pipeline_run_failed_steps"]))
    except (OSError, KeyError, ValueError):
        return None
