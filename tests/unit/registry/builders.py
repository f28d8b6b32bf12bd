"""Small panels, bundles and back-tests made by hand, with real fits on random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from canasta.calendar import PublicationCalendar
from canasta.forecast.backtest import Backtest
from canasta.forecast.fit import Fitted, fit
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.registry.bundle import Bundle
from canasta.registry.lineage import Lineage
from canasta.registry.objects import sha256
from tests.outlooks import drawn_outlook

FEATURES = ("deviation", "rate", "age")

RECIPES = {
    PERSISTENCE: Recipe(PERSISTENCE),
    RANDOM_FOREST: Recipe(RANDOM_FOREST, {"n_estimators": 5, "max_depth": 3}),
    XGBOOST: Recipe(XGBOOST, {"n_estimators": 5, "max_depth": 2, "eta": 0.3}),
}

CALENDAR = PublicationCalendar(frozenset({0, 2, 4}), frozenset({date(2025, 1, 1)}))
KEYS = (
    ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas"),
    ("Yucatán", "Mérida", "Ultrapasteurizada", "Autoservicios"),
)

LINEAGE = Lineage(
    as_of=date(2025, 5, 1),
    fingerprint="f" * 64,
    git_commit="c0ffee",
    lock_sha256="a" * 64,
    python="3.12.11",
    seed=1,
)


def rows(count: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=(count, len(FEATURES))).astype(np.float32)


def fitted(algorithm: str, seed: int = 1) -> Fitted:
    known = rows(200)
    changes = known[:, 0] * 0.5 + np.random.default_rng(seed).normal(size=200) * 0.1
    return fit(RECIPES[algorithm], FEATURES, known, changes.astype(np.float64), seed)


def bundle(
    model: Fitted, metrics: Mapping[str, float] | None = None, source: str = "sniim"
) -> Bundle:
    return Bundle(
        model.predictor,
        date(2024, 1, 3),
        date(2025, 4, 30),
        source=source,
        lineage=LINEAGE,
        training={"warm_up": 20, "clip": 2.0},
        metrics=metrics or {"rmse": 0.35},
    )


def panel(publications: int = 6) -> Panel:
    first = date(2025, 4, 18)
    calendar = CALENDAR.expected_after(first)
    dates = tuple(next(calendar) for _ in range(publications))
    prices = 25 + np.random.default_rng(3).normal(size=(len(KEYS), publications)).round(2)
    prices[0, 1] = np.nan
    return Panel(
        ("Estado", "Ciudad", "Tipo", "Canal"), ("Tipo", "Canal"), KEYS, dates, prices, CALENDAR
    )


def outlook(history: Panel, predictor: Predictor) -> Outlook:
    """Forecasts that depend on the predictor, so that two models never publish the same."""
    heads = [hurdle.heads[name] for hurdle in predictor.hurdles for name in sorted(hurdle.heads)]
    digest = sha256(b"".join([predictor.recipe.id.encode(), *heads]))
    return drawn_outlook(history, seed=int(digest[:8], 16))


def backtest(
    forecasts: Mapping[str, Floats], actual: Floats, last: Floats, slices: tuple[str, ...]
) -> Backtest:
    return Backtest(
        targets=tuple(date(2025, 1, 2) + timedelta(days=i) for i in range(actual.shape[1])),
        slices=slices,
        last=last,
        actual=actual,
        recipes={name: RECIPES.get(name, Recipe(name)) for name in (PERSISTENCE, *forecasts)},
        forecasts={PERSISTENCE: last, **forecasts},
        fits=(),
    )


def competition(skills: Mapping[str, float], origins: int = 60, seed: int = 5) -> Backtest:
    """A back-test whose contestants foresee a share of each change: 0 is persistence.

    A share below 0 forecasts the wrong way. Two slices, North and South.
    """
    draws = np.random.default_rng(seed)
    last = 25 + draws.normal(size=(8, origins))
    change = draws.normal(size=last.shape)
    forecasts = {
        name: last + share * change + draws.normal(size=last.shape) * 0.01
        for name, share in skills.items()
    }
    return backtest(forecasts, last + change, last, ("North",) * 4 + ("South",) * 4)
