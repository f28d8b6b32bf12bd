import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.plots import backtest_figures, feature_importance
from tests.unit.registry.builders import certain, competition, fitted


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    return competition({"xgboost": 0.3})


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def test_the_figures_name_contestant_unit_and_measures(backtest: Backtest) -> None:
    figures = backtest_figures(backtest, "xgboost", "MXN per litre")
    assert sorted(figures) == ["predicted-vs-actual", "residuals", "skill-by-slice"]
    for figure in figures.values():
        assert png(figure).startswith(b"\x89PNG")
        assert "xgboost" in figure.get_suptitle()
    cloud = figures["predicted-vs-actual"].axes[0]
    assert cloud.get_xlabel() == "predicted mean change (MXN per litre)"


def test_the_groups_lie_on_the_true_line(backtest: Backtest) -> None:
    """The contestant foresees 0.3 of each change: outcomes are 1 / 0.3 of the forecast."""
    groups = backtest_figures(backtest, "xgboost", "MXN")["predicted-vs-actual"].axes[1]
    centres, means = groups.lines[1].get_data()
    slope = np.polyfit(np.asarray(centres, float), np.asarray(means, float), 1)[0]
    assert slope == pytest.approx(1 / 0.3, rel=0.02)


def test_the_gain_ends_at_the_skill(backtest: Backtest) -> None:
    course = backtest_figures(backtest, "xgboost", "MXN")["residuals"].axes[1]
    saved = np.asarray(course.lines[0].get_ydata(), float)[-1]
    skill = backtest.compare("xgboost", PERSISTENCE).skill
    assert saved == pytest.approx(skill)
    assert skill > 20


def test_each_slice_has_its_bar(backtest: Backtest) -> None:
    axes = backtest_figures(backtest, "xgboost", "MXN")["skill-by-slice"].axes[0]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined] # Rectangles
    skills = sorted(backtest.compare("xgboost", PERSISTENCE, p).skill for p in backtest.parts)
    assert widths == pytest.approx(skills)


def test_prices_that_never_move_and_gaps_can_be_drawn(backtest: Backtest) -> None:
    came = np.where(backtest.changes[0] > 1, np.nan, 0.0)
    none = certain(np.zeros_like(came), came)
    still = replace(backtest, changes=came[np.newaxis], scored={PERSISTENCE: none})
    for figure in backtest_figures(still, PERSISTENCE, "MXN").values():
        assert png(figure)


@pytest.mark.parametrize("algorithm", [RANDOM_FOREST, XGBOOST])
def test_importance_ranks_the_feature_that_decides(algorithm: str) -> None:
    figure = feature_importance(fitted(algorithm))
    assert figure is not None
    axes = figure.axes[0]
    shares = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined] # Rectangles
    assert axes.get_yticklabels()[-1].get_text() == "deviation"
    assert shares[-1] > 50
    assert sum(shares) == pytest.approx(100)
    assert png(figure)


def test_persistence_has_no_importance() -> None:
    assert feature_importance(fitted(PERSISTENCE)) is None
