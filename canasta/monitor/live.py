"""Live skill: how good published forecasts were, in all, by version and by slice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from canasta.commodity import Commodity
from canasta.forecast.evaluation.metrics import Comparison, covered, mae, mean, rmse
from canasta.forecast.evaluation.slices import Losses, measured
from canasta.forecast.panel import Floats

MEASURES = (
    "mae", "rmse", "bias", "crps", "last_mae", "last_rmse", "base_crps", "coverage_80",
    "coverage_95",
)  # fmt: skip
"""Attributes of a live skill that are plain figures."""

LOGGED = "live_forecasts"
"""The figure that every publication has in MLflow."""


@dataclass(frozen=True)
class LiveSkill:
    """Published forecasts over one horizon beside what came, against persistence.

    Prices in the unit. The mean is judged by RMSE and bias, the median by MAE, both against the
    last price; the distribution by CRPS, against persistence's.

    Attributes:
        horizon: publications ahead.
        versions: of the model, ascending.
        first, last: dates of the first and the last publication that was scored.
        publications: how many were.
        forecasts: prices that were forecast and came.
        mae, rmse, crps: of the forecasts.
        bias: of the mean: how much it lies above what came.
        last_mae, last_rmse, base_crps: of persistence.
        coverage_80, coverage_95: shares of what came that lay in the range.
        by_mae, by_rmse, by_crps: against persistence.
    """

    horizon: int
    versions: tuple[int, ...]
    first: date
    last: date
    publications: int
    forecasts: int
    mae: float
    rmse: float
    bias: float
    crps: float
    last_mae: float
    last_rmse: float
    base_crps: float
    coverage_80: float
    coverage_95: float
    by_mae: Comparison
    by_rmse: Comparison
    by_crps: Comparison

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for records."""
        days = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {**asdict(self), **days}

    def figures(self) -> dict[str, float]:
        """Return every figure under one name each, for MLflow and Prometheus."""
        compared = {"mae": self.by_mae, "rmse": self.by_rmse, "crps": self.by_crps}
        return {
            **{name: float(getattr(self, name)) for name in MEASURES},
            **{f"{name}_skill": one.skill for name, one in compared.items()},
            **{f"dm_{name}": one.dm for name, one in compared.items()},
        }


def live_skill(outcomes: pd.DataFrame, horizon: int = 1) -> LiveSkill | None:
    """Measure outcomes, as `read_outcomes` returns them, over one horizon; None without any."""
    scored = outcomes[outcomes["horizon"] == horizon]
    if scored.empty:
        return None
    losses = losses_of(scored, horizon)
    part = measured(losses, "", "")
    return LiveSkill(
        horizon=horizon,
        versions=tuple(int(version) for version in sorted(scored["version"].unique())),
        first=scored["target"].min(),
        last=scored["target"].max(),
        publications=scored["target"].nunique(),
        forecasts=part.count,
        mae=mae(losses.median_error),
        rmse=rmse(losses.mean_error),
        bias=mean(losses.mean_error),
        crps=mean(losses.crps),
        last_mae=mae(losses.last_error),
        last_rmse=rmse(losses.last_error),
        base_crps=mean(losses.base_crps),
        coverage_80=part.coverage_80,
        coverage_95=part.coverage_95,
        by_mae=part.mae,
        by_rmse=part.rmse,
        by_crps=part.crps,
    )


def by_version(outcomes: pd.DataFrame, horizon: int = 1) -> Mapping[int, LiveSkill]:
    """Measure each version of the model, in ascending order."""
    column = outcomes["version"]
    parts = {int(version): outcomes[column == version] for version in sorted(column.unique())}
    return _known(parts, horizon)


def by_slice(
    outcomes: pd.DataFrame, commodity: Commodity, horizon: int = 1
) -> Mapping[str, LiveSkill]:
    """Measure each slice of the commodity, such as Tipo × Canal × region, by its name."""
    keys = outcomes[list(commodity.keys.columns)].itertuples(index=False, name=None)
    slices = np.array([commodity.slice_of(key) for key in keys])
    parts = {str(name): outcomes[slices == name] for name in np.unique(slices)}
    return _known(parts, horizon)


def publication_figures(outcomes: pd.DataFrame) -> dict[int, dict[date, dict[str, float]]]:
    """Measure each publication, by version: figures by name, such as `live_h1_crps`.

    Every publication has LOGGED, the number of its forecasts of all horizons. An RMSE is the root
    of that publication's mean square.
    """
    groups = measures(outcomes).groupby(["version", "target", "horizon"])
    means = groups.mean().assign(forecasts=groups.size()).reset_index()
    found: dict[int, dict[date, dict[str, float]]] = {}
    for row in means.to_dict("records"):
        version, target, horizon, count = (
            row.pop(name) for name in ("version", "target", "horizon", "forecasts")
        )
        figures = found.setdefault(int(version), {}).setdefault(target, {LOGGED: 0.0})
        figures[LOGGED] += float(count)
        for name, value in row.items():
            root = name in ("rmse", "last_rmse")
            figures[f"live_h{horizon}_{name}"] = math.sqrt(value) if root else float(value)
    return found


def measures(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return for each outcome what is averaged, by the names of MEASURES; RMSEs as squares.

    Before them stand `version`, `target` and `horizon`.
    """
    came = outcomes["came"]
    inside = {
        f"coverage_{share}": covered(
            outcomes[f"low_{share}"].to_numpy(),
            outcomes[f"high_{share}"].to_numpy(),
            came.to_numpy(),
        )
        for share in ("80", "95")
    }
    named = outcomes[["version", "target", "horizon", "crps", "base_crps"]]
    return named.assign(
        mae=(outcomes["median"] - came).abs(),
        rmse=(outcomes["mean"] - came) ** 2,
        bias=outcomes["mean"] - came,
        last_mae=(outcomes["last"] - came).abs(),
        last_rmse=(outcomes["last"] - came) ** 2,
        **inside,
    )


def _known[Name](parts: Mapping[Name, pd.DataFrame], horizon: int) -> dict[Name, LiveSkill]:
    found = {name: live_skill(part, horizon) for name, part in parts.items()}
    return {name: skill for name, skill in found.items() if skill is not None}


def losses_of(scored: pd.DataFrame, horizon: int) -> Losses:
    """Lay outcomes of one horizon out as series × forecasts, by publication and origin."""
    labels = list(scored.columns[: scored.columns.get_loc("target")])
    rows = scored.groupby(labels, sort=True).ngroup().to_numpy()
    columns = scored.groupby(["target", "origin"], sort=True).ngroup().to_numpy()
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)

    def laid_out(values: pd.Series[float] | Floats) -> Floats:
        array = np.full(shape, np.nan)
        array[rows, columns] = values
        return array

    came = laid_out(scored["came"])
    ends = {name: laid_out(scored[name]) for name in ("low_80", "high_80", "low_95", "high_95")}
    return Losses(
        horizon=horizon,
        mean_error=laid_out(scored["mean"]) - came,
        median_error=laid_out(scored["median"]) - came,
        last_error=laid_out(scored["last"]) - came,
        crps=laid_out(scored["crps"]),
        base_crps=laid_out(scored["base_crps"]),
        inside_80=covered(ends["low_80"], ends["high_80"], came),
        inside_95=covered(ends["low_95"], ends["high_95"], came),
    )
