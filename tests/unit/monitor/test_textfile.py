"""The file for node_exporter, read back by Prometheus's own parser."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from canasta.commodity import Commodity
from canasta.monitor.live import by_slice, live_skill
from canasta.monitor.textfile import LIVE, Standing, write_standing
from canasta.monitor.verdict import Severity, Verdict
from tests.unit.monitor.test_live import outcomes

NOON = datetime(2025, 4, 30, 19, 0, tzinfo=UTC)
ORIGIN = date(2025, 4, 30)

type Read = dict[tuple[str, str], float]


@pytest.fixture
def standing(milk: Commodity) -> Standing:
    found = outcomes(0.1)
    live = {horizon: live_skill(found, horizon) for horizon in (1, 2)}
    return Standing(
        commodity="milk",
        finished=NOON,
        failed_steps=1,
        origin=ORIGIN,
        quarantined=2,
        missing=3,
        version=7,
        drift=Verdict(ORIGIN, Severity.WARNING, ()),
        live={horizon: skill for horizon, skill in live.items() if skill},
        slices=by_slice(found, milk),
        waiting=4,
        lost=5,
    )


def read(path: Path) -> Read:
    """Value by metric and what sets it apart beside the commodity."""
    found: Read = {}
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        assert family.documentation
        for sample in family.samples:
            assert sample.labels.pop("commodity") == "milk"
            found[sample.name, "".join(sample.labels.values())] = sample.value
    return found


def test_every_figure_is_read_back(standing: Standing, tmp_path: Path) -> None:
    path = write_standing(standing, tmp_path)
    assert path == tmp_path / "metrics" / "milk.prom"
    found = read(path)
    run = {
        "run_timestamp_seconds": NOON.timestamp(),
        "run_failed_steps": 1,
        "newest_publication_timestamp_seconds": datetime(2025, 4, 30, tzinfo=UTC).timestamp(),
        "quarantined_publications": 2,
        "missing_publications": 3,
        "champion_version": 7,
        "messages_waiting": 4,
        "messages_lost": 5,
    }
    assert {name: found["canasta_pipeline_" + name, ""] for name in run} == run
    assert found["canasta_drift_severity", ""] == 1
    for horizon, skill in standing.live.items():
        assert found["canasta_live_publications", str(horizon)] == skill.publications
        assert skill.figures().keys() == LIVE.keys()
        for name, value in skill.figures().items():
            assert found[f"canasta_live_{name}", str(horizon)] == pytest.approx(value)
    for name, skill in standing.slices.items():
        assert found["canasta_live_slice_crps_skill", name] == skill.by_crps.skill
    assert len(found) == 9 + 2 * (len(LIVE) + 1) + len(standing.slices)


def test_it_is_replaced_as_a_whole_and_nothing_lies_beside_it(
    standing: Standing, tmp_path: Path
) -> None:
    write_standing(standing, tmp_path)
    bare = replace(standing, drift=None, live={}, slices={}, version=8)
    path = write_standing(bare, tmp_path)
    assert list(path.parent.iterdir()) == [path]
    found = read(path)
    assert found["canasta_pipeline_champion_version", ""] == 8
    assert not any(name.startswith(("canasta_live", "canasta_drift")) for name, _ in found)


def test_figures_that_are_no_numbers_are_said_to_be_none(
    standing: Standing, tmp_path: Path
) -> None:
    one = live_skill(outcomes(0.1, publications=1))
    assert one is not None
    found = read(write_standing(replace(standing, live={1: one}), tmp_path))
    assert math.isnan(found["canasta_live_dm_crps", "1"])
