"""A report at a glance: means by market, the biggest expected moves, ranges in words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.figures import FINE_DECIMALS
from canasta.deliver.report import HORIZON, P_CHANGE, RANGE_80, TARGET, PriceColumns

SMALLEST_MOVE = 0.005
"""In the unit: an expected move below it is none, with prices of two decimals."""
SERIES, STILL, CHANGE, MOVE = "series", "still", "change", "move"


@dataclass(frozen=True, slots=True)
class Wording:
    """How ranges read in one language.

    Attributes:
        between: of a range, with places for `low` and `high`.
        unchanged: of a range that is the last price alone, with a place for `share`, the percent
            that the price stays.
    """

    between: str
    unchanged: str


SPANISH = Wording("{low:.2f} a {high:.2f}", "sin cambio esperado ({share} %)")
ENGLISH = Wording("{low:.2f} to {high:.2f}", "no change expected ({share} %)")


def market_means(report: pd.DataFrame, commodity: Commodity) -> pd.DataFrame:
    """Average a report over places: one row for each market (for milk, Tipo × Canal) and date.

    Returns:
        The columns of `commodity.keys.slices` and `fecha`; `series` (how many) and `still` (how
        many of them are expected to stay, by their 80 % range); the last, suggested and mean
        price, each the plain mean over the market's series, and `change`, mean price less last;
        in the unit, with at most 4 decimals.
    """
    price = PriceColumns.of(commodity)
    marked = report.assign(**{STILL: is_still(report, commodity, RANGE_80)})
    markets = marked.groupby([*commodity.keys.slices, TARGET], sort=True)
    means = markets[[price.last, price.suggested, price.mean]].mean().round(FINE_DECIMALS)
    means.insert(0, SERIES, markets.size())
    means.insert(1, STILL, markets[STILL].sum())
    means[CHANGE] = (means[price.mean] - means[price.last]).round(FINE_DECIMALS)
    return means.reset_index()


def biggest_moves(report: pd.DataFrame, commodity: Commodity, count: int) -> pd.DataFrame:
    """Return the rows of the farthest horizon whose mean moves most, with that move as `move`.

    At most `count` rows, the biggest first, in the unit with at most 4 decimals; moves under
    SMALLEST_MOVE are left out.
    """
    price = PriceColumns.of(commodity)
    farthest = report[report[HORIZON] == report[HORIZON].max()]
    move = (farthest[price.mean] - farthest[price.last]).round(FINE_DECIMALS)
    moved: pd.DataFrame = farthest.assign(**{MOVE: move})[move.abs() >= SMALLEST_MOVE]
    order = moved[MOVE].abs().sort_values(ascending=False, kind="stable").index
    return moved.loc[order[:count]]


def is_still(report: pd.DataFrame, commodity: Commodity, ends: tuple[str, str]) -> pd.Series[bool]:
    """Tell of each row whether the range between the columns `ends` is the last price alone."""
    low, high = ends
    last = report[PriceColumns.of(commodity).last]
    return (report[low] == last) & (report[high] == last)


def ranges_in_words(
    report: pd.DataFrame, commodity: Commodity, ends: tuple[str, str], wording: Wording
) -> list[str]:
    """Put the range between the columns `ends` in words, row by row."""
    still = is_still(report, commodity, ends)
    rows = zip(still, report[P_CHANGE], report[ends[0]], report[ends[1]], strict=True)
    return [
        wording.unchanged.format(share=_percent_unchanged(p_change))
        if stays
        else wording.between.format(low=low, high=high)
        for stays, p_change, low, high in rows
    ]


def _percent_unchanged(p_change: float) -> str:
    percent = f"{100 * (1 - p_change):.0f}"
    return ">99" if percent == "100" and p_change > 0 else percent
