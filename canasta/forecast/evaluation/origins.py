"""Which publications are origins of a back-test, and when recipes are refitted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from canasta.errors import TooLittleHistory
from canasta.forecast.panel import Panel


@dataclass(frozen=True)
class Window:
    """Which columns of the panel are origins, and how often recipes are refitted.

    Attributes:
        first: column of the first origin.
        stop: column after the last origin; that column and later ones are targets only.
        refit_every: origins between two fits.
    """

    first: int
    stop: int
    refit_every: int

    @property
    def origins(self) -> range:
        """Columns of the origins."""
        return range(self.first, self.stop)

    @property
    def refits(self) -> range:
        """Columns up to which recipes are fitted: each serves until the next."""
        return range(self.first, self.stop, self.refit_every)

    def served(self, refit: int) -> range:
        """Return the origins that the fit in column `refit` serves."""
        return range(refit, min(refit + self.refit_every, self.stop))

    def bounded(self, panel: Panel, since: date | None, until: date | None) -> Window:
        """Return the window's part whose target dates lie in [since, until].

        Raises:
            TooLittleHistory: no target of the window lies there.
        """
        targets = [
            origin
            for origin in self.origins
            if (since is None or panel.dates[origin + 1] >= since)
            and (until is None or panel.dates[origin + 1] <= until)
        ]
        if not targets:
            first, last = panel.dates[self.first + 1], panel.dates[self.stop]
            raise TooLittleHistory(
                f"No publication can be evaluated from {since or first} to {until or last}; "
                f"the history allows target dates from {first} to {last}."
            )
        return Window(targets[0], targets[-1] + 1, self.refit_every)


def last_window(panel: Panel, origins: int, training: int, refit_every: int) -> Window:
    """Return the window of the newest `origins`, or as many as leave `training` for fitting.

    Raises:
        TooLittleHistory: not one origin leaves `training` publications.
    """
    stop = len(panel.dates) - 1
    first = max(stop - origins, training)
    if first >= stop:
        raise TooLittleHistory(
            f"A back-test needs {training} publications for training and at least 2 more; "
            f"the history holds {len(panel.dates)}."
        )
    return Window(first, stop, refit_every)
