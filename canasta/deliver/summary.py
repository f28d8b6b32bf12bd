"""What a run did, for the person at the terminal: read, learnt, decided, written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from canasta.commodity import Commodity
from canasta.deliver.highlights import (
    CHANGE,
    ENGLISH,
    MOVE,
    SERIES,
    STILL,
    biggest_moves,
    market_means,
    ranges_in_words,
)
from canasta.deliver.publish import Published
from canasta.deliver.report import MODEL, P_CHANGE, RANGE_80, PriceColumns
from canasta.ingest.summary import REVISION, IngestSummary, Outcome
from canasta.labels import SIMULATED
from canasta.monitor.live import LiveSkill
from canasta.monitor.outcomes import ScoredPublication

BIGGEST = 5
"""Expected moves that are listed."""
REVISED = 5
"""Corrected publications that are listed; of more, the newest."""


@dataclass(frozen=True)
class RunSummary:
    """What one run did.

    Attributes:
        commodity: what is priced.
        ingested: the intake.
        watched: lines about what came of earlier forecasts, and about drift.
        learnt: lines about what was searched and fitted; empty where nothing was.
        decided: lines about who is champion, and why.
        published: where the report went.
        report: the report of the next publication.
    """

    commodity: Commodity
    ingested: IngestSummary
    watched: Sequence[str]
    learnt: Sequence[str]
    decided: Sequence[str]
    published: Published
    report: pd.DataFrame


def run_summary(run: RunSummary) -> RenderableType:
    """Lay out what `run` did for a rich console; `as_text` turns it into plain text."""
    parts = [
        _heading(run),
        _steps(run),
        _markets(run.report, run.commodity),
        _moves(run.report, run.commodity),
    ]
    spaced = [part for item in parts for part in (item, Text())]
    return Group(*spaced[:-1])


def as_text(summary: RenderableType, width: int = 100) -> str:
    """Return `summary` as plain text without colours, for logs; `width` in characters."""
    console = Console(file=StringIO(), width=width, color_system=None, record=True)
    console.print(summary)
    lines = console.export_text().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _heading(run: RunSummary) -> Text:
    published = run.published
    text = Text(f"{run.commodity.title}: suggested prices for {published.target:%A, %-d %B %Y}")
    text.stylize("bold")
    if run.report[MODEL].str.contains(SIMULATED, regex=False).any():
        text.append(f"  {SIMULATED} ", style="bold white on red")
    return text


def _steps(run: RunSummary) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    steps = {
        "Read": ingest_lines(run.ingested),
        "Watched": run.watched,
        "Learnt": run.learnt or ["nothing: no search was due"],
        "Decided": run.decided,
        "Written": published_lines(run.published, len(run.report)),
    }
    for name, lines in steps.items():
        for position, line in enumerate(lines):
            grid.add_row("" if position else name, Text(line))
    return grid


def ingest_lines(ingested: IngestSummary) -> list[str]:
    """Say in a few lines what an intake read, and what is odd about it."""
    came = {
        Outcome.NEW: f"new publication: {ingested.newest}",
        Outcome.QUARANTINED: f"quarantined; the newest accepted publication is {ingested.newest}",
        Outcome.NOTHING_NEW: f"no new publication; the newest is {ingested.newest}",
    }
    counts = {
        "earlier publications added": len(ingested.backfilled),
        "publication(s) corrected": len({revision.block_date for revision in ingested.revised}),
        "released from quarantine": len(ingested.released),
        "blocks waiting in quarantine": len(ingested.waiting),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    # Old flags come by the dozen when a history is read for the first time. Later than the newest
    # publication is the date of a file whose own block did not enter.
    recent = [
        flag
        for flag in ingested.flags
        if flag.finding.kind != REVISION
        and (ingested.newest is None or flag.date >= ingested.newest)
    ]
    revised = [flag for flag in ingested.flags if flag.finding.kind == REVISION]
    flags = [f"flag on {flag.date}: {flag.finding}" for flag in [*recent, *revised[-REVISED:]]]
    return [came[ingested.outcome], *([", ".join(told)] if told else []), *flags]


def scored_line(scored: Sequence[ScoredPublication]) -> str:
    """Say in a line which publications were scored."""
    if not scored:
        return "nothing new to score"
    days = str(scored[0].target) if len(scored) == 1 else f"{len(scored)} publications"
    count = sum(one.forecasts for one in scored)
    return f"{days} scored: {count} forecasts up to six publications ahead"


def live_line(skill: LiveSkill | None) -> str:
    """Say in a line how the champion's published forecasts did."""
    if skill is None:
        return "no publication has come since the champion forecast its first"
    plural = "" if skill.publications == 1 else "s"
    dm = "" if math.isnan(skill.by_crps.dm) else f" (DM {skill.by_crps.dm:.1f})"
    return (
        f"{skill.publications} publication{plural} of the champion scored, {skill.first} to "
        f"{skill.last}: CRPS {skill.by_crps.skill:+.2f} % against persistence{dm}, its 95 % range "
        f"held {skill.coverage_95:.1%}"
    )


