from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.deliver.publish import publish_report
from canasta.deliver.report import ModelName, daily_report
from canasta.deliver.summary import (
    RunSummary,
    as_text,
    ingest_lines,
    published_lines,
    run_summary,
)
from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import Outlook, outlook_of
from canasta.forecast.panel import Panel
from canasta.ingest.quality import Finding
from canasta.ingest.summary import Flag, IngestSummary, Outcome
from canasta.store import Store

DAY = date(2025, 8, 1)
INGESTED = IngestSummary(
    as_of=DAY,
    outcome=Outcome.NEW,
    publication_date=DAY,
    publication_url="file:///Leche01082025.xlsx",
    new=(DAY,),
    backfilled=(),
    revised=(),
    released=(),
    quarantined=(),
    waiting=(),
    flags=(),
    newest=DAY,
)

type Summarise = Callable[[Outlook, ModelName], RunSummary]


@pytest.fixture
def summarise(tmp_path: Path, panel: Panel, milk: Commodity) -> Summarise:
    def run(outlook: Outlook, model: ModelName) -> RunSummary:
        lake, now = Store(str(tmp_path / "lake")), datetime(2025, 8, 1, 19, tzinfo=UTC)
        return RunSummary(
            commodity=milk,
            ingested=INGESTED,
            watched=["drift: OK"],
            learnt=["xgboost: 25 evaluations"],
            decided=["xgboost wins: RMSE 1.20 % below persistence's."],
            published=publish_report(lake, tmp_path / "reports", panel, outlook, milk, model, now),
            report=daily_report(panel, outlook, milk, model),
        )

    return run


def test_the_summary_tells_the_run_from_reading_to_writing(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    text = as_text(run_summary(summarise(outlook, model)), width=200)
    assert text.startswith("Leche: suggested prices for Monday, 4 August 2025\n")
    told = [
        "new publication: 2025-08-01",
        "drift: OK",
        "25 evaluations",
        "xgboost wins",
        "3 prices for",
    ]
    assert sorted(told, key=text.index) == told
    assert "/reports/predicciones_2025-08-04.csv" in text
    assert "SIMULADOS" not in text


def test_the_summary_shows_national_means_now_and_suggested(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    lines = as_text(run_summary(summarise(outlook, model))).splitlines()
    rows = [line.split() for line in lines]
    assert ["Pasteurizada", "Tiendas", "2", "1", "25.75", "25.25", "25.4853", "-0.2647"] in rows
    assert [
        "Ultrapasteurizada", "Autoservicios", "1", "1", "30.20", "30.20", "30.2000", "+0.0000",
    ] in rows  # fmt: skip


def test_the_summary_shows_the_biggest_moves_with_probability_and_range(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    text = as_text(run_summary(summarise(outlook, model)), width=130)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    top = next(at for at, line in enumerate(lines) if line.endswith("80 % range"))
    assert lines[top + 2 : top + 4] == [
        "Jalisco, Guadalajara, Pasteurizada, Tiendas 24.50 23.50 -0.5544 75% 23.50 to 24.80",
        "Colima, Colima, Pasteurizada, Tiendas 27.00 27.00 +0.0250 10% no change expected (90 %)",
    ]


def test_simulated_prices_are_called_so_in_the_first_line(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    text = as_text(run_summary(summarise(outlook, replace(model, simulated=True))))
    assert "DATOS SIMULADOS" in text.splitlines()[0]


def test_when_nothing_is_expected_to_move_the_summary_says_so(
    summarise: Summarise, panel: Panel, outlook: Outlook
) -> None:
    nothing = Distribution.certain(np.zeros(len(panel.keys)))
    still = outlook_of(outlook.origin, outlook.targets[:1], (), panel.filled[:, -1], [nothing])
    text = as_text(run_summary(summarise(still, ModelName("persistence", 1, simulated=False))))
    assert "No move is expected" in text
    assert "Biggest expected moves" not in text


def test_a_run_without_a_search_says_so(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    text = as_text(run_summary(replace(summarise(outlook, model), learnt=[])))
    assert "nothing: no search was due" in text


def test_the_intake_tells_only_what_happened() -> None:
    assert ingest_lines(INGESTED) == ["new publication: 2025-08-01"]
    nothing = replace(INGESTED, outcome=Outcome.NOTHING_NEW)
    assert ingest_lines(nothing) == ["no new publication; the newest is 2025-08-01"]
    held_back = replace(INGESTED, outcome=Outcome.QUARANTINED)
    assert ingest_lines(held_back)[0].startswith("quarantined; the newest accepted")


def test_the_intake_tells_counts_and_the_flags_of_the_newest_publication_alone() -> None:
    jump = Finding("jump", "León moved by 20 %")
    flags = (Flag(date(2024, 1, 3), jump), Flag(DAY, jump))
    busy = replace(INGESTED, backfilled=(date(2025, 7, 30),), flags=flags)
    assert ingest_lines(busy) == [
        "new publication: 2025-08-01",
        "1 earlier publications added",
        "flag on 2025-08-01: jump: León moved by 20 %",
    ]


def test_a_repeated_run_says_that_nothing_was_written(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    first = published_lines(summarise(outlook, model).published, 3)[0]
    again = published_lines(summarise(outlook, model).published, 3)[0]
    assert first == "3 prices for 2025-08-04 from 2025-08-01, version 3"
    assert again == f"{first} (unchanged: published before)"


def test_no_line_is_wider_than_asked(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    text = as_text(run_summary(summarise(outlook, model)), width=90)
    assert max(map(len, text.splitlines())) <= 90


def test_publications_that_did_not_come_are_told(
    summarise: Summarise, outlook: Outlook, model: ModelName
) -> None:
    on_time = summarise(outlook, model).published
    assert not any("warning" in line for line in published_lines(on_time, 4))
    missed = (date(2025, 8, 4), date(2025, 8, 6))
    late = replace(outlook, targets=(date(2025, 8, 8), date(2025, 8, 11)), skipped=missed)
    told = "\n".join(published_lines(summarise(late, model).published, 4))
    assert "warning: 2 expected publication(s) did not come, 2025-08-04 to 2025-08-06" in told
    assert "these prices stand on 2025-08-01" in told
