"""The history as a panel: series × publications, in NumPy and the standard library alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from canasta.calendar import PublicationCalendar
from canasta.errors import TooLittleHistory
from canasta.labels import Key

type Floats = NDArray[np.float64]

LIVE_WINDOW = 30
"""A live series was quoted in at least one of this many newest publications."""

MIN_QUOTES = 30
"""A live series was quoted this often: a new city is not forecast before it has a past."""


@dataclass(frozen=True)
class Panel:
    """Prices of S series on T publication dates.

    Attributes:
        columns: names of the key columns.
        product: those of `columns` that name the product; the others name the place.
        keys: S keys, sorted, each a label for each of `columns`.
        dates: T publication dates, ascending.
        prices: (S, T), in the commodity's unit; NaN where not quoted.
        calendar: the days on which publications are expected.
    """

    columns: tuple[str, ...]
    product: tuple[str, ...]
    keys: tuple[Key, ...]
    dates: tuple[date, ...]
    prices: Floats
    calendar: PublicationCalendar

    def __post_init__(self) -> None:
        """Check that the parts fit together.

        Raises:
            ValueError: shapes disagree, or dates do not ascend.
        """
        if self.prices.shape != (len(self.keys), len(self.dates)):
            raise ValueError(
                f"prices have shape {self.prices.shape}, expected "
                f"({len(self.keys)} series, {len(self.dates)} dates)"
            )
        if list(self.dates) != sorted(set(self.dates)):
            raise ValueError("dates must ascend without repetition")

    @property
    def origin(self) -> date:
        """The newest publication.

        Raises:
            TooLittleHistory: the panel holds none.
        """
        if not self.dates:
            raise TooLittleHistory("The history holds no publication yet; run `make daily`.")
        return self.dates[-1]

    @cached_property
    def filled(self) -> Floats:
        """(S, T): each price carried forward over gaps; NaN before the first quote.

        For features only: a target needs a price that was quoted.
        """
        return carried_forward(self.prices)

    @property
    def live(self) -> NDArray[np.bool_]:
        """(S,): whether each series is live, which is to be forecast and scored.

        It was quoted within the last LIVE_WINDOW publications and MIN_QUOTES times in all; in
        a history of under twice MIN_QUOTES publications, in half of them. Fits learn from every
        change between two quotes, of live series or not.
        """
        quoted = np.isfinite(self.prices)
        enough = min(MIN_QUOTES, len(self.dates) // 2)
        live: NDArray[np.bool_] = quoted[:, -LIVE_WINDOW:].any(axis=1)
        return live & (quoted.sum(axis=1) >= enough)

    def cut(self, count: int) -> Panel:
        """Return the panel as it stood after its first `count` publications."""
        return replace(self, dates=self.dates[:count], prices=self.prices[:, :count])


def carried_forward(prices: Floats) -> Floats:
    """Carry each price of (R, T) forward over gaps; NaN before the first quote."""
    quoted = np.isfinite(prices)
    last = np.where(quoted, np.arange(prices.shape[1]), -1)
    np.maximum.accumulate(last, axis=1, out=last)
    carried = np.take_along_axis(prices, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, np.nan)
