"""Promotion and rollback when something breaks: MLflow down, objects damaged, a run killed."""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from canasta.errors import ObjectCorrupt, RegistryUnavailable, RunInProgress
from canasta.forecast.hurdle.mixture import HEADS
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST
from canasta.registry.bundle import read_bundle
from canasta.registry.decisions import Kind, newest_search
from canasta.registry.panels import read_panel
from canasta.registry.pointer import POINTER
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
from tests.integration.registry_setting import basis, everything, register, ruling, tracking_in


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Tracking]:
    """An MLflow that has nothing yet."""
    folder = tmp_path / "fresh"
    yield tracking_in(folder)
    shutil.rmtree(folder)


def test_a_registry_that_is_down_before_the_bundle_changes_nothing(
    registry: Registry, versions: Mapping[str, int], down: Tracking
) -> None:
    promote_by_hand(registry, basis(), versions[PERSISTENCE])
    before = everything(registry.lake)
    with pytest.raises(RegistryUnavailable):
        promote(replace(registry, tracking=down), basis(), versions[XGBOOST], Kind.SEARCH, ruling())
    assert everything(registry.lake) == before


@pytest.mark.parametrize(
    "name", ["manifest.json", "model.json", "trees-1-mean.treelite", "trees-2-change.treelite"]
)
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


TREES = tuple(f"trees-{horizon}-{head}.treelite" for horizon in (1, 2) for head in sorted(HEADS))
WRITES = ("model.json", *TREES, "manifest.json", "panels/", "decisions/", POINTER)
"""What a promotion writes, in order, by part of its key."""


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [name for name in WRITES if name not in TREES[1:-1]])
def test_a_crash_at_any_write_leaves_a_state_that_the_next_run_completes(
    at: str,
    written: bool,
    registry: Registry,
    versions: Mapping[str, int],
) -> None:
    promote_by_hand(registry, basis(5), versions[PERSISTENCE])
    write = WRITES.index(at)
    lake = CrashingStore(registry.lake.url, write + 1, written=written)
    number = versions[XGBOOST]
    with pytest.raises(Crash, match=at):
        promote(replace(registry, lake=lake), basis(), number, Kind.SEARCH, ruling())
    recorded = newest_search(registry.lake) is not None
    assert recorded is ((write, written) >= (WRITES.index("decisions/"), True))
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
