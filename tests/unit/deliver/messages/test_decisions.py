from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from canasta.deliver.messages.decisions import decision
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.wording import Marks
from canasta.registry.decisions import Kind, Record
from canasta.registry.objects import to_json
from tests.unit.registry.builders import LINEAGE

KEY = "decisions/20250730T010203.000004Z-0a1b2c3d.json"


def pointer(algorithm: str, version: int) -> dict[str, Any]:
    return {"version": version, "recipe": {"algorithm": algorithm}}


def told(
    kind: Kind,
    ruling: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> str | None:
    """Tell a record as it is read back from the lake."""
    record = Record(
        kind, datetime(2025, 7, 30, tzinfo=UTC), "Because <x>.", date(2025, 7, 28), LINEAGE,
        ruling, before, after or pointer("xgboost", 12),
    )  # fmt: skip
    read = Record.from_dict(json.loads(to_json(record.as_dict())))
    message = decision(KEY, read, Marks(simulated=False))
    if message is None:
        return None
    assert message.key == "decision-20250730t010203.000004z-0a1b2c3d"
    return plain(message.text)


def gate(winner: str, against_champion: Mapping[str, Any] | None) -> dict[str, Any]:
    candidate = {
        "name": winner,
        "against_persistence": {"skill": 2.64, "dm": 4.1, "origins": 90},
        "against_champion": against_champion,
    }
    return {
        "evidence": {"origins": 90, "candidates": [candidate]},
        "decision": {"winner": winner},
    }


def test_promotion_tells_the_evidence_in_a_line() -> None:
    better = {"skill": 0.81, "dm": 2.0, "origins": 90}
    text = told(Kind.SEARCH, gate("xgboost", better), pointer("random-forest", 9))
    assert text == (
        "Nuevo campeón\n"
        "XGBoost, versión 12, en lugar de Bosque aleatorio, versión 9.\n"
        "Evidencia: 2.6 % menos error (CRPS) que el último precio (DM 4.1) y 0.8 % menos error "
        "(CRPS) que el campeón de antes (DM 2.0), en 90 publicaciones de prueba."
    )


def test_first_champion_replaces_nobody_nor_does_one_of_an_earlier_system() -> None:
    for before in (None, {"model_name": "daily_model", "rmse": 1.0}):
        text = told(Kind.SEARCH, gate("xgboost", None), before)
        assert text is not None
        assert "XGBoost, versión 12.\n" in text
        assert "campeón de antes" not in text


def test_persistence_as_champion_is_told_as_what_it_is() -> None:
    ruling = {"evidence": {"origins": 90, "candidates": []}, "decision": {"winner": "persistence"}}
    text = told(Kind.SEARCH, ruling, pointer("xgboost", 9), pointer("persistence", 12))
    assert text is not None
    assert text.endswith("Ningún modelo mostró superar al último precio en la prueba.")


def test_rollback_without_hands_tells_what_outcomes_said() -> None:
    live = {"publications": 25, "by_crps": {"skill": -6.3, "dm": -2.4, "origins": 25}}
    ruling = {"evidence": live, "decision": {"action": "rollback", "reason": "x"}}
    text = told(Kind.ROLLBACK, ruling, pointer("xgboost", 12), pointer("random-forest", 9))
    assert text == (
        "Vuelve el campeón anterior\n"
        "Bosque aleatorio, versión 9, en lugar de XGBoost, versión 12.\n"
        "Evidencia: en sus últimas 25 publicaciones el que se va tuvo 6.3 % más error (CRPS) que "
        "el último precio (DM −2.4)."
    )


def test_persistence_that_takes_over_new_is_no_former_champion_that_returns() -> None:
    live = {"publications": 25, "by_crps": {"skill": -6.3, "dm": -2.4, "origins": 25}}
    ruling = {"evidence": live, "decision": {"action": "rollback", "reason": "x"}}
    for version, heading in (
        (13, "Cae el campeón: se sugiere el último precio"),
        (2, "Vuelve el campeón anterior"),
    ):
        after = pointer("persistence", version)
        text = told(Kind.ROLLBACK, ruling, pointer("xgboost", 12), after)
        assert text is not None
        assert text.startswith(f"{heading}\nPersistencia, versión {version}, en lugar de XGBoost")


@pytest.mark.parametrize("kind", [Kind.PROMOTE, Kind.ROLLBACK])
def test_what_a_person_did_is_told_as_such(kind: Kind) -> None:
    text = told(kind, None, pointer("xgboost", 9))
    assert text is not None
    assert text.endswith("\nA mano, sin prueba.")


@pytest.mark.parametrize("kind", [Kind.PANEL, Kind.REFRESH])
def test_what_changes_no_champion_is_not_told(kind: Kind) -> None:
    assert told(kind) is None
