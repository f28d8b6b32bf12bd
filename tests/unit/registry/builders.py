"""Small panels, bundles and back-tests made by hand, with real fits on random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from canasta.calendar import PublicationCalendar
from canasta.forecast.distribution import Distribution
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.scored import Scored
from canasta.forecast.features.build import Features
from canasta.forecast.hurdle.fit import HurdleTrainer, Task
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST, Recipe
from canasta.forecast.training import Fitted
from canasta.parameters import HurdleParameters, TrainingParameters
from canasta.registry.bundle import Bundle
from canasta.registry.lineage import Lineage
from canasta.registry.objects import sha256
from tests.outlooks import drawn_outlook

FEATURES = ("deviation", "rate", "age")

_FOREST = {"n_estimators": 5, "max_depth": 3}
_BOOSTING = {"n_estimators": 5, "max_depth": 2, "eta": 0.3}
_HEADS = ("change", "up", "size", "mean")
RECIPES = {
    PERSISTENCE: Recipe(PERSISTENCE),
    RANDOM_FOREST: Recipe(RANDOM_FOREST, dict.fromkeys(_HEADS, _FOREST)),
    XGBOOST: Recipe(XGBOOST, dict.fromkeys(_HEADS, _BOOSTING)),
}
HURDLE = HurdleParameters(
    held_out=10,
    atoms=5,
    bands=2,
    tilt=0.4,
    change_ridge=10.0,
    up_ridge=10.0,
    probability_floor=0.001,
    up_floor=0.02,
)
MARKET_WEIGHT = 20.0
SERIES, ORIGINS = 20, 30

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


def task(horizon: int) -> Task:
    """Random features, of which the first decides: far from 0 the price moves, that way."""
    draws = np.random.default_rng(horizon)
    values = draws.normal(size=(SERIES, ORIGINS, len(FEATURES))).astype(np.float32)
    changes = (values[..., 0] * 0.5 + draws.normal(size=(SERIES, ORIGINS)) * 0.1).round(2)
    still = np.abs(values[..., 0]) + draws.normal(size=changes.shape) * 0.2 < 1
    return Task(horizon, Features(FEATURES, values), np.where(still, 0.0, changes))


def fitted(algorithm: str, seed: int = 1) -> Fitted:
    """A model of two horizons, or persistence."""
    recipe = RECIPES[algorithm]
    if algorithm == PERSISTENCE:
        return Fitted(Predictor(recipe, (), MARKET_WEIGHT), {}, None)
    trainer = HurdleTrainer(HURDLE, TrainingParameters(warm_up=2, clip=2.0), seed)
    fits = [trainer.fit(recipe, task(horizon), ORIGINS - 1) for horizon in (1, 2)]
    natives = {
        f"{horizon}-{head}": native
        for horizon, fit in enumerate(fits, start=1)
        for head, native in fit.natives.items()
    }
    hurdles = tuple(fit.hurdle for fit in fits)
    return Fitted(Predictor(recipe, hurdles, MARKET_WEIGHT), natives, ORIGINS - 1)


def bundle(
    model: Fitted, metrics: Mapping[str, float] | None = None, source: str = "sniim"
) -> Bundle:
    return Bundle(
        model.predictor,
        date(2024, 1, 3),
        date(2025, 4, 30),
        source=source,
        lineage=LINEAGE,
        training={"training": {"warm_up": 20, "clip": 2.0}},
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


def backtest(forecasts: Mapping[str, Floats], changes: Floats, slices: tuple[str, ...]) -> Backtest:
    """A back-test of certain forecasts, (S, N) changes by contestant, of one horizon."""
    days = tuple(date(2025, 1, 2) + timedelta(days=i) for i in range(changes.shape[1] + 1))
    contestants = {PERSISTENCE: np.zeros_like(changes), **forecasts}
    return Backtest(
        origins=days[:-1],
        targets=days[1:],
        slices=slices,
        last=np.full(changes.shape, 25.0),
        changes=changes[np.newaxis],
        recipes={name: RECIPES.get(name, Recipe(name)) for name in contestants},
        scored={name: certain(made, changes) for name, made in contestants.items()},
        fits=(),
    )


def certain(made: Floats, changes: Floats) -> Scored:
    """Forecasts that are sure of one change each."""
    scored = Scored.empty(1, *changes.shape)
    for origin, (forecast, came) in enumerate(zip(made.T, changes.T, strict=True)):
        scored.put(0, slice(None), origin, Distribution.certain(forecast), came)
    return scored


def competition(skills: Mapping[str, float], origins: int = 60, seed: int = 5) -> Backtest:
    """A back-test whose contestants foresee a share of each change: 0 is persistence.

    A share below 0 forecasts the wrong way. Two slices, North and South.
    """
    draws = np.random.default_rng(seed)
    changes = draws.normal(size=(8, origins))
    forecasts = {
        name: share * changes + draws.normal(size=changes.shape) * 0.01
        for name, share in skills.items()
    }
    return backtest(forecasts, changes, ("North",) * 4 + ("South",) * 4)
