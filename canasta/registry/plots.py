"""Pictures of a back-test and of a fitted model, for MLflow. No screen is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import cumulative_gain
from canasta.forecast.evaluation.metrics import rmse
from canasta.forecast.hurdle.mixture import CHANGE
from canasta.forecast.panel import Floats
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.forecast.training import Fitted

MODEL, BASE, WORSE = "#1f5a8a", "#9a9a9a", "#b3452c"
"""Colours: the model, persistence, and what is worse than persistence."""

BINS = 12
"""Groups of equally many forecasts in the picture of forecasts and outcomes."""

SHOWN = 0.998
"""Share of the values that an axis must reach: single jumps would flatten the rest."""

FEATURES_SHOWN = 20


def backtest_figures(backtest: Backtest, name: str, unit: str) -> dict[str, Figure]:
    """Draw one contestant of a back-test against persistence; figures by name.

    Args:
        backtest: holds the contestant and persistence.
        name: of the contestant.
        unit: of prices, for the axes.
    """
    return {
        "predicted-vs-actual": predicted_vs_actual(backtest, name, unit),
        "residuals": residuals(backtest, name, unit),
        "skill-by-slice": skill_by_slice(backtest, name),
    }


def predicted_vs_actual(backtest: Backtest, name: str, unit: str) -> Figure:
    """Draw actual changes over predicted ones: each forecast, and the means of groups of them."""
    predicted, actual = _changes(backtest, name)
    figure, (cloud, groups) = _figure(2, f"{name}: predicted and actual change of the price")
    reach, width = _reach(actual), float(np.abs(predicted).max()) or 1.0
    cells = cloud.hexbin(
        predicted, actual, gridsize=(44, 25), extent=(-width, width, -reach, reach),
        bins="log", cmap="Blues", linewidths=0, mincnt=1,
    )  # fmt: skip
    figure.colorbar(cells, ax=cloud, label="forecasts (log scale)", fraction=0.05, pad=0.02)
    cloud.axhline(0, color=BASE, lw=0.6)
    cloud.set(ylabel=f"actual change ({unit})", xlim=(-width, width), ylim=(-reach, reach))
    centres, means = _group_means(predicted, actual)
    ends = [float(min(centres.min(), means.min())), float(max(centres.max(), means.max()))]
    groups.plot(ends, ends, color=BASE, lw=1, label="mean outcome = forecast")
    label = f"{len(centres)} groups of equally many forecasts"
    groups.plot(centres, means, "o-", color=MODEL, ms=4, lw=1, label=label)
    groups.set(ylabel=f"mean actual change ({unit})")
    groups.legend(frameon=False, loc="upper left", fontsize=8)
    for axes in (cloud, groups):
        axes.set(xlabel=f"predicted mean change ({unit})")
    return figure


def residuals(backtest: Backtest, name: str, unit: str) -> Figure:
    """Draw the distribution of the errors beside persistence's, and the gain over the dates."""
    title = f"{name}: errors in {len(backtest.targets)} publications"
    figure, (spread, course) = _figure(2, title)
    base = backtest.last_error()
    reach = _reach(base[np.isfinite(base)])
    drawn = (("last price", base, BASE), (name, backtest.mean_error(name), MODEL))
    for who, error, colour in drawn:
        spread.hist(
            np.clip(error[np.isfinite(error)], -reach, reach), bins=61, range=(-reach, reach),
            histtype="step", color=colour, log=True, label=f"{who} (RMSE {rmse(error):.4f})",
        )  # fmt: skip
    spread.set(
        xlabel=f"forecast minus actual ({unit}; the ends hold what is beyond)",
        ylabel="forecasts (log scale)",
    )
    spread.legend(frameon=False, loc="upper left", fontsize=8)
    course.plot(np.array(backtest.targets), cumulative_gain(backtest, name), color=MODEL, lw=1.4)
    course.axhline(0, color=BASE, lw=0.8)
    course.set(xlabel="target date", ylabel="CRPS saved so far (% of persistence's)")
    dates = ConciseDateFormatter(course.xaxis.get_major_locator())  # type: ignore[no-untyped-call] # matplotlib.dates has no annotations
    course.xaxis.set_major_formatter(dates)
    return figure


