import math
from dataclasses import replace

import pytest

from canasta.commodity import Commodity
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.monitor.tables import check_rows, day_rows, skill_rows
from canasta.monitor.live import by_version, live_skill
from canasta.monitor.verdict import Check, Severity, Verdict
from canasta.registry.decisions import Kind
from tests.unit.deliver.monitor.made_up import in_order, pointer, record, verdict
from tests.unit.monitor.test_live import outcomes


@pytest.fixture(scope="module")
def facts(milk: Commodity) -> Facts:
    made = in_order(milk, outcomes(-0.1, versions=(3, 5)))
    return replace(made, decisions=(record(Kind.PANEL, None, pointer(), pointer(version=5)),))


def test_horizons_and_versions_are_measured_as_live_skill_is(facts: Facts) -> None:
    (_, horizons), (_, versions) = skill_rows(facts)
    assert [row.name for row in horizons] == ["1 publicación", "2 publicaciones"]
    assert [row.name for row in versions] == ["5, XGBoost", "3"], "the newest first, named if known"
    for row, horizon in zip(horizons, (1, 2), strict=True):
        skill = live_skill(facts.outcomes, horizon)
        assert skill is not None
        assert row.crps_skill == f"{skill.by_crps.skill:+.1f}".replace("-", "−")
        assert row.mae == f"{skill.mae:.3f}"
        assert row.behind
    assert versions[1].mae == f"{by_version(facts.outcomes)[3].mae:.3f}"


def test_each_publication_has_its_figures_its_verdict_and_its_reports(facts: Facts) -> None:
    first, last = facts.publications[0], facts.publications[-1]
    reports = {"drift": {last: "drift/x.html"}, "performance": {last: "performance/x.html"}}
    checked = (verdict(last, 0.9, Severity.ALERT),)
    rows = day_rows(replace(facts, drift=checked, reports=reports))
    assert len(rows) == len(facts.publications)
    assert (rows[0].drift, rows[0].drift_page) == ("alerta", "drift/x.html")
    assert rows[0].performance_page == "performance/x.html"
    assert (rows[-1].severity, rows[-1].drift, rows[-1].drift_page) == (None, "–", "")
    skill = live_skill(facts.outcomes[facts.outcomes["target"] == first])
    assert skill is not None
    assert (rows[-1].mae, rows[-1].forecasts) == (f"{skill.mae:.3f}", str(skill.forecasts))


def test_a_publication_that_was_only_checked_has_no_figures(facts: Facts) -> None:
    nothing = replace(facts, outcomes=outcomes(0.1, 0), drift=facts.drift[:1])
    (row,) = day_rows(nothing)
    assert {row.mae, row.last_mae, row.crps_skill, row.coverage_95, row.forecasts} == {"–"}
    assert not row.behind
    assert skill_rows(nothing) == []


def test_a_loss_that_rounds_to_nothing_is_none(milk: Commodity) -> None:
    even = outcomes(0.0)
    even["crps"] = even["base_crps"] * 1.0001
    (_, horizons), _ = skill_rows(in_order(milk, even))
    assert (horizons[0].crps_skill, horizons[0].behind) == ("+0.0", False)


def test_bars_end_at_the_threshold(facts: Facts) -> None:
    checks = tuple(
        Check("changed-share", value, threshold, Severity.OK)
        for value, threshold in ((0.2, 0.5), (0.9, 0.5), (math.nan, 0.5), (0.2, math.nan))
    )
    rows = check_rows(Verdict(facts.publications[0], Severity.OK, checks))
    assert [row.bar for row in rows] == [40.0, 100.0, 0.0, 0.0]
    assert (rows[0].name, rows[0].value, rows[3].threshold) == (
        "Series que cambiaron",
        "20.0 %",
        "–",
    )
