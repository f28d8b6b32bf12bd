"""The back-test written down: `reports/backtest.json`, and the figures of several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canasta.forecast.evaluation.backtest import Backtest
from canasta.registry.objects import to_json
from canasta.registry.steps import Ruling

type Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Measures by contestant, horizon ("1", "2", …) and name."""


def backtest_json(backtest: Backtest, seed: int, ruling: Ruling) -> bytes:
    """Return the whole back-test in figures; what could not be measured is null.

    Args:
        backtest: what was forecast, and what came.
        seed: of searches and fits.
        ruling: what the gate says of it.
    """
    return to_json(
        {
            "window": _window(backtest),
            "seed": seed,
            "models": figures(backtest),
            "slices": {part: figures(backtest, part) for part in backtest.parts},
            "decision": ruling.as_dict(),
        }
    )


def seeds_json(backtest: Backtest, by_seed: Mapping[int, Figures]) -> bytes:
    """Return the figures of several seeds, each shown and none chosen, and their means.

    Args:
        backtest: of any of the seeds: all have its window.
        by_seed: of each seed, on the same contestants.
    """
    return to_json(
        {
            "window": _window(backtest),
            "seeds": {str(seed): measured for seed, measured in by_seed.items()},
            "means": mean_figures(list(by_seed.values())),
        }
    )


def figures(backtest: Backtest, part: str | None = None) -> Figures:
    """Measure every contestant at every horizon; over one slice, or all series."""
    return {
        name: {str(horizon): backtest.metrics(name, part, horizon) for horizon in backtest.horizons}
        for name in backtest.recipes
    }


def mean_figures(measured: Sequence[Figures]) -> Figures:
    """Return the mean over seeds of each measure that all seeds have; NaN where one has none."""
    first, *others = measured
    return {
        name: {
            horizon: {
                measure: sum([value, *(other[name][horizon][measure] for other in others)])
                / len(measured)
                for measure, value in values.items()
            }
            for horizon, values in by_horizon.items()
        }
        for name, by_horizon in first.items()
        if all(name in other for other in others)
    }


def _window(backtest: Backtest) -> dict[str, Any]:
    return {
        "from": backtest.targets[0].isoformat(),
        "to": backtest.targets[-1].isoformat(),
        "origins": len(backtest.targets),
    }
