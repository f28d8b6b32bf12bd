"""`make explain`: the story of one forecast, or whether some series are served worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from canasta.deliver.record import Record, read_record
from canasta.errors import SettingsError
from canasta.forecast.empirical import Empirical
from canasta.forecast.evaluation.slices import groups_of, slices, worse_by_chance
from canasta.forecast.features.build import build_all
from canasta.forecast.history import read_panel
from canasta.forecast.outlook import HORIZONS, Outlook, forecast
from canasta.forecast.panel import LIVE_WINDOW, MIN_QUOTES, Panel
from canasta.forecast.series import Directory, told
from canasta.labels import SIMULATED
from canasta.registry.bundle import Bundle, read_bundle
from canasta.registry.past import champion_then
from canasta.registry.pointer import Title
from canasta.registry.promotion import champion_of
from orchestration.explain_tables import (
    ahead,
    empirical_note,
    empirical_table,
    forecast_table,
    prices_table,
    record_table,
    stages_note,
    stages_table,
)
from orchestration.slice_tables import slices_table, verdict_line
from orchestration.workspace import Workspace, reading

MIN_DATES = 10
"""Scored publications from which on slices are told apart."""


@dataclass(frozen=True)
class Subject:
    """What a story is about.

    Attributes:
        work: lake and settings.
        panel: the history as known on the day.
        row: of the series in it.
        title: the champion's.
        bundle: of the champion.
        outlook: its forecasts, as of the day.
        horizon: publications ahead, of which features and record are told.
    """

    work: Workspace
    panel: Panel
    row: int
    title: Title
    bundle: Bundle
    outlook: Outlook
    horizon: int

    @property
    def is_live(self) -> bool:
        """Whether the series is forecast."""
        return bool(np.isfinite(self.outlook.mean[self.row, 0]))


def print_explanation(
    labels: Mapping[str, str], horizon: int = 1, execution_date: str | None = None
) -> None:
    """Print the story of one series' forecast; without labels, the report by slice.

    Nothing is stored.

    Args:
        labels: of the series, by key column; all of them, or none.
        horizon: publications ahead, of which features and record are told.
        execution_date: the day that the forecast stands for, as YYYY-MM-DD; today by default.

    Raises:
        SettingsError: labels are missing, or horizon or date cannot be used.
        LakeEmpty: no publication lies on or before the day.
        UnknownSeries: no series has these labels.
        NoChampion: nothing was promoted by then.
    """
    if not 1 <= horizon <= HORIZONS:
        raise SettingsError(f"HORIZON={horizon} lies outside of 1 to {HORIZONS} publications.")
    work = reading(execution_date)
    panel = read_panel(work.lake, work.commodity, work.as_of)
    if not labels:
        _print_slices(work, panel, horizon)
        return
    _refuse_missing(labels, panel)
    asked = tuple(labels[column] for column in panel.columns)
    row = Directory(panel.columns, panel.keys).find(asked)
    title = _champion(work, panel)
    bundle = read_bundle(work.store, title.bundle)
    outlook = forecast(bundle.predictor, panel, work.as_of)
    _print_story(Subject(work, panel, row, title, bundle, outlook, horizon))


def labels_of(given: Sequence[str]) -> dict[str, str]:
    """Read labels that are written as `Estado=Jalisco`.

    Raises:
        SettingsError: one is not.
    """
    parts = [text.partition("=") for text in given]
    for column, sign, label in parts:
        if not (column and sign and label.strip()):
            raise SettingsError(
                f"{column}{sign}{label!r} names no label; write column and label as Estado=Jalisco."
            )
    return {column: label for column, _, label in parts}


def _refuse_missing(labels: Mapping[str, str], panel: Panel) -> None:
    unknown = [column for column in labels if column not in panel.columns]
    missing = [column for column in panel.columns if column not in labels]
    if unknown or missing:
        raise SettingsError(
            f"A series is named by {', '.join(panel.columns)}; "
            + (f"{', '.join(unknown)} is none of them" if unknown else "")
            + (" and " if unknown and missing else "")
            + (f"{', '.join(missing)} is missing" if missing else "")
            + ". Name all of them, or none for the report by slice."
        )


def _champion(work: Workspace, panel: Panel) -> Title:
    """Return who forecasts, or forecast, from the panel's newest publication."""
    pointer = (
        champion_then(work.store, panel.origin) if work.back_dated else champion_of(work.store)
    )
    return pointer.title


