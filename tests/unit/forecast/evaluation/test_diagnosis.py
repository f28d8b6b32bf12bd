"""The numbers behind the pictures, against loops over single forecasts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import (
    BINS,
    Measure,
    chance,
    change_reliability,
    coverage_by_probability,
    cumulative_gain,
    history_around,
    leader,
    scored_horizons,
    skill_by_horizon,
    skill_by_slice,
    worst_misses,
)
from canasta.forecast.evaluation.metrics import Comparison, skill_interval
from canasta.forecast.panel import Floats, Panel
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from tests.backtests import (
    KNOWN_BEFORE,
    SLICES,
    drawn_backtest,
    drawn_forecasts,
    drawn_panel,
    silent_after,
)

SERIES, ORIGINS, HORIZONS = 6, 35, 3
CENT = 1e-9


@pytest.fixture(scope="module")
def panel() -> Panel:
    return drawn_panel(SERIES, ORIGINS)


@pytest.fixture(scope="module")
def backtest(panel: Panel) -> Backtest:
    return drawn_backtest(panel, ORIGINS, HORIZONS)


def each(backtest: Backtest, horizon: int = 1) -> list[tuple[int, int, float]]:
    """Series, origin and change of everything that came."""
    changes = backtest.changes[horizon - 1]
    return [(int(s), int(n), float(changes[s, n])) for s, n in np.argwhere(np.isfinite(changes))]


def with_contestant(backtest: Backtest, name: str, foresight: float) -> Backtest:
    made = drawn_forecasts(backtest.changes, foresight, seed=8)
    return replace(backtest, scored={**backtest.scored, name: made})


def test_the_leader_has_the_lowest_crps_and_is_not_persistence(backtest: Backtest) -> None:
    assert leader(with_contestant(backtest, "seer", 0.9)) == "seer"
    only_worse = drawn_backtest(drawn_panel(SERIES, ORIGINS), ORIGINS, 1, ("fool",), -0.9)
    assert leader(only_worse) == "fool"
    assert leader(replace(backtest, scored={PERSISTENCE: backtest.scored[PERSISTENCE]})) is None


def test_who_forecast_nothing_does_not_lead(backtest: Backtest) -> None:
    nothing = silent_after(backtest.scored[XGBOOST], 0)
    silent = replace(backtest, scored={**backtest.scored, "silent": nothing})
    assert scored_horizons(silent, "silent") == ()
    assert leader(silent) == leader(backtest)
    assert leader(replace(backtest, scored={PERSISTENCE: nothing, "silent": nothing})) is None


def test_of_equals_the_first_leads(backtest: Backtest) -> None:
    made = backtest.scored[XGBOOST]
    twins = {PERSISTENCE: backtest.scored[PERSISTENCE], "one": made, "two": made}
    assert leader(replace(backtest, scored=twins)) == "one"
    still = replace(
        backtest, scored={name: replace(one, crps=made.crps * 0) for name, one in twins.items()}
    )
    assert leader(still) == "one", "without a skill, too"


def test_horizons_that_were_not_forecast_are_left_out(backtest: Backtest) -> None:
    short = {**backtest.scored, XGBOOST: silent_after(backtest.scored[XGBOOST], 1)}
    result = replace(backtest, scored=short)
    assert scored_horizons(result, XGBOOST) == (1,)
    assert scored_horizons(result, RANDOM_FOREST) == (1, 2, 3)
    assert [one.horizon for one in skill_by_horizon(result, XGBOOST, Measure.MAE)] == [1]


@pytest.mark.parametrize(
    ("dm", "origins", "expected"),
    # From printed tables of Student's t.
    [(2.262, 10, 0.025), (1.660, 101, 0.05), (0.0, 30, 0.5), (-1.729, 20, 0.95)],
)
def test_chance_is_students_tail(dm: float, origins: int, expected: float) -> None:
    assert chance(Comparison(1.0, dm, origins)) == pytest.approx(expected, abs=5e-5)


def test_no_evidence_has_no_chance() -> None:
    assert math.isnan(chance(Comparison(1.0, math.nan, 1)))


@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("horizon", [1, HORIZONS])
def test_skills_are_those_of_a_loop(backtest: Backtest, measure: Measure, horizon: int) -> None:
    loss, base = (np.full((SERIES, ORIGINS), np.nan) for _ in range(2))
    made, reference = backtest.scored[RANDOM_FOREST], backtest.scored[PERSISTENCE]
    for series, origin, came in each(backtest, horizon):
        at = (horizon - 1, series, origin)
        losses = {
            Measure.RMSE: ((made.mean[at] - came) ** 2, came**2),
            Measure.MAE: (abs(made.median[at] - came), abs(came)),
            Measure.CRPS: (made.crps[at], reference.crps[at]),
        }
        loss[series, origin], base[series, origin] = losses[measure]
    ratio = np.nansum(loss) / np.nansum(base)
    root = measure is Measure.RMSE
    found = skill_by_horizon(backtest, RANDOM_FOREST, measure)[horizon - 1]
    assert found.comparison.skill == pytest.approx(
        100 * (1 - (math.sqrt(ratio) if root else ratio))
    )
    expected = skill_interval(loss, base, block=5, root=root)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.low < found.comparison.skill < found.high


def test_few_dates_have_no_range() -> None:
    """One block would be drawn again and again, and its range would be a point."""
    for origins, known in ((1, False), (2, False), (14, False), (15, True)):
        found = skill_by_horizon(
            drawn_backtest(drawn_panel(SERIES, origins), origins, 1), XGBOOST, Measure.CRPS
        )[0]
        assert math.isfinite(found.low) == math.isfinite(found.high) == known
        assert math.isfinite(found.comparison.skill)


def binned(backtest: Backtest, name: str, horizon: int) -> dict[int, list[tuple[int, int, float]]]:
    bins: dict[int, list[tuple[int, int, float]]] = {}
    for series, origin, came in each(backtest, horizon):
        given = backtest.scored[name].p_change[horizon - 1, series, origin]
        bins.setdefault(min(int(given * BINS), BINS - 1), []).append((series, origin, came))
    return dict(sorted(bins.items()))


@pytest.mark.parametrize("horizon", [1, HORIZONS])
def test_coverage_is_that_of_a_loop(backtest: Backtest, horizon: int) -> None:
    made = backtest.scored[XGBOOST]
    bins = binned(backtest, XGBOOST, horizon)
    found = coverage_by_probability(backtest, XGBOOST, horizon)
    assert len(bins) > 3
    assert found.count.tolist() == [len(cases) for cases in bins.values()]
    for at, cases in enumerate(bins.values()):
        for share, low, high, width in (
            (found.share_80, made.low_80, made.high_80, found.width_80),
            (found.share_95, made.low_95, made.high_95, found.width_95),
        ):
            ends = [(low[horizon - 1, s, n], high[horizon - 1, s, n]) for s, n, _ in cases]
            inside = [
                a - CENT <= came <= b + CENT
                for (a, b), (_, _, came) in zip(ends, cases, strict=True)
            ]
            assert share[at] == pytest.approx(sum(inside) / len(cases))
            assert width[at] == pytest.approx(sum(b - a for a, b in ends) / len(cases))
        given = [made.p_change[horizon - 1, s, n] for s, n, _ in cases]
        assert found.probability[at] == pytest.approx(sum(given) / len(given))


def test_reliability_is_that_of_a_loop(backtest: Backtest) -> None:
    bins = binned(backtest, XGBOOST, 2)
    found = change_reliability(backtest, XGBOOST, 2)
    moved = [sum(came != 0 for _, _, came in cases) / len(cases) for cases in bins.values()]
    assert found.count.tolist() == [len(cases) for cases in bins.values()]
    assert found.frequency.tolist() == pytest.approx(moved)


def test_slices_are_those_of_a_loop(backtest: Backtest) -> None:
    records = skill_by_slice(backtest, XGBOOST, 2)
    assert sorted(record.part for record in records) == sorted(SLICES)
    for record in records:
        cases = [case for case in each(backtest, 2) if backtest.slices[case[0]] == record.part]
        mine, theirs = (
            sum(backtest.scored[who].crps[1, s, n] for s, n, _ in cases)
            for who in (XGBOOST, PERSISTENCE)
        )
        assert record.forecasts == len(cases)
        assert record.moved == pytest.approx(sum(came != 0 for *_, came in cases) / len(cases))
        assert record.comparison.skill == pytest.approx(100 * (1 - mine / theirs))


def test_the_worst_slice_is_first_and_one_without_skill_last(backtest: Backtest) -> None:
    crps = backtest.scored[PERSISTENCE].crps.copy()
    crps[:, 0] = 0.0  # nothing to win in this slice
    slices = ("Quieta", "b", "a", "b", "a", "c")
    made = backtest.scored[XGBOOST]
    worse = made.crps.copy()
    worse[:, [1, 3]] += 1
    result = replace(
        backtest,
        slices=slices,
        scored={
            PERSISTENCE: replace(backtest.scored[PERSISTENCE], crps=crps),
            XGBOOST: replace(made, crps=worse),
        },
    )
    records = skill_by_slice(result, XGBOOST)
    assert records[0].part == "b"
    assert records[0].comparison.skill < 0
    assert records[-1].part == "Quieta"
    assert math.isnan(records[-1].comparison.skill)


def test_a_slice_that_was_not_forecast_has_no_record(backtest: Backtest) -> None:
    silent = replace(
        backtest, scored={**backtest.scored, XGBOOST: silent_after(backtest.scored[XGBOOST], 0)}
    )
    for record in skill_by_slice(silent, XGBOOST):
        assert record.forecasts == 0
        assert math.isnan(record.moved)
        assert math.isnan(record.comparison.skill)


def test_the_gain_adds_up_to_the_skill(backtest: Backtest) -> None:
    gain = cumulative_gain(backtest, XGBOOST, 2)
    mine, theirs = (backtest.scored[who].crps[1] for who in (XGBOOST, PERSISTENCE))
    total = sum(theirs[s, n] for s, n, _ in each(backtest, 2))
    for upto in (1, 10, ORIGINS):
        saved = sum(theirs[s, n] - mine[s, n] for s, n, _ in each(backtest, 2) if n < upto)
        assert gain[upto - 1] == pytest.approx(100 * saved / total)
    assert gain[-1] == pytest.approx(backtest.compare(XGBOOST, PERSISTENCE, None, 2).skill)


def test_where_persistence_never_erred_there_is_no_gain(backtest: Backtest) -> None:
    perfect = backtest.scored[PERSISTENCE]
    scored = {**backtest.scored, PERSISTENCE: replace(perfect, crps=perfect.crps * 0)}
    assert np.isnan(cumulative_gain(replace(backtest, scored=scored), XGBOOST)).all()


def test_misses_are_the_largest_scores(backtest: Backtest, panel: Panel) -> None:
    made = backtest.scored[XGBOOST]
    scores = sorted((made.crps[0, s, n] for s, n, _ in each(backtest)), reverse=True)
    found = worst_misses(backtest, XGBOOST, 7)
    assert [miss.crps for miss in found] == scores[:7]
    for miss in found:
        at = (0, miss.series, miss.origin)
        column = KNOWN_BEFORE + miss.origin
        assert miss.last == panel.prices[miss.series, column]
        assert miss.came == pytest.approx(panel.prices[miss.series, column + 1])
        assert miss.median == miss.last + made.median[at]
        assert (miss.low, miss.high) == (miss.last + made.low_95[at], miss.last + made.high_95[at])
        assert miss.p_change == made.p_change[at]


def test_there_are_no_more_misses_than_forecasts(backtest: Backtest) -> None:
    every = worst_misses(backtest, XGBOOST, 10_000)
    assert len(every) == len(each(backtest))
    assert len({(miss.series, miss.origin) for miss in every}) == len(every)
    nothing = {**backtest.scored, XGBOOST: silent_after(backtest.scored[XGBOOST], 0)}
    assert worst_misses(replace(backtest, scored=nothing), XGBOOST, 10) == ()


@pytest.mark.parametrize(
    ("column", "first", "stop"),
    [(40, 10, 47), (5, 0, 12), (KNOWN_BEFORE + ORIGINS, 38, KNOWN_BEFORE + ORIGINS + 1)],
)
def test_a_history_lies_around_its_origin(panel: Panel, column: int, first: int, stop: int) -> None:
    found = history_around(panel, 2, panel.dates[column])
    assert found.dates == panel.dates[first:stop]
    assert found.dates[found.at] == panel.dates[column]
    expected: Floats = panel.prices[2, first:stop]
    assert np.array_equal(found.prices, expected, equal_nan=True)


def test_a_history_needs_its_origin(panel: Panel) -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        history_around(panel, 2, panel.dates[0].replace(year=2020))
