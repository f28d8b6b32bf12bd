from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.deliver.highlights import biggest_moves
from canasta.deliver.messages.digest import Digest, digest
from canasta.deliver.messages.markup import LIMIT, length, plain
from canasta.deliver.messages.message import Document, parts_of
from canasta.deliver.messages.national import ENOUGH, MEMORY, national
from canasta.deliver.messages.wording import Marks
from canasta.deliver.report import ModelName, PriceColumns, daily_report
from canasta.forecast.evaluation.metrics import Comparison
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import PERSISTENCE
from canasta.ingest.quality import Finding
from canasta.ingest.summary import Flag
from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Severity, Verdict, failed
from tests.outlooks import drawn_outlook
from tests.panels import real_panel, simulated_panel

QUIET = Marks(simulated=False)


@dataclass(frozen=True)
class Day:
    """A publication, and forecasts from it."""

    milk: Commodity
    panel: Panel
    outlook: Outlook

    def digest(
        self, marks: Marks = QUIET, algorithm: str = "xgboost", flags: tuple[Flag, ...] = ()
    ) -> Digest:
        model = ModelName(algorithm, 12, marks.simulated)
        report = daily_report(self.panel, self.outlook, self.milk, model)
        files = (Document("a.csv", b"x"),)
        return Digest(self.milk, self.panel, self.outlook, report, model, marks, files, flags)


@pytest.fixture(scope="module")
def day(milk: Commodity) -> Day:
    panel = simulated_panel(milk, 80)
    return Day(milk, panel, drawn_outlook(panel))


def lines(made_of: Digest) -> list[str]:
    return plain(digest(made_of).text).split("\n")


def test_figures_are_those_of_the_report_counted_by_hand(day: Day) -> None:
    picture = national(day.panel, day.outlook)
    report = day.digest().report
    columns = PriceColumns.of(day.milk)
    assert picture.mean[-1] == pytest.approx(report[columns.last].mean(), abs=0.005)
    assert picture.ahead.mean[0] == pytest.approx(report[columns.mean].mean(), abs=0.0001)
    by_hand = report.groupby(["Tipo", "Canal"])[columns.last].mean()
    assert {one.labels: one.mean for one in picture.markets} == pytest.approx(
        by_hand.to_dict(), abs=0.005
    )
    rises, falls, biggest = 0, 0, 0.0
    for row, key in enumerate(day.panel.keys):
        quotes = [price for price in day.panel.prices[row, :-1] if np.isfinite(price)]
        now = day.panel.prices[row, -1]
        if not day.panel.live[row] or not quotes or not np.isfinite(now):
            continue
        rises, falls = rises + (now > quotes[-1]), falls + (now < quotes[-1])
        biggest = max(biggest, abs(now - quotes[-1]))
        if now != quotes[-1]:
            assert key in [one.key for one in picture.moved]
    assert (picture.rises, picture.falls) == (rises, falls)
    assert abs(picture.moved[0].new - picture.moved[0].old) == pytest.approx(biggest)


def test_range_is_made_of_a_years_changes_of_the_mean(day: Day) -> None:
    picture = national(day.panel, day.outlook)
    ends = picture.ahead.ends
    assert ends is not None
    recent = picture.mean[-MEMORY:]
    for horizon in (1, 6):
        changes = np.array(
            [recent[at + horizon] - recent[at] for at in range(len(recent) - horizon)]
        )
        strayed = np.quantile(changes - changes.mean(), [0.1, 0.9])
        shown = ends[1:3, horizon - 1] - picture.ahead.mean[horizon - 1]
        assert shown == pytest.approx(strayed)
    assert (np.diff(ends, axis=0) >= 0).all()


def test_short_history_has_no_range_and_first_publication_no_change(milk: Commodity) -> None:
    for count in (1, ENOUGH):
        panel = simulated_panel(milk, count)
        made_of = Day(milk, panel, drawn_outlook(panel)).digest()
        text = "\n".join(lines(made_of))
        assert "rango habitual" not in text
        assert ("desde el" in text) == (count > 1)
        assert "nan" not in text


def test_digest_says_in_mexican_spanish_what_people_need(day: Day) -> None:
    told = lines(day.digest())
    assert told[0].startswith("Leche: publicación del ")
    assert told[1].startswith("Precio medio nacional: 2")
    assert told[1].endswith(" MXN por litro")
    assert "Lo que más se movió" in told
    assert any(line.startswith("Precios sugeridos para el ") for line in told)
    assert "Pronostica XGBoost, versión 12." in told
    assert "Hoy no hay una medida de sus pronósticos publicados." in told, "none is no zero"


