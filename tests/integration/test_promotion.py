"""Promotion, panels and rollback on a real MLflow and a lake in a folder."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import (
    NoChampion,
    NoPreviousChampion,
    ObjectCorrupt,
    RegistryUnavailable,
    RunInProgress,
    UnknownVersion,
)
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.bundle import read_bundle
from canasta.registry.decisions import Kind, newest_first, newest_search, read_record
from canasta.registry.panels import read_panel
from canasta.registry.pointer import POINTER, current
from canasta.registry.promotion import (
    champion_of,
    promote,
    promote_by_hand,
    publish_panel,
    record_kept,
    rollback,
)
from canasta.registry.settling import settle
from canasta.registry.steps import Registry, align_aliases
from canasta.registry.tracking import Tracking
from canasta.store import Store
from tests.integration.registry_setting import (
    basis,
    register,
    register_all,
    registry_on,
    ruling,
    tracking_in,
)
from tests.unit.registry.builders import fitted, rows


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return tracking_in(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture(scope="module")
def versions(tracking: Tracking) -> Mapping[str, int]:
    return register_all(tracking)


@pytest.fixture
def registry(tmp_path: Path, tracking: Tracking) -> Registry:
    return registry_on(Store(str(tmp_path / "lake")), tracking)


@pytest.fixture
def down(tmp_path: Path) -> Tracking:
    return Tracking("http://127.0.0.1:9", str(tmp_path), "milk")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Tracking]:
    folder = tmp_path / "fresh"
    yield tracking_in(folder)
    shutil.rmtree(folder)


def everything(lake: Store) -> dict[str, bytes]:
    folders = ("bundles", "panels", "decisions", "promoted")
    return {key: lake.read(key) for folder in folders for key in lake.keys(folder)}


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
    expected = fitted(XGBOOST).predictor.mean_change(rows(9))
    np.testing.assert_array_equal(predictor.mean_change(rows(9)), expected)
    published = read_panel(registry.lake, made.panel)
    assert published.version == number
    assert published.outlook.origin == made.origin == basis().panel.origin
    record = read_record(registry.lake, made.decision)
    assert (record.kind, record.before, record.commit) == (Kind.SEARCH, None, "c0ffee")
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


def test_a_rollback_can_skip_versions_of_the_same_recipe(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    promote_by_hand(registry, basis(), versions[XGBOOST])
    refitted = register(registry.tracking, XGBOOST, seed=2)
    promote(registry, basis(), refitted, Kind.REFRESH, ruling())
    restored = rollback(registry, basis(), "The recipe fails.", other_recipe=True)
    assert restored.title.version == versions[PERSISTENCE]


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


def test_a_registry_that_is_down_before_the_bundle_changes_nothing(
    registry: Registry, versions: Mapping[str, int], down: Tracking
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    before = everything(registry.lake)
    with pytest.raises(RegistryUnavailable):
        promote(replace(registry, tracking=down), basis(), versions[XGBOOST], Kind.SEARCH, ruling())
    assert everything(registry.lake) == before


@pytest.mark.parametrize("name", ["manifest.json", "trees-mean.treelite"])
def test_a_damaged_bundle_is_rebuilt_from_mlflow(
    name: str, registry: Registry, versions: Mapping[str, int]
) -> None:
    promote_by_hand(registry, basis(5), versions[XGBOOST])
    key = f"bundles/{versions[XGBOOST]}/{name}"
    good = registry.lake.read(key)
    registry.lake.replace(key, good[:-1])
    publish_panel(registry, basis(6))
    assert registry.lake.read(key) == good


def test_a_bundle_lost_everywhere_is_told(
    registry: Registry, versions: Mapping[str, int], fresh: Tracking
) -> None:
    promote_by_hand(registry, basis(5), versions[XGBOOST])
    before = registry.lake.read(POINTER)
    registry.lake.replace(f"bundles/{versions[XGBOOST]}/model.json", b"{}")
    for algorithm in (RANDOM_FOREST, RANDOM_FOREST):  # other models under these numbers
        register(fresh, algorithm)
    with pytest.raises(ObjectCorrupt):
        publish_panel(replace(registry, tracking=fresh), basis(6))
    assert registry.lake.read(POINTER) == before


def test_an_mlflow_that_counts_anew_leaves_older_bundles_alone(
    registry: Registry, versions: Mapping[str, int], fresh: Tracking
) -> None:
    former = promote_by_hand(registry, basis(), versions[PERSISTENCE])
    assert versions[PERSISTENCE] == register(fresh, RANDOM_FOREST)
    made = promote_by_hand(replace(registry, tracking=fresh), basis(), versions[PERSISTENCE])
    assert made.title.bundle.key == f"bundles/1-{made.title.bundle.sha256[:8]}/manifest.json"
    read_bundle(registry.lake, made.title.bundle)
    restored = rollback(replace(registry, tracking=fresh), basis(), "back")
    assert restored.title == former.title


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


class Crash(BaseException):
    """The process is killed."""


class CrashingStore(Store):
    """A lake whose process dies just before, or just after, one of its writes."""

    def __init__(self, url: str, writes: int, *, written: bool) -> None:
        super().__init__(url)
        self._left = writes
        self._written = written

    def replace(self, key: str, content: bytes) -> None:
        self._left -= 1
        if self._left == 0 and not self._written:
            raise Crash(key)
        super().replace(key, content)
        if self._left == 0:
            raise Crash(key)


WRITES = ("model.json", "trees", "manifest.json", "panel", "record", "pointer")


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, len(WRITES) + 1), ids=WRITES)
def test_a_crash_at_any_write_leaves_a_state_that_the_next_run_completes(
    write: int,
    written: bool,
    registry: Registry,
    versions: Mapping[str, int],
) -> None:
    promote_by_hand(registry, basis(5), versions[PERSISTENCE])
    lake = CrashingStore(registry.lake.url, write, written=written)
    number = versions[XGBOOST]
    with pytest.raises(Crash):
        promote(replace(registry, lake=lake), basis(), number, Kind.SEARCH, ruling())
    recorded = newest_search(registry.lake) is not None
    assert recorded is ((write, written) >= (5, True))
    live = champion_of(registry.lake)
    read_bundle(registry.lake, live.title.bundle)
    read_panel(registry.lake, live.panel)

    assert settle(registry)
    if not recorded:  # the search is due still, and its end the same
        assert champion_of(registry.lake) == live
        promote(registry, basis(), number, Kind.SEARCH, ruling())
    made = champion_of(registry.lake)
    assert made.title.version == number
    read_bundle(registry.lake, made.title.bundle)
    assert read_panel(registry.lake, made.panel).version == number
    assert registry.tracking.aliases()["champion"] == number
    after = everything(registry.lake)
    assert settle(registry)
    assert everything(registry.lake) == after
    assert rollback(registry, basis(), "check").title.version == versions[PERSISTENCE]


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3], ids=["panel", "record", "pointer"])
@pytest.mark.parametrize("act", ["publication", "rollback"])
def test_a_crash_of_a_publication_or_a_rollback_is_completed(
    act: str,
    write: int,
    written: bool,
    registry: Registry,
    versions: Mapping[str, int],
) -> None:
    promote_by_hand(registry, basis(4), versions[PERSISTENCE])
    promote_by_hand(registry, basis(5), versions[XGBOOST])

    def step(where: Registry) -> None:
        if act == "publication":
            publish_panel(where, basis(6))
        else:
            rollback(where, basis(6), "why")

    before = everything(registry.lake)
    lake = CrashingStore(registry.lake.url, write, written=written)
    with pytest.raises(Crash):
        step(replace(registry, lake=lake))
    settle(registry)
    if (write, written) < (2, True):
        assert {k: v for k, v in everything(registry.lake).items() if "panels/" not in k} == {
            k: v for k, v in before.items() if "panels/" not in k
        }
        step(registry)
    made = champion_of(registry.lake)
    wanted = XGBOOST if act == "publication" else PERSISTENCE
    assert made.title.version == versions[wanted]
    assert made.origin == basis(6).panel.origin
    assert read_panel(registry.lake, made.panel).version == versions[wanted]
    assert registry.tracking.aliases()["champion"] == versions[wanted]


def test_a_pointer_that_somebody_put_there_is_left_alone(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    first = promote_by_hand(registry, basis(5), versions[PERSISTENCE])
    promote_by_hand(registry, basis(5), versions[XGBOOST])
    put = json.dumps({**first.as_dict(), "promotion_time": "by hand"}).encode()
    registry.lake.replace(POINTER, put)
    assert settle(registry)
    assert registry.lake.read(POINTER) == put
    assert registry.tracking.aliases()["champion"] == versions[PERSISTENCE]


def test_a_lost_pointer_is_written_again(
    registry: Registry, versions: Mapping[str, int], tmp_path: Path
) -> None:
    made = promote_by_hand(registry, basis(5), versions[PERSISTENCE])
    made = promote_by_hand(registry, basis(6), versions[XGBOOST])
    record_kept(registry, basis(), ruling())
    (tmp_path / "lake" / POINTER).unlink()
    settle(registry)
    assert champion_of(registry.lake) == made


def test_a_run_that_lost_the_lake_does_not_write_the_pointer(
    registry: Registry, versions: Mapping[str, int]
) -> None:
    before = promote_by_hand(registry, basis(), versions[PERSISTENCE])

    def taken() -> None:
        raise RunInProgress("another run has taken the lake over")

    with pytest.raises(RunInProgress):
        promote_by_hand(replace(registry, check_lock=taken), basis(), versions[XGBOOST])
    assert champion_of(registry.lake) == before


def test_aliases_follow_the_pointer_once_mlflow_is_back(
    registry: Registry, versions: Mapping[str, int], down: Tracking,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    registry.tracking.set_aliases(versions[RANDOM_FOREST], versions[XGBOOST])
    assert not align_aliases(replace(registry, tracking=down))
    assert "aliases are not in line" in caplog.text
    assert align_aliases(registry)
    assert registry.tracking.aliases() == {"champion": versions[PERSISTENCE]}
