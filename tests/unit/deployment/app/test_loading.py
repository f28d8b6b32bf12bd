from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canasta.errors import FeaturesMismatch, LakeUnreachable, ObjectCorrupt
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.ingest.identity import IDENTITY
from canasta.registry.panels import read_panel
from canasta.registry.pointer import Pointer
from deployment.app.lake import FolderLake, Seen
from deployment.app.live import Model
from deployment.app.loading import UNREGISTERED, load_sound, load_whole
from tests.outlooks import drawn_outlook
from tests.promoted_lake import NAME
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import (
    FAULTS,
    changed,
    missing,
    swapped,
    trees,
    truncated,
)
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


class Gone:
    """A lake that does not answer."""

    url = "s3://gone"

    def read(self, key: str) -> bytes:
        raise LakeUnreachable(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        raise LakeUnreachable(f"{key} {known} {quick}")


def test_whole_is_what_the_pointer_names(desk: Desk, champion: Pointer) -> None:
    live = load_whole(desk.lake, champion).live
    assert live.model == live.predictor_model == Model(NAME, 2, XGBOOST)
    assert live.degraded == ()
    assert live.promoted_at == champion.promotion_time
    assert live.metrics == {"rmse": 0.35}
    assert live.trained is not None
    assert live.trained[0] < live.trained[1]
    published = read_panel(desk.lake, champion.panel)
    np.testing.assert_array_equal(live.published.outlook.quantiles, published.outlook.quantiles)


def test_persistence_that_was_promoted_is_whole(desk: Desk) -> None:
    live = load_whole(desk.lake, desk.promote(1, PERSISTENCE)).live
    assert live.predictor_model == Model(NAME, 1, PERSISTENCE)
    assert live.predictor.hurdles == ()


def test_new_publication_reads_no_tree_again(desk: Desk, champion: Pointer) -> None:
    held = load_whole(desk.lake, champion)
    newer = desk.publish(champion, publications=7)
    counting = Counting(desk.lake)
    loaded = load_whole(counting, newer, held)
    assert loaded.live.origin > held.live.origin
    assert loaded.bundle is held.bundle
    assert set(counting.keys) == {newer.panel.key, IDENTITY}


@pytest.mark.parametrize(
    ("stated", "simulated"),
    [
        ({"commodity": "milk", "source": "simulated"}, True),
        ({"commodity": "milk", "source": "replay", "replays": "simulated"}, True),
        ({"commodity": "milk", "source": "sniim"}, False),
        (None, False),
    ],
)
def test_simulated_prices_are_known_as_such(
    desk: Desk, champion: Pointer, stated: dict[str, str] | None, simulated: bool
) -> None:
    if stated is not None:
        (desk.folder / IDENTITY).write_text(json.dumps(stated))
    assert load_whole(desk.lake, champion).live.simulated is simulated
    assert load_sound(desk.lake, champion).simulated is simulated


@faults
def test_damaged_trees_are_not_loaded(desk: Desk, champion: Pointer, fault: Fault) -> None:
    fault(trees(desk.folder, 2))
    with pytest.raises(ObjectCorrupt):
        load_whole(desk.lake, champion)


def test_forecasts_of_another_version_are_not_loaded(desk: Desk, champion: Pointer) -> None:
    other = desk.promote(3)
    mixed = Pointer.from_dict({**champion.as_dict(), "panel": other.panel.as_dict()})
    with pytest.raises(ObjectCorrupt, match="version 3, expected those of 2"):
        load_whole(desk.lake, mixed)


def test_model_of_other_features_is_not_loaded(desk: Desk) -> None:
    history, made = panel(), bundle(fitted(XGBOOST))
    old = replace(made.predictor.recipe, features="1")
    aged = replace(made, predictor=replace(made.predictor, recipe=old))
    pointer = desk.promoted.promote(1, aged, history, drawn_outlook(history))
    with pytest.raises(FeaturesMismatch, match="make retrain"):
        load_whole(desk.lake, pointer)


@faults
def test_damaged_champion_leaves_its_forecasts_and_what_ifs_to_the_one_before(
    desk: Desk, champion: Pointer, fault: Fault
) -> None:
    whole = load_whole(desk.lake, champion).live
    fault(trees(desk.folder, 2))
    live = load_sound(desk.lake, champion)
    assert live.answers == whole.answers
    assert live.model == Model(NAME, 2, XGBOOST)
    assert live.predictor_model == Model(NAME, 1, PERSISTENCE)
    (reason,) = live.degraded
    assert "version 2, cannot be used" in reason
    assert "answered by version 1" in reason


def test_without_a_sound_champion_persistence_answers_what_ifs(desk: Desk) -> None:
    desk.promote(1)
    champion = desk.promote(2)
    for version in (1, 2):
        trees(desk.folder, version)[0].unlink()
    live = load_sound(desk.lake, champion)
    assert live.predictor_model == Model(NAME, UNREGISTERED, PERSISTENCE)
    assert live.predictor.hurdles == ()
    assert live.predictor.market_weight > 0
    assert live.trained is None
    assert live.metrics == {"rmse": 0.35}
    assert "answered by persistence" in live.degraded[0]


@pytest.mark.parametrize("fault", [truncated, changed, missing], ids=lambda fault: fault.__name__)
def test_damaged_forecasts_leave_those_of_the_decision_before(
    desk: Desk, champion: Pointer, fault: Fault
) -> None:
    newer = desk.publish(champion, publications=7)
    fault([desk.folder / newer.panel.key])
    live = load_sound(desk.lake, newer)
    assert live.origin == champion.origin < newer.origin
    assert live.model.version == live.predictor_model.version == 2
    assert f"from {newer.origin} cannot be used" in live.degraded[0]
    assert f"from {champion.origin}, of version 2, are served" in live.degraded[0]


def test_forecasts_that_were_swapped_leave_those_of_the_decision_before_both(
    desk: Desk, champion: Pointer
) -> None:
    newer = desk.publish(champion, publications=7)
    swapped([desk.folder / newer.panel.key, desk.folder / champion.panel.key])
    assert load_sound(desk.lake, newer).model.version == 1


def test_forecasts_of_the_champion_before_say_whose_they_are(desk: Desk, champion: Pointer) -> None:
    (desk.folder / champion.panel.key).unlink()
    live = load_sound(desk.lake, champion)
    assert live.model == Model(NAME, 1, PERSISTENCE)
    assert live.predictor_model == Model(NAME, 2, XGBOOST)
    assert live.promoted_at < champion.promotion_time
    assert set(live.metrics) == {"rmse"}, "what the what-ifs' model measured is not its"


def test_nothing_sound_is_an_error(desk: Desk, champion: Pointer) -> None:
    for file in (desk.folder / "panels").iterdir():
        file.write_bytes(b"")
    with pytest.raises(ObjectCorrupt, match="Neither the forecasts"):
        load_sound(desk.lake, champion)


def test_lake_that_does_not_answer_says_nothing_of_its_objects(champion: Pointer) -> None:
    for load in (load_whole, load_sound):
        with pytest.raises(LakeUnreachable):
            load(Gone(), champion)
