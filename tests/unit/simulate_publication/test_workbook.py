"""Read back with openpyxl and calamine, never with the project's own parser."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.labels import Key
from canasta.workbook_bytes import STAMP
from simulate_publication import Layout, render, simulate, true_averages
from simulate_publication.catalogue import CITIES

BLOCK_ROWS = 61
CITY_ROWS = slice(4, 58)


def rows_of(content: bytes) -> list[list[Any]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return sheet.to_python(skip_empty_area=False)


def city_cells(rows: list[list[Any]]) -> list[list[Any]]:
    return [row[2:6] for row in rows[CITY_ROWS]]


def in_sheet_order(block: Block) -> list[list[float | None]]:
    cells = list(block.prices.values())
    return [cells[start : start + 4] for start in range(0, len(cells), 4)]


def test_a_block_stands_as_sniim_writes_it(milk: Commodity, month: list[Block]) -> None:
    rows = rows_of(render(month, milk))
    assert rows[0][0].startswith("Precio promedio al consumidor por litro")
    assert rows[1][0] == "7 de febrero de 2024"
    assert rows[2] == ["Estado", "Ciudad", "Pasteurizada", "", "Ultrapasteurizada", ""]
    assert rows[3] == ["", "", "Tiendas", "Autoservicios", "Tiendas", "Autoservicios"]
    assert [row[1] for row in rows[CITY_ROWS]] == [city.written_name for city in CITIES]
    assert [row[0] for row in rows[4:8]] == [
        "Aguascalientes ",
        "Baja California",
        "",
        "Baja California Sur",
    ]
    assert len({row[0] for row in rows[CITY_ROWS]} - {""}) == 32
    assert [row[1] for row in rows[58:60]] == [
        "Promedio aritmético",
        "Promedio Ponderado por Población",
    ]
    assert "Fuente" in rows[60][0]
    assert rows[61][0] == rows[0][0]


def test_every_block_is_there_newest_on_top(milk: Commodity, month: list[Block]) -> None:
    rows = rows_of(render(month, milk))
    assert len(rows) == BLOCK_ROWS * len(month)
    for position, block in enumerate(reversed(month)):
        cells = city_cells(rows[position * BLOCK_ROWS :])
        expected = [["N.d." if c is None else c for c in row] for row in in_sheet_order(block)]
        assert cells == expected


def test_missing_and_zero_are_told_apart(milk: Commodity, month: list[Block]) -> None:
    rows = rows_of(render(month[:1], milk))
    by_city = {row[1]: row[2:6] for row in rows[CITY_ROWS]}
    assert by_city["Tijuana"][:2] == ["N.d.", "N.d."]
    assert by_city["San Luis Río Colorado"] == [0, 0, 0, 0]


def test_the_checksum_row_is_the_mean_of_the_quoted_cells(
    milk: Commodity, month: list[Block]
) -> None:
    rows = rows_of(render(month, milk))
    for column in range(2, 6):
        cells = [row[column] for row in rows[CITY_ROWS]]
        quoted = [cell for cell in cells if isinstance(cell, float) and cell != 0]
        assert rows[58][column] == pytest.approx(sum(quoted) / len(quoted), abs=1e-9)


def test_the_weighted_row_weighs_by_population(milk: Commodity, month: list[Block]) -> None:
    rows = rows_of(render(month, milk))
    weights = [city.population for city in CITIES]
    pairs = [
        (row[3], weight)
        for row, weight in zip(rows[CITY_ROWS], weights, strict=True)
        if isinstance(row[3], float) and row[3] != 0
    ]
    expected = sum(price * weight for price, weight in pairs) / sum(weight for _, weight in pairs)
    assert rows[59][3] == pytest.approx(expected, abs=1e-9)


def test_a_blocks_own_averages_are_written_as_stated(milk: Commodity, month: list[Block]) -> None:
    wrong = dict.fromkeys(true_averages(month[0].prices, milk), 99.5)
    rows = rows_of(render([replace(month[0], averages=wrong)], milk))
    assert rows[58][2:6] == [99.5] * 4
    assert rows[59][2] < 40


def test_a_column_without_quotes_has_no_average(milk: Commodity, month: list[Block]) -> None:
    prices = {key: None if key[3] == "Tiendas" else price for key, price in month[0].prices.items()}
    rows = rows_of(render([Block(month[0].date, prices, None)], milk))
    assert [cell != "" for cell in rows[58][2:6]] == [False, True, False, True]
    assert true_averages(prices, milk)["Pasteurizada", "Tiendas"] is None


def test_unknown_cities_come_last_under_their_state(milk: Commodity, month: list[Block]) -> None:
    new: Key = ("Sonora", "Guaymas", "Pasteurizada", "Tiendas")
    rows = rows_of(render([Block(month[0].date, {new: 25.0, **month[0].prices}, None)], milk))
    assert rows[58][:3] == ["Sonora", "Guaymas", 25.0]
    assert rows[58][3:6] == ["N.d."] * 3


def test_a_removed_city_leaves_no_row_and_its_state_moves_down(
    milk: Commodity, month: list[Block]
) -> None:
    prices = {key: price for key, price in month[0].prices.items() if key[1] != "Mexicali"}
    rows = rows_of(render([Block(month[0].date, prices, None)], milk))
    assert rows[5][:2] == ["Baja California", "Tijuana"]
    assert rows[57][1] == "Promedio aritmético"


def test_equal_content_gives_equal_bytes_whenever_it_is_written(
    milk: Commodity, month: list[Block]
) -> None:
    first = render(month, milk)
    time.sleep(2.1)  # a zip's times have a step of two seconds
    shuffled = [Block(b.date, dict(reversed(list(b.prices.items()))), b.averages) for b in month]
    assert render(month, milk) == first
    assert render(list(reversed(shuffled)), milk) == first


def test_equal_content_gives_equal_bytes_in_another_process(
    milk: Commodity, month: list[Block]
) -> None:
    code = (
        "import sys, datetime, canasta.commodity as c, simulate_publication as s\n"
        "milk = c.load_commodity('milk')\n"
        "blocks = s.simulate(milk, 3, datetime.date(2024, 2, 7))\n"
        "sys.stdout.buffer.write(s.render(blocks, milk))\n"
    )
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=True
        )
        assert done.stdout == render(month, milk)


def test_no_time_of_writing_is_in_the_file(milk: Commodity, month: list[Block]) -> None:
    content = render(month, milk)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2024, 1, 1, 0, 0, 0)}
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.properties.created == book.properties.modified == STAMP


def test_a_long_history_renders_in_seconds(milk: Commodity) -> None:
    blocks = simulate(milk, 1, date(2026, 11, 13))
    assert len(blocks) > 420
    begun = time.perf_counter()
    render(blocks, milk)
    assert time.perf_counter() - begun < 20  # 1.3 s alone; a machine may be busy


class TestLayout:
    def test_merged_headers(self, milk: Commodity, month: list[Block]) -> None:
        def spans(layout: Layout) -> set[str]:
            content = io.BytesIO(render(month[:2], milk, layout=layout))
            return {
                str(span) for span in openpyxl.load_workbook(content).active.merged_cells.ranges
            }

        one = {"A1:F1", "A2:F2", "C3:D3", "E3:F3"}
        assert one < spans(Layout())
        assert len(spans(Layout())) == 8
        assert spans(Layout(merged=False)) == set()

    def test_sheet_name_rows_above_and_places(self, milk: Commodity, month: list[Block]) -> None:
        layout = Layout(sheet="Hoja 7", rows_above=3, title="OTRO", title_column=2, date_column=4)
        content = render(month[:1], milk, layout=layout)
        assert CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names == ["Hoja 7"]
        rows = rows_of(content)
        assert all(row[0] for row in rows[:3])
        assert (rows[3][2], rows[4][4]) == ("OTRO", "3 de enero de 2024")

    def test_order_footers_and_blank_rows(self, milk: Commodity, month: list[Block]) -> None:
        layout = Layout(order="oldest-first", footer=("Nota", "Fuente: SNIIM"), blank_rows=2)
        rows = rows_of(render(month[:2], milk, layout=layout))
        assert rows[1][0] == "3 de enero de 2024"
        assert [row[0] for row in rows[60:62]] == ["Nota", "Fuente: SNIIM"]
        assert not any("".join(map(str, row)) for row in rows[62:64])
        assert rows[65][0] == "5 de enero de 2024"

    def test_blocks_as_given_may_repeat(self, milk: Commodity, month: list[Block]) -> None:
        given = [month[1], month[0], month[1]]
        rows = rows_of(render(given, milk, layout=Layout(order="as-given")))
        days = [rows[1 + BLOCK_ROWS * position][0] for position in range(3)]
        assert days == ["5 de enero de 2024", "3 de enero de 2024", "5 de enero de 2024"]

    def test_real_date_cells(self, milk: Commodity, month: list[Block]) -> None:
        rows = rows_of(render(month[:1], milk, layout=Layout(date_cells=True)))
        assert rows[1][0] == date(2024, 1, 3)

    @pytest.mark.parametrize(("missing", "cell"), [("ND", "ND"), ("-", "-"), ("", "")])
    def test_missing_texts(
        self, milk: Commodity, month: list[Block], missing: str, cell: str
    ) -> None:
        rows = rows_of(render(month[:1], milk, layout=Layout(missing=missing)))
        assert rows[6][2] == cell  # Tijuana

    def test_numbers_as_text_with_a_comma(self, milk: Commodity, month: list[Block]) -> None:
        key = next(iter(month[0].prices))
        block = Block(month[0].date, {**month[0].prices, key: 27.4}, None)
        rows = rows_of(render([block], milk, layout=Layout(decimal_comma=True)))
        assert rows[4][2] == "27,40"
        assert float(rows[58][2].replace(",", ".")) == true_averages(block.prices, milk)[key[2:]]

    def test_non_breaking_spaces_and_repeated_states(
        self, milk: Commodity, month: list[Block]
    ) -> None:
        layout = Layout(non_breaking=True, repeat_states=True)
        rows = rows_of(render(month[:1], milk, layout=layout))
        assert rows[6][:2] == ["Baja\xa0California\xa0", "Tijuana\xa0"]

    def test_without_averages(self, milk: Commodity, month: list[Block]) -> None:
        rows = rows_of(render(month[:1], milk, layout=Layout(averages=False)))
        assert "Fuente" in rows[58][0]
