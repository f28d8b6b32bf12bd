"""One day of a replay: the pipeline as of a past day, as if it were today, on a replay lake."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow
from rich.console import Console

from canasta.deliver.summary import ingest_lines
from canasta.ingest.replayed import note_replayed
from orchestration.attempts import Attempts
from orchestration.display import Display
from orchestration.flows.pipeline import run_day
from orchestration.workspace import refuse_the_past, writing


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replayed day.

    Attributes:
        read: what came in, in a line.
        decided: who is champion, and why, in a line.
        report: file name of the report.
    """

    read: str
    decided: str
    report: str


@flow(name="replayed-mlops-pipeline")
def replay_day(execution_date: str) -> Replayed:
    """Run the whole pipeline as of a day of the past, without a word.

    Args:
        execution_date: the day, as YYYY-MM-DD; the lake must not be ahead of it.
    """
    with writing(execution_date, replay=True) as work:
        refuse_the_past(work)
        work.display = Display(Console(quiet=True))
        attempts = Attempts()
        done = run_day(work, attempts)
        attempts.check(f"make backfill FROM={work.as_of} TO={work.as_of}")
        note_replayed(work.store, work.as_of, done.published.origin)
    return Replayed(
        read=ingest_lines(done.ingested)[0],
        decided=done.decided[0].removesuffix("."),
        report=done.published.csv.name,
    )