def _print_story(story: Subject) -> None:
    work, display = story.work, story.work.display
    _print_heading(story)
    if np.isfinite(story.panel.prices[story.row]).any():
        display.print(prices_table(story.panel, story.row, work.commodity.unit))
    if story.is_live:
        display.print(forecast_table(story.panel, story.outlook, story.row, work.commodity.unit))
        _print_reasons(story)
    display.print("")
    record = _record(work, story.panel, story.horizon)
    for part in record_table(record, story.row, work.commodity.unit):
        display.print(part)


def _print_heading(story: Subject) -> None:
    work, panel, title = story.work, story.panel, story.title
    print(f"Series    {told(panel.keys[story.row])}")
    print(f"Lake      {_lake(work)}; newest publication {panel.origin}")
    print(
        f"Champion  version {title.version} of {title.model_name}, {title.recipe.algorithm}, "
        f"fitted on {story.bundle.trained_from} to {story.bundle.trained_to}"
    )
    print(f"Price     {_last_price(panel, story.row, work.commodity.unit)}")
    print(f"Forecast  {_standing(story)}\n")


def _last_price(panel: Panel, row: int, unit: str) -> str:
    quoted = np.flatnonzero(np.isfinite(panel.prices[row]))
    if not quoted.size:
        return "never quoted"
    newest = int(quoted[-1])
    return f"{panel.prices[row, newest]:.2f} {unit}, quoted on {_day(panel.dates[newest])}"


def _standing(story: Subject) -> str:
    skipped = ", ".join(str(day) for day in story.outlook.skipped)
    late = f"; expected without a publication: {skipped}" if skipped else ""
    if story.is_live:
        return f"next for {_day(story.outlook.targets[0])}{late}"
    return (
        f"none: forecast is what was quoted within the last {LIVE_WINDOW} publications and "
        f"{MIN_QUOTES} times in all (half of a shorter history)"
    )


def _print_reasons(story: Subject) -> None:
    predictor, display = story.bundle.predictor, story.work.display
    unit = story.work.commodity.unit
    if not predictor.hurdles:
        empirical = Empirical.of(story.panel, story.horizon, predictor.market_weight)
        display.print(empirical_note(empirical, story.row, unit))
        display.print(empirical_table(empirical, story.panel, story.row))
        return
    from orchestration.reasons import reasons_tables  # noqa: PLC0415 - shap takes seconds to import

    features = build_all(story.panel, story.horizon, story.outlook.targets[: story.horizon])[-1]
    hurdle, row = predictor.hurdles[story.horizon - 1], features.values[story.row, -1]
    target = story.outlook.targets[story.horizon - 1]
    display.print(
        f"What the features say of {_day(target)}, {ahead(story.horizon)}: each head of the "
        "model begins with what it says on average, and each feature adds to it or takes from it "
        "(SHAP values).\n"
    )
    for table in reasons_tables(hurdle, row, story.panel.product, unit):
        display.print(table)
    display.print(stages_table(hurdle, row, unit))
    display.print(stages_note(hurdle))


def _print_slices(work: Workspace, panel: Panel, horizon: int) -> None:
    record = _record(work, panel, horizon)
    dates = len(record.targets)
    print(f"Lake      {_lake(work)}")
    print(
        f"Record    {dates} publications came that were forecast {ahead(horizon)}"
        + (f", {record.targets[0]} to {record.targets[-1]}" if dates else "")
    )
    if dates < MIN_DATES:
        print(
            f"          Too few to tell slices apart, which takes {MIN_DATES}: `make backtest` "
            "prints slices of its own, over the past."
        )
        return
    found = slices(record.losses, groups_of(panel.keys, work.commodity))
    for grouping in dict.fromkeys(one.grouping for one in found):
        work.display.print(slices_table([one for one in found if one.grouping == grouping]))
    print(verdict_line(found, worse_by_chance(found)))


def _lake(work: Workspace) -> str:
    mark = f" ({SIMULATED})" if work.simulated else ""
    return f"{work.store.url}{mark}, as of {work.as_of}"


def _record(work: Workspace, panel: Panel, horizon: int) -> Record:
    return read_record(work.store, panel, horizon, work.parameters.empirical.weight)


def _day(day: date) -> str:
    return f"{day:%A} {day}"
