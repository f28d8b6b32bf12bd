"""The history as it was known when a publication had come in: what a forecast could stand on."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import lru_cache

from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.ingest.lake import Lake
from canasta.ingest.late import read_late

KEPT = 8
"""Histories held in memory: as many origins, and more, aim at one publication."""


class Known:
    """Histories by their newest publication.

    Where nothing before a publication has looked different since, its history is a part of the
    newest one; else it is read again as it was.

    Args:
        lake: of the history.
        newest: the history as it is known on `as_of`.
        as_of: the day.
    """

    def __init__(self, lake: Lake, newest: Panel, as_of: date) -> None:
        self._lake = lake
        self._newest = newest
        self._as_of = as_of
        self._late = read_late(lake.store)
        self._rewritten = lake.rewritten(as_of)
        self._again = lru_cache(maxsize=KEPT)(self._read)

    def at(self, origin: date) -> Panel:
        """Return the history that ends with `origin`, as known when that had come in."""
        since = self._late.get(origin, origin)
        changed = bisect_right(self._rewritten, since) < len(self._rewritten)
        panel = self._again(since) if changed else self._newest
        return panel.cut(bisect_right(panel.dates, origin))

    def _read(self, day: date) -> Panel:
        return read_panel(self._lake, self._lake.commodity, day)
