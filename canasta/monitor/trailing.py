"""Live skill over time: of each publication together with those before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from canasta.forecast.evaluation.metrics import skill
from canasta.forecast.panel import Floats
from canasta.monitor.live import measures

LEAST = 5
"""Publications: fewer say nothing, and would hide what more say later."""


@dataclass(frozen=True)
class Trailing:
    """Published forecasts over one horizon, measured again at each of N publications.

    Skills are percents, against the last price or persistence; shares lie from 0 to 1.

    Attributes:
        targets: the N publications, ascending.
        length: publications that a point looks back on, itself among them.
        crps_skill, rmse_skill, mae_skill: (N,); NaN for the first LEAST - 1 publications, and
            where there was nothing to gain.
        coverage_80, coverage_95: (N,) shares of what came that lay in the range; NaN likewise.
        saved: (N,) CRPS saved since the first of them, in percent of all of persistence's.
    """

    targets: tuple[date, ...]
    length: int
    crps_skill: Floats
    rmse_skill: Floats
    mae_skill: Floats
    coverage_80: Floats
    coverage_95: Floats
    saved: Floats


def trailing(outcomes: pd.DataFrame, length: int, horizon: int = 1) -> Trailing | None:
    """Measure outcomes over one horizon at each publication; None of too few.

    Until there are `length` publications, a point looks back on as many as there are.

    Args:
        outcomes: as `read_outcomes` returns them.
        length: publications that a point looks back on; LEAST, where it is fewer.
        horizon: publications ahead.
    """
    scored = outcomes[outcomes["horizon"] == horizon]
    if scored["target"].nunique() < LEAST:
        return None
    by_target = measures(scored).drop(columns=["version", "horizon"]).groupby("target")
    sums = by_target.sum().assign(forecasts=by_target.size())
    length = max(length, LEAST)
    recent = sums.rolling(length, min_periods=LEAST).sum()
    saved = (sums["base_crps"] - sums["crps"]).cumsum()
    return Trailing(
        targets=tuple(sums.index),
        length=length,
        crps_skill=_skills(recent["crps"], recent["base_crps"]),
        rmse_skill=_skills(np.sqrt(recent["rmse"]), np.sqrt(recent["last_rmse"])),
        mae_skill=_skills(recent["mae"], recent["last_mae"]),
        coverage_80=(recent["coverage_80"] / recent["forecasts"]).to_numpy(),
        coverage_95=(recent["coverage_95"] / recent["forecasts"]).to_numpy(),
        saved=_percent_of(saved, float(sums["base_crps"].sum())),
    )


def _skills(ours: pd.Series[float], theirs: pd.Series[float]) -> Floats:
    return np.array([skill(mine, base) for mine, base in zip(ours, theirs, strict=True)])


def _percent_of(parts: pd.Series[float], whole: float) -> Floats:
    return np.array([100 * part / whole if whole > 0 else np.nan for part in parts])
