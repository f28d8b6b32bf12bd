"""What stays the same about each simulated series: level, pace, step size, moving day.

Drawn once from the seed. Paces and step sizes are drawn by rank: the series take the
quantiles of the real distribution in random order, so that every seed has as many slow and
fast series as the real market.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.keys import series_key
from canasta.labels import Key
from simulate_publication.catalogue import ALWAYS_ZERO, CITIES, MOVING_DAYS, NEVER_QUOTED, City

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

LEVELS = {
    ("Pasteurizada", "Tiendas"): -1.0,
    ("Pasteurizada", "Autoservicios"): -1.0,
    ("Ultrapasteurizada", "Tiendas"): 0.9,
    ("Ultrapasteurizada", "Autoservicios"): 1.0,
}
"""Mean level of a type and channel above the national one, MXN per litre."""
LEVEL_SPREAD = 2.4
LEVEL_CITY_SHARE = 0.4
"""Standard deviation about that mean, and the part of its variance that a city shares."""
PACES = {
    ("Pasteurizada", "Tiendas"): -0.38,
    ("Pasteurizada", "Autoservicios"): 0.12,
    ("Ultrapasteurizada", "Tiendas"): -0.4,
    ("Ultrapasteurizada", "Autoservicios"): 0.52,
}
"""What a type and channel adds to the logit of P(change) of its series."""
PACE_CITY_SHARE = 0.65
"""Part of the variance of pace that the series of a city share."""
PACE_QUANTILES = (
    (0.0, 0.05, 0.10, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0),
    (-4.9, -3.95, -3.55, -2.67, -1.92, -1.07, -0.34, 0.42, 2.4),
)
"""Probability, and the logit of the share of publications that change a price."""
STEP_QUANTILES = ((0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0), (0.07, 0.13, 0.19, 0.28, 0.40, 0.56, 0.9))
"""Probability, and the median size of a change, MXN per litre."""
STEP_BY_PACE = 0.05
"""How much a faster series ranks lower by step, standard deviations."""
WEEKDAY_SPREAD = 0.5
"""How much a city's pace varies by weekday, standard deviation on the logit scale."""
MOVING_DAY_PULL = (-1.4, 1.9)
"""The same for a city with a moving day: on other days, and on that day."""


@dataclass(frozen=True)
class Traits:
    """The lasting traits of S series, in the order of the sheet.

    Attributes:
        keys: S keys.
        quoted: (S,) whether the series is ever quoted; the other arrays hold numbers for all.
        zero: (S,) whether its cells are always 0.
        city: (S,) position of the city in the catalogue.
        level: (S,) lasting distance from the national level, MXN per litre.
        pace: (S,) logit of the share of publications that change the price.
        step: (S,) median size of a change, MXN per litre.
        weekday: (S, 7) what each weekday (0 is Monday) adds to the pace.
    """

    keys: tuple[Key, ...]
    quoted: NDArray[np.bool_]
    zero: NDArray[np.bool_]
    city: Integers
    level: Floats
    pace: Floats
    step: Floats
    weekday: Floats


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random numbers that belong to `names`; their beginning never changes."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    entropy = [seed, int.from_bytes(digest[:16], "big")]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))


def draw_traits(commodity: Commodity, seed: int) -> Traits:
    """Draw the traits of every series of SNIIM's cities.

    Raises:
        SimulationError: the commodity's price columns are not milk's, the only ones whose
            levels and paces are known.
    """
    groups = _groups(commodity)
    prices = commodity.workbook.price_columns
    keys = tuple(series_key(*city.key, price, commodity) for city in CITIES for price in prices)
    city, column = (axis.ravel() for axis in np.indices((len(CITIES), len(groups))))
    names = [c.key[1] for c in CITIES]
    quoted = np.array([(name, *group) not in NEVER_QUOTED for name in names for group in groups])
    zero = np.array([name in ALWAYS_ZERO for name in names])[city]
    own = np.array([stream(seed, "series", *key).standard_normal(3) for key in keys])
    shared = np.array([stream(seed, "city", *c.key).standard_normal(2) for c in CITIES])[city]
    haste = _mixed(shared[:, 0], own[:, 0], PACE_CITY_SHARE)
    level = np.array([LEVELS[group] for group in groups])[column]
    level += LEVEL_SPREAD * _mixed(shared[:, 1], own[:, 1], LEVEL_CITY_SHARE)
    live = quoted & ~zero
    return Traits(
        keys=keys,
        quoted=quoted,
        zero=zero,
        city=city,
        level=level - level[live].mean(),
        pace=_paces(haste, live, column, [PACES[group] for group in groups]),
        step=_by_rank(own[:, 2] - STEP_BY_PACE * haste, STEP_QUANTILES),
        weekday=np.array([_weekdays(c, seed) for c in CITIES])[city],
    )


def _groups(commodity: Commodity) -> list[tuple[str, str]]:
    groups = [
        (p.labels.get("Tipo", ""), p.labels.get("Canal", ""))
        for p in commodity.workbook.price_columns
    ]
    for group in groups:
        if group not in LEVELS:
            raise SimulationError(
                f"No prices can be simulated for {commodity.name}: its workbook has a column "
                f"{group}, and levels are known for {sorted(LEVELS)} only. "
                "Render real history instead: make simulate HISTORY=<folder>."
            )
    return groups


def _mixed(shared: Floats, own: Floats, share: float) -> Floats:
    """Return standard normals of which `share` of the variance is shared."""
    mixed: Floats = np.sqrt(share) * shared + np.sqrt(1 - share) * own
    return mixed


def _paces(
    haste: Floats, live: NDArray[np.bool_], column: Integers, of_column: list[float]
) -> Floats:
    """Deal the paces out among the live series of each price column, in the order of haste."""
    paces = np.array(of_column)[column]
    for number in range(len(of_column)):
        among = live & (column == number)
        paces[among] += _by_rank(haste[among], PACE_QUANTILES)
    return paces


def _by_rank(score: Floats, quantiles: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    """Deal out the quantiles of a distribution in the order of `score`."""
    dealt: Floats = np.interp((rankdata(score) - 0.5) / len(score), *quantiles)
    return dealt


def _weekdays(city: City, seed: int) -> Floats:
    if city.key[1] in MOVING_DAYS:
        other, moving = MOVING_DAY_PULL
        return np.array([moving if day == MOVING_DAYS[city.key[1]] else other for day in range(7)])
    return WEEKDAY_SPREAD * stream(seed, "weekday", *city.key).standard_normal(7)
