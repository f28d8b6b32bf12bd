from __future__ import annotations

from datetime import date

import pytest

from canasta.deliver.messages import alerts
from canasta.deliver.messages.alerts import Failure
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.message import Message
from canasta.deliver.messages.wording import Marks
from canasta.ingest.quality import Finding
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.revisions import Revision
from canasta.labels import SIMULATED

QUIET = Marks(simulated=False)
MONDAY, FRIDAY = date(2025, 7, 28), date(2025, 7, 25)


def told(message: Message | None) -> list[str]:
    assert message is not None
    return plain(message.text).split("\n")


def held(day: date | None, *kinds: str, sha256: str = "a" * 64) -> Quarantined:
    return Quarantined(day, sha256, MONDAY, tuple(Finding(kind, "x") for kind in kinds), None)


def test_quarantine_says_why_and_how_to_let_it_in() -> None:
    assert told(alerts.quarantined([held(MONDAY, "stale", "checksum-mismatch")], QUIET)) == [
        "Publicación en cuarentena",
        "• lunes 28 de julio de 2025: repite la publicación anterior en todos sus precios; sus "
        "promedios no cuadran con los precios de las ciudades",
        "No se usa hasta que dos publicaciones posteriores la confirmen.",
        "Para aceptarla: make quarantine ACCEPT=2025-07-28",
    ]


def test_undated_block_and_release() -> None:
    lines = told(alerts.quarantined([held(None, "layout")], QUIET, [FRIDAY]))
    assert lines[1].startswith("• fecha ilegible: no se puede leer")
    assert lines[-1] == "Sale de cuarentena y ya se usa: viernes 25 de julio."
    assert alerts.quarantined([], QUIET) is None


def test_many_blocks_are_listed_shortly_and_make_another_event() -> None:
    blocks = [held(MONDAY, "stale", sha256=f"{at:064x}") for at in range(30)]
    message = alerts.quarantined(blocks, QUIET)
    assert "… y 25 más" in told(message)
    assert message is not None
    first = alerts.quarantined(blocks[:1], QUIET)
    assert first is not None
    assert first.key != message.key


def test_revision_says_what_became_what() -> None:
    key = ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas")
    lines = told(alerts.revised([Revision(FRIDAY, MONDAY, 1, {key: (27.4, None)})], 1, QUIET))
    assert lines[1] == "1 precio de 1 publicación anterior:"
    name = "Guadalajara, Pasteurizada, Tiendas"
    assert lines[2] == f"• viernes 25 de julio, {name}: 27.40 → sin precio"
    assert alerts.revised([], 1, QUIET) is None


def test_failure_is_escaped_shortened_and_says_what_to_do() -> None:
    reason = "<b>" + "x" * 1000
    failure = Failure("flow", MONDAY, "leer la publicación", "LakeError", reason, "make daily")
    message = alerts.failed(failure, QUIET)
    assert "&lt;b&gt;" in message.text
    lines = told(message)
    assert lines[1].startswith("El paso: «leer la publicación». LakeError: <b>xxx")
    assert len(lines[1]) < 400
    assert lines[2] == "Para correrla otra vez: make daily"


def test_late_and_standing_still_name_the_days() -> None:
    late = told(alerts.late(MONDAY, FRIDAY, QUIET))
    assert late[1] == "La del lunes 28 de julio de 2025 se esperaba y no ha llegado."
    still = told(alerts.unwritten(FRIDAY, [MONDAY, date(2025, 7, 30)], QUIET))
    assert "faltan 2 publicaciones esperadas" in still[1]


def test_layout_shows_what_changed() -> None:
    lines = told(alerts.layout_changed(MONDAY, FRIDAY, "f" * 64, ["− row 1, A: <x>"], QUIET))
    assert lines[-1] == "• − row 1, A: <x>"


@pytest.mark.parametrize(
    "make",
    [
        lambda marks: alerts.quarantined([held(MONDAY, "stale")], marks),
        lambda marks: alerts.late(MONDAY, None, marks),
    ],
)
def test_simulated_data_are_marked_first(make: object) -> None:
    assert callable(make)
    assert told(make(Marks(simulated=True)))[0] == f"⚠ {SIMULATED}"
    assert SIMULATED not in told(make(QUIET))[0]
