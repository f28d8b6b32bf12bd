import math
from dataclasses import replace
from datetime import date, timedelta

import pytest

from canasta.commodity import Commodity
from canasta.deliver.messages.message import Message
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.monitor.summary import HEADLINES, Level, Point, points, worst
from canasta.deliver.outbox_files import How, Told, Waiting
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.ingest.quality import Finding
from canasta.ingest.quarantine import Quarantined
from canasta.monitor.freshness import Freshness
from canasta.monitor.last_run import LastRun
from canasta.monitor.live import live_skill
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from tests.unit.deliver.monitor.made_up import NOON, in_order, nothing_yet, verdict
from tests.unit.monitor.test_live import outcomes


@pytest.fixture(scope="module")
def facts(milk: Commodity) -> Facts:
    return in_order(milk)


def point(facts: Facts, topic: str) -> Point:
    (found,) = (one for one in points(facts) if one.topic == topic)
    return found


def test_all_is_well(facts: Facts) -> None:
    assert {one.level for one in points(facts)} == {Level.GOOD}
    assert HEADLINES[worst(points(facts))] == "Todo en orden"


def test_the_worst_point_makes_the_headline(facts: Facts) -> None:
    late = replace(facts, freshness=Freshness(date(2025, 1, 29), (date(2025, 1, 31),)))
    assert worst(points(late)) is Level.LOOK
    still = tuple(date(2025, 2, day) for day in (3, 5, 7))
    stopped = replace(facts, freshness=Freshness(date(2025, 1, 31), still))
    assert worst(points(stopped)) is Level.BAD
    assert "desde entonces faltan 3 publicaciones esperadas" in point(stopped, "Publicación").told


def test_the_next_publication_is_named(facts: Facts) -> None:
    assert facts.publications[-1] == date(2025, 2, 3)
    told = point(facts, "Publicación").told
    assert told == (
        "La última es del lunes 3 de febrero de 2025; la que sigue se espera el miércoles 5 de "
        "febrero de 2025."
    )


@pytest.mark.parametrize(
    ("gain", "publications", "level", "told"),
    [
        (0.1, 12, Level.GOOD, "menor que el de la persistencia, en 12 publicaciones medidas (DM"),
        (0.1, 5, Level.YET, "en 5 publicaciones medidas; con menos de 6 todavía dice poco."),
        (-0.2, 5, Level.YET, "mayor que el de la persistencia, en 5 publicaciones medidas; con"),
        (-0.002, 12, Level.LOOK, "mayor que el de la persistencia, en 12 publicaciones medidas (D"),
        (-0.2, 12, Level.BAD, "; por eso pierde el título en la próxima corrida que lo mida."),
    ],
)
def test_forecasts_are_told_as_the_rule_judges_them(
    milk: Commodity, gain: float, publications: int, level: Level, told: str
) -> None:
    found = point(in_order(milk, outcomes(gain, publications)), "Pronósticos")
    assert found.level is level
    assert told in found.told


def test_persistence_as_champion_is_told_as_what_it_is(facts: Facts) -> None:
    champion = facts.champion
    assert champion is not None
    title = replace(champion.title, recipe=Recipe(PERSISTENCE))
    found = point(replace(facts, champion=replace(champion, title=title)), "Pronósticos")
    assert found.told == "El campeón es el último precio: ningún modelo mostró superarlo."


def test_a_champion_that_was_never_measured_waits(facts: Facts) -> None:
    young = replace(facts, skill=None)
    assert point(young, "Pronósticos").level is Level.YET
    assert "Sus pronósticos se miden cuando llegue" in point(young, "Pronósticos").told
    assert point(young, "Rangos").told == "Todavía no hay con qué medirlos."


def test_ranges_that_hold_too_little_are_told(milk: Commodity) -> None:
    narrow = outcomes(0.1)
    narrow["high_95"] = narrow["low_95"]
    found = point(in_order(milk, narrow), "Rangos")
    assert found == Point(
        Level.LOOK, "Rangos", "El del 95 % contuvo 0 % de los precios que llegaron: son demasiado "
        "angostos.",
    )  # fmt: skip
    assert live_skill(narrow) is not None


def test_drift_is_told_by_the_newest_verdict(facts: Facts) -> None:
    day = facts.publications[-1]
    alert = replace(facts, drift=(verdict(day, 0.9, Severity.ALERT),))
    assert point(alert, "Mercado") == Point(
        Level.BAD, "Mercado", "Fuera de lo común el 3 de febrero de 2025: series que cambiaron."
    )
    warned = replace(facts, drift=(verdict(day, 0.45, Severity.WARNING),))
    assert point(warned, "Mercado").level is Level.LOOK
    broken = replace(facts, drift=(failed(day, "no prices"),))
    assert point(broken, "Mercado").told.endswith("no pudo hacerse: no prices")
    older = replace(facts, drift=facts.drift[:-1])
    assert "Falta la revisión de la última publicación" in point(older, "Mercado").told


def test_what_cannot_be_said_yet_is_neither_good_nor_bad(facts: Facts, milk: Commodity) -> None:
    assert {one.level for one in points(nothing_yet(milk))} == {Level.GOOD, Level.YET}
    young = Check("changed-share", 0.2, math.nan, Severity.OK)
    first = replace(facts, drift=(Verdict(facts.publications[-1], Severity.OK, (young,)),))
    assert point(first, "Mercado").level is Level.YET
    assert HEADLINES[worst(points(first))] == "Va empezando: aún faltan resultados"


def test_runs_quarantine_and_messages_that_need_a_look(facts: Facts) -> None:
    stuck = replace(
        facts,
        last_run=LastRun(NOON, 1),
        held=(Quarantined(None, "a", date(2025, 2, 3), (Finding("layout", "x"),), None),),
        waiting=(Waiting(Message("digest-2025-02-03", "x"), NOON),) * 2,
    )
    assert "a las 12:00, con 1 paso fallido" in point(stuck, "Corrida").told
    assert point(stuck, "Corrida").level is Level.BAD
    assert point(stuck, "Cuarentena").told.startswith("1 bloque espera")
    assert point(stuck, "Mensajes").told == "2 mensajes esperan a que Telegram conteste."


def test_runs_that_never_end_are_seen_by_the_time_of_the_last(facts: Facts) -> None:
    a_week = replace(facts, made_at=facts.made_at + timedelta(days=7))
    assert point(a_week, "Corrida").level is Level.BAD
    assert "debió terminar otra" in point(a_week, "Corrida").told
    assert point(replace(a_week, freshness=None), "Corrida").level is Level.GOOD, "a replay"


@pytest.mark.parametrize("how", [How.REFUSED, How.GIVEN_UP])
def test_messages_that_reach_nobody_are_a_problem_until_one_arrives(facts: Facts, how: How) -> None:
    told = [Told(f"drift-2025-02-0{at}", NOON, how, "Chat not found") for at in (2, 1)]
    deaf = replace(facts, told=tuple(told))
    assert point(deaf, "Mensajes").level is Level.BAD
    assert point(deaf, "Mensajes").told.startswith("2 últimos mensajes no llegaron a nadie")
    again = replace(facts, told=(Told("digest-2025-02-03", NOON, How.SENT), *told))
    assert point(again, "Mensajes").level is Level.GOOD


def test_without_credentials_messages_are_in_the_log(facts: Facts) -> None:
    logged = replace(facts, told=(Told("digest-2025-02-03", NOON, How.LOGGED),))
    assert point(logged, "Mensajes").level is Level.GOOD
    assert "messages.log" in point(logged, "Mensajes").told
