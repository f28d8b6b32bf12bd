"""Whose the prices are, whatever became of what the lake says of itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from canasta.errors import LakeMismatch, ObjectCorrupt
from canasta.ingest.identity import SourceKind
from canasta.registry.pointer import Pointer
from deployment.app.fallback import load_sound
from deployment.app.loading import load_whole
from tests.outlooks import drawn_outlook
from tests.unit.deployment.app.conftest import Desk
from tests.unit.deployment.app.faults import trees
from tests.unit.registry.builders import bundle, fitted, panel

SIMULATED, SNIIM, REPLAY = SourceKind.SIMULATED, SourceKind.SNIIM, SourceKind.REPLAY
DAMAGES = ["", "{", "[]", '{"commodity": "milk"}', '{"commodity": "milk", "source": "heaven"}']


@pytest.mark.parametrize(
    ("stated", "simulated"),
    [
        ({"commodity": "milk", "source": "simulated"}, True),
        ({"commodity": "milk", "source": "replay", "replays": "simulated"}, True),
        ({"commodity": "milk", "source": "sniim"}, False),
    ],
)
def test_lake_says_whether_its_prices_are_simulated(
    desk: Desk, champion: Pointer, stated: dict[str, str], simulated: bool
) -> None:
    desk.state(json.dumps(stated))
    assert load_whole(desk.lake, desk.traits, champion).live.simulated is simulated
    sound = load_sound(desk.lake, desk.traits, champion)
    assert (sound.simulated, sound.reasons) == (simulated, ())


@pytest.mark.parametrize(("source", "simulated"), [(SIMULATED, True), (SNIIM, False)])
def test_of_an_earlier_systems_lake_the_model_says_it(
    desk: Desk, source: SourceKind, simulated: bool
) -> None:
    champion = desk.promote(1, source=source)
    assert load_whole(desk.lake, desk.traits, champion).live.simulated is simulated
    sound = load_sound(desk.lake, desk.traits, champion)
    assert (sound.simulated, sound.reasons) == (simulated, ())


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("source", "simulated"), [(SIMULATED, True), (SNIIM, False), (REPLAY, True)]
)
def test_where_the_lakes_word_is_damaged_the_model_says_it_and_the_damage_is_told(
    desk: Desk, source: SourceKind, simulated: bool, damage: str
) -> None:
    champion = desk.promote(1, source=source)
    desk.state(damage)
    with pytest.raises(ObjectCorrupt):
        load_whole(desk.lake, desk.traits, champion)
    sound = load_sound(desk.lake, desk.traits, champion)
    assert sound.simulated is simulated
    (reason,) = sound.degraded
    assert "missing or damaged" in reason
    assert ("may be simulated" in reason) is simulated


@pytest.mark.parametrize("damage", ["{", None])
def test_where_nothing_says_it_prices_are_told_as_simulated(desk: Desk, damage: str | None) -> None:
    champion = desk.promote(1)
    trees(desk.folder, 1)[0].unlink()
    desk.state(damage)
    sound = load_sound(desk.lake, desk.traits, champion)
    assert sound.simulated
    assert "may be simulated" in sound.degraded[0]


def test_replays_of_nobody_knows_what_are_told_as_simulated(desk: Desk) -> None:
    champion = desk.promote(1, source=REPLAY)
    with pytest.raises(ObjectCorrupt, match="nothing else says"):
        load_whole(desk.lake, desk.traits, champion)
    assert load_sound(desk.lake, desk.traits, champion).simulated


def test_lake_of_another_commodity_is_refused(desk: Desk, champion: Pointer) -> None:
    desk.state('{"commodity": "coffee", "source": "sniim"}')
    for load in (load_whole, load_sound):
        with pytest.raises(LakeMismatch, match=r"coffee.* expected those of milk"):
            load(desk.lake, desk.traits, champion)


def test_series_of_other_columns_are_refused(desk: Desk) -> None:
    history = replace(panel(), columns=("Estado", "Ciudad", "Grano", "Canal"), product=("Grano",))
    champion = desk.promoted.promote(
        1, bundle(fitted("persistence")), history, drawn_outlook(history)
    )
    for load in (load_whole, load_sound):
        with pytest.raises(LakeMismatch, match="Grano"):
            load(desk.lake, desk.traits, champion)
