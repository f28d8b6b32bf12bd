"""The simulated market against the figures measured on SNIIM's milk prices.

`FIGURES` holds each measure with the span that both the real prices (196 publications, January
2024 to April 2025) and every simulated market of that length must lie in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.block import Block
from simulate_publication import read_history, simulate, true_averages
from simulate_publication.simulation import START, national_level

END = date(2025, 4, 30)


class Market:
    """Prices (S live series, T), their steps from one publication to the next, and groups."""

    def __init__(self, blocks: list[Block]) -> None:
        keys = [key for key in blocks[0].prices if any(block.prices[key] for block in blocks)]
        self.dates = [block.date for block in blocks]
        prices = [[block.prices[key] or np.nan for block in blocks] for key in keys]
        # The real prices lack one quote (Pachuca, 2025-01-06): the price before it stays.
        self.prices = pd.DataFrame(prices).ffill(axis=1).to_numpy()
        self.published = np.array(
            [
                [c for c in block.prices.values() if c is not None]
                for block in blocks[:: len(blocks) - 1]
            ]
        )
        self.steps = np.diff(self.prices)
        self.changed = np.abs(self.steps) > 1e-9
        self.sizes = np.abs(self.steps[self.changed])
        self.rates = self.changed.mean(axis=1)
        self.groups = np.array(["/".join(key[2:]) for key in keys])
        self.cities = np.array([key[1] for key in keys])

    def rate_of(self, group: str) -> float:
        return float(self.changed[self.groups == group].mean())

    def chance_at_age(self, age: int) -> float:
        """P(change) of prices that changed `age` publications before the last one."""
        hits = total = 0
        for row in self.changed:
            (places,) = np.nonzero(row)
            gaps = np.diff(places)
            open_end = len(row) - 1 - places[-1] if len(places) else 0
            hits += int((gaps == age + 1).sum())
            total += int((gaps > age).sum()) + int(open_end > age)
        return hits / total

    def flips(self) -> float:
        """Share of consecutive changes of one series whose signs differ."""
        signs = [np.sign(row[moved]) for row, moved in zip(self.steps, self.changed, strict=True)]
        pairs = [s[1:] != s[:-1] for s in signs]
        return float(np.concatenate(pairs).mean())

    def autocorrelation(self) -> float:
        return float(np.corrcoef(self.steps[:, :-1].ravel(), self.steps[:, 1:].ravel())[0, 1])

    def chance_beside(self, *, sibling: bool) -> float:
        """P(change) on a day on which another series of the city changes, or none does."""
        same = (self.cities[:, None] == self.cities) & ~np.eye(len(self.cities), dtype=bool)
        moving = (same.astype(int) @ self.changed.astype(int)) > 0
        return float(self.changed[moving == sibling].mean())

    def moving_day(self, city: str) -> int:
        """The weekday on which most changes of `city` happen."""
        moves = self.changed[self.cities == city].sum(axis=0)
        weekdays = np.array([day.weekday() for day in self.dates[1:]])
        return int(np.argmax([moves[weekdays == day].sum() for day in range(7)]))

    def jumps(self, share: float) -> int:
        relative = np.abs(self.steps) / self.prices[:, :-1]
        return int((relative > share).sum())

    def reversed_jumps(self, share: float) -> int:
        """Jumps of which the next publication takes back more than half."""
        jumped = np.abs(self.steps[:, :-1]) / self.prices[:, :-2] > share
        both = np.abs(self.steps[:, :-1] + self.steps[:, 1:])
        return int((jumped & (both < np.abs(self.steps[:, :-1]) / 2)).sum())

    def rms_over(self, horizon: int) -> float:
        return float(np.sqrt(((self.prices[:, horizon:] - self.prices[:, :-horizon]) ** 2).mean()))

    def odd_publications(self) -> int:
        """Publications on which under 7 % or over 30 % of the series change."""
        shares = self.changed.mean(axis=0)
        return int(np.count_nonzero((shares < 0.07) | (shares > 0.3)))

    def on_grid(self, grid: float) -> float:
        """Share of prices that are multiples of `grid`."""
        return float((np.abs(self.prices / grid - np.round(self.prices / grid)) < 1e-6).mean())

    def squared_error_in_top_percent(self) -> float:
        squares = np.sort((self.steps**2).ravel())[::-1]
        return float(squares[: len(squares) // 100].sum() / squares.sum())


FIGURES: dict[str, tuple[Callable[[Market], float], float, float]] = {
    # measure, lowest, highest; the real figure behind it
    "live series": (lambda m: len(m.prices), 185, 185),  # 185
    "unchanged": (lambda m: 1 - m.rates.mean(), 0.80, 0.84),  # 0.818
    "rate, Past./Autoservicios": (
        lambda m: m.rate_of("Pasteurizada/Autoservicios"),
        0.15,
        0.26,
    ),  # 0.196
    "rate, Past./Tiendas": (lambda m: m.rate_of("Pasteurizada/Tiendas"), 0.09, 0.18),  # 0.136
    "rate, UHT/Autoservicios": (
        lambda m: m.rate_of("Ultrapasteurizada/Autoservicios"),
        0.20,
        0.31,
    ),  # 0.251
    "rate, UHT/Tiendas": (lambda m: m.rate_of("Ultrapasteurizada/Tiendas"), 0.09, 0.18),  # 0.134
    "median rate of a series": (lambda m: float(np.median(m.rates)), 0.085, 0.13),  # 0.108
    "series under 5 %": (lambda m: int((m.rates < 0.05).sum()), 42, 66),  # 52
    "series over 50 %": (lambda m: int((m.rates > 0.5).sum()), 8, 22),  # 15
    "size, mean": (lambda m: m.sizes.mean(), 0.43, 0.54),  # 0.481
    "size, median": (lambda m: np.median(m.sizes), 0.25, 0.35),  # 0.30
    "size, q90": (lambda m: np.quantile(m.sizes, 0.9), 0.9, 1.2),  # 1.02
    "size, q95": (lambda m: np.quantile(m.sizes, 0.95), 1.3, 1.75),  # 1.50
    "size, q99": (lambda m: np.quantile(m.sizes, 0.99), 2.3, 3.5),  # 2.83
    "share up": (lambda m: (m.steps[m.changed] > 0).mean(), 0.52, 0.58),  # 0.551
    "squared error in 1 %": (Market.squared_error_in_top_percent, 0.5, 0.7),  # 0.599
    "chance right after a change": (lambda m: m.chance_at_age(0), 0.42, 0.53),  # 0.481
    "chance after 3": (lambda m: m.chance_at_age(3), 0.12, 0.20),  # 0.154
    "chance after 20": (lambda m: m.chance_at_age(20), 0.02, 0.12),  # 0.055
    "sign flips": (Market.flips, 0.55, 0.66),  # 0.607
    "lag-1 autocorrelation": (Market.autocorrelation, -0.14, -0.06),  # -0.096
    "chance beside a sibling": (
        lambda m: m.chance_beside(sibling=True),
        0.34,
        0.44,
    ),  # 0.400
    "chance without": (lambda m: m.chance_beside(sibling=False), 0.06, 0.11),  # 0.085
    "share changed, q5": (lambda m: np.quantile(m.changed.mean(axis=0), 0.05), 0.10, 0.15),  # 0.123
    "share changed, q95": (
        lambda m: np.quantile(m.changed.mean(axis=0), 0.95),
        0.22,
        0.27,
    ),  # 0.243
    "odd publications": (Market.odd_publications, 0, 3),  # 0
    "jumps over 10 %": (lambda m: m.jumps(0.10), 50, 125),  # 75
    "jumps over 20 %": (lambda m: m.jumps(0.20), 1, 25),  # 11
    "jumps over 10 % reversed": (lambda m: m.reversed_jumps(0.10), 0, 10),  # 3
    "level at the start": (lambda m: m.published[0].mean(), 25.8, 26.2),  # 25.99, zeros counted
    "level at the end": (lambda m: m.published[-1].mean(), 28.7, 29.4),  # 29.03, zeros counted
    "lowest price": (lambda m: m.prices.min(), 15.6, 21.0),  # 15.60
    "highest price": (lambda m: m.prices.max(), 36.0, 40.0),  # 38.00
    "rms change over 6": (lambda m: m.rms_over(6), 0.60, 0.76),  # 0.684
    "rms change over 60": (lambda m: m.rms_over(60), 1.5, 2.1),  # 1.718
    "whole pesos": (lambda m: m.on_grid(1.0), 0.08, 0.15),  # 0.113
    "one decimal": (lambda m: m.on_grid(0.1), 0.27, 0.40),  # 0.342
    "two decimals": (lambda m: m.on_grid(0.01), 1.0, 1.0),  # 1
    "Veracruz moves on": (lambda m: m.moving_day("Veracruz"), 2, 2),  # Wednesday
    "Campeche moves on": (lambda m: m.moving_day("Campeche"), 4, 4),  # Friday
    "Durango moves on": (lambda m: m.moving_day("Durango"), 4, 4),
    "Aguascalientes moves on": (lambda m: m.moving_day("Aguascalientes"), 4, 4),
}


def outside(market: Market) -> dict[str, float]:
    """Return the figures of `market` that lie outside their spans."""
    found = {name: float(measure(market)) for name, (measure, _, _) in FIGURES.items()}
    return {name: f for name, f in found.items() if not FIGURES[name][1] <= f <= FIGURES[name][2]}


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_simulated_market_behaves_as_the_real_one(seed: int, milk: Commodity) -> None:
    assert outside(Market(simulate(milk, seed, END))) == {}


@pytest.mark.real_data
def test_the_spans_hold_for_the_real_prices(real_data_dir: Path, milk: Commodity) -> None:
    assert outside(Market(read_history(real_data_dir / "sniim-milk", milk))) == {}


def test_publications_come_on_the_expected_days(milk: Commodity) -> None:
    days = [block.date for block in simulate(milk, 1, date(2024, 12, 31))]
    calendar = milk.publication_calendar
    assert days[0] == START == date(2024, 1, 3)
    assert days[1:] == [next(calendar.expected_after(day)) for day in days[:-1]]
    assert date(2024, 3, 29) not in days  # Good Friday
    assert calendar.next_after(days[-1]) > date(2024, 12, 31)


def test_a_longer_simulation_changes_no_earlier_cell(milk: Commodity) -> None:
    longer = simulate(milk, 7, date(2024, 9, 2))
    for until in (date(2024, 1, 3), date(2024, 1, 4), date(2024, 4, 19), date(2024, 8, 30)):
        shorter = simulate(milk, 7, until)
        assert shorter == longer[: len(shorter)]
        assert shorter[-1].date <= until < longer[len(shorter)].date


def test_seeds_give_different_markets_and_a_seed_the_same(milk: Commodity) -> None:
    one, again, other = (simulate(milk, seed, date(2024, 1, 31)) for seed in (1, 1, 2))
    assert one == again
    assert one[0].prices != other[0].prices


def test_blocks_hold_216_series_with_their_true_averages(
    milk: Commodity, month: list[Block]
) -> None:
    for block in month:
        assert len(block.prices) == 216
        assert sum(price is None for price in block.prices.values()) == 27
        assert sum(price == 0 for price in block.prices.values()) == 4
        assert block.averages == true_averages(block.prices, milk)


def test_nothing_before_the_first_publication(milk: Commodity) -> None:
    assert simulate(milk, 1, date(2024, 1, 2)) == []


def test_the_market_stays_plausible_for_years(milk: Commodity) -> None:
    market = Market(simulate(milk, 1, date(2034, 1, 1)))
    means = market.prices.mean(axis=0)
    assert means[-5 * 156 :].min() > 29
    assert means[-5 * 156 :].max() < 33
    assert market.prices.min() >= 15.6
    assert market.prices.max() <= 40
    yearly = market.changed[:, : 9 * 156].reshape(185, 9, 156).mean(axis=(0, 2))
    assert np.all((yearly > 0.15) & (yearly < 0.21))
    assert 2 < market.prices[:, -1].std() < 4


def test_the_national_level_never_leaps() -> None:
    days = [date.fromordinal(START.toordinal() + passed) for passed in range(3000)]
    levels = np.array([national_level(day) for day in days])
    assert np.abs(np.diff(levels)).max() < 0.01


def test_450_publications_take_about_a_second(milk: Commodity) -> None:
    begun = time.perf_counter()
    blocks = simulate(milk, 1, date(2026, 12, 31))
    assert time.perf_counter() - begun < 8  # 0.35 s alone; a machine may be busy
    assert len(blocks) > 440


def test_a_commodity_of_unknown_behaviour_is_refused(milk: Commodity) -> None:
    columns = [
        price.model_copy(update={"Canal": "Mercados"}) for price in milk.workbook.price_columns
    ]
    sheet = milk.workbook.model_copy(update={"price_columns": tuple(columns)})
    other = milk.model_copy(update={"name": "queso", "workbook": sheet})
    with pytest.raises(SimulationError, match=r"queso.*Mercados.*HISTORY"):
        simulate(other, 1, END)
