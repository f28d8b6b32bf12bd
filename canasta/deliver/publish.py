"""One edition of the report, put where people and later runs find it.

An edition is the report of one model version from one origin for one target date. It is kept
for ever under a name of its own; the plainly named report is the edition published last:

    <lake>/forecasts/YYYY/MM/<origin>-<version>.parquet                 once
    <lake>/predicciones/<target>/ediciones/<origin>-<version>.{xlsx,csv}  once
    <lake>/predicciones/<target>/predicciones_<target>.{xlsx,csv}       last edition
    <reports>/predicciones_<target>.{xlsx,csv}                          the same bytes

A report of more horizons, made when it is asked for, lies beside each: `…_h6.{xlsx,csv}`.

So a new version, or another origin, takes over the plain names and loses nothing. Running an
edition again writes nothing new: what the lake holds of it is put in place again, even where the
source has corrected its prices since. A run killed between two steps is completed by the next.

What a past day lacks is another matter: see `canasta.deliver.backdated`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import (
    ModelName,
    daily_report,
    horizons_mark,
    report_name,
    to_csv_bytes,
)
from canasta.deliver.report_workbook import report_workbook
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.store import Store, store_for

CSV, XLSX = ".csv", ".xlsx"
REMAINS_S = 600.0
"""Age, in seconds, of a half-written report that nobody is writing any more."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where an edition lies, and what had to be written.

    Attributes:
        origin, target: of its forecasts.
        skipped: expected dates between them that passed without a publication.
        version: of the model.
        csv, workbook: paths in the reports folder.
        forecasts: location of the forecasts in the lake.
        written: locations that changed, in the order of writing; empty for a repeated run.
    """

    origin: date
    target: date
    skipped: tuple[date, ...]
    version: int
    csv: Path
    workbook: Path
    forecasts: str
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishedHorizons:
    """Where a report of more horizons lies, in the reports folder, and what had to be written."""

    csv: Path
    workbook: Path
    written: tuple[str, ...]


def publish_report(
    lake: Store,
    reports_dir: Path,
    panel: Panel,
    outlook: Outlook,
    commodity: Commodity,
    model: ModelName,
    made_at: datetime,
) -> Published:
    """Write forecasts and report of one edition; the caller holds the lake's lock.

    Args:
        lake: where forecasts and editions are kept.
        reports_dir: folder that people open.
        panel: the history that the forecasts stand on.
        outlook: the forecasts.
        commodity: what is priced.
        model: what forecast.
        made_at: now, with a time zone; for the record only.

    Raises:
        ValueError: `outlook` does not belong to `panel`, or `made_at` has no zone.
    """
    # What cannot be rendered fails before anything is written.
    rendered = _rendered(panel, outlook, commodity, model, horizons=1)
    target, reports = outlook.targets[0], store_for(str(reports_dir))
    reports.remove_partial_files(REMAINS_S)  # runs on other lakes may be writing there too
    forecasts = forecasts_key(outlook.origin, model.version)
    content = forecasts_bytes(panel, outlook, commodity, model, made_at)
    written = [lake.location(forecasts)] if lake.write_once(forecasts, content) else []
    written += _publish_one(lake, reports, outlook, model, 1, rendered)
    return Published(
        origin=outlook.origin,
        target=target,
        skipped=outlook.skipped,
        version=model.version,
        csv=Path(reports.location(report_name(target, CSV))),
        workbook=Path(reports.location(report_name(target, XLSX))),
        forecasts=lake.location(forecasts),
        written=tuple(written),
    )


def publish_horizons(
    lake: Store,
    reports_dir: Path,
    panel: Panel,
    outlook: Outlook,
    commodity: Commodity,
    model: ModelName,
    horizons: int,
) -> PublishedHorizons:
    """Write the report of the next `horizons` publications, 2 or more, beside the daily one.

    The caller holds the lake's lock. Arguments: as of `publish_report`.

    Raises:
        ValueError: `outlook` does not belong to `panel`, or `horizons` is 1 or beyond its reach.
    """
    if horizons == 1:
        raise ValueError("the report of horizon 1 is the daily one: use publish_report")
    rendered = _rendered(panel, outlook, commodity, model, horizons)
    target, reports = outlook.targets[0], store_for(str(reports_dir))
    written = _publish_one(lake, reports, outlook, model, horizons, rendered)
    csv, workbook = (
        Path(reports.location(report_name(target, suffix, horizons))) for suffix in (CSV, XLSX)
    )
    return PublishedHorizons(csv, workbook, tuple(written))


def report_key(target: date, suffix: str = CSV, horizons: int = 1) -> str:
    """Return the key of the last edition for `target` in the lake."""
    return f"predicciones/{target}/{report_name(target, suffix, horizons)}"


def edition_key(origin: date, target: date, version: int, suffix: str = CSV, mark: str = "") -> str:
    """Return the key of one edition in the lake; `mark` sets it apart from the daily report's."""
    return f"predicciones/{target}/ediciones/{origin}-{version}{mark}{suffix}"


def _rendered(
    panel: Panel, outlook: Outlook, commodity: Commodity, model: ModelName, horizons: int
) -> dict[str, bytes]:
    """Render a report in both forms; the CSV is last: where programs find it, all is there."""
    report = daily_report(panel, outlook, commodity, model, horizons)
    workbook = report_workbook(report, commodity, outlook, model)
    return {XLSX: workbook, CSV: to_csv_bytes(report)}


def _publish_one(
    lake: Store,
    reports: Store,
    outlook: Outlook,
    model: ModelName,
    horizons: int,
    rendered: Mapping[str, bytes],
) -> list[str]:
    """Keep the edition of one report, and put what is kept in place; return what changed."""
    target, mark = outlook.targets[0], horizons_mark(horizons)
    written: list[str] = []
    for suffix, content in rendered.items():
        edition = edition_key(outlook.origin, target, model.version, suffix, mark)
        written += [lake.location(edition)] if lake.write_once(edition, content) else []
        kept = lake.read(edition)
        written += _put(lake, report_key(target, suffix, horizons), kept)
        written += _put(reports, report_name(target, suffix, horizons), kept)
    return written


def _put(store: Store, key: str, content: bytes) -> list[str]:
    """Store `content` under `key` unless it is there; return the location if it was written."""
    if store.exists(key) and store.read(key) == content:
        return []
    store.replace(key, content)
    return [store.location(key)]
