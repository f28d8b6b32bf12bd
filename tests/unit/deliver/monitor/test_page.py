"""The page as its readers, and their browsers, take it."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import escaped
from canasta.deliver.messages.message import Message
from canasta.deliver.messages.wording import REPLAY, Marks
from canasta.deliver.monitor.facts import Facts
from canasta.deliver.monitor.page import DAYS, page
from canasta.deliver.outbox_files import How, Told, Waiting
from canasta.ingest.lake import Gaps
from canasta.ingest.quality import Cells, Finding
from canasta.ingest.quarantine import Quarantined
from canasta.labels import SIMULATED
from canasta.monitor.trailing import LEAST
from canasta.monitor.verdict import Check, Severity, Verdict
from canasta.registry.decisions import Kind
from tests.unit.deliver.html import Document
from tests.unit.deliver.monitor.made_up import NOON, in_order, nothing_yet, pointer, record
from tests.unit.monitor.test_live import outcomes

HOSTILE = '<script>alert("&")</script>'


@pytest.fixture(scope="module")
def facts(milk: Commodity) -> Facts:
    return in_order(milk)


@pytest.fixture(scope="module")
def html(facts: Facts) -> str:
    return page(facts)


@pytest.fixture(scope="module")
def document(html: str) -> Document:
    return Document.of(html)


def test_the_document_is_spanish_html_that_forbids_to_load_anything(document: Document) -> None:
    assert document.doctype.lower() == "doctype html"
    assert document.all("html")[0].attributes == {"lang": "es"}
    metas = [meta.attributes for meta in document.all("meta")]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    (policy,) = (one["content"] for one in metas if "http-equiv" in one)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_nothing_is_loaded_and_links_lead_to_the_archive_alone(
    html: str, document: Document, facts: Facts
) -> None:
    assert "http://" not in html
    assert "https://" not in html
    assert not document.all("script", "link", "img", "iframe", "object", "embed", "base", "form")
    links = {link.attributes["href"] or "" for link in document.all("a")}
    away = {link for link in links if not link.startswith("#")}
    assert away == {f"drift/{facts.publications[-1]}.html"}
    assert set(re.findall(r"url\((.)", html)) == {"#"}


def test_identifiers_are_unique_and_references_known(html: str, document: Document) -> None:
    identifiers = [e.attributes["id"] for e in document.elements if "id" in e.attributes]
    assert [name for name, count in Counter(identifiers).items() if count > 1] == []
    referred = re.findall(r'(?:url\(#|href="#|labelledby=")([^)"]+)', html)
    assert set(referred) <= set(identifiers)


def test_the_page_follows_the_readers_colours(html: str) -> None:
    used = set(re.findall(r"var\(--(\w+)", html))
    for palette in html.split("prefers-color-scheme: dark")[:2]:
        assert used <= set(re.findall(r"--(\w+):", palette))


def test_pictures_say_what_they_show_and_tables_have_captions(document: Document) -> None:
    pictures = document.all("svg")
    assert len(pictures) == 4
    assert len({picture.attributes["aria-label"] for picture in pictures}) == 4
    assert len(document.all("table")) == len(document.all("caption")) == 3
    assert {one.attributes.get("scope") for one in document.all("th")} == {"col", "row", "rowgroup"}


def test_equal_facts_give_equal_text(facts: Facts, html: str) -> None:
    assert page(facts) == html


def test_when_all_goes_well_it_says_so_first(document: Document) -> None:
    assert document.texts("h1") == ["Leche: ¿cómo va?"]
    assert document.texts("h2")[0] == "Todo en orden"
    states = document.texts("dd")
    assert states[1].startswith("XGBoost, versión 3: su error (CRPS) es ")
    assert "en 12 publicaciones medidas" in states[1]


def test_before_the_first_run_each_part_says_what_will_be_there(milk: Commodity) -> None:
    empty = Document.of(page(nothing_yet(milk)))
    assert empty.texts("h2")[0] == "Va empezando: aún faltan resultados"
    assert not empty.all("svg", "table")
    awaited = [one for one in empty.all("p") if one.attributes.get("class") == "none"]
    assert len(awaited) == 6
    assert all("odavía no" in one.text or "Nada está" in one.text for one in awaited)


def test_few_outcomes_have_figures_and_no_course(milk: Commodity) -> None:
    young = Document.of(page(in_order(milk, outcomes(0.1, LEAST - 1))))
    assert len(young.all("svg")) == 1, "drift alone"
    assert "1 publicación" in young.texts("th")
    assert any("con la quinta publicación" in text for text in young.texts("p"))


def test_simulated_prices_and_replays_are_told(facts: Facts, document: Document) -> None:
    marked = replace(facts, marks=Marks(simulated=True, replay=True), freshness=None)
    told = Document.of(page(marked))
    assert told.texts("p").count(SIMULATED) == told.texts("p").count(REPLAY) == 2
    assert told.texts("title")[0].endswith(f"{SIMULATED} {REPLAY}")
    for mark in (SIMULATED, REPLAY):
        assert not any(mark in element.text for element in document.elements)


def test_what_waits_and_what_is_held_back_is_listed(facts: Facts) -> None:
    friday, monday = date(2025, 1, 31), date(2025, 2, 3)
    prices: Cells = {("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas"): 27.4}
    held = (
        Quarantined(friday, "a" * 64, friday, (Finding("stale", "x"),), prices),
        Quarantined(None, "b" * 64, monday, (Finding("layout", "x"),), None),
        Quarantined(monday, "c" * 64, monday, (Finding("layout", "x"),), None),
    )
    waiting = (Waiting(Message("failure-2025-02-03-0f", "<b>Falló</b> &amp; sigue"), NOON),)
    told = (Told("digest-2025-01-31", NOON, How.REFUSED, "chat not found"),)
    missing = tuple(date(2025, 1, 1) + timedelta(days=day) for day in range(8))
    shown = Document.of(
        page(
            replace(facts, held=held, waiting=waiting, told=told, gaps=Gaps((), missing)),
        )
    )
    assert shown.texts("h2")[0] == "Hay algo que atender", "nobody was told"
    codes = shown.texts("code")
    assert "make quarantine ACCEPT=2025-01-31" in codes
    assert sum("ACCEPT=" in code for code in codes) == 1, "the others cannot be read"
    assert shown.texts("td").count("no se puede") == 2
    assert any("cuando se repite en 2 publicaciones posteriores" in one for one in shown.texts("p"))
    cells = " ".join(shown.texts("td"))
    assert "repite la publicación anterior en todos sus precios" in cells
    items = " ".join(shown.texts("li"))
    assert {"Corrida fallida del 3 feb 2025", "Resumen de la publicación del 31 ene 2025"} <= set(
        shown.texts("strong")
    )
    assert "Falló & sigue · 3 de febrero de 2025, 12:00" in items
    assert "rechazado por Telegram: chat not found" in items
    (gaps,) = (text for text in shown.texts("p") if text.startswith("Fechas en que"))
    assert ": 8, las últimas: 4 de enero de 2025;" in gaps


def test_whatever_texts_hold_is_escaped(facts: Facts) -> None:
    day = facts.publications[-1]
    alarming = Check(HOSTILE, 1.0, 0.5, Severity.ALERT)
    hostile = replace(
        facts,
        commodity=facts.commodity.model_copy(update={"title": HOSTILE, "unit": HOSTILE}),
        lake=HOSTILE,
        drift=(Verdict(day, Severity.ALERT, (alarming,)),),
        reports={"drift": {day: f"drift/{HOSTILE}"}},
        decisions=(record(Kind.PROMOTE, after=pointer({"algorithm": HOSTILE, "params": {}})),),
        held=(Quarantined(day, HOSTILE, day, (Finding(HOSTILE, HOSTILE),), None),),
        waiting=(Waiting(Message("failure", escaped(HOSTILE)), NOON),),
        told=(Told(HOSTILE, NOON, How.REFUSED, HOSTILE),),
    )
    shown = Document.of(page(hostile))
    assert not shown.all("script")
    assert shown.texts("h1") == [f"{HOSTILE}: ¿cómo va?"]
    assert f"A mano: {HOSTILE}, versión 3" in shown.texts("h3")
    assert HOSTILE in shown.texts("th"), "a check"


def test_older_publications_and_decisions_are_folded_away(milk: Commodity) -> None:
    long = in_order(milk, outcomes(0.1, DAYS + 15))
    many = replace(
        long, decisions=tuple(record(Kind.REFRESH, None, pointer(), pointer()) for _ in range(20))
    )
    folded = Document.of(page(many))
    assert folded.texts("summary") == ["8 decisiones anteriores", "15 publicaciones anteriores"]
    assert len(page(many).encode()) < 400_000
