"""How a house grows: the last price at first, a search when it is due, a model that wins."""

from __future__ import annotations

from datetime import date

import pytest

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from simulate_publication import publish_files, simulate, true_averages
from tests.integration.pipeline_setting import House
from tests.integration.test_pipeline_interrupted import kill_when

SHORT, TARGET = "2024-02-21", "2024-02-23"
"""21 publications."""
SOON, SOON_TARGET = "2024-02-28", "2024-03-01"
"""Three more."""
LATE, LATE_TARGET = "2024-08-30", "2024-09-02"
"""100, of which 39 can be evaluated."""


@pytest.mark.slow
def test_a_house_from_its_first_weeks_to_its_first_model(house: House) -> None:
    # Killed while it registers: a version may be left over, and nothing is live.
    kill_when(house, lambda printed: "✓ Gate" in printed, SHORT)
    assert house.lake.keys("promoted") == []

    ended = house.daily(SHORT)

    assert ended.code == 0, ended.told()
    assert "Read     no new publication; the newest is 2024-02-21" in ended.out
    assert "Learnt   A back-test needs 60 publications" in ended.out
    first = house.pointer
    assert first.title.recipe.algorithm == "persistence"
    report = house.report(TARGET)
    assert set(report["modelo"]) == {"persistence (DATOS SIMULADOS)"}
    assert (report["Precio_sugerido"] == report["Precio_lag1"]).all()
    assert set(report["direccion"]) == {"estable"}
    # It is sure of nothing: each series moved before, and may move again.
    assert report["prob_cambio"].between(0, 1, inclusive="neither").all()
    assert (report["Precio_medio"] - report["Precio_lag1"]).abs().between(0, 0.5).all()
    assert (report["bajo_95"] < report["alto_95"]).all()

    ended = house.daily(SOON, RETRAIN_EVERY="4")

    assert ended.code == 0, ended.told()
    assert "Learnt   nothing: no search was due" in ended.out
    assert "2 earlier publications added" in ended.out
    assert house.pointer.title == first.title
    assert house.pointer.panel != first.panel
    assert len(house.lake.keys("panels")) == 2
    assert (house.reports / f"predicciones_{SOON_TARGET}.csv").is_file()
    assert (house.reports / f"predicciones_{TARGET}.csv").is_file(), "the earlier one stays"

    ended = house.daily(SOON, RETRAIN_EVERY="3")  # exactly as many came since the search

    assert ended.code == 0, ended.told()
    assert "Learnt   A back-test needs 60 publications" in ended.out
    assert "No conclusion (0 origins; 30 needed): persistence stays" in ended.out
    assert house.decisions()[-1]["after"] is None
    ended = house.daily(SOON, RETRAIN_EVERY="3")
    assert "Learnt   nothing: no search was due" in ended.out, "it was recorded, and counts"

    ended = house.daily(LATE)

    assert ended.code == 0, ended.told()
    champion = house.pointer.title
    assert champion.recipe.algorithm in {"random-forest", "xgboost"}
    assert f"Decided  {champion.recipe.algorithm} wins: CRPS" in ended.out
    assert house.tracking.aliases()["champion"] == champion.version
    assert [record["kind"] for record in house.decisions()] == [
        "search",
        "panel",
        "search",
        "search",
    ]
    assert house.decisions()[-1]["ruling"]["decision"]["winner"] == champion.recipe.algorithm
    moved = house.report(LATE_TARGET)
    assert (moved["Precio_medio"] != moved["Precio_lag1"]).any()
    assert (moved["prob_cambio"] > 0.5).any()
    assert (moved["bajo_95"] == moved["alto_95"]).any(), "and of some it is nearly sure"


def test_a_market_that_only_rises_keeps_the_last_price(house: House, milk: Commodity) -> None:
    """What a hurdle learns takes rises and falls: without them nobody can be judged."""
    blocks = simulate(milk, 3, date(2024, 12, 31))[:100]
    first = blocks[0].prices
    rising = []
    for number, block in enumerate(blocks):
        # A tenth of the series rises each time: no publication repeats the one before.
        prices = {
            key: price and round(price + 0.1 * ((number + at) // 10), 2)
            for at, (key, price) in enumerate(first.items())
        }
        rising.append(Block(block.date, prices, true_averages(prices, milk)))
    published = house.folder / "rising"
    publish_files(published, rising, milk)
    day, url = rising[-1].date.isoformat(), published.as_uri()

    ended = house.daily(day, PUBLICATION_URL=url)

    assert ended.code == 0, ended.told()
    assert "Learnt   The hurdle learns from prices that rose, fell and stayed" in ended.out
    assert house.pointer.title.recipe.algorithm == "persistence"
    assert house.decisions()[0]["kind"] == "search"

    ended = house.daily(day, PUBLICATION_URL=url)

    assert ended.code == 0, ended.told()
    assert "Learnt   nothing: no search was due" in ended.out
