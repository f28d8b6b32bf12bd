"""Alerts name nothing that the running API and pipeline do not tell Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.monitor.drift import check_drift
from canasta.monitor.live import by_slice, live_skill
from canasta.monitor.outcomes import read_outcomes
from canasta.monitor.textfile import Standing, write_standing
from canasta.parameters import read_parameters
from canasta.store import store_for
from simulate_publication import simulate
from tests.alert_rules import OF_THE_PIPELINE, SCRAPING, alerts, metrics_of_alerts, samples_in
from tests.api_server import ApiServer, api_server
from tests.panels import simulated_panel
from tests.prometheus_server import PrometheusServer, prometheus_server, until
from tests.promoted_lake import PromotedLake, quick_champion
from tests.published_lake import PublishedLake

BEFORE, LIVE = 40, 3
ASKED = {
    "Estado": "Jalisco",
    "Ciudad": "Guadalajara",
    "Tipo": "Pasteurizada",
    "Canal": "Autoservicios",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, milk: Commodity) -> Iterator[ApiServer]:
    """The API, which has answered a question and turned one down."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "lake").mkdir()
    panel = simulated_panel(milk, 60)
    lake = PromotedLake(store_for(str(folder / "lake")))
    bundle, outlook = quick_champion(panel)
    lake.promote(1, bundle, panel, outlook)
    with api_server(folder, lake.store.url, {"WORKERS": "2"}) as server:
        assert server.ask("POST", "/predict", ASKED)[0] == 200
        assert server.ask("POST", "/predict", {})[0] == 422
        yield server


@pytest.fixture(scope="module")
def textfile(tmp_path_factory: pytest.TempPathFactory, milk: Commodity) -> Path:
    """What the pipeline writes of a lake in which forecasts were published and scored."""
    folder = tmp_path_factory.mktemp("pipeline")
    house = PublishedLake(folder / "lake", milk)
    blocks = simulate(milk, 3, date(2024, 7, 1))[: BEFORE + LIVE]
    house.come(*blocks[:BEFORE])
    house.live(blocks[BEFORE:], lambda _: 1)
    panel, outcomes = house.panel(blocks[-1].date), read_outcomes(house.lake.store)
    skill = live_skill(outcomes)
    assert skill is not None
    standing = Standing(
        commodity=milk.name,
        finished=datetime.now(UTC),
        failed_steps=0,
        origin=panel.origin,
        quarantined=0,
        missing=0,
        version=1,
        drift=check_drift(panel, read_parameters().drift),
        live={1: skill},
        slices=by_slice(outcomes, milk),
    )
    return write_standing(standing, folder / "monitor")


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, api: ApiServer, textfile: Path
) -> Iterator[PrometheusServer]:
    """Prometheus with our configuration, which has asked both, and evaluated all rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus_server(folder, textfile.parent, {"canasta": api.port}) as server:
        until(lambda: set(server.targets().values()) == {"up"}, server.targets)
        until(lambda: _evaluated(server), server.rules)
        yield server


def test_every_metric_is_scraped_from_the_api_or_written_by_the_pipeline(
    api: ApiServer, textfile: Path
) -> None:
    of_the_api = samples_in(api.ask("GET", "/metrics")[1])
    of_the_pipeline = samples_in(textfile.read_text(encoding="utf-8"))
    assert metrics_of_alerts(*OF_THE_PIPELINE) <= of_the_pipeline
    assert metrics_of_alerts() - SCRAPING <= of_the_api | of_the_pipeline


def test_prometheus_has_samples_of_every_metric(prometheus: PrometheusServer) -> None:
    named = metrics_of_alerts()
    assert len(named) > 10
    assert [name for name in sorted(named) if not prometheus.query(name)] == []


def test_prometheus_evaluates_every_rule_on_them(prometheus: PrometheusServer) -> None:
    rules = {rule["name"]: rule for rule in prometheus.rules()}
    assert rules.keys() == {alert.name for alert in alerts()}
    assert {
        name: rule.get("lastError") for name, rule in rules.items() if rule["health"] != "ok"
    } == {}


def test_prices_of_long_ago_are_told_and_nothing_else(prometheus: PrometheusServer) -> None:
    """The simulated history ends years ago: at once by the pipeline, and by the API in a while."""
    expected = {"CanastaPublicationLate": "firing", "CanastaApiDegraded": "pending"}
    until(lambda: _told(prometheus) == expected, lambda: _told(prometheus))


def _told(server: PrometheusServer) -> dict[str, str]:
    states = {rule["name"]: rule["state"] for rule in server.rules()}
    return {name: state for name, state in states.items() if state != "inactive"}


def _evaluated(server: PrometheusServer) -> bool:
    named = ("canasta_ready", "canasta_pipeline_run_timestamp_seconds")
    there = all(server.query(name) for name in named)
    return there and all(rule["health"] != "unknown" for rule in server.rules())
