"""How often the rule for live outcomes takes the title by chance: `python -m tests.rollback_power`.

Prints the table of docs/decisions/0018: champions of known worth publish for a year, and the rule
of [live] in params.toml is asked at each publication. Nothing is read but that (half a minute).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from canasta.forecast.evaluation.metrics import diebold_mariano
from canasta.forecast.panel import Floats
from canasta.parameters import LiveParameters, read_parameters

YEAR = 156
"""Publications: three a week."""
WORTHS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
"""Mean by which a champion's CRPS lies below persistence's, in standard deviations of that."""
TAILS = 4
"""Degrees of freedom of Student's t, from which a publication's difference is drawn."""


@dataclass(frozen=True)
class Years:
    """Years of one champion.

    Attributes:
        worth: see WORTHS.
        fell: for each year, after how many publications it lost the title; 0: it did not.
    """

    worth: float
    fell: tuple[int, ...]

    @property
    def share(self) -> float:
        """Of the years, how many it did not outlast."""
        return sum(at > 0 for at in self.fell) / len(self.fell)

    @property
    def median(self) -> float:
        """Publications until it fell, where it did; NaN where it never did."""
        found = [at for at in self.fell if at]
        return float(np.median(found)) if found else float("nan")


def falls_after(ahead: Floats, margins: LiveParameters) -> int:
    """Return after how many publications a champion falls; 0: never.

    Args:
        ahead: (N,) by how much its CRPS lies below persistence's, publication by publication.
        margins: of the rule.
    """
    for count in range(margins.least, len(ahead) + 1):
        newest = ahead[np.newaxis, max(0, count - margins.most) : count]
        if newest.mean() < 0 and diebold_mariano(-newest, np.zeros_like(newest)) < -margins.dm:
            return count
    return 0


def years(worth: float, margins: LiveParameters, count: int) -> Years:
    """Let a champion of known worth publish for `count` years."""
    draws = np.random.default_rng(1).standard_t(TAILS, (count, YEAR))
    ahead = draws / np.sqrt(TAILS / (TAILS - 2)) + worth
    return Years(worth, tuple(falls_after(year, margins) for year in ahead))


def table(found: list[Years], least: int) -> Table:
    """Lay out how often each champion fell; it is judged first after `least` publications."""
    shown = Table("Worth", "Falls within a year", "In the median after", "At its first judgement")
    for one in found:
        first = sum(at == least for at in one.fell)
        shown.add_row(
            f"{one.worth:+.1f}",
            f"{one.share:.1%}",
            f"{one.median:.0f} publications",
            f"{first / len(one.fell):.1%}",
        )
    return shown


def main(count: int = 1000) -> None:
    """Print the table."""
    margins = read_parameters().live
    found = [years(worth, margins, count) for worth in WORTHS]
    Console().print(table(found, margins.least))


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]))
