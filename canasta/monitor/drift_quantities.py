"""The quantities that can tell whether prices behave as they did: pure, from the panel.

The level of prices is none of them: it trends, and would alarm in most months.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.changes import changes_over
from canasta.forecast.features.rows import SCALE
from canasta.forecast.panel import Floats, Panel
from canasta.labels import Key

CENT = 0.01
"""The least change of a published price, in the commodity's unit."""

type Rows = NDArray[np.int64]


class Scale(Protocol):
    """Where a statistic's tail is light enough to be followed beyond what was seen."""

    def up(self, values: Floats) -> Floats:
        """Return values of the statistic on the scale; rising."""
        ...

    def down(self, bound: float) -> float:
        """Undo `up` for one number."""
        ...

    def step(self, bound: float) -> float:
        """Return the least difference that two values near `bound` can have on the scale."""
        ...


@dataclass(frozen=True)
class Logit:
    """For shares of `of` things: logits, with half a thing added on both sides for 0 and 1."""

    of: int

    def up(self, values: Floats) -> Floats:
        """Return the logits of shares."""
        counts = values * self.of
        logits: Floats = np.log((counts + 0.5) / (self.of - counts + 0.5))
        return logits

    def down(self, bound: float) -> float:
        """Return the share with that logit; above 1 where no share has it."""
        smooth = float(1 / (1 + np.exp(-bound)))
        return (smooth * (self.of + 1) - 0.5) / self.of

    def step(self, bound: float) -> float:
        """Return how far one thing more moves the logit; at all things, the last one of them."""
        share = min(max(self.down(bound), 0.0), 1 - 1 / self.of)
        here, next_one = self.up(np.array([share, share + 1 / self.of]))
        return float(next_one - here)


@dataclass(frozen=True)
class Logarithm:
    """For sizes."""

    def up(self, values: Floats) -> Floats:
        """Return the logarithms."""
        return np.log(values)

    def down(self, bound: float) -> float:
        """Return the size with that logarithm."""
        return float(np.exp(bound))

    def step(self, bound: float) -> float:
        """Return how far the least change of a price moves it."""
        return float(np.log1p(CENT / self.down(bound)))


@dataclass(frozen=True)
class Plain:
    """For means over `of` prices: as they are."""

    of: int

    def up(self, values: Floats) -> Floats:
        """Return the values."""
        return values

    def down(self, bound: float) -> float:
        """Return the bound."""
        return bound

    def step(self, bound: float) -> float:  # noqa: ARG002 - the same everywhere
        """Return how far the least change of one price moves the mean."""
        return CENT / self.of


@dataclass(frozen=True)
class Statistic:
    """One number for each publication, of which large ones are odd.

    Attributes:
        name: of the check.
        values: (T,) NaN where there is nothing to compute it from.
        scale: where its tail is followed.
    """

    name: str
    values: Floats
    scale: Scale


@dataclass(frozen=True)
class Rarity:
    """What hardly ever happens, counted at each publication.

    Attributes:
        name: of the check.
        counts: (T,) places concerned.
        of: all places.
    """

    name: str
    counts: Floats
    of: int


