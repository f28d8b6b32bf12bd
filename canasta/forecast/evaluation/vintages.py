"""The history as it was known on any of its days, so that a back-test sees no correction early.

A vintage ends where the past began to look different: a correction was first seen, or a series
was listed for the first time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from canasta.commodity import Commodity
from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.forecast.training import Trainer
from canasta.ingest.lake import Lake
from canasta.parameters import FitParameters

KEPT = 4
"""Vintages held in memory: origins are visited in order, and most histories have one."""


class Vintages:
    """Trainers on what was known, by column of the newest panel.

    Args:
        newest: on what is known now.
        rewritten: ascending days since which the past looks different.
        read: returns the panel as it was known on a day.
    """

    def __init__(
        self, newest: Trainer, rewritten: Sequence[date], read: Callable[[date], Panel]
    ) -> None:
        self.newest = newest
        self._rewritten = tuple(rewritten)

        @lru_cache(maxsize=KEPT)
        def ending(day: date) -> Trainer:
            horizons = len(newest.tasks)
            return Trainer.of(read(day), newest.parameters, newest.seed, horizons)

        self._ending = ending

    @classmethod
    def unrevised(cls, newest: Trainer) -> Vintages:
        """Return the vintages of a history whose past always looked as it does now."""
        return cls(newest, (), lambda _: newest.panel)

    def at(self, column: int) -> Trainer:
        """Return the history as known on the date of `column`; its columns are the newest's.

        It may reach further than that date, as long as nothing before it looked different.
        """
        day = self.newest.panel.dates[column]
        following = bisect_right(self._rewritten, day)
        if following == len(self._rewritten):
            return self.newest
        return self._ending(self._rewritten[following] - timedelta(days=1))


def read_vintages(
    lake: Lake,
    commodity: Commodity,
    as_of: date,
    parameters: FitParameters,
    seed: int,
    horizons: int,
) -> Vintages:
    """Read the lake's history and its vintages, as of a day, for some horizons.

    Raises:
        LakeEmpty: no publication lies on or before `as_of`.
    """
    newest = Trainer.of(read_panel(lake, commodity, as_of), parameters, seed, horizons)

    def known_on(day: date) -> Panel:
        return laid_out(read_panel(lake, commodity, day), newest.panel, day)

    return Vintages(newest, lake.rewritten(as_of), known_on)


def laid_out(known: Panel, newest: Panel, day: date) -> Panel:
    """Return what was known on `day` in the columns of the newest history.

    A publication that came in after `day`, though it is dated before, is an empty column.
    """
    dates = tuple(published for published in newest.dates if published <= day)
    if dates == known.dates:
        return known
    prices = np.full((len(known.keys), len(dates)), np.nan)
    prices[:, [dates.index(published) for published in known.dates]] = known.prices
    return replace(known, dates=dates, prices=prices)
