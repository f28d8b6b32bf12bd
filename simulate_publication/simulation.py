"""A seeded market that behaves as SNIIM's milk prices do.

At each publication every series may change its price: whether, which way and by how much
follow from its lasting traits, its own earlier prices and its own random numbers for that
date. Nothing looks ahead, so a longer simulation only adds publications. The figures of the
real market that it is held to stand in its test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

import numpy as np
from scipy.special import expit, ndtri

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from simulate_publication.catalogue import CITIES
from simulate_publication.traits import Floats, Integers, Traits, draw_traits, stream
from simulate_publication.workbook import true_averages

START = date(2024, 1, 3)
"""The first publication."""

START_LEVEL, LEVEL_RISE, RISE_DAYS = 26.8, 4.0, 548
LEVEL_SWING, SWING_DAYS = 0.8, 1096
"""The national level, MXN per litre: rises for 18 months, then swings about where it came to."""
LOWEST, HIGHEST = 15.6, 40.0
"""No price is simulated beyond these, MXN per litre."""

PACE = -0.46
"""Added to the logit of P(change), to make up for what freshness and weekdays add on average."""
CITY_SHOCK, NATIONAL_SHOCK = 2.0, 0.2
"""Standard deviations of what a city, and the country, add to that logit on a day."""
FRESHNESS, FRESH_FOR = 1.2, 1.2
"""What a change adds to that logit, and how many publications it takes to fade to 1/e."""
RECENT = 5
"""Publications whose mean a price reverts to."""
SHORT_REVERSION, LONG_REVERSION = 1.25, 0.14
"""How strongly the direction follows the distance from the recent mean, and from home."""
SIZE_SPREAD = 0.85
"""Standard deviation of the log of a change's size."""
LARGEST = 8.0
"""No change is larger, MXN per litre."""
GRIDS = ((0.06, 1.0), (0.16, 0.5), (0.26, 0.1), (1.0, 0.01))
"""Cumulative share of new prices, and the grid that they stand on."""
LONGEST_AGE, DAYS_BETWEEN = 100, 7 / 3
"""Oldest price at the start, in publications, and the days from one to the next."""

DRAWS = 4
CHANGE, DIRECTION, SIZE, GRID = range(DRAWS)
"""Columns of a series' uniform random numbers for one date."""


@dataclass
class _Market:
    """Where the series stand: what the next publication depends on.

    `recent` holds the last RECENT prices (S, RECENT), newest last; `age` (S,) the
    publications since each price changed; `national` (S,) the national level at that time.
    """

    recent: Floats
    age: Integers
    national: Floats

    @property
    def price(self) -> Floats:
        return self.recent[:, -1]

    def publish(self, price: Floats, level: float) -> None:
        same = price == self.price
        self.age = np.where(same, self.age + 1, 0)
        self.national = np.where(same, self.national, level)
        self.recent = np.column_stack([self.recent[:, 1:], price])


def simulate(commodity: Commodity, seed: int, until: date) -> list[Block]:
    """Simulate every publication from START to `until`, both included, oldest first.

    Series that are never quoted hold None, those of a zero city 0.0, as SNIIM's do.

    Raises:
        SimulationError: the commodity is not one whose behaviour is known.
    """
    traits = draw_traits(commodity, seed)
    dates = publication_days(commodity, until)
    return [
        _block(day, price, traits, commodity)
        for day, price in zip(dates, _prices(traits, dates, seed), strict=True)
    ]


def national_level(day: date) -> float:
    """Return the level that prices follow on `day`, MXN per litre."""
    passed = (day - START).days
    after = max(passed - RISE_DAYS, 0)
    swing = LEVEL_SWING * np.sin(2 * np.pi * after / SWING_DAYS)
    return float(START_LEVEL + LEVEL_RISE * min(passed / RISE_DAYS, 1.0) + swing)


def publication_days(commodity: Commodity, until: date) -> list[date]:
    """Return the days from START to `until` on which the commodity is expected to be published."""
    calendar = commodity.publication_calendar
    days = calendar.expected_after(date.fromordinal(START.toordinal() - 1))
    return list(takewhile(lambda day: day <= until, days))


