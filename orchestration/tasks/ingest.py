"""Tasks that bring the lake up to date."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from canasta.deliver.summary import ingest_lines
from canasta.errors import SourceUnreachable
from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.ingest.intake import ingest
from canasta.ingest.summary import IngestSummary
from orchestration.workspace import Workspace
from simulate_publication import ensure_simulated


def _can_help(_task: Any, _run: Any, state: Any) -> bool:
    """Retry when the source may answer soon; nothing else mends itself in seconds."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, SourceUnreachable) and error.passing


@task(
    name="ingest",
    cache_policy=NO_CACHE,
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=_can_help,
)
def ingest_publications(work: Workspace) -> IngestSummary:
    """Find a new publication, judge its blocks, and store what is accepted."""
    with work.display.step("Ingest") as told:
        if work.settings.simulated:
            ensure_simulated(work.settings, work.as_of)
        summary = ingest(work.lake, work.settings.source_url, work.as_of, work.parameters.quality)
        told(ingest_lines(summary)[0])
    return summary


@task(name="read-history", cache_policy=NO_CACHE)
def read_history(work: Workspace) -> Panel:
    """Read the panel as it was known on the run's day."""
    with work.display.step("Read the history") as told:
        panel = read_panel(work.lake, work.commodity, work.as_of)
        told(
            f"{int(panel.live.sum())} live series, {len(panel.dates)} publications, "
            f"{panel.dates[0]} to {panel.origin}"
        )
    return panel
