"""Promotion, panels and rollback on a real MLflow and a lake in a folder."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from canasta.errors import NoChampion, NoPreviousChampion, UnknownVersion
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.bundle import read_bundle
from canasta.registry.decisions import Kind, newest_first, newest_search, read_record
from canasta.registry.panels import read_panel
from canasta.registry.pointer import POINTER, current
from canasta.registry.promotion import (
    champion_of,
    depose,
    heir,
    promote,
    promote_by_hand,
    publish_panel,
    record_kept,
    rollback,
)
from canasta.registry.settling import settle
from canasta.registry.steps import Cause, Registry
from canasta.registry.tracking import Tracking
from tests.integration.registry_setting import (
    assert_same_forecasts,
    basis,
    everything,
    register,
    ruling,
)
from tests.unit.registry.builders import LINEAGE, fitted


def test_a_promotion_stores_everything_that_the_pointer_names(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    number = versions[XGBOOST]
    made = promote(registry, basis(), number, Kind.SEARCH, ruling(), versions[RANDOM_FOREST])
    assert current(registry.lake) == made
    assert made.title.version == number
    assert made.title.bundle.key == f"bundles/{number}/manifest.json"
    assert made.title.rmse == 0.341
    predictor = read_bundle(registry.lake, made.title.bundle).predictor
    assert_same_forecasts(predictor, fitted(XGBOOST).predictor)
    published = read_panel(registry.lake, made.panel)
    assert published.version == number
    assert published.outlook.origin == made.origin == basis().panel.origin
    record = read_record(registry.lake, made.decision)
    assert (record.kind, record.before, record.lineage) == (Kind.SEARCH, None, LINEAGE)
    assert record.ruling is not None
    assert record.ruling["margins"]["min_origins"] == 30
    assert registry.tracking.aliases() == {
        "champion": number, "challenger": versions[RANDOM_FOREST]
    }  # fmt: skip


def test_readers_of_the_earlier_system_find_their_keys(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[XGBOOST])
    content = json.loads(registry.lake.read("promoted/daily_model.json"))
    assert content["model_name"] == "milk-price-predictor"
    assert content["version"] == versions[XGBOOST]
    assert content["rmse"] == 0.341
    assert content["promotion_time"].startswith("2025-04-30T19:00:")
    assert {"run_id", "artifact_uri"} <= content.keys()


def test_a_new_publication_replaces_the_panel_alone(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    before = promote_by_hand(registry, basis(5), versions[XGBOOST])
    after = publish_panel(registry, basis(6))
    assert after.panel != before.panel
    assert after.origin > before.origin
    assert (after.title, after.promotion_time) == (before.title, before.promotion_time)
    assert [record.kind for _, record in newest_first(registry.lake)] == ["panel", "promote"]
    read_panel(registry.lake, before.panel)  # the old one stays readable for who still has it


def test_publishing_the_same_twice_writes_nothing(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[XGBOOST])
    before = everything(registry.lake)
    publish_panel(registry, basis())
    promote_by_hand(registry, basis(), versions[XGBOOST])
    assert everything(registry.lake) == before


def test_rollback_goes_back_through_the_champions_one_by_one(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    for algorithm, publications in ((PERSISTENCE, 3), (XGBOOST, 4), (RANDOM_FOREST, 5)):
        promote_by_hand(registry, basis(publications), versions[algorithm])
        publish_panel(registry, basis(publications + 1))
    reached = []
    for _ in range(2):
        restored = rollback(registry, basis(6), "Prices went wild.")
        reached.append(restored.title.version)
        published = read_panel(registry.lake, restored.panel)
        assert published.version == restored.title.version
        assert published.panel.origin == basis(6).panel.origin
        assert registry.tracking.aliases()["champion"] == restored.title.version
    assert reached == [versions[XGBOOST], versions[PERSISTENCE]]
    assert registry.tracking.aliases()["challenger"] == versions[XGBOOST]
    assert read_record(registry.lake, restored.decision).reason == "Prices went wild."
    with pytest.raises(NoPreviousChampion, match="first champion"):
        rollback(registry, basis(6), "again")


def test_after_a_rollback_a_promotion_can_be_rolled_back_too(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    promote_by_hand(registry, basis(), versions[XGBOOST])
    rollback(registry, basis(), "first")
    promote_by_hand(registry, basis(), versions[RANDOM_FOREST])
    assert rollback(registry, basis(), "second").title.version == versions[PERSISTENCE]


FAILS = Cause(Kind.ROLLBACK, "The recipe fails.", ruling())


def test_a_recipe_that_fails_falls_with_all_its_versions(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    promote_by_hand(registry, basis(), versions[XGBOOST])
    refitted = register(registry.tracking, XGBOOST, seed=2)
    promote(registry, basis(), refitted, Kind.REFRESH, ruling())
    successor = heir(registry.lake, ())
    assert successor is not None
    restored = depose(registry, basis(), FAILS, successor)
    assert restored.title.version == versions[PERSISTENCE]
    assert registry.tracking.aliases() == {"champion": versions[PERSISTENCE]}
    record = read_record(registry.lake, restored.decision)
    assert (record.kind, record.reason) == (Kind.ROLLBACK, FAILS.reason)
    assert record.ruling is not None
    assert record.ruling["margins"]["min_origins"] == 30


def test_a_barred_recipe_does_not_come_back_in_place_of_the_failing_one(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    for algorithm in (PERSISTENCE, RANDOM_FOREST, XGBOOST):
        promote_by_hand(registry, basis(), versions[algorithm])
    barred = {fitted(RANDOM_FOREST).predictor.recipe.id}
    found = [heir(registry.lake, unfit) for unfit in ((), barred)]
    assert [one and one.title.version for one in found] == [
        versions[RANDOM_FOREST], versions[PERSISTENCE]
    ]  # fmt: skip


def test_without_another_champion_before_persistence_takes_the_title(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[XGBOOST])
    assert heir(registry.lake, ()) is None
    found = depose(registry, basis(), FAILS, versions[PERSISTENCE])
    assert found.title.recipe.algorithm == PERSISTENCE
    assert found.previous is None
    assert read_panel(registry.lake, found.panel).version == versions[PERSISTENCE]
    aliases = {"champion": versions[PERSISTENCE]}  # who may not win for now is no challenger
    assert registry.tracking.aliases() == aliases


def test_a_rollback_needs_no_mlflow(
    registry: Registry, versions: Mapping[str, int], down: Tracking
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    promote_by_hand(registry, basis(), versions[XGBOOST])
    restored = rollback(replace(registry, tracking=down), basis(), "MLflow is down too.")
    assert restored.title.version == versions[PERSISTENCE]
    assert registry.tracking.aliases()["champion"] == versions[XGBOOST]
    assert settle(registry)
    assert registry.tracking.aliases()["champion"] == versions[PERSISTENCE]


def test_without_a_champion_there_is_nothing_to_publish_or_to_roll_back(
    registry: Registry,
) -> None:
    with pytest.raises(NoChampion, match="names no champion yet"):
        publish_panel(registry, basis())
    with pytest.raises(NoChampion, match="names no champion yet"):
        rollback(registry, basis(), "why")
    assert everything(registry.lake) == {}


def test_an_unknown_version_changes_nothing(registry: Registry) -> None:
    with pytest.raises(UnknownVersion, match="no version 99"):
        promote_by_hand(registry, basis(), 99)
    assert everything(registry.lake) == {}


def test_a_version_fitted_on_simulated_prices_is_no_champion_of_real_ones(
    registry: Registry,
) -> None:
    foreign = register(registry.tracking, XGBOOST, source="simulated")
    with pytest.raises(UnknownVersion, match="fitted on simulated prices; this lake holds sniim"):
        promote_by_hand(registry, basis(), foreign)
    assert everything(registry.lake) == {}


def test_an_earlier_system_s_pointer_is_kept_in_the_first_record(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    old = {"model_name": "milk", "version": "4", "rmse": 0.9}
    registry.lake.replace(POINTER, json.dumps(old).encode())
    made = promote_by_hand(registry, basis(), versions[XGBOOST])
    assert read_record(registry.lake, made.decision).before == old
    assert made.previous is None


def test_a_search_that_changes_nothing_is_recorded_and_found(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    made = promote_by_hand(registry, basis(5), versions[XGBOOST])
    record_kept(registry, basis(6), ruling())
    found = newest_search(registry.lake)
    assert found is not None
    assert (found.origin, found.after) == (basis(6).panel.origin, None)
    settle(registry)
    assert champion_of(registry.lake) == made
