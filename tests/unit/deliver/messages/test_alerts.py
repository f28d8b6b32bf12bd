from __future__ import annotations

from datetime import date, timedelta

import pytest

from canasta.commodity import Commodity, load_commodity
from canasta.deliver.messages import alerts
from canasta.deliver.messages.alerts import BY_HAND, HOPELESS, Admission, Failure
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.message import Message
from canasta.deliver.messages.wording import Marks
from canasta.ingest.quality import Finding
from canasta.ingest.quarantine import Quarantined
from canasta.ingest.revisions import Revision
from canasta.labels import SIMULATED, Key

QUIET = Marks(simulated=False)
MONDAY, FRIDAY = date(2025, 7, 28), date(2025, 7, 25)
KEY: Key = ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas")


def told(message: Message | None) -> list[str]:
    assert message is not None
    return plain(message.text).split("\n")


@pytest.fixture
def admission(milk: Commodity) -> Admission:
    return Admission(milk, 2)


def held(day: date | None, *kinds: str, sha256: str = "a" * 64, price: float = 27.4) -> Quarantined:
    prices = None if "layout" in kinds else {KEY: price}
    return Quarantined(day, sha256, MONDAY, tuple(Finding(kind, "x") for kind in kinds), prices)


def test_quarantine_says_why_and_how_to_let_it_in(admission: Admission) -> None:
    blocks = [held(MONDAY, "stale", "checksum-mismatch")]
    assert told(alerts.quarantined(blocks, admission, QUIET)) == [
        "Publicación en cuarentena",
        "• lunes 28 de julio de 2025: repite la publicación anterior en todos sus precios; sus "
        "promedios no cuadran con los precios de las ciudades",
        "No se usa hasta que se repita en 2 publicaciones posteriores.",
        "Para aceptarla: make quarantine ACCEPT=2025-07-28",
    ]


def test_the_number_of_confirmations_is_the_parameter(milk: Commodity) -> None:
    lines = told(alerts.quarantined([held(MONDAY, "stale")], Admission(milk, 1), QUIET))
    assert lines[2] == "No se usa hasta que se repita en 1 publicación posterior."


def test_unreadable_block_is_offered_to_nobody(admission: Admission) -> None:
    assert told(alerts.quarantined([held(MONDAY, "layout")], admission, QUIET)) == [
        "Publicación en cuarentena",
        "• lunes 28 de julio de 2025: no se puede leer: su forma no es la esperada",
        HOPELESS,
    ]


def test_far_off_date_enters_by_hand_alone(admission: Admission) -> None:
    blocks = [held(date(2015, 7, 28), "isolated-date")]
    assert told(alerts.quarantined(blocks, admission, QUIET)) == [
        "Publicación en cuarentena",
        "• martes 28 de julio de 2015: su fecha está lejos de todas las demás",
        BY_HAND,
        "Para aceptarla: make quarantine ACCEPT=2015-07-28",
    ]


def test_block_without_a_plausible_price_is_not_offered(admission: Admission) -> None:
    absurd = held(FRIDAY, "implausible", price=500.0)
    lines = told(alerts.quarantined([absurd], admission, QUIET))
    assert lines[2:] == ["No se usa hasta que se repita en 2 publicaciones posteriores."]
    far = held(FRIDAY, "isolated-date", price=500.0)
    assert told(alerts.quarantined([far], admission, QUIET))[2:] == [HOPELESS]


def test_of_several_blocks_each_day_that_can_be_accepted_is_offered_once(
    admission: Admission,
) -> None:
    blocks = [
        held(date(2015, 7, 28), "isolated-date"),
        held(FRIDAY, "stale"),
        held(FRIDAY, "rewritten"),
        held(MONDAY, "rewritten"),
        held(date(2025, 7, 30), "layout"),
    ]
    assert told(alerts.quarantined(blocks, admission, QUIET))[6:] == [
        HOPELESS,
        BY_HAND,
        "Lo demás no se usa hasta que se repita en 2 publicaciones posteriores.",
        "Para aceptar la del lunes 28 de julio de 2025: make quarantine ACCEPT=2025-07-28",
        "Para aceptar la del viernes 25 de julio de 2025: make quarantine ACCEPT=2025-07-25",
        "Para aceptar la del martes 28 de julio de 2015: make quarantine ACCEPT=2015-07-28",
    ]


def test_undated_block_and_release(admission: Admission) -> None:
    lines = told(alerts.quarantined([held(None, "layout")], admission, QUIET, [FRIDAY]))
    assert lines[1].startswith("• fecha ilegible: no se puede leer")
    assert lines[2:] == [HOPELESS, "Sale de cuarentena y ya se usa: viernes 25 de julio."]
    assert alerts.quarantined([], admission, QUIET) is None


def test_many_blocks_are_listed_shortly_and_make_another_event(admission: Admission) -> None:
    blocks = [held(MONDAY + timedelta(days=at), "stale", sha256=f"{at:064x}") for at in range(30)]
    message = alerts.quarantined(blocks, admission, QUIET)
    lines = told(message)
    assert lines.count("… y 25 más") == 2
    assert sum("ACCEPT=" in line for line in lines) == 5
    assert message is not None
    first = alerts.quarantined(blocks[:1], admission, QUIET)
    assert first is not None
    assert first.key != message.key


def test_revision_says_what_became_what() -> None:
    lines = told(alerts.revised([Revision(FRIDAY, MONDAY, 1, {KEY: (27.4, None)})], 1, QUIET))
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
        lambda marks: alerts.quarantined(
            [held(MONDAY, "stale")], Admission(load_commodity("milk"), 2), marks
        ),
        lambda marks: alerts.late(MONDAY, None, marks),
    ],
)
def test_simulated_data_are_marked_first(make: object) -> None:
    assert callable(make)
    assert told(make(Marks(simulated=True)))[0] == f"⚠ {SIMULATED}"
    assert SIMULATED not in told(make(QUIET))[0]