def skill_by_slice(backtest: Backtest, name: str) -> Figure:
    """Draw the CRPS skill against persistence in each slice, with its DM statistic."""
    compared = {part: backtest.compare(name, PERSISTENCE, part) for part in backtest.parts}
    known = [part for part in compared if np.isfinite(compared[part].skill)]
    ranked = sorted(known, key=lambda part: compared[part].skill)
    skills = np.array([compared[part].skill for part in ranked])
    overall = backtest.compare(name, PERSISTENCE).skill
    title = f"{name}: CRPS skill by slice ({overall:.2f} % over all series)"
    figure, (axes,) = _figure(1, title, height=1.2 + 0.28 * len(ranked))
    axes.barh(ranked, skills, color=[MODEL if skill >= 0 else WORSE for skill in skills])
    for row, part in enumerate(ranked):
        axes.annotate(
            f"DM {compared[part].dm:.1f}", (max(skills[row], 0), row), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=7, color="#555555",
        )  # fmt: skip
    axes.axvline(0, color="black", lw=0.8)
    axes.margins(x=0.12, y=0.02)
    axes.set(xlabel="CRPS below persistence's (%)")
    return figure


def feature_importance(fitted: Fitted) -> Figure | None:
    """Draw the features by which a model knows what changes next; None for persistence."""
    importance = _importance(fitted)
    if importance is None or not importance.sum() > 0:
        return None
    names = np.array(fitted.predictor.hurdles[0].features)
    order = np.argsort(importance)[-FEATURES_SHOWN:]
    algorithm = fitted.predictor.recipe.algorithm
    title = f"{algorithm}: {len(order)} most useful of {len(names)} features for P(change)"
    figure, (axes,) = _figure(1, title, height=1.2 + 0.24 * len(order))
    axes.barh(names[order], 100 * importance[order] / importance.sum(), color=MODEL)
    axes.margins(y=0.02)
    axes.set(xlabel="share of the total gain in training (%)")
    return figure


def _importance(fitted: Fitted) -> Floats | None:
    algorithm = fitted.predictor.recipe.algorithm
    native: Any = fitted.natives.get(f"1-{CHANGE}")
    if algorithm == RANDOM_FOREST:
        return np.asarray(native.feature_importances_, dtype=np.float64)
    if algorithm == XGBOOST:
        gains = native.get_score(importance_type="total_gain")
        columns = range(len(fitted.predictor.hurdles[0].features))
        return np.array([gains.get(f"f{column}", 0.0) for column in columns])
    return None


def _reach(values: Floats) -> float:
    return float(np.quantile(np.abs(values), SHOWN)) or 1.0


def _changes(backtest: Backtest, name: str) -> tuple[Floats, Floats]:
    """Predicted and actual changes of all that is scored, (M,) each."""
    predicted, actual = backtest.scored[name].mean[0], backtest.changes[0]
    scored = np.isfinite(actual) & np.isfinite(predicted)
    return predicted[scored], actual[scored]


def _group_means(predicted: Floats, actual: Floats) -> tuple[Floats, Floats]:
    groups: list[NDArray[np.intp]] = [
        group for group in np.array_split(np.argsort(predicted, kind="stable"), BINS) if len(group)
    ]
    centres = np.array([predicted[group].mean() for group in groups])
    return centres, np.array([actual[group].mean() for group in groups])


def _figure(columns: int, title: str, height: float = 4.5) -> tuple[Figure, tuple[Axes, ...]]:
    figure = Figure(figsize=(4.2 + 3.8 * columns, height), layout="constrained", dpi=110)
    figure.suptitle(title, fontsize=11)
    axes: Any = figure.subplots(1, columns, squeeze=False)
    for one in axes[0]:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
    return figure, tuple(axes[0])
