"""Which series belong together: same product, same place, or twins but for one label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canasta.forecast.panel import Panel

type Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Kinship:
    """Relations among S series, by position in the panel.

    Attributes:
        market: (S,) number of the series' product (for milk: type and channel).
        city: (S,) number of the series' place.
        twins: for each product column, (S,) the first other series that differs from this one
            in that column alone; -1 where there is none.
    """

    market: Ints
    city: Ints
    twins: Mapping[str, Ints]

    @classmethod
    def of(cls, panel: Panel) -> Kinship:
        """Read the kinship from the panel's keys."""
        product = [panel.columns.index(name) for name in panel.product]
        place = [i for i in range(len(panel.columns)) if i not in product]
        return cls(
            market=_numbered([tuple(key[i] for i in product) for key in panel.keys]),
            city=_numbered([tuple(key[i] for i in place) for key in panel.keys]),
            twins={panel.columns[i]: _twins(panel, i) for i in product},
        )


def _numbered(labels: list[tuple[str, ...]]) -> Ints:
    numbers = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.array([numbers[label] for label in labels], dtype=np.intp)


def _twins(panel: Panel, column: int) -> Ints:
    rest = [key[:column] + key[column + 1 :] for key in panel.keys]
    alike: dict[tuple[str, ...], list[int]] = {}
    for position, label in enumerate(rest):
        alike.setdefault(label, []).append(position)
    firsts = (
        next((other for other in alike[label] if other != position), -1)
        for position, label in enumerate(rest)
    )
    return np.fromiter(firsts, dtype=np.intp, count=len(rest))
