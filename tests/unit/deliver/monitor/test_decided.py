from datetime import UTC, date
from typing import Any

from canasta.deliver.monitor.decided import algorithms, changes_of_champion, decided
from canasta.registry.decisions import Kind
from tests.unit.deliver.monitor.made_up import pointer, record

FOREST = {"algorithm": "random-forest", "params": {}, "features": "1"}
AHEAD = {"skill": 4.14, "dm": 7.8, "origins": 60}
EVEN = {"skill": 0.0, "dm": None, "origins": 60}


def candidate(name: str, recipe_id: str, over: Any, banned_for: int = 0) -> dict[str, Any]:
    return {
        "name": name, "recipe_id": recipe_id, "against_persistence": AHEAD,
        "against_champion": over, "banned_for": banned_for,
    }  # fmt: skip


def ruling(action: str, winner: str, *candidates: dict[str, Any]) -> dict[str, Any]:
    champion = {"recipe_id": "aa", "is_persistence": False, "against_persistence": AHEAD}
    verdicts = [{"name": one["name"], "passed": action == "promote"} for one in candidates]
    return {
        "evidence": {"origins": 60, "champion": champion, "candidates": list(candidates)},
        "decision": {"action": action, "winner": winner, "verdicts": verdicts},
    }


def test_a_new_champion_is_told_with_its_evidence_and_its_rival() -> None:
    found = ruling(
        "promote", "xgboost", candidate("xgboost", "bb", AHEAD),
        candidate("random-forest", "cc", EVEN),
    )  # fmt: skip
    (one,) = decided([record(Kind.SEARCH, found, pointer(FOREST, 2), pointer(version=5))], UTC)
    assert one.title == "Nuevo campeón: XGBoost, versión 5, en lugar de Bosque aleatorio, versión 2"
    assert one.told[0].startswith("Evidencia: 4.1 % menos error (CRPS) que el último precio (DM 7")
    assert one.told[1] == (
        "Bosque aleatorio: 0.0 % menos error (CRPS) que el campeón (DM –); pasa la prueba, pero "
        "otro es mejor."
    )
    assert one.changed
    assert (one.origin, one.made) == ("6 de enero de 2025", "3 de febrero de 2025, 18:00")


def test_a_champion_that_stays_is_told_with_those_who_failed() -> None:
    found = ruling(
        "refresh", "champion", candidate("xgboost", "aa", EVEN),
        candidate("random-forest", "cc", AHEAD, banned_for=7),
    )  # fmt: skip
    (one,) = decided([record(Kind.REFRESH, found, pointer(version=3), pointer(version=6))], UTC)
    assert one.title == "Conserva el título, ajustado de nuevo: XGBoost, versión 6"
    assert one.told == (
        "El campeón: 4.1 % menos error (CRPS) que el último precio (DM 7.8), en 60 publicaciones "
        "de prueba.",
        "XGBoost: la búsqueda dio la misma receta que la del campeón.",
        "Bosque aleatorio: 4.1 % menos error (CRPS) que el campeón (DM 7.8); perdió el título por "
        "sus resultados y no puede ganarlo por 7 publicaciones.",
    )
    assert not one.changed


def test_unsound_evidence_changes_nothing_and_says_so() -> None:
    unknown = {"skill": None, "dm": None, "origins": 0}
    found = ruling("keep", "champion", candidate("random-forest", "cc", unknown))
    (one,) = decided([record(Kind.SEARCH, found, pointer())], UTC)
    assert one.title == "Búsqueda: la evidencia no permite concluir, nada cambia"
    assert one.told[1] == "Bosque aleatorio: no pudo medirse; no basta."


def test_what_people_and_outcomes_decided() -> None:
    live = {"evidence": {"publications": 18, "by_crps": {"skill": -9.0, "dm": -3.2}}}
    by_hand, undone, fallen, panel = (
        record(Kind.PROMOTE, None, pointer(FOREST, 2), pointer(version=5)),
        record(Kind.ROLLBACK, None, pointer(version=5), pointer(FOREST, 2)),
        record(Kind.ROLLBACK, live, pointer(version=5), pointer(FOREST, 2)),
        record(Kind.PANEL, None, pointer(), pointer()),
    )
    told = decided([by_hand, undone, fallen, panel], UTC)
    assert [one.title for one in told] == [
        "A mano: XGBoost, versión 5, en lugar de Bosque aleatorio, versión 2",
        "Vuelve Bosque aleatorio, versión 2, en lugar de XGBoost, versión 5",
        "Vuelve Bosque aleatorio, versión 2, en lugar de XGBoost, versión 5",
    ]
    assert [one.told[0] for one in told] == [
        "A mano, sin prueba.",
        "A mano, sin prueba.",
        "Evidencia: en sus últimas 18 publicaciones el que se va tuvo 9.0 % más error (CRPS) que "
        "el último precio (DM −3.2).",
    ]


def test_changes_are_of_the_recipe_not_of_its_fit() -> None:
    days = [date(2025, 1, day) for day in (6, 8, 10)]
    records = [
        record(Kind.ROLLBACK, None, pointer(version=6), pointer(FOREST, 2), days[2]),
        record(Kind.REFRESH, None, pointer(version=5), pointer(version=6), days[1]),
        record(Kind.SEARCH, None, {"model_name": "an earlier system's"}, pointer(), days[0]),
    ]
    assert changes_of_champion(records) == [days[0], days[2]]
    assert algorithms(records) == {2: "Bosque aleatorio", 6: "XGBoost", 3: "XGBoost"}
