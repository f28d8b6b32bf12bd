from datetime import date, timedelta

import numpy as np

from canasta.forecast.outlook import LEVELS
from tests.peers.request import Floats, Forecast, History, Request, rolling

DAYS = tuple(date(2024, 1, 1) + timedelta(days=at) for at in range(70))


def history() -> History:
    """Two series from the start, one whose first price comes in column 31."""
    prices = np.tile(np.arange(70.0), (3, 1))
    prices[2, :31] = np.nan
    return History(np.array([0, 4, 7]), DAYS, prices)


class Recorder:
    """A peer that forecasts its newest price and remembers what it was given."""

    name = "recorder"

    def __init__(self) -> None:
        self.fits: list[tuple[int, list[int]]] = []

    def fit(self, known: History) -> None:
        self.fits.append((len(known.dates) - 1, known.series.tolist()))

    def forecast(self, known: History) -> Forecast:
        newest: Floats = known.prices[:, -1:]
        return Forecast(known.series, newest)


def test_nothing_after_the_origin_is_known() -> None:
    known = history().known(40)
    assert known.dates == DAYS[:41]
    assert known.prices.shape == (2, 41)


def test_a_series_is_forecast_from_its_thirtieth_price_on() -> None:
    assert history().known(59).series.tolist() == [0, 4]
    assert history().known(60).series.tolist() == [0, 4, 7]


def test_peers_are_fitted_where_asked_and_where_a_series_is_new() -> None:
    peer = Recorder()
    origins = [(column, 57 if column < 62 else 62) for column in range(57, 65)]
    made = dict(rolling(peer, history(), origins))
    assert peer.fits == [(57, [0, 4]), (60, [0, 4, 7]), (62, [0, 4, 7])]
    assert [forecast.mean[0, 0] for forecast in made.values()] == list(range(57, 65))


def test_levels_are_the_ends_of_central_ranges() -> None:
    request = Request(horizons=6, levels=list(LEVELS), seed=1)
    named = dict(zip(LEVELS, request.intervals, strict=True))
    assert named[0.025] == ("lo", 95.0)
    assert named[0.975] == ("hi", 95.0)
    assert named[0.5] == ("lo", 0.0)
    assert named[0.999] == ("hi", 99.8)
    assert len(request.shares) == 31
