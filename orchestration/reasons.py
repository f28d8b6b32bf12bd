"""What the features say, at the terminal: one table for each head of a hurdle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from canasta.forecast.features.words import words_of
from canasta.forecast.hurdle.attribution import Attribution, attribute
from canasta.forecast.hurdle.heads import PROBABILITIES
from canasta.forecast.hurdle.mixture import HEADS, MEAN, SIZE_DOWN, SIZE_UP, Hurdle, sigmoid
from orchestration.explain_tables import HEAD_WORDS

SHOWN = 8
"""Features of a head that are told one by one, the strongest."""


def reasons_tables(
    hurdle: Hurdle, row: NDArray[np.float32], product: Sequence[str], unit: str
) -> Iterator[Table]:
    """Yield for each head what it says of `row`, (F,), feature by feature, and the sum."""
    for head in HEADS:
        made = attribute(hurdle.heads[head], row[np.newaxis])
        table = _empty(head, _scale(head, made, unit))
        average = f"what it says on average{_meant(head, made, made.base, unit)}"
        table.add_row("", "", average, f"{made.base:.4f}", end_section=True)
        strongest = made.strongest(0, SHOWN)
        for feature in strongest:
            name = hurdle.features[feature]
            table.add_row(
                name,
                f"{row[feature] + 0.0:.4g}",  # no minus before a zero
                words_of(name, product),
                f"{made.contributions[0, feature]:+.4f}",
            )
        others = np.delete(made.contributions[0], strongest)
        rest = f"the other {len(others)} features together"
        table.add_row("", "", rest, f"{others.sum():+.4f}", end_section=True)
        raw = float(made.raw[0])
        now = f"what it says now{_meant(head, made, raw, unit)}"
        table.add_row("", "", now, f"{raw:.4f}")
        yield table


def _empty(head: str, scale: str) -> Table:
    title = f"{HEAD_WORDS[head]}, in {scale}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("feature", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("which is", no_wrap=True)
    table.add_column("adds", justify="right", no_wrap=True)
    return table


def _scale(head: str, made: Attribution, unit: str) -> str:
    if head in PROBABILITIES:
        return "log odds" if made.in_log_odds else "probability"
    return unit if head == MEAN else f"the logarithm of {unit}"


def _meant(head: str, made: Attribution, raw: float, unit: str) -> str:
    """Say in a person's terms what a raw output means that is in none."""
    if made.in_log_odds:
        return f": {float(sigmoid(np.array(raw))):.2%}"
    if head in (SIZE_UP, SIZE_DOWN):
        return f": typically {np.exp(raw):.2f} {unit}"
    return ""
