"""The report that a past day lacks, made up for later and marked so.

    <lake>/predicciones/<target>/ediciones/<origin>-<version>-backfilled.{xlsx,csv}   once
    <lake>/predicciones/<target>/predicciones_<target>.{xlsx,csv}                     if missing
    <reports>/predicciones_<target>.{xlsx,csv}                                        if missing

A report that was published stands: nothing is written beside it. Neither are forecasts, by
which a model is judged: it must have made those before the prices came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from canasta.commodity import Commodity
from canasta.deliver.publish import CSV, XLSX, edition_key, report_key
from canasta.deliver.report import (
    BACKFILLED,
    ModelName,
    daily_report,
    report_name,
    to_csv_bytes,
)
from canasta.deliver.report_workbook import report_workbook
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.store import Store, store_for

MARK = f"-{BACKFILLED}"

type Place = tuple[Store, str]
"""A store, and a key in it."""


@dataclass(frozen=True, slots=True)
class BackDated:
    """The report of a past day: where it lies, and what had to be written.

    Attributes:
        origin, target: of its forecasts.
        model: what forecast, as it is named in the report.
        version: of the model.
        report: location of the CSV; in the lake where the reports folder lacks it.
        written: locations that changed, in the order of writing; empty where the report had
            been published before.
    """

    origin: date
    target: date
    model: str
    version: int
    report: str
    written: tuple[str, ...]


def publish_missing(
    lake: Store,
    reports_dir: Path,
    panel: Panel,
    outlook: Outlook,
    commodity: Commodity,
    model: ModelName,
) -> BackDated:
    """Write the report of a past day if it is missing; the caller holds the lake's lock.

    Args:
        lake: where editions are kept.
        reports_dir: folder that people open.
        panel: the history as it was known on that day.
        outlook: the forecasts from it.
        commodity: what is priced.
        model: what forecast, marked as backfilled.

    Raises:
        ValueError: `outlook` does not belong to `panel`.
    """
    report = daily_report(panel, outlook, commodity, model)
    target, reports = outlook.targets[0], store_for(str(reports_dir))
    edition = {kind: _edition(outlook, model, kind) for kind in (XLSX, CSV)}
    places: dict[str, Sequence[Place]] = {
        kind: [(reports, report_name(target, kind)), (lake, report_key(target, kind))]
        for kind in edition
    }
    written: list[str] = []
    # An edition of this kind, and yet no report: what a killed run left. It is completed.
    if lake.exists(edition[CSV]) or not _held(places[CSV]):
        written += _put(
            lake, edition[XLSX], report_workbook(report, commodity, outlook, model), places[XLSX]
        )
        written += _put(lake, edition[CSV], to_csv_bytes(report), places[CSV])
    return BackDated(
        origin=outlook.origin,
        target=target,
        model=model.label,
        version=model.version,
        report=_held(places[CSV])[0],
        written=tuple(written),
    )


def backdated_lines(made: BackDated, as_of: date, newest: date) -> list[str]:
    """Say in a few lines what a run as of `as_of` did in a lake that reaches to `newest`."""
    told = [
        f"Back-dated to {as_of}; the lake reaches to {newest}. Nothing live was changed: no "
        "publication was asked for, and pointer, forecasts and MLflow stay as they are."
    ]
    if not made.written:
        return [*told, f"The report for {made.target} was published before: {made.report}"]
    return [
        *told,
        f"The report for {made.target} was missing. From {made.origin}, by {made.model}, version "
        f"{made.version}, the champion then:",
        *made.written,
    ]


def _edition(outlook: Outlook, model: ModelName, suffix: str) -> str:
    return edition_key(outlook.origin, outlook.targets[0], model.version, suffix, MARK)


def _held(places: Sequence[Place]) -> list[str]:
    return [store.location(key) for store, key in places if store.exists(key)]


def _put(lake: Store, edition: str, rendered: bytes, places: Sequence[Place]) -> list[str]:
    """Keep an edition, and put it wherever nothing lies; return the locations written to."""
    written = [lake.location(edition)] if lake.write_once(edition, rendered) else []
    kept = lake.read(edition)
    return written + [store.location(key) for store, key in places if store.write_once(key, kept)]
