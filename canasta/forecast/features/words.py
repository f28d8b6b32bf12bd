"""What the features say, in words for people: a sentence part for each name of `features.py`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from canasta.forecast.features.standing import LONG, MIDDLE, RANGE_WINDOW, SHORT

_WORDS = {
    "rate": "how often this price has changed so far, drawn to its market's rate",
    f"rate_{SHORT}": f"share of the last {SHORT} publications on which it changed",
    f"rate_{MIDDLE}": f"share of the last {MIDDLE} publications on which it changed",
    f"rate_{LONG}": f"share of the last {LONG} publications on which it changed",
    "market_rate": "how often prices of this market have changed so far",
    "hazard": "how often this market's prices change at this age",
    "hazard_expected": "the market's rate at this age, scaled to this price's own rate",
    "hazard_own": "how often this price itself has changed at this age",
    "age": "publications since its last change",
    "age_before": "publications between its last two changes",
    "step": "its change at the newest publication",
    "last_move": "its last change, whenever that was",
    "move_before": "the change before its last one",
    "rises": "share of its changes so far that were rises",
    "size": "mean size of its changes so far",
    "spread": "price above (+) or below (−) its market's mean",
    "market_step": "mean change in its market at the newest publication",
    "market_share": "share of its market that changed at the newest publication",
    "share": "share of all prices that changed at the newest publication",
    "share_3": "share of all prices that changed over the last 3 publications",
    "overall_step": "mean change of all prices at the newest publication",
    "city_rate": "how often prices of this city have changed so far",
    "city_moves": "other prices of the city that changed at the newest publication",
    "city_moves_3": "changes of other prices of the city over the last 3 publications",
    "city_step": "sum of the changes of the city's other prices at the newest publication",
    "price": "the price itself",
    "cents": "the part of the price behind the point",
    "round": "whether the price is round: a multiple of one half (1) or not (0)",
    "below_high": f"how far it is below its high of the last {RANGE_WINDOW} publications",
    "above_low": f"how far it is above its low of the last {RANGE_WINDOW} publications",
    "quoted": "whether it was quoted at the newest publication (1) or carried forward (0)",
    "weekday_rate": "how often it has changed on the target's weekday",
    "weekday_lift": "how often it has changed on the target's weekday, less on all days",
    "weekday_step": "its mean change on the target's weekday",
    "market_weekday_rate": "how often its market changes on the target's weekday",
    "city_weekday_rate": "how often its city changes on the target's weekday",
    "weekday": "the target's weekday (0 is Monday)",
    "gap": "days from the newest publication to the target",
    "any_rate": "chance of any change on the way, were the steps independent",
    "ahead_rate": "how often it has changed over so many publications",
}
"""By name."""

_WINDOWED = {
    "deviation": "price above (+) or below (−) its mean of the last {n}",
    "slope": "how it has returned to its mean of the last {n}: its next change per unit off",
    "reversion": "the change that a return to its mean of the last {n} would bring",
    "ahead_reversion": "the change that a return to its mean of the last {n} would bring by then",
    "spread": "distance from its market, less its usual one over the last {n}",
    "market_step": "mean change in its market over the last {n} publications, added up",
    "weekday_rate": "how often it changed on the target's weekday over the last {n}",
    "city_weekday_rate": "how often its city changed on the target's weekday over the last {n}",
}
"""By the name before the window, which counts publications."""

_TWIN = {
    "age": "publications since the last change of its twin, alike but for {column}",
    "last_move": "the last change of its twin, alike but for {column}",
    "rate": f"share of the last {MIDDLE} publications on which its twin but for {{column}} changed",
    "gap": "price above (+) or below (−) its twin, alike but for {column}",
    f"gap_{RANGE_WINDOW}": "distance from its twin but for {column}, less its usual one over the "
    f"last {RANGE_WINDOW}",
}
"""Of what is read from the twin: the series that differs in one column of the product alone."""


def words_of(feature: str, product: Sequence[str]) -> str:
    """Say what a feature means; an empty text where no words are known.

    Args:
        feature: its name.
        product: names of the key columns that name the product, which twins differ in.
    """
    if feature in _WORDS:
        return _WORDS[feature]
    for column in product:
        twin = feature.removeprefix(f"{column.lower()}_")
        if twin != feature and twin in _TWIN:
            return _TWIN[twin].format(column=column)
    windowed = re.fullmatch(r"(\w+?)_(\d+)", feature)
    if windowed is None or windowed[1] not in _WINDOWED:
        return ""
    return _WINDOWED[windowed[1]].format(n=windowed[2])
