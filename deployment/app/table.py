"""The forecasts in the rows and columns of the daily report: the same bytes, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from canasta.commodity import Traits
from canasta.deliver.columns import DIRECTIONS, ModelName, decimals, report_columns
from canasta.labels import Key
from deployment.app.live import Live

type Cell = str | int | float


@dataclass(frozen=True)
class Row:
    """One row of the report.

    Attributes:
        key: labels of the series.
        horizon: publications ahead.
        cells: in the order of the columns.
    """

    key: Key
    horizon: int
    cells: tuple[Cell, ...]

    @cached_property
    def line(self) -> str:
        """The row as a line of CSV, with its end."""
        return _csv([decimals(c) if isinstance(c, float) else c for c in self.cells])


@dataclass(frozen=True)
class Table:
    """The forecasts of all live series and horizons: by horizon, then by key, as in the report.

    Attributes:
        columns: their names.
        rows: the forecasts.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, live: Live, traits: Traits) -> Table:
        """Tabulate what is served."""
        return cls(report_columns(traits), tuple(_rows(live)))

    def csv(self, wanted: Collection[Row]) -> str:
        """Return rows as CSV, under the columns."""
        return _csv(self.columns) + "".join(row.line for row in wanted)

    def as_dicts(self, wanted: Collection[Row]) -> list[dict[str, Cell]]:
        """Return rows by column."""
        return [dict(zip(self.columns, row.cells, strict=True)) for row in wanted]

    def where(self, *tests: Callable[[Row], bool]) -> list[Row]:
        """Return the rows that pass all tests."""
        return [row for row in self.rows if all(test(row) for test in tests)]


def _rows(live: Live) -> Iterator[Row]:
    figures, keys = live.figures, live.panel.keys
    model = ModelName(live.model.algorithm, live.model.version, live.simulated).label
    of_live = [row for row, is_live in enumerate(live.forecast) if is_live]
    ends, ways = (*figures.range_80, *figures.range_95), figures.direction
    for at, day in enumerate(live.targets):
        parts = (day.day, day.month, day.year, day.weekday())
        for row in sorted(of_live, key=keys.__getitem__):
            cell = row, at
            known = float(figures.last[row]), float(figures.recent[row])
            forecast = float(figures.suggested[cell]), day.isoformat(), at + 1
            chances = float(figures.mean[cell]), float(figures.p_change[cell])
            spread = tuple(float(end[cell]) for end in ends)
            cells: tuple[Cell, ...] = (*keys[row], *parts, *known, *forecast, *chances)
            cells += (DIRECTIONS[float(ways[cell])], *spread, model, live.model.version)
            yield Row(keys[row], at + 1, cells)


def _csv(cells: Collection[Cell]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
