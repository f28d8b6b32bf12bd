"""What is served: the promoted forecasts and the model behind them; loaded, indexed, unchanging.

Whoever answers a request takes one `Live` and keeps it until the answer is out: a swap in between
changes nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from canasta.deliver.figures import FINE_DECIMALS, Figures, figures_of
from canasta.forecast.distribution import Distribution
from canasta.forecast.empirical import Empirical
from canasta.forecast.features.build import FeatureState, state_of
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.forecast.series import Directory
from canasta.registry.panels import PublishedPanel

WAYS = {1.0: "up", -1.0: "down", 0.0: "unchanged"}


@dataclass(frozen=True)
class Model:
    """Which model an answer comes from."""

    name: str
    version: int
    algorithm: str

    def as_dict(self) -> dict[str, Any]:
        """Return what answers say of it."""
        return {"name": self.name, "version": self.version, "algorithm": self.algorithm}


@dataclass(frozen=True)
class Live:
    """Forecasts of S series over H horizons, and the model that answers what-ifs.

    Attributes:
        published: the history, and the forecasts that were made from it.
        model: that made the forecasts.
        predictor: answers what-ifs.
        predictor_model: what `predictor` is: `model`, unless the champion's bundle is unusable.
        promoted_at: when `model` got its title, ISO 8601 in UTC.
        trained: first and last publication that `predictor` was fitted on; None for none.
        metrics: back-test measures of the recipe of `model`, by name.
        degraded: why answers are not what the pointer names; empty where they are.
        simulated: whether the prices come from the simulated publisher.
        degraded_what_ifs: why, besides, what-ifs are not.
    """

    published: PublishedPanel
    model: Model
    predictor: Predictor
    predictor_model: Model
    promoted_at: str
    trained: tuple[date, date] | None
    metrics: Mapping[str, float | None]
    degraded: tuple[str, ...]
    simulated: bool
    degraded_what_ifs: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why this is not what the pointer names; empty where it is."""
        return *self.degraded, *self.degraded_what_ifs

    @property
    def panel(self) -> Panel:
        """The history."""
        return self.published.panel

    @property
    def outlook(self) -> Outlook:
        """The forecasts."""
        return self.published.outlook

    @property
    def origin(self) -> date:
        """The newest publication."""
        return self.outlook.origin

    @property
    def targets(self) -> tuple[date, ...]:
        """H dates that are forecast."""
        return self.outlook.targets

    @cached_property
    def figures(self) -> Figures:
        """The forecasts in the digits that the report shows."""
        return figures_of(self.panel, self.outlook)

    @cached_property
    def directory(self) -> Directory:
        """Looks series up."""
        return Directory(self.panel.columns, self.panel.keys)

    @cached_property
    def forecast(self) -> tuple[bool, ...]:
        """Whether each of S series is live, and forecast."""
        return tuple(np.isfinite(self.outlook.mean[:, 0]).tolist())

    def quoted_last(self, row: int) -> date | None:
        """Return when a series was last quoted; None for never."""
        quotes = np.flatnonzero(np.isfinite(self.panel.prices[row]))
        return self.panel.dates[quotes[-1]] if quotes.size else None

    @cached_property
    def state(self) -> FeatureState:
        """What the features of a what-if need; computed when the first one comes."""
        return state_of(self.panel)

    @cached_property
    def steps(self) -> Distribution:
        """Each series' own changes over one publication: what persistence says of a what-if."""
        empirical = Empirical.of(self.panel, 1, self.predictor.market_weight)
        return empirical.at(len(self.panel.dates) - 1)

    @cached_property
    def answers(self) -> tuple[tuple[dict[str, Any], ...], ...]:
        """S × H answers, without warnings; nothing for a series that is not live."""
        horizons = range(len(self.targets))
        return tuple(
            tuple(answer_of(self.figures, self.outlook, (row, at), self.model) for at in horizons)
            if live
            else ()
            for row, live in enumerate(self.forecast)
        )

    @cached_property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The answers as JSON, open at the end for their warnings."""
        return tuple(tuple(open_json(answer) for answer in row) for row in self.answers)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels of each of S series as a JSON array, for the log."""
        return tuple(json.dumps(key, ensure_ascii=False) for key in self.panel.keys)

    def warm(self) -> None:
        """Compute what plain answers look up, before the first request does."""
        _ = self.texts, self.names, self.directory


def answer_of(
    figures: Figures, outlook: Outlook, cell: tuple[int, int], model: Model, what_if: bool = False
) -> dict[str, Any]:
    """Return the answer for one series and horizon, without warnings.

    Args:
        figures: `outlook` in the digits of the report.
        outlook: the forecasts.
        cell: row of the series, and horizon less one.
        model: that made them.
        what_if: whether they rest on a price that the asker gave.
    """
    return {
        "predicted_price": float(figures.suggested[cell]),
        "mean": float(figures.mean[cell]),
        "fecha": outlook.targets[cell[1]].isoformat(),
        "horizonte": cell[1] + 1,
        "probability_of_change": float(figures.p_change[cell]),
        "p_up": round(float(outlook.p_up[cell]), FINE_DECIMALS),
        "p_down": round(float(outlook.p_down[cell]), FINE_DECIMALS),
        "direction": WAYS[float(np.sign(figures.suggested[cell] - figures.last[cell[0]]))],
        "interval_80": [float(end[cell]) for end in figures.range_80],
        "interval_95": [float(end[cell]) for end in figures.range_95],
        "model": model.as_dict(),
        "what_if": what_if,
    }


def open_json(answer: Mapping[str, Any]) -> str:
    """Return an answer as JSON without its closing brace: `closed` adds the warnings."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))[:-1]


def closed(text: str, warnings: tuple[str, ...]) -> str:
    """Return the JSON of an answer with its warnings."""
    return f'{text},"warnings":{json.dumps(warnings, ensure_ascii=False) if warnings else "[]"}}}'
