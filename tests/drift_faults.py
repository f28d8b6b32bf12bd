"""Faults of a publication, as functions of prices: what monitoring must notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from canasta.forecast.panel import Floats, Panel

WINDOWS = 12
DAYS_30 = 13
"""Publications."""

type Fault = Callable[[Panel, int, int], Floats]
"""Panel, first faulty publication and the one after the last -> (S, T) faulty prices."""


def _raised(panel: Panel, start: int, stop: int, factor: float = 1.1) -> Floats:
    prices = panel.prices.copy()
    prices[:, start:stop] = np.round(prices[:, start:stop] * factor, 2)
    return prices


def _swapped(panel: Panel, start: int, stop: int) -> Floats:
    """Types change their labels: a series that has no counterpart is no longer quoted."""
    at = panel.columns.index("Tipo")
    types = sorted({key[at] for key in panel.keys})
    row = {key: index for index, key in enumerate(panel.keys)}
    prices = panel.prices.copy()
    prices[:, start:stop] = np.nan
    for key, index in row.items():
        other = types[1 - types.index(key[at])]
        counterpart = row.get((*key[:at], other, *key[at + 1 :]))
        if counterpart is not None:
            prices[index, start:stop] = panel.prices[counterpart, start:stop]
    return prices


def _frozen(panel: Panel, start: int, stop: int, share: float = 1.0) -> Floats:
    """Series repeat the publication before the fault; a share of them, whole places."""
    prices = panel.prices.copy()
    rows = _some(panel, share)
    prices[rows, start:stop] = panel.filled[rows, start - 1 : start]
    return prices


def _noisy(panel: Panel, start: int, stop: int, deviation: float = 0.5) -> Floats:
    noise = np.random.default_rng(start).normal(0, deviation, (len(panel.keys), stop - start))
    prices = panel.prices.copy()
    prices[:, start:stop] = np.round(prices[:, start:stop] + noise, 2)
    return prices


def _one_channel_raised(panel: Panel, start: int, stop: int) -> Floats:
    at = panel.columns.index("Canal")
    rows = [index for index, key in enumerate(panel.keys) if key[at] == "Tiendas"]
    prices = panel.prices.copy()
    prices[rows, start:stop] = np.round(prices[rows, start:stop] * 1.1, 2)
    return prices


def _missing(panel: Panel, start: int, stop: int, share: float = 0.1) -> Floats:
    prices = panel.prices.copy()
    prices[_some(panel, share), start:stop] = np.nan
    return prices


def _some(panel: Panel, share: float) -> list[int]:
    """Rows of that share of the cities, every so many of them."""
    at = panel.columns.index("Ciudad")
    cities = sorted({key[at] for key in panel.keys})
    hit = {city for n, city in enumerate(cities) if int((n + 1) * share) > int(n * share)}
    return [index for index, key in enumerate(panel.keys) if key[at] in hit]


FAULTS: Mapping[str, Fault] = {
    "+10 % on the last publication": lambda panel, start, _stop: _raised(panel, start, start + 1),
    "+10 % for 30 days": _raised,
    "types swapped": _swapped,
    "frozen 30 days": _frozen,
    "noise, sd 0.5": _noisy,
}
"""Those that an ALERT must follow."""

FAINTER: Mapping[str, Fault] = {
    "+10 % of one channel": _one_channel_raised,
    "+1 % for 30 days": lambda panel, start, stop: _raised(panel, start, stop, 1.01),
    "noise, sd 0.02": lambda panel, start, stop: _noisy(panel, start, stop, 0.02),
    "half of the cities frozen": lambda panel, start, stop: _frozen(panel, start, stop, 0.5),
    "a fifth of the cities frozen": lambda panel, start, stop: _frozen(panel, start, stop, 0.2),
    "a tenth of the cities missing": _missing,
}
"""Those that say how fine the net is; nothing is promised of them."""


def onsets(publications: int, first: int) -> list[int]:
    """Where the windows begin: spread evenly from `first`, each with 30 days to follow."""
    return [int(at) for at in np.linspace(first, publications - DAYS_30, WINDOWS)]


def faulty(panel: Panel, fault: Fault, start: int) -> Panel:
    """Let a fault last 30 days."""
    return replace(panel, prices=fault(panel, start, start + DAYS_30))
