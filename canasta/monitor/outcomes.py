"""Outcomes: each published forecast beside the price that came, kept for every publication.

    <lake>/outcomes/YYYY/MM/<publication>.parquet     once

A publication is scored when it comes in, late or not, with the prices as they are known then:
corrections come later and rewrite nothing. What counts is the first forecast from each origin
that aims at it, from one to six publications ahead. A publication waits while forecasts that may
aim at it cannot be read: outcomes without them would stay so for ever.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from canasta.errors import ObjectCorrupt
from canasta.forecast.distribution import Distribution
from canasta.forecast.empirical import Empirical
from canasta.forecast.panel import Panel
from canasta.ingest import tables
from canasta.ingest.lake import Lake
from canasta.monitor.known import Known
from canasta.monitor.record import Outcome, outcome_of
from canasta.monitor.written import Written, WrittenForecasts
from canasta.store import Store

FOLDER = "outcomes"
FORECAST = ("target", "origin", "horizon", "version")
"""Columns that say which forecast was scored, after the key columns."""

FIGURES = tuple(field.name for field in fields(Outcome))
"""Columns of figures, in the unit or from 0 to 1: what was forecast, what came, the scores."""


@dataclass(frozen=True, slots=True)
class ScoredPublication:
    """One publication that was scored now.

    Attributes:
        target: its date.
        forecasts: prices that were forecast for it and came.
        key: of its file in the lake.
    """

    target: date
    forecasts: int
    key: str


@dataclass(frozen=True, slots=True)
class Scoring:
    """What became of the publications that were due.

    Attributes:
        publications: those that were scored, ascending.
        waiting: those of which forecasts cannot be read, ascending, and why not.
    """

    publications: tuple[ScoredPublication, ...]
    waiting: Mapping[date, ObjectCorrupt]

    def check(self) -> None:
        """Tell that publications wait.

        Raises:
            ObjectCorrupt: they do.
        """
        if not self.waiting:
            return
        causes = " ".join(dict.fromkeys(str(error) for error in self.waiting.values()))
        first, last = min(self.waiting), max(self.waiting)
        raise ObjectCorrupt(
            f"Outcomes wait: {len(self.waiting)} publications, {first} to {last}, may have been "
            f"forecast by files that cannot be read; all others are scored. {causes}"
        )


def outcomes_key(target: date) -> str:
    """Return the key of the outcomes of one publication."""
    return f"{FOLDER}/{target:%Y/%m}/{target}.parquet"


def score(
    lake: Lake, panel: Panel, as_of: date, market_weight: float, *, backfilled: bool = False
) -> Scoring:
    """Score every publication that has forecasts and no outcomes yet; the caller holds the lock.

    Args:
        lake: with forecasts, and where outcomes are kept.
        panel: its history as known on `as_of`.
        as_of: the day.
        market_weight: of persistence: changes that the market counts beside a series' own.
        backfilled: whether a past day is made up for; the outcomes then say so.
    """
    written = WrittenForecasts(lake.store)
    known: Known | None = None
    scored: list[ScoredPublication] = []
    waiting: dict[date, ObjectCorrupt] = {}
    for target in _due(lake.store, panel, written):
        try:
            aimed = written.aimed_at(target)
        except ObjectCorrupt as error:
            waiting[target] = error
            continue
        if not aimed:
            continue
        known = known or Known(lake, panel, as_of)  # it reads the whole lake: only if needed
        made = [(one, _outcome(one, panel, known, market_weight)) for one in aimed]
        table = _table(panel, made, as_of, backfilled=backfilled)
        key = outcomes_key(target)
        lake.store.write_once(key, _encoded(table))
        scored.append(ScoredPublication(target, len(table), key))
    return Scoring(tuple(scored), waiting)


def read_outcomes(lake: Store, newest: int | None = None) -> pd.DataFrame:
    """Read what was scored, a row for each forecast price, by publication and horizon.

    Columns: the key columns; FORECAST (`target` and `origin` are dates); FIGURES, as `Outcome`
    says; `scored_on`, the day of the run; `backfilled`, whether that day was made up for.
    Without any, an empty frame that has FORECAST and FIGURES alone.

    Args:
        lake: with the outcomes.
        newest: publications that are read, the newest; all of them by default.

    Raises:
        ObjectCorrupt: a file cannot be read.
    """
    keys = [key for key in lake.keys(FOLDER) if key.endswith(".parquet")]
    keys = keys[-newest:] if newest else keys
    files = zip(keys, lake.read_all(keys), strict=True)
    parts = [_read(content, key) for key, content in files]
    if not parts:
        return pd.DataFrame(columns=[*FORECAST, *FIGURES])
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    return frame


def _due(lake: Store, panel: Panel, written: WrittenForecasts) -> list[date]:
    """Return the publications after the first forecast that are not scored, ascending."""
    if not written.origins:
        return []
    there = set(lake.keys(FOLDER))
    later = (day for day in panel.dates if day > written.origins[0])
    return [day for day in later if outcomes_key(day) not in there]


def _outcome(written: Written, panel: Panel, known: Known, market_weight: float) -> Outcome:
    then = known.at(written.origin)
    empirical = Empirical.of(then, written.horizon, market_weight)
    base = empirical.at(len(then.dates) - 1)
    return outcome_of(written, panel, _of_series(base, then, panel))


def _of_series(base: Distribution, then: Panel, panel: Panel) -> Distribution:
    """Return distributions of the series of `then` in the order of `panel`; NaN for later ones."""
    if then.keys == panel.keys:
        return base
    place = {key: row for row, key in enumerate(then.keys)}
    rows = np.array([place.get(key, -1) for key in panel.keys])
    weights = np.where(rows[:, np.newaxis] < 0, np.nan, base.weights[rows])
    return Distribution(base.atoms[rows], weights)


def _table(
    panel: Panel, made: Sequence[tuple[Written, Outcome]], as_of: date, *, backfilled: bool
) -> pa.Table:
    """Lay what can be scored out, forecast by forecast."""
    parts = list(_parts(panel, made))
    table = pa.concat_tables(parts)
    constant = {
        "scored_on": pa.array([as_of] * len(table), pa.date32()),
        "backfilled": pa.array([backfilled] * len(table), pa.bool_()),
    }
    for name, values in constant.items():
        table = table.append_column(name, values)
    return table


def _parts(panel: Panel, made: Sequence[tuple[Written, Outcome]]) -> Iterator[pa.Table]:
    for written, outcome in sorted(made, key=lambda one: (one[0].horizon, one[0].origin)):
        rows = np.flatnonzero(np.isfinite(outcome.crps) & np.isfinite(outcome.base_crps))
        count = len(rows)
        yield pa.table(
            {
                **tables.label_arrays([panel.keys[row] for row in rows], panel.columns),
                "target": pa.array([written.target] * count, pa.date32()),
                "origin": pa.array([written.origin] * count, pa.date32()),
                "horizon": pa.array([written.horizon] * count, pa.int32()),
                "version": pa.array([written.version] * count, pa.int64()),
                **{name: pa.array(getattr(outcome, name)[rows]) for name in FIGURES},
            }
        )


def _encoded(table: pa.Table) -> bytes:
    """Write a table, equal ones in equal bytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def _read(content: bytes, key: str) -> Any:
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        missing = {*FORECAST, *FIGURES} - set(file.schema_arrow.names)
        table = None if missing else file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ObjectCorrupt(f"{key} is no readable file of outcomes: {error}. {REPAIR}") from error
    if table is None:
        raise ObjectCorrupt(f"{key} lacks the columns {', '.join(sorted(missing))}. {REPAIR}")
    return table


REPAIR = "Remove it: the next run scores that publication again, with the prices of today."
"""What to do about outcomes that cannot be read."""