def published_lines(published: Published, series: int) -> list[str]:
    """Say in a few lines where a report of so many `series` lies."""
    made = f"{series} prices for {published.target} from {published.origin}"
    state = "" if published.written else " (unchanged: published before)"
    return [
        f"{made}, version {published.version}{state}",
        *_lateness(published),
        str(published.csv),
        str(published.workbook),
        published.forecasts,
    ]


def _lateness(published: Published) -> list[str]:
    missed = published.skipped
    if not missed:
        return []
    dates = str(missed[0]) if len(missed) == 1 else f"{missed[0]} to {missed[-1]}"
    return [
        f"warning: {len(missed)} expected publication(s) did not come, {dates}; these prices "
        f"stand on {published.origin}"
    ]


def _markets(report: pd.DataFrame, commodity: Commodity) -> Table:
    price = PriceColumns.of(commodity)
    figures_shown = ("Series", "Still", "Now", "Suggested", "Mean", "Move")
    table = _table(f"National mean, {commodity.unit}", commodity.keys.slices, figures_shown)
    table.caption = "Still: the whole 80 % range is the price of now."
    table.caption_justify = "left"
    for row in market_means(report, commodity).to_dict("records"):
        counts = [str(row[SERIES]), str(row[STILL])]
        prices = [f"{row[price.last]:.2f}", f"{row[price.suggested]:.2f}"]
        fine = [f"{row[price.mean]:.4f}", f"{row[CHANGE]:+.4f}"]
        labels = [escape(str(row[name])) for name in commodity.keys.slices]
        table.add_row(*labels, *counts, *prices, *fine)
    return table


def _moves(report: pd.DataFrame, commodity: Commodity) -> RenderableType:
    moved = biggest_moves(report, commodity, BIGGEST)
    if moved.empty:
        return Text("No move is expected: each price stands at its last quote.")
    price = PriceColumns.of(commodity)
    figures_shown = ("Now", "Suggested", "Move", "P(change)", "80 % range")
    title = f"Biggest expected moves by {price.mean}"
    # One column for the whole key: four of them would break their words at 100 characters.
    table = _table(title, [", ".join(commodity.keys.columns)], figures_shown)
    ranges = ranges_in_words(moved, commodity, RANGE_80, ENGLISH)
    for row, expected in zip(moved.to_dict("records"), ranges, strict=True):
        key = ", ".join(str(row[name]) for name in commodity.keys.columns)
        prices = [f"{row[price.last]:.2f}", f"{row[price.suggested]:.2f}", f"{row[MOVE]:+.4f}"]
        table.add_row(escape(key), *prices, f"{row[P_CHANGE]:.0%}", expected)
    return table


def _table(title: str, labels: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in labels:
        table.add_column(name, overflow="fold")
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table