class Quantities:
    """What the checks look at, of S series on T publications.

    Args:
        panel: the history as of the day; one publication at least.
        memory: publications that say which of two series is mostly the dearer one.
    """

    def __init__(self, panel: Panel, memory: int) -> None:
        self.panel = panel
        self.memory = memory
        self.places, self.place_of = _places(panel)

    @cached_property
    def changes(self) -> Floats:
        """(S, T): change since the publication before; NaN where either was not quoted."""
        changes = np.full(self.panel.prices.shape, np.nan)
        changes[:, 1:] = changes_over(self.panel.prices, 1)[:, :-1]
        return changes

    @cached_property
    def changed(self) -> Floats:
        """(S, T): 1 where the price changed, 0 where it stayed; NaN as in `changes`."""
        return np.where(np.isfinite(self.changes), self.changes != 0, np.nan)

    @cached_property
    def spreads(self) -> dict[str, Floats]:
        """For each product column, (P, T): differences between series that only it tells apart.

        Columns whose labels never meet in one place and product have none.
        """
        found = {column: _pairs(self.panel, column) for column in self.panel.product}
        prices = self.panel.prices
        return {
            column: np.rint((prices[upper] - prices[lower]) * SCALE) / SCALE
            for column, (lower, upper) in found.items()
            if lower.size
        }

    @property
    def cells(self) -> dict[str, Floats]:
        """By name, what windows are compared in: (rows, T), NaN where there is nothing."""
        moves = {f"spread-{name}": _differences(spread) for name, spread in self.spreads.items()}
        return {"change": self.changes, "changed": self.changed, **moves}

    @property
    def statistics(self) -> list[Statistic]:
        """One number for each publication, for each thing that a fault moves at once."""
        present = np.isfinite(self.changes)
        quoted = max(int(present[:, -1].sum()), 1)
        share = _mean(self.changed, present)
        sizes = np.abs(self.changes)
        drift = np.abs(_mean(self.changes, present))
        return [
            Statistic("changed-share", share, Logit(quoted)),
            Statistic("unchanged-share", 1 - share, Logit(quoted)),
            Statistic("mean-change", drift, Plain(quoted)),
            Statistic("change-size", _mean(sizes, present & (sizes > 0)), Logarithm()),
            *(_turned(name, spread, self.memory) for name, spread in self.spreads.items()),
        ]

    @property
    def rarities(self) -> list[Rarity]:
        """Places of which a live series is missing, and places of which one is new."""
        quoted = np.isfinite(self.panel.prices)
        before = np.zeros_like(quoted)
        before[:, 1:] = np.logical_or.accumulate(quoted, axis=1)[:, :-1]
        gone = before & ~quoted & self.panel.live[:, np.newaxis]
        return [
            Rarity("missing-share", self._places_with(gone), self.places),
            Rarity("unseen-share", self._places_with(quoted & ~before), self.places),
        ]

    def _places_with(self, cells: NDArray[np.bool_]) -> Floats:
        hit = np.zeros((self.places, cells.shape[1]), dtype=bool)
        np.logical_or.at(hit, self.place_of, cells)
        counts: Floats = hit.sum(axis=0).astype(np.float64)
        return counts


def _mean(values: Floats, of: NDArray[np.bool_]) -> Floats:
    """Return the mean of each column of `values` over the cells `of`; NaN where there is none."""
    count = of.sum(axis=0)
    total = np.where(of, values, 0.0).sum(axis=0)
    means: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return means


def _differences(values: Floats) -> Floats:
    differences = np.full(values.shape, np.nan)
    differences[:, 1:] = np.rint(np.diff(values, axis=1) * SCALE) / SCALE
    return differences


def _turned(column: str, spread: Floats, memory: int) -> Statistic:
    """Return the share of pairs in which the dearer label is not the one that mostly was."""
    sign = np.nan_to_num(np.sign(spread))
    until = np.cumsum(sign, axis=1)
    recent = until.copy()
    recent[:, memory:] -= until[:, :-memory]
    mostly = np.zeros_like(sign)
    mostly[:, 1:] = np.sign(recent)[:, :-1]
    told = np.isfinite(spread) & (mostly != 0)
    share = _mean(np.where(sign * mostly < 0, 1.0, 0.0), told)
    return Statistic(f"turned-{column}", share, Logit(max(int(told[:, -1].sum()), 1)))


def _places(panel: Panel) -> tuple[int, Rows]:
    """Return the number of places and, for each series, which one it is sold in."""
    at = [index for index, name in enumerate(panel.columns) if name not in panel.product]
    numbers: dict[Key, int] = {}
    rows = [numbers.setdefault(tuple(key[i] for i in at), len(numbers)) for key in panel.keys]
    return len(numbers), np.array(rows, dtype=np.int64)


def _pairs(panel: Panel, column: str) -> tuple[Rows, Rows]:
    """Return the rows of each two series with neighbouring labels of `column`, all else equal."""
    at = panel.columns.index(column)
    row = {key: index for index, key in enumerate(panel.keys)}
    neighbours = list(pairwise(sorted({key[at] for key in panel.keys})))
    found = [
        (row[key], row[other])
        for key in panel.keys
        for one, next_one in neighbours
        if key[at] == one and (other := (*key[:at], next_one, *key[at + 1 :])) in row
    ]
    lower, upper = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return lower, upper
