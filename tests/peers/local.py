"""statsforecast: a model of its own for each series.

| peer | fitted | distribution |
| --- | --- | --- |
| AutoETS | where asked; `forward` applies its parameters in between | normal |
| Theta | likewise | quantiles of the library's simulated paths |
| SES (smoothing chosen by least squares), drift | at each origin: they cannot go forward | normal |
| Croston-SBA | at each origin: it has nothing to learn but its state | none |

Croston's method is made for demand, which is never negative. So it is given the rises and the
falls apart: what it expects of both per publication is added to and taken from the last price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
from statsforecast.models import (
    AutoETS,
    CrostonSBA,
    RandomWalkWithDrift,
    SimpleExponentialSmoothingOptimized,
    Theta,
)

from tests.peers.request import Floats, Forecast, History, Peer, Request

NORMAL_SHARES = (80.0, 95.0)
"""Percents of the ranges that a normal distribution is read from, and checked by."""


def local_peers(request: Request) -> Iterator[Peer]:
    """All of this library's."""
    yield Smoothed("auto-ets", AutoETS, request, goes_forward=True, normal=True)
    yield Smoothed("theta", Theta, request, goes_forward=True, normal=False)
    ses = SimpleExponentialSmoothingOptimized
    yield Smoothed("ses", ses, request, goes_forward=False, normal=True)
    yield Smoothed("drift", RandomWalkWithDrift, request, goes_forward=False, normal=True)
    yield UpsAndDowns(request.horizons)


class Smoothed:
    """A model for each series, with the library's own prediction intervals.

    Args:
        name: of the peer.
        make: a model of one series.
        request: horizons and levels.
        goes_forward: whether a fitted model can be applied to later prices.
        normal: whether its intervals are those of a normal distribution.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Any],
        request: Request,
        *,
        goes_forward: bool,
        normal: bool,
    ) -> None:
        self.name = name
        self._make, self._request = make, request
        self._goes_forward, self._normal = goes_forward, normal
        self._fitted: dict[int, Any] = {}

    def fit(self, known: History) -> None:
        """Fit each series, if that is of any use later."""
        if self._goes_forward:
            self._fitted = {
                number: self._make().fit(_quoted(row))
                for number, row in zip(known.series.tolist(), known.prices, strict=True)
            }

    def forecast(self, known: History) -> Forecast:
        """Forecast each series."""
        made = [
            self._of_one(number, _quoted(row))
            for number, row in zip(known.series.tolist(), known.prices, strict=True)
        ]
        mean = np.array([one["mean"] for one in made], dtype=np.float64)
        if self._normal:
            return Forecast(known.series, mean, sd=_normal_sd(mean, made, self.name))
        ends = [f"{end}-{share}" for end, share in self._request.intervals]
        quantiles = [np.stack([one[end] for end in ends], axis=1) for one in made]
        return Forecast(known.series, mean, quantiles=np.array(quantiles, dtype=np.float64))

    def _of_one(self, number: int, prices: Floats) -> Mapping[str, Floats]:
        shares = list(NORMAL_SHARES) if self._normal else self._request.shares
        if self._goes_forward:
            made = self._fitted[number].forward(prices, self._request.horizons, level=shares)
        else:
            made = self._make().fit(prices).predict(self._request.horizons, level=shares)
        forecast: Mapping[str, Floats] = made
        return forecast


class UpsAndDowns:
    """Croston-SBA on the rises and on the falls of each series."""

    name = "croston-sba"

    def __init__(self, horizons: int) -> None:
        self._horizons = horizons

    def fit(self, known: History) -> None:
        """Do nothing: the method has no parameter to fit."""

    def forecast(self, known: History) -> Forecast:
        """The last price, and what is expected of rises and falls until each horizon."""
        drift = np.array([_expected_change(_quoted(row)) for row in known.prices])
        steps = np.arange(1, self._horizons + 1)
        return Forecast(known.series, known.prices[:, -1:] + drift[:, np.newaxis] * steps)


def _expected_change(prices: Floats) -> float:
    """Expected rise less expected fall, a publication."""
    changes = np.diff(prices)
    up, down = (
        float(CrostonSBA().fit(np.maximum(part, 0.0)).predict(1)["mean"][0])
        for part in (changes, -changes)
    )
    return up - down


def _normal_sd(mean: Floats, made: list[Mapping[str, Floats]], name: str) -> Floats:
    """Standard deviations from the upper ends of both ranges, which must agree."""
    narrow, wide = (
        (np.array([one[f"hi-{share}"] for one in made]) - mean)
        / NormalDist().inv_cdf((1.0 + share / 100.0) / 2.0)
        for share in NORMAL_SHARES
    )
    if not np.allclose(narrow, wide, rtol=1e-4, atol=1e-6):
        raise RuntimeError(f"The ranges of {name} are not those of a normal distribution.")
    sd: Floats = wide
    return sd


def _quoted(row: Floats) -> Floats:
    """A series from its first quote on."""
    return row[np.isfinite(row)]
