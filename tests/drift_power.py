"""How often drift alarms for nothing, and what it notices: `python -m tests.drift_power`.

Prints the tables of docs/drift.md from the real prices in REAL_DATA_DIR. `--through-ingest` prints
the second, in which the source itself publishes the faults (two minutes). `--few-series` prints
how often small markets alarm, on simulated prices (one minute).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from canasta.commodity import Commodity, load_commodity
from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake, open_lake
from canasta.monitor.drift import check_drift
from canasta.monitor.verdict import Severity, Verdict
from canasta.parameters import Parameters, read_parameters
from canasta.store import store_for
from simulate_publication import render, true_averages
from tests.drift_faults import DAYS_30, FAINTER, FAULTS, Fault, faulty, onsets
from tests.panels import real_panel, simulated_panel

FROM = date(2024, 10, 1)
"""First day of the quiet history that is judged: nine months of prices lie before it."""
SOON = 2
"""Publications, the first faulty one among them, within which an ALERT is due."""
FOLLOWED = 6
"""Faulty publications that are followed through ingest."""
SIZES = (1, 2, 4, 8, 20, 40)
"""Series of small markets."""
SEEDS = range(8)
"""Of the simulated histories that they are parts of."""


def first_at(panel: Panel, day: date) -> int:
    """The index of the first publication on or after `day`."""
    return next(at for at, known in enumerate(panel.dates) if known >= day)


def quiet(panel: Panel, parameters: Parameters) -> list[Verdict]:
    """The verdict of each undisturbed publication from FROM on."""
    first = first_at(panel, FROM)
    ends = range(first + 1, len(panel.dates) + 1)
    return [check_drift(panel.cut(end), parameters.drift) for end in ends]


def noticed(
    panel: Panel, fault: Fault, parameters: Parameters, start: int, severity: Severity
) -> int | None:
    """After how many faulty publications, from 1, the verdict is that bad; None: never."""
    disturbed = faulty(panel, fault, start)
    order = list(Severity)
    for count in range(1, DAYS_30 + 1):
        verdict = check_drift(disturbed.cut(start + count), parameters.drift)
        if order.index(verdict.severity) >= order.index(severity):
            return count
    return None


def power(
    panel: Panel, fault: Fault, parameters: Parameters, severity: Severity = Severity.ALERT
) -> list[int | None]:
    """`noticed` in each of the windows."""
    starts = onsets(len(panel.dates), first_at(panel, FROM))
    return [noticed(panel, fault, parameters, start, severity) for start in starts]


@dataclass(frozen=True)
class Followed:
    """One fault in the publication itself, followed through ingest.

    Attributes:
        quarantined: whether the first faulty publication was.
        flagged: kinds of what was told of the publications accepted.
        accepted: publications that had come when one was first let in; None: none was.
        alerted: those that had come at the first ALERT; None: there was none.
    """

    quarantined: bool
    flagged: frozenset[str]
    accepted: int | None
    alerted: int | None


def follow(
    lake: Lake, disturbed: Panel, start: int, folder: Path, parameters: Parameters
) -> Followed:
    """Publish workbooks with a fault, day by day, and run ingest and drift on each."""
    quarantined, accepted, alerted = False, None, None
    flagged: set[str] = set()
    for count in range(1, FOLLOWED + 1):
        day = disturbed.dates[start + count - 1]
        blocks = blocks_of(disturbed, start - 1, start + count, lake.commodity)
        path = folder / day.strftime(lake.commodity.source.file_name)
        path.write_bytes(render(blocks, lake.commodity))
        summary = ingest(lake, folder.as_uri(), day, parameters.quality)
        quarantined |= count == 1 and bool(summary.quarantined)
        flagged |= {flag.finding.kind for flag in summary.flags}
        if not (summary.new or summary.backfilled):
            continue
        accepted = accepted or count
        panel = read_panel(lake, lake.commodity, day)
        if alerted is None and check_drift(panel, parameters.drift).severity is Severity.ALERT:
            alerted = count
    return Followed(quarantined, frozenset(flagged), accepted, alerted)


def blocks_of(panel: Panel, first: int, stop: int, commodity: Commodity) -> list[Block]:
    """Publications as blocks with true averages."""
    blocks = []
    for at in range(first, stop):
        column = panel.prices[:, at].tolist()
        prices = {
            key: None if np.isnan(price) else price
            for key, price in zip(panel.keys, column, strict=True)
        }
        blocks.append(Block(panel.dates[at], prices, true_averages(prices, commodity)))
    return blocks


def through_ingest(
    panel: Panel, faults: Mapping[str, Fault], starts: Sequence[int], commodity: Commodity
) -> dict[str, list[Followed]]:
    """Follow each fault from each start."""
    parameters = read_parameters()
    found: dict[str, list[Followed]] = {name: [] for name in faults}
    with tempfile.TemporaryDirectory() as place:
        for start in starts:
            stored = Path(place) / f"{start}"
            lake = open_lake(store_for(str(stored)), commodity, SourceKind.SNIIM)
            for block in blocks_of(panel, 0, start, commodity):
                lake.add_publication(block.date, block.prices)
            for at, (name, fault) in enumerate(faults.items()):
                copy, folder = Path(place) / f"{start}-{at}", Path(place) / f"{start}-{at}-files"
                shutil.copytree(stored, copy)
                folder.mkdir()
                ours = open_lake(store_for(str(copy)), commodity, SourceKind.SNIIM)
                disturbed = faulty(panel, fault, start)
                found[name].append(follow(ours, disturbed, start, folder, parameters))
                shutil.rmtree(copy)
    return found


def parts(panel: Panel, size: int) -> Iterator[Panel]:
    """Markets of so few series, of those that were quoted throughout."""
    quoted = np.flatnonzero(np.isfinite(panel.prices).all(axis=1))
    for start in (0, 40, 80, 120):
        rows = quoted[start : start + size]
        keys = tuple(panel.keys[row] for row in rows)
        yield replace(panel, keys=keys, prices=panel.prices[rows])


def few_rows(commodity: Commodity, parameters: Parameters) -> list[str]:
    """What undisturbed publications of small markets came to, Markdown."""
    panels = [simulated_panel(commodity, 190, seed) for seed in SEEDS]
    rows = []
    for size in SIZES:
        found = Counter(
            check_drift(market.cut(end), parameters.drift).severity
            for panel in panels
            for market in parts(panel, size)
            for end in range(50, 191, 2)
        )
        shares = (f"{found[one] / found.total():.1%}" for one in (Severity.ALERT, Severity.WARNING))
        rows.append(f"| {size} | {' | '.join(shares)} |")
    return rows


def power_rows(panel: Panel, parameters: Parameters) -> list[str]:
    """The rows of the first table, Markdown."""
    rows = []
    for name, fault in {**FAULTS, **FAINTER}.items():
        alerts = power(panel, fault, parameters)
        warnings = power(panel, fault, parameters, Severity.WARNING)
        rows.append(f"| {name} | {_soon(alerts)} | {_ever(alerts)} | {_soon(warnings)} |")
    return rows


def quiet_rows(verdicts: Sequence[Verdict]) -> list[str]:
    """What undisturbed publications came to, Markdown."""
    counts = Counter(verdict.severity for verdict in verdicts)
    of = len(verdicts)
    return [
        f"| {severity} | {counts[severity]} | {counts[severity] / of:.1%} |"
        for severity in Severity
    ]


def ingest_rows(found: Mapping[str, Sequence[Followed]]) -> list[str]:
    """The rows of the second table, Markdown."""
    rows = []
    for name, followed in found.items():
        held = sum(one.quarantined for one in followed)
        flags = ", ".join(sorted(set().union(*(one.flagged for one in followed)))) or "–"
        accepted, alerted = (
            _after([one.accepted for one in followed]),
            _after([one.alerted for one in followed]),
        )
        rows.append(f"| {name} | {held} of {len(followed)} | {flags} | {accepted} | {alerted} |")
    return rows


def _soon(counts: Sequence[int | None]) -> str:
    return f"{sum(count is not None and count <= SOON for count in counts)} of {len(counts)}"


def _ever(counts: Sequence[int | None]) -> str:
    return f"{sum(count is not None for count in counts)} of {len(counts)}"


def _after(counts: Sequence[int | None]) -> str:
    told = Counter("never" if count is None else f"publication {count}" for count in counts)
    return ", ".join(f"{name} ({number})" for name, number in sorted(told.items()))


def main(arguments: Sequence[str]) -> None:
    """Print a table."""
    commodity, parameters = load_commodity("milk"), read_parameters()
    if "--few-series" in arguments:
        print("\n".join(few_rows(commodity, parameters)))
        return
    panel = real_panel(commodity, Path(os.environ["REAL_DATA_DIR"]))
    if "--through-ingest" in arguments:
        starts = onsets(len(panel.dates), first_at(panel, FROM))
        rows = ingest_rows(through_ingest(panel, FAULTS, starts, commodity))
    else:
        rows = [*quiet_rows(quiet(panel, parameters)), "", *power_rows(panel, parameters)]
    print("\n".join(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