def _prices(traits: Traits, dates: list[date], seed: int) -> Iterator[Floats]:
    """Yield (S,) prices for each date."""
    shape = (len(dates), DRAWS)
    uniforms = np.stack([stream(seed, "draws", *key).random(shape) for key in traits.keys], axis=1)
    shocks = _shocks(traits, len(dates), seed)
    market: _Market | None = None
    for day, uniform, shock in zip(dates, uniforms, shocks, strict=True):
        if market is None:
            market = _opening(traits, uniform)
        else:
            price = _next_price(market, traits, day, uniform, shock)
            market.publish(price, national_level(day))
        yield market.price


def _shocks(traits: Traits, count: int, seed: int) -> Floats:
    """Return (count, S): what the day adds to each series' logit of P(change)."""
    national = stream(seed, "national").standard_normal(count)
    cities = [stream(seed, "city days", *city.key).standard_normal(count) for city in CITIES]
    shocks: Floats = NATIONAL_SHOCK * national[:, None] + CITY_SHOCK * np.array(cities).T
    return shocks[:, traits.city]


def _opening(traits: Traits, uniform: Floats) -> _Market:
    """Return the market at the first publication: prices long settled, ages as they come."""
    age = np.log(uniform[:, CHANGE]) / np.log1p(-expit(traits.pace))
    passed = np.minimum(age.astype(np.int64), LONGEST_AGE)
    national = START_LEVEL - LEVEL_RISE / RISE_DAYS * DAYS_BETWEEN * passed
    price = _on_grid(np.clip(national + traits.level, LOWEST, HIGHEST), uniform)
    return _Market(np.tile(price[:, None], RECENT), passed, national)


def _next_price(
    market: _Market, traits: Traits, day: date, uniform: Floats, shock: Floats
) -> Floats:
    home = np.clip(market.national + traits.level, LOWEST, HIGHEST)
    to_recent = (market.recent.mean(axis=1) - market.price) / traits.step
    to_home = (home - market.price) / traits.step
    lean = SHORT_REVERSION * np.tanh(2 * to_recent) + LONG_REVERSION * to_home
    up = uniform[:, DIRECTION] < expit(lean)
    size = traits.step * np.exp(SIZE_SPREAD * ndtri(uniform[:, SIZE]))
    change = national_level(day) - market.national + np.where(up, size, -size)
    moved = _moved(market.price, np.clip(change, -LARGEST, LARGEST), uniform)
    changes = uniform[:, CHANGE] < _change_probability(market, traits, day, shock)
    return np.where(changes, moved, market.price)


def _change_probability(market: _Market, traits: Traits, day: date, shock: Floats) -> Floats:
    # A logit averaged over normal shocks is flatter; this stretches it back to its mean.
    stretch = np.sqrt(1 + 0.346 * CITY_SHOCK**2)
    fresh = FRESHNESS * np.exp(-market.age / FRESH_FOR)
    probability: Floats = expit(
        (traits.pace + PACE) * stretch + traits.weekday[:, day.weekday()] + fresh + shock
    )
    return probability


def _moved(price: Floats, change: Floats, uniform: Floats) -> Floats:
    """Return the new price: on its grid, within bounds, and never the old one."""
    inside = (price + change >= LOWEST) & (price + change <= HIGHEST)
    change = np.where(inside, change, -change)
    moved = np.clip(_on_grid(price + change, uniform), LOWEST, HIGHEST)
    tick = np.round(price + np.copysign(np.maximum(np.abs(change), 0.01), change), 2)
    return np.where(moved == price, tick, moved)


def _on_grid(price: Floats, uniform: Floats) -> Floats:
    shares, grids = np.array(GRIDS).T
    grid = grids[np.searchsorted(shares, uniform[:, GRID])]
    standing: Floats = np.round(np.round(price / grid) * grid, 2)
    return standing


def _block(day: date, price: Floats, traits: Traits, commodity: Commodity) -> Block:
    cells = np.where(traits.zero, 0.0, price).tolist()
    quoted: list[bool] = traits.quoted.tolist()
    prices = {
        key: cell if is_quoted else None
        for key, cell, is_quoted in zip(traits.keys, cells, quoted, strict=True)
    }
    return Block(day, prices, true_averages(prices, commodity))
