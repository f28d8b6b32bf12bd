"""The page as its readers, and their browsers, take it."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from canasta.deliver.backtest.page import PageFacts, page
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import leader, worst_misses
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE, XGBOOST, Recipe
from canasta.labels import SIMULATED
from tests.backtests import drawn_backtest, drawn_forecasts, drawn_panel, silent_after
from tests.unit.deliver.html import Document

SERIES, ORIGINS = 6, 30
HOSTILE = '<script>alert("&")</script>'
EARLIER = "earlier-xgboost"


@pytest.fixture(scope="module")
def panel() -> Panel:
    return drawn_panel(SERIES, ORIGINS)


@pytest.fixture(scope="module")
def backtest(panel: Panel) -> Backtest:
    """With a champion, and the earlier system, which forecasts the next price alone, and badly."""
    drawn = drawn_backtest(panel, ORIGINS)
    others = {
        "champion": drawn_forecasts(drawn.changes, 0.2, seed=6),
        EARLIER: silent_after(drawn_forecasts(drawn.changes, -0.9, seed=7), 1),
    }
    return replace(
        drawn,
        recipes={**drawn.recipes, **{name: Recipe(name) for name in others}},
        scored={**drawn.scored, **others},
    )


@pytest.fixture(scope="module")
def story(panel: Panel) -> PageFacts:
    return PageFacts(
        commodity="Leche",
        unit="MXN por litro",
        seed=3,
        evaluations=25,
        refit_every=10,
        made_on=date(2025, 5, 2),
        simulated=False,
        decision="XGBoost conserva el título.",
        panel=panel,
    )


@pytest.fixture(scope="module")
def html(backtest: Backtest, story: PageFacts) -> str:
    return page(backtest, story)


@pytest.fixture(scope="module")
def document(html: str) -> Document:
    return Document.of(html)


def test_the_document_is_spanish_utf_8_html(document: Document) -> None:
    assert document.doctype.lower() == "doctype html"
    assert document.all("html")[0].attributes == {"lang": "es"}
    metas = [meta.attributes for meta in document.all("meta")]
    assert {"charset": "utf-8"} in metas
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas


def test_nothing_is_loaded_from_elsewhere(html: str, document: Document) -> None:
    assert "http://" not in html
    assert "https://" not in html
    assert not document.all("script", "link", "img", "iframe", "object", "embed", "base", "form")
    for element in document.elements:
        for name in ("src", "href", "xlink:href", "srcset"):
            assert (element.attributes.get(name) or "#").startswith("#")
    assert set(re.findall(r"url\((.)", html)) == {"#"}
    assert "@import" not in html


def test_every_identifier_is_unique_and_every_reference_known(
    html: str, document: Document
) -> None:
    identifiers = [e.attributes["id"] for e in document.elements if "id" in e.attributes]
    assert [name for name, count in Counter(identifiers).items() if count > 1] == []
    referred = set(re.findall(r'(?:url\(#|xlink:href="#|labelledby=")([^)"]+)', html))
    assert referred <= set(identifiers)
    assert len(referred) > 20


def test_every_picture_says_what_it_shows(document: Document) -> None:
    pictures = document.all("svg")
    assert len(pictures) == 3 + 2 + 4 + 1 + 10
    told = [picture.attributes["aria-label"] for picture in pictures]
    assert all(len(one or "") > 40 for one in told)
    assert len(set(told)) == len(told)
    assert {picture.attributes["role"] for picture in pictures} == {"img"}


def test_headers_of_tables_have_scopes(document: Document) -> None:
    headers = document.all("th")
    assert {header.attributes.get("scope") for header in headers} == {"col", "row", "rowgroup"}
    assert len(document.all("table")) == len(document.all("caption")) == 3


def test_equal_arguments_give_equal_text(backtest: Backtest, story: PageFacts, html: str) -> None:
    assert page(backtest, story) == html


def test_the_page_follows_the_readers_colours(html: str) -> None:
    used = set(re.findall(r"var\(--(\w+)", html))
    parts = html.split("prefers-color-scheme: dark")
    for palette in parts[:2]:
        assert used <= set(re.findall(r"--(\w+):", palette))


def test_the_contestants_of_each_table(backtest: Backtest, document: Document) -> None:
    codes = document.texts("code")
    assert len(codes) == 5 + 4, "the earlier system forecasts one horizon"
    assert sorted(codes[:5]) == sorted(backtest.scored)
    assert codes[0] == leader(backtest)
    assert codes[4] == EARLIER
    assert EARLIER not in codes[5:]


def test_figures_are_those_of_the_back_test(backtest: Backtest, document: Document) -> None:
    cells = document.texts("td")
    best = leader(backtest)
    assert best is not None
    for horizon in (1, 6):
        measured = backtest.metrics(best, horizon=horizon)
        for name, form in (("rmse", ".4f"), ("mae", ".4f"), ("crps_skill", "+.2f"), ("auc", ".3f")):
            assert format(measured[name], form) in cells


def test_misses_tell_what_was_said_and_what_came(
    backtest: Backtest, panel: Panel, document: Document
) -> None:
    best = leader(backtest)
    assert best is not None
    titles, values = document.texts("h3"), document.texts("dd")
    for miss in worst_misses(backtest, best, 10):
        assert ", ".join(panel.keys[miss.series]) in titles
        for price in (miss.last, miss.median):
            assert f"{price:.2f}" in values
        assert any(value.startswith(f"{miss.came:.2f} (") for value in values)


def test_the_worst_contestant_is_told_and_not_drawn(document: Document) -> None:
    legends = [text for text in document.texts("li") if text.startswith(("●", "■", "▲", "◆"))]
    assert not any("Sistema anterior" in text for text in legends)
    assert any("Sistema anterior (XGBoost) se equivoca" in text for text in document.texts("li"))
    assert any(text.startswith("Fuera de las imágenes") for text in document.texts("p"))


def test_who_made_it_and_when(document: Document) -> None:
    assert any("XGBoost conserva el título." in text for text in document.texts("p"))
    assert "Hecho el 2 de mayo de 2025. Precios en MXN por litro." in document.texts("p")
    facts = " ".join(document.texts("dd"))
    assert "25 evaluaciones por búsqueda; semilla 3" in facts
    assert "cada 10 publicaciones" in facts


def test_simulated_prices_are_told(
    backtest: Backtest, story: PageFacts, document: Document
) -> None:
    told = Document.of(page(backtest, replace(story, simulated=True)))
    assert told.texts("p").count(SIMULATED) == 2, "at the top, and at the end"
    assert told.texts("title")[0].endswith(SIMULATED)
    assert not any(SIMULATED in element.text for element in document.elements)


def test_labels_are_escaped(backtest: Backtest, story: PageFacts) -> None:
    keys = tuple((HOSTILE, f"{position} $x$") for position, _ in enumerate(story.panel.keys))
    hostile = replace(
        backtest,
        slices=tuple(f"{HOSTILE}/{part}" for part in backtest.slices),
        recipes={**backtest.recipes, HOSTILE: Recipe(HOSTILE)},
        scored={**backtest.scored, HOSTILE: backtest.scored[XGBOOST]},
    )
    told = replace(
        story,
        commodity=HOSTILE,
        unit=HOSTILE,
        decision=HOSTILE,
        panel=replace(story.panel, keys=keys),
    )
    html = page(hostile, told)
    document = Document.of(html)
    assert not document.all("script")
    assert document.texts("h1") == [f"{HOSTILE}: ¿aciertan los pronósticos?"]
    assert HOSTILE in document.texts("code")
    assert any(text.startswith(f"{HOSTILE}, ") for text in document.texts("h3"))
    assert any(HOSTILE in text for text in document.texts("text")), "the unit, on an axis"
    assert any(text.startswith("<script>") for text in document.texts("th"))


@pytest.mark.parametrize(("origins", "horizons"), [(1, 6), (2, 6), (1, 1), (20, 1)])
def test_short_back_tests_have_a_page(story: PageFacts, origins: int, horizons: int) -> None:
    panel = drawn_panel(SERIES, origins)
    short = drawn_backtest(panel, origins, horizons)
    document = Document.of(page(short, replace(story, panel=panel)))
    assert document.texts("h2")[0]
    ahead = min(origins, horizons)
    assert len(document.all("table")) == (2 if ahead == 1 else 3)


def test_prices_that_never_move_have_a_page(backtest: Backtest, story: PageFacts) -> None:
    changes = np.where(np.isfinite(backtest.changes), 0.0, np.nan)
    scored = {name: drawn_forecasts(changes, 0.0, 1) for name in backtest.scored}
    document = Document.of(page(replace(backtest, changes=changes, scored=scored), story))
    assert "le gana" not in document.texts("h2")[0].replace("Nadie le gana", "")


@pytest.mark.parametrize("kept", [(PERSISTENCE,), (PERSISTENCE, XGBOOST)])
def test_a_back_test_in_which_nothing_competes_has_a_page(
    backtest: Backtest, story: PageFacts, kept: tuple[str, ...]
) -> None:
    nothing = silent_after(backtest.scored[XGBOOST], 0)
    scored = {name: backtest.scored[name] if name == PERSISTENCE else nothing for name in kept}
    document = Document.of(page(replace(backtest, scored=scored), story))
    assert document.texts("h2")[0] == "No hay con qué comparar: ningún pronóstico pudo medirse."
    assert not document.all("svg")


def test_a_back_test_without_any_outcome_has_a_page(backtest: Backtest, story: PageFacts) -> None:
    nothing = silent_after(backtest.scored[XGBOOST], 0)
    empty = replace(
        backtest,
        changes=np.full_like(backtest.changes, np.nan),
        scored=dict.fromkeys((PERSISTENCE, XGBOOST), nothing),
    )
    document = Document.of(page(empty, story))
    assert not document.all("table")


def test_another_panel_is_refused(backtest: Backtest, story: PageFacts) -> None:
    other = replace(story, panel=drawn_panel(SERIES + 1, ORIGINS))
    with pytest.raises(ValueError, match="7 series, the back-test 6"):
        page(backtest, other)


def test_a_page_of_the_real_size_is_small(story: PageFacts) -> None:
    """As many series, origins and horizons as milk has."""
    panel = drawn_panel(185, 90)
    html = page(drawn_backtest(panel, 90), replace(story, panel=panel))
    assert len(html.encode()) < 1_500_000