def test_simulated_prices_and_replays_are_marked_in_text_and_chart(day: Day) -> None:
    plainly, marked = (digest(day.digest(marks)) for marks in (QUIET, Marks(True, True)))
    assert plain(marked.text).startswith("⚠ DATOS SIMULADOS\n⚠ REPASO DEL PASADO")
    assert "SIMULADOS" not in plainly.text
    assert plainly.photo != marked.photo


def test_equal_days_give_equal_bytes(day: Day) -> None:
    assert digest(day.digest()) == digest(day.digest())


def test_champion_is_told_with_what_it_showed(day: Day) -> None:
    better = Comparison(2.6, 4.1, 40)
    skill = LiveSkill(
        horizon=1, versions=(12,), first=date(2025, 1, 1), last=date(2025, 4, 30),
        publications=40, forecasts=7000, mae=0.1, rmse=0.3, bias=0.0, crps=0.06, last_mae=0.1,
        last_rmse=0.3, base_crps=0.062, coverage_80=0.9, coverage_95=0.957, by_mae=better,
        by_rmse=better, by_crps=better,
    )  # fmt: skip
    verdict = Verdict(day.panel.origin, Severity.OK, ())
    told = lines(replace(day.digest(), skill=skill, drift=verdict))
    assert (
        "En sus 40 publicaciones medidas: 2.6 % menos error que repetir el último precio; el "
        "rango del 95 % acertó en 96 % de los precios." in told
    )
    assert "Los precios se comportan como siempre." in told
    few = "\n".join(lines(replace(day.digest(), skill=replace(skill, publications=3))))
    assert "Sus pronósticos publicados aún son pocos para medirlo (3)." in few
    worse = replace(skill, by_crps=Comparison(-1.25, -2.0, 40))
    assert "1.2 % más error" in "\n".join(lines(replace(day.digest(), skill=worse)))
    still = replace(skill, by_crps=Comparison(math.nan, math.nan, 40))
    assert "40 publicaciones medidas: ningún precio se movió;" in "\n".join(
        lines(replace(day.digest(), skill=still))
    )
    assert "ningún modelo ha mostrado" in "\n".join(lines(day.digest(algorithm=PERSISTENCE)))


def test_check_that_could_not_be_made_says_nothing_of_prices(day: Day) -> None:
    told = lines(replace(day.digest(), drift=failed(day.panel.origin, "OSError: full")))
    assert not any("se comportan distinto" in line for line in told)
    assert any(line.startswith("No se pudo revisar si los precios") for line in told)


def test_expected_moves_show_the_suggested_prices_of_the_report(day: Day) -> None:
    report, columns = day.digest().report, PriceColumns.of(day.milk)
    expected = biggest_moves(report, day.milk, 3)
    told = [line for line in lines(day.digest()) if "media esperada" in line]
    assert len(told) == len(expected) > 0
    for line, row in zip(told, expected.to_dict("records"), strict=True):
        assert f"sugerido {row[columns.suggested]:.2f}, media esperada" in line
        assert f"media esperada {row[columns.mean]:.2f}, último {row[columns.last]:.2f};" in line


def test_flags_of_this_publication_are_counted_and_older_ones_left_out(day: Day) -> None:
    origin = day.panel.origin
    flags = (
        *(Flag(origin, Finding("jump", "x")) for _ in range(2)),
        Flag(origin, Finding("many-changes", "x")),
        Flag(day.panel.dates[-2], Finding("new-label", "x")),
    )
    told = lines(day.digest(flags=flags))
    warning = next(line for line in told if line.startswith("Aviso"))
    assert warning == (
        "Aviso: cambiaron más precios de lo común; 2 saltos grandes de precio, por confirmar."
    )


def test_labels_that_look_like_tags_do_no_harm(day: Day) -> None:
    keys = tuple(("<b>", f"<i>&{at}", *key[2:]) for at, key in enumerate(day.panel.keys))
    hostile = Day(day.milk, replace(day.panel, keys=keys), day.outlook)
    assert "<i>&" in "\n".join(lines(hostile.digest()))
    assert "<i>" not in digest(hostile.digest()).text


@pytest.mark.real_data
def test_digests_of_real_days_are_one_short_message_and_a_small_picture(
    milk: Commodity, real_data_dir: Path
) -> None:
    whole = real_panel(milk, real_data_dir)
    for count in (2, 60, len(whole.dates)):
        panel = whole.cut(count)
        message = digest(Day(milk, panel, drawn_outlook(panel)).digest(Marks(True, True)))
        assert length(message.text) < LIMIT / 2
        assert len(parts_of(message)) == 3
        assert message.photo is not None
        assert len(message.photo) < 200_000
