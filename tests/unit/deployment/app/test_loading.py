from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import FeaturesMismatch, ObjectCorrupt
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.ingest.identity import IDENTITY
from canasta.registry.bundle import read_bundle
from canasta.registry.panels import read_panel
from canasta.registry.pointer import Pointer
from deployment.app.lake import FolderLake
from deployment.app.live import Model
from deployment.app.loading import load_whole
from tests.outlooks import drawn_outlook
from tests.promoted_lake import NAME
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import FAULTS, trees
from tests.unit.registry.builders import bundle, fitted, panel

type Fault = Callable[[list[Path]], None]
faults = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


class Counting:
    """A lake that remembers what was read."""

    def __init__(self, lake: FolderLake) -> None:
        self.lake = lake
        self.keys: list[str] = []

    def read(self, key: str) -> bytes:
        self.keys.append(key)
        return self.lake.read(key)


def test_whole_is_what_the_pointer_names(desk: Desk, champion: Pointer) -> None:
    live = load_whole(desk.lake, desk.traits, champion).live
    assert live.model == live.predictor_model == Model(NAME, 2, XGBOOST)
    assert live.degraded == ()
    assert live.promoted_at == champion.promotion_time
    assert live.metrics == {"rmse": 0.35}
    assert live.trained is not None
    assert live.trained[0] < live.trained[1]
    published = read_panel(desk.lake, champion.panel)
    np.testing.assert_array_equal(live.published.outlook.quantiles, published.outlook.quantiles)


def test_persistence_that_was_promoted_is_whole(desk: Desk) -> None:
    live = load_whole(desk.lake, desk.traits, desk.promote(1, PERSISTENCE)).live
    assert live.predictor_model == Model(NAME, 1, PERSISTENCE)
    assert live.predictor.hurdles == ()


def test_new_publication_reads_no_tree_again(desk: Desk, champion: Pointer) -> None:
    held = load_whole(desk.lake, desk.traits, champion)
    newer = desk.publish(champion, publications=7)
    counting = Counting(desk.lake)
    loaded = load_whole(counting, desk.traits, newer, held)
    assert loaded.live.origin > held.live.origin
    assert loaded.bundle is held.bundle
    assert set(counting.keys) == {newer.panel.key, IDENTITY}


@faults
def test_damaged_trees_are_not_loaded(desk: Desk, champion: Pointer, fault: Fault) -> None:
    fault(trees(desk.folder, 2))
    with pytest.raises(ObjectCorrupt):
        load_whole(desk.lake, desk.traits, champion)


def test_forecasts_of_another_version_are_not_loaded(desk: Desk, champion: Pointer) -> None:
    other = desk.promote(3)
    mixed = Pointer.from_dict({**champion.as_dict(), "panel": other.panel.as_dict()})
    with pytest.raises(ObjectCorrupt, match="version 3, expected those of 2"):
        load_whole(desk.lake, desk.traits, mixed)


def test_model_of_other_features_is_not_loaded(desk: Desk) -> None:
    history, made = panel(), bundle(fitted(XGBOOST))
    old = replace(made.predictor.recipe, features="1")
    aged = replace(made, predictor=replace(made.predictor, recipe=old))
    pointer = desk.promoted.promote(1, aged, history, drawn_outlook(history))
    with pytest.raises(FeaturesMismatch, match="make retrain"):
        load_whole(desk.lake, desk.traits, pointer)


def test_trees_of_later_publications_are_not_read(desk: Desk, champion: Pointer) -> None:
    """What-ifs look one publication ahead, and five trees in six are of later ones."""
    written = read_bundle(desk.lake, champion.title.bundle)
    for file in (desk.folder / "bundles" / "2").glob("trees-2-*"):
        file.unlink()
    counting = Counting(desk.lake)
    loaded = load_whole(counting, desk.traits, champion)
    (hurdle,) = loaded.bundle.predictor.hurdles
    assert hurdle.heads == written.predictor.hurdles[0].heads
    assert not [key for key in counting.keys if "trees-2" in key]


def test_forecasts_that_are_damaged_cost_no_reading_of_trees(desk: Desk, champion: Pointer) -> None:
    (desk.folder / champion.panel.key).write_bytes(b"")
    counting = Counting(desk.lake)
    with pytest.raises(ObjectCorrupt):
        load_whole(counting, desk.traits, champion)
    assert counting.keys == [champion.panel.key]
