import re
from datetime import date, timedelta
from html import unescape

import numpy as np
import pytest
from markupsafe import Markup

from canasta.deliver.backtest.inline_svg import BLUE, CARD
from canasta.deliver.backtest.pictures import (
    MARKS,
    SPARSE,
    coverage_picture,
    gain_picture,
    marks_of,
    miss_picture,
    reliability_picture,
    skill_picture,
    width_picture,
)
from canasta.forecast.evaluation.diagnosis import Coverage, History, Miss, SkillAhead
from canasta.forecast.evaluation.metrics import Comparison, Reliability
from canasta.forecast.recipe import XGBOOST

NAN = float("nan")
DAYS = tuple(date(2025, 1, 1) + timedelta(days=2 * step) for step in range(40))
HOLLOW = f"fill: var(--card, {CARD}); stroke: var(--blue, {BLUE})"


def texts(svg: Markup) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def alt(svg: Markup) -> str:
    return unescape(svg.split('aria-label="')[1].split('"')[0])


def test_skills_are_told_by_contestant_and_horizon() -> None:
    curve = [SkillAhead(h, Comparison(1.5 - h, 2.0, 30), -h, h) for h in (1, 2)]
    svg = skill_picture("s", "CRPS", {XGBOOST: curve, "otro": curve[:1]})
    assert alt(svg) == "CRPS por horizonte. XGBoost: +0.50 % a 1, −0.50 % a 2. otro: +0.50 % a 1."
    assert {"1", "2"} <= set(texts(svg))


def test_a_skill_without_range_is_drawn() -> None:
    [mark] = marks_of(["a"]).values()
    svg = skill_picture("s", "CRPS", {"a": [SkillAhead(1, Comparison(2.0, NAN, 1), NAN, NAN)]})
    assert f"var(--{mark.role}" in svg


def test_marks_differ_in_more_than_colour() -> None:
    marks = list(marks_of([f"c{i}" for i in range(len(MARKS))]).values())
    for look in ("colour", "marker", "dashes", "sign", "role"):
        assert len({getattr(mark, look) for mark in marks}) == len(MARKS)
    assert len(marks_of([f"c{i}" for i in range(9)])) == 9


@pytest.mark.parametrize(("few", "hollow"), [(SPARSE - 1, True), (SPARSE, False)])
def test_bins_with_few_forecasts_are_hollow(few: int, hollow: bool) -> None:
    found = Reliability(np.array([0.05, 1.0]), np.array([0.1, 1.0]), np.array([1234, few]))
    svg = reliability_picture("r", "Siguiente", found)
    assert {"1,234", str(few)} <= set(texts(svg)), "the counts stand over their bars"
    assert (HOLLOW in svg) is hollow
    assert alt(svg) == "Siguiente: anunciado y ocurrido. con 5 %, 10 %, con 100 %, 100 %."


def coverage() -> Coverage:
    shares = np.array([0.97, 0.4])
    return Coverage(
        probability=np.array([0.05, 0.8]),
        count=np.array([500, 40]),
        share_80=shares,
        share_95=np.array([0.99, 0.9]),
        width_80=np.array([0.0, 1.0]),
        width_95=np.array([0.5, 2.5]),
    )


def test_coverage_reaches_down_to_its_lowest_share() -> None:
    svg = coverage_picture("c", "Siguiente", coverage())
    assert "40 %" in texts(svg)
    assert "con 80 %, 90 %" in alt(svg)


def test_widths_are_told_in_the_unit() -> None:
    svg = width_picture("w", "Siguiente", coverage(), "MXN")
    assert "el del 95 % llega a 2.50 MXN y el del 80 % a 1.00 MXN" in alt(svg)
    assert "ancho medio (MXN)" in texts(svg)


@pytest.mark.parametrize("count", [1, 2, 40])
def test_gains_are_drawn_over_dates_in_spanish(count: int) -> None:
    svg = gain_picture("g", DAYS[:count], {XGBOOST: np.linspace(0, 3, count)})
    assert "XGBoost" in alt(svg)
    if count == len(DAYS):
        assert "XGBoost +3.00 %" in alt(svg)
        assert any(text.startswith("ene") for text in texts(svg))


def miss(came: float) -> Miss:
    return Miss(0, 0, 1.0, last=25.0, median=25.0, low=24.5, high=26.0, p_change=0.2, came=came)


@pytest.mark.parametrize("ahead", [1, 6])
def test_a_miss_shows_its_range_as_far_as_it_was_given(ahead: int) -> None:
    prices = np.full(37, 25.0)
    prices[[3, 9]] = NAN
    history = History(DAYS[:37], prices, at=30)
    steps = np.arange(ahead + 1.0)
    svg = miss_picture("m", "Colima", miss(28.0), history, (25 - steps, 25 + 0 * steps, 25 + steps))
    assert alt(svg) == (
        "Colima: precio de las publicaciones alrededor del pronóstico; rango del 95 % de 24.50 a "
        "26.00, llegó 28.00."
    )
    assert "stroke: var(--worse" in svg


def test_a_miss_at_the_end_of_the_history_is_drawn() -> None:
    history = History(DAYS[:2], np.array([25.0, 25.5]), at=0)
    flat = np.array([25.0, 25.0])
    assert miss_picture("m", "Colima", miss(25.5), history, (flat, flat, flat))
