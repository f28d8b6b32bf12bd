"""A champion whose published forecasts fail loses the title without hands, and people are told."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from prometheus_client.parser import text_string_to_metric_families

from canasta.commodity import Commodity
from canasta.forecast.history import read_panel
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, XGBOOST, Recipe
from canasta.forecast.training import Trainer
from canasta.ingest.lake import Lake
from canasta.monitor.live import LOGGED
from canasta.monitor.outcomes import FIGURES, outcomes_key, read_outcomes
from canasta.registry.bundle import Bundle
from canasta.registry.connection import connect
from canasta.registry.tenure import banned
from simulate_publication.simulation import publication_days
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House
from tests.outcomes_oracle import KEY, live_outcomes
from tests.quick_heads import quick_parameters
from tests.unit.registry.builders import LINEAGE

DAY = date.fromisoformat(FirstRun.DAY)
LEAST, BAN = 18, 20
MOVES = (-0.4, 0.0, 0.4)
"""MXN: what the deliberately bad model learns that prices do, mostly the last."""


def publications_after(milk: Commodity, day: date, count: int) -> Sequence[date]:
    later = (one for one in publication_days(milk, day + timedelta(days=150)) if one > day)
    return list(islice(later, count))


def messages(house: House, heading: str) -> int:
    """How often people were told something."""
    return (house.monitor / "messages.log").read_text(encoding="utf-8").count(heading)


def gauge(house: House, name: str) -> float:
    """A figure of the textfile."""
    text = (house.monitor / "metrics" / "milk.prom").read_text(encoding="utf-8")
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
    return next(one.value for one in samples if one.name == name)


def fail(house: House, milk: Commodity, days: Sequence[date], version: int) -> None:
    """Write outcomes down in which a version was far behind persistence on each of `days`."""
    keys = read_panel(Lake(house.lake, milk), milk, DAY).keys[:40]
    draws = np.random.default_rng(1)
    for origin, target in zip([DAY, *days[:-1]], days, strict=True):
        figures = {name: np.full(len(keys), 25.0) for name in FIGURES}
        figures["base_crps"] = draws.uniform(0.05, 0.1, len(keys))
        figures["crps"] = figures["base_crps"] + draws.uniform(0.02, 0.08, len(keys))
        frame = pd.DataFrame(list(keys), columns=KEY).assign(
            target=target,
            origin=origin,
            horizon=np.int32(1),
            version=version,
            **figures,
            scored_on=target,
            backfilled=False,
        )
        sink = io.BytesIO()
        frame.to_parquet(sink, index=False)
        house.lake.write_once(outcomes_key(target), sink.getvalue())


def test_without_anybody_to_go_back_to_persistence_takes_the_title(
    lived_in: House, milk: Commodity
) -> None:
    failing = lived_in.pointer.title
    days = publications_after(milk, DAY, LEAST)
    fail(lived_in, milk, days, failing.version)
    ended = lived_in.daily(str(DAY))

    assert ended.code == 0, ended.told()
    # Scored they are already, as by a run that was cut short then: what it owed is made up for.
    assert ended.steps[3:9] == [
        "Score", "Log outcomes", "Performance report",
        "Judge the champion", "Fit and register persistence", "Roll back",
    ]  # fmt: skip
    champion = lived_in.pointer
    assert champion.title.recipe.algorithm == PERSISTENCE
    assert (champion.previous, champion.challenger) == (None, None)
    assert set(lived_in.tracking.aliases()) == {"champion"}, "who is banned is no challenger"
    record = lived_in.decisions()[-1]
    assert record["kind"] == "rollback"
    assert record["ruling"]["evidence"]["publications"] == LEAST
    assert record["ruling"]["evidence"]["by_crps"]["dm"] < -1.64
    assert record["ruling"]["margins"] == {"least": 18, "most": 40, "dm": 1.64, "ban": BAN}
    assert record["reason"] in " ".join(ended.out.split())
    assert lived_in.tracking.aliases()["champion"] == champion.title.version
    accepted = Lake(lived_in.lake, milk).dates()
    assert banned(lived_in.lake, accepted, BAN) == {failing.recipe.id: BAN}
    assert messages(lived_in, "Cae el campeón: se sugiere el último precio") == 1
    assert set(lived_in.report(FirstRun.TARGET)["version"]) == {champion.title.version}

    status = lived_in.run("status")
    assert f"Barred    recipe {failing.recipe.id}: its outcomes failed; {BAN} publica" in status.out
    again = lived_in.daily(str(DAY))
    assert again.code == 0, again.told()
    assert lived_in.pointer == champion
    assert messages(lived_in, "Cae el campeón: se sugiere el último precio") == 1


def rising(panel: Panel) -> Panel:
    """The history as if prices had moved at nearly every publication, and mostly up."""
    draws = np.random.default_rng(1)
    moves = draws.choice(MOVES, panel.prices.shape, p=(0.2, 0.1, 0.7))
    prices = (panel.prices + moves.cumsum(axis=1)).round(2)
    return Panel(panel.columns, panel.product, panel.keys, panel.dates, prices, panel.calendar)


def register_a_bad_model(house: House, milk: Commodity) -> int:
    """Register a model that was fitted on a market of its own; return its version."""
    parameters = quick_parameters()
    panel = rising(read_panel(Lake(house.lake, milk), milk, DAY))
    trainer = Trainer.of(panel, parameters.fit, 1)
    heads = {
        head: {**params, "n_estimators": 5} for head, params in parameters.heads[XGBOOST].items()
    }
    fitted = trainer.fit(Recipe(XGBOOST, heads), len(panel.dates) - 1)
    bundle = Bundle(
        fitted.predictor, panel.dates[0], panel.origin, "simulated", LINEAGE,
        trainer.parameters.model_dump(),
    )  # fmt: skip
    with house.tracking.run("deliberately bad", {}, {}) as run:
        return run.register(fitted, bundle)


@pytest.mark.slow
def test_a_deliberately_bad_champion_is_rolled_back_within_40_publications(
    lived_in: House, milk: Commodity
) -> None:
    good = lived_in.pointer.title
    bad = register_a_bad_model(lived_in, milk)
    promoted = lived_in.run("promote", str(bad), "--date", str(DAY))
    assert promoted.code == 0, promoted.told()
    failing = lived_in.pointer.title
    lived_in.daily(str(DAY))  # its forecasts of this day come too late: the first ones count

    days = iter(publications_after(milk, DAY, 40))
    passed = []
    while lived_in.pointer.title.version == bad:
        passed.append(next(days))
        ended = lived_in.daily(str(passed[-1]), RETRAIN_EVERY="100")
        assert ended.code == 0, ended.told()

    assert lived_in.pointer.title == good
    assert LEAST < len(passed) <= 40
    print(f"rolled back after {len(passed)} publications, {LEAST} of them scored")
    record = lived_in.decisions()[-1]
    assert record["kind"] == "rollback"
    assert record["ruling"]["evidence"]["versions"] == [bad]
    assert record["ruling"]["evidence"]["publications"] == LEAST
    assert messages(lived_in, "Vuelve el campeón anterior") == 1
    accepted = Lake(lived_in.lake, milk).dates()
    assert banned(lived_in.lake, accepted, BAN) == {failing.recipe.id: BAN}
    check_published_outcomes(lived_in, bad)


def check_published_outcomes(house: House, version: int) -> None:
    """They equal an independent computation, and stand in MLflow."""
    weight = quick_parameters().empirical.weight
    found = read_outcomes(house.lake).sort_values(
        ["target", "horizon", "origin", *KEY], ignore_index=True
    )
    expected = live_outcomes(Path(house.lake.url), weight)
    assert len(found) == len(expected)
    for name in ("version", "came", "crps", "base_crps"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)
    client: MlflowClient = connect(house.tracking.uri)
    logged = client.get_metric_history(house.tracking.version(version).run_id, LOGGED)
    ours = found[found["version"] == version].groupby("target").size()
    assert {date.fromordinal(one.step): one.value for one in logged} == ours.to_dict()
    assert gauge(house, "canasta_pipeline_champion_version") == house.pointer.title.version
