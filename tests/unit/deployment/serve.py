"""What is served in tests: a simulated history, and what a model forecasts from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
from flask.testing import FlaskClient

from canasta.commodity import Commodity
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.registry.panels import PublishedPanel
from canasta.settings import Settings
from deployment.app.application import create_app
from deployment.app.live import Live, Model
from deployment.app.serving import Outcome, Status
from tests.panels import simulated_panel

VERSION = 7
NEVER = ("Baja California", "Tijuana", "Pasteurizada", "Tiendas")
"""A pair that the market has never quoted."""
SELDOM = ("Yucatán", "Mérida", "Ultrapasteurizada", "Tiendas")
"""A series that was quoted long ago."""


def history(milk: Commodity, publications: int = 90) -> Panel:
    """A simulated history, of which one series was never quoted and another is not any more."""
    panel = simulated_panel(milk, publications)
    prices = panel.prices.copy()
    prices[panel.keys.index(NEVER)] = np.nan
    prices[panel.keys.index(SELDOM), -40:] = np.nan
    return replace(panel, prices=prices)


def live(panel: Panel, predictor: Predictor, simulated: bool = False) -> Live:
    """What is served of `panel`, with `predictor` as champion."""
    model = Model("milk-price-predictor", VERSION, predictor.recipe.algorithm)
    return Live(
        published=PublishedPanel(
            panel, forecast(predictor, panel, panel.origin), "f" * 64, VERSION
        ),
        model=model,
        predictor=predictor,
        predictor_model=model,
        promoted_at="2025-04-30T19:00:00+00:00",
        trained=(panel.dates[0], panel.dates[-1]),
        metrics={"rmse": 0.35, "crps": float("nan")},
        degraded=(),
        simulated=simulated,
    )


class FixedServing:
    """Serves what it is given."""

    def __init__(self, served: Live | None, reasons: tuple[str, ...] = ()) -> None:
        self.live = served
        self.reasons = reasons
        self.reloads = 0
        self.outdated: str | None = None
        self.listeners: list[Callable[[Outcome], None]] = []

    @property
    def status(self) -> Status:
        version = None if self.live is None else self.live.model.version
        at = datetime(2025, 4, 30, 19, tzinfo=UTC)
        return Status(self.live is not None, self.reasons, at, at, version)

    def subscribe(self, listener: Callable[[Outcome], None]) -> None:
        self.listeners.append(listener)

    def reload_everywhere(self) -> Outcome:
        self.reloads += 1
        outcome = Outcome(False, self.status.version, None)
        for listener in self.listeners:
            listener(outcome)
        return outcome


def client(
    served: Live | None, settings: Settings | None = None, at: date | None = None
) -> FlaskClient:
    """Whoever asks `served` at noon of a day, its newest publication's if nothing is said."""
    day = at or (date(2025, 4, 30) if served is None else served.origin)
    app = create_app(settings or Settings(auth="open"), FixedServing(served), noon(day))
    return app.test_client()


def noon(day: date) -> Callable[[], datetime]:
    """A clock that stands at noon, where milk is sold, of `day`."""
    return lambda: datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
