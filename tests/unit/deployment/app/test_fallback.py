from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from canasta.errors import LakeUnreachable, ObjectCorrupt
from canasta.forecast.recipe import PERSISTENCE, XGBOOST
from canasta.registry.pointer import Pointer
from deployment.app.fallback import UNREGISTERED, load_sound
from deployment.app.lake import Seen
from deployment.app.live import Model
from deployment.app.loading import load_whole
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

type Fault = Callable[[list[Path]], None]
faults = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


class Gone:
    """A lake that does not answer."""

    url = "s3://gone"

    def read(self, key: str) -> bytes:
        raise LakeUnreachable(key)

    def look(self, key: str, known: str | None, *, quick: bool = False) -> Seen | None:
        raise LakeUnreachable(f"{key} {known} {quick}")


@faults
def test_damaged_champion_leaves_its_forecasts_and_what_ifs_to_the_one_before(
    desk: Desk, champion: Pointer, fault: Fault
) -> None:
    whole = load_whole(desk.lake, desk.traits, champion).live
    fault(trees(desk.folder, 2))
    live = load_sound(desk.lake, desk.traits, champion)
    assert live.answers == whole.answers
    assert live.model == Model(NAME, 2, XGBOOST)
    assert live.predictor_model == Model(NAME, 1, PERSISTENCE)
    assert live.degraded == (), "the forecasts are the champion's"
    (reason,) = live.degraded_what_ifs
    assert "version 2, cannot be used" in reason
    assert "answered by version 1" in reason


def test_without_a_sound_champion_persistence_answers_what_ifs(desk: Desk) -> None:
    desk.promote(1)
    champion = desk.promote(2)
    for version in (1, 2):
        trees(desk.folder, version)[0].unlink()
    live = load_sound(desk.lake, desk.traits, champion)
    assert live.predictor_model == Model(NAME, UNREGISTERED, PERSISTENCE)
    assert live.predictor.hurdles == ()
    assert live.predictor.market_weight > 0
    assert live.trained is None
    assert live.metrics == {"rmse": 0.35}
    assert "answered by persistence" in live.degraded_what_ifs[0]


@pytest.mark.parametrize("fault", [truncated, changed, missing], ids=lambda fault: fault.__name__)
def test_damaged_forecasts_leave_those_of_the_decision_before(
    desk: Desk, champion: Pointer, fault: Fault
) -> None:
    newer = desk.publish(champion, publications=7)
    fault([desk.folder / newer.panel.key])
    live = load_sound(desk.lake, desk.traits, newer)
    assert live.origin == champion.origin < newer.origin
    assert live.model.version == live.predictor_model.version == 2
    assert f"from {newer.origin} cannot be used" in live.degraded[0]
    assert f"from {champion.origin}, of version 2, are served" in live.degraded[0]


def test_forecasts_that_were_swapped_leave_those_of_the_decision_before_both(
    desk: Desk, champion: Pointer
) -> None:
    newer = desk.publish(champion, publications=7)
    swapped([desk.folder / newer.panel.key, desk.folder / champion.panel.key])
    assert load_sound(desk.lake, desk.traits, newer).model.version == 1


def test_forecasts_of_the_champion_before_say_whose_they_are(desk: Desk, champion: Pointer) -> None:
    (desk.folder / champion.panel.key).unlink()
    live = load_sound(desk.lake, desk.traits, champion)
    assert live.model == Model(NAME, 1, PERSISTENCE)
    assert live.predictor_model == Model(NAME, 2, XGBOOST)
    assert live.promoted_at < champion.promotion_time
    assert set(live.metrics) == {"rmse"}, "what the what-ifs' model measured is not its"


def test_nothing_sound_is_an_error(desk: Desk, champion: Pointer) -> None:
    for file in (desk.folder / "panels").iterdir():
        file.write_bytes(b"")
    with pytest.raises(ObjectCorrupt, match="Neither the forecasts"):
        load_sound(desk.lake, desk.traits, champion)


def test_lake_that_does_not_answer_says_nothing_of_its_objects(
    desk: Desk, champion: Pointer
) -> None:
    for load in (load_whole, load_sound):
        with pytest.raises(LakeUnreachable):
            load(Gone(), desk.traits, champion)


def test_trees_that_are_none_are_not_the_answerers(desk: Desk) -> None:
    desk.promote(1, PERSISTENCE)
    live = load_sound(desk.lake, desk.traits, desk.promote_garbage(2))
    assert live.model.version == 2
    assert live.predictor_model == Model(NAME, 1, PERSISTENCE)
    assert len(live.reasons) == 1


def test_error_that_nobody_foresaw_costs_what_it_befalls_alone(
    desk: Desk, champion: Pointer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError("unforeseen")

    monkeypatch.setattr("deployment.app.fallback.read_usable", failing)
    with caplog.at_level(logging.WARNING):
        live = load_sound(desk.lake, desk.traits, champion)
    assert live.origin == champion.origin
    assert live.predictor_model.version == UNREGISTERED
    assert "ZeroDivisionError('unforeseen')" in caplog.text
