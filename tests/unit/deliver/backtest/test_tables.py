from dataclasses import replace

import pytest

from canasta.deliver.backtest.tables import Table, contestants_table, measure, slice_rows
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import skill_by_slice
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from tests.backtests import drawn_backtest, drawn_forecasts, drawn_panel, silent_after

ORIGINS = 20


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    drawn = drawn_backtest(drawn_panel(6, ORIGINS), ORIGINS, 2)
    better = drawn_forecasts(drawn.changes, 0.8, 5)
    one_step = silent_after(drawn_forecasts(drawn.changes, -0.3, 6), 1)
    return replace(drawn, scored={**drawn.scored, "mejor": better, "corto": one_step})


def lines(table: Table) -> dict[str, list[tuple[str, bool]]]:
    """The cells of each line, by heading and label."""
    return {
        f"{heading}: {label}": [(cell.text, cell.best) for cell in cells]
        for heading, group in table.groups
        for label, cells in group
    }


def test_contestants_stand_in_the_order_of_their_crps(backtest: Backtest) -> None:
    names = [name for _, name in contestants_table(measure(backtest), 1).contestants]
    skills = [backtest.compare(name, PERSISTENCE).skill for name in names]
    assert skills == sorted(skills, reverse=True)
    assert set(names) == {PERSISTENCE, RANDOM_FOREST, XGBOOST, "mejor", "corto"}


def test_who_did_not_forecast_so_far_is_absent(backtest: Backtest) -> None:
    names = [name for _, name in contestants_table(measure(backtest), 2).contestants]
    assert "corto" not in names
    assert len(names) == 4


def test_the_best_of_each_line_is_marked(backtest: Backtest) -> None:
    found = lines(contestants_table(measure(backtest), 1))
    for label, best in (
        ("Precio medio (la media): RMSE", min),
        ("Pronóstico completo (la distribución): CRPS", min),
        ("Probabilidad de cambio: AUC", max),
    ):
        cells = found[label]
        top = best(float(text) for text, _ in cells)
        assert [marked for _, marked in cells] == [float(text) == top for text, _ in cells]
    coverage = found["Rangos: Cobertura del 95 %, %"]
    assert not any(marked for _, marked in coverage), "more is not better"


def test_figures_are_written_as_people_read_them(backtest: Backtest) -> None:
    table = contestants_table(measure(backtest), 1)
    found = lines(table)
    position = [name for _, name in table.contestants].index("corto")
    measured = backtest.metrics("corto")
    assert measured["crps_skill"] < 0
    skill = found["Pronóstico completo (la distribución): Ventaja sobre la persistencia, %"]
    assert skill[position][0] == f"−{-measured['crps_skill']:.2f}"
    at = [name for _, name in table.contestants].index(PERSISTENCE)
    assert found["Pronóstico completo (la distribución): DM"][at][0] == "–"
    share = found["Rangos: Cobertura del 80 %, %"][position][0]
    assert share == f"{100 * measured['coverage_80']:.1f}"


def test_equal_contestants_are_not_told_apart(backtest: Backtest) -> None:
    only = {PERSISTENCE: backtest.scored[PERSISTENCE]}
    found = lines(contestants_table(measure(replace(backtest, scored=only)), 1))
    assert not any(marked for cells in found.values() for _, marked in cells)


def test_slices_have_bars_and_marks(backtest: Backtest) -> None:
    rows = slice_rows(backtest, "corto", 1)
    records = skill_by_slice(backtest, "corto")
    assert [row.part for row in rows] == [record.part for record in records]
    assert all(row.worse and row.skill.startswith("−") for row in rows)
    longest = max(abs(record.comparison.skill) for record in records)
    assert max(row.bar for row in rows) == 100
    for row, record in zip(rows, records, strict=True):
        assert row.bar == pytest.approx(100 * abs(record.comparison.skill) / longest, abs=0.06)
        assert row.forecasts == str(record.forecasts)


def test_a_slice_stands_beside_itself_at_the_farther_horizon(backtest: Backtest) -> None:
    beyond = {record.part: record for record in skill_by_slice(backtest, "mejor", 2)}
    for row in slice_rows(backtest, "mejor", 2):
        assert row.far_skill == f"{beyond[row.part].comparison.skill:+.2f}"
        assert not row.far_worse


def test_a_slice_without_skill_has_no_bar(backtest: Backtest) -> None:
    nothing = silent_after(backtest.scored["mejor"], 0)
    silent = replace(backtest, scored={**backtest.scored, "mejor": nothing})
    for row in slice_rows(silent, "mejor", 2):
        assert (row.skill, row.dm, row.moved, row.bar, row.worse) == ("–", "–", "–", 0.0, False)
