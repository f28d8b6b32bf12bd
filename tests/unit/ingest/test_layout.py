from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.ingest.layout import differences
from canasta.ingest.workbook import parse
from simulate_publication import Layout, render
from tests.unit.ingest.builders import KEYS, changed, days, publications
from tests.unit.ingest.desk import Desk

USUAL = Layout()


def layout_of(milk: Commodity, layout: Layout = USUAL, count: int = 3) -> tuple[str, ...]:
    return parse(render(publications(count, milk), milk, layout=layout), milk).layout


def test_layout_says_what_stands_where(milk: Commodity) -> None:
    lines = layout_of(milk)
    assert lines[0] == "numbers in C, D, E, F"
    assert "average: promedio aritmetico" in lines
    assert any(line.endswith(", A: estado") for line in lines)
    assert any("a date in words" in line for line in lines)


def test_other_prices_days_and_blocks_look_the_same(milk: Commodity) -> None:
    assert layout_of(milk, count=2) == layout_of(milk, count=9)
    blocks = publications(3, milk)
    blocks[-1] = changed(blocks[-1], {KEYS[0]: None, KEYS[3]: 31.5}, milk)
    assert parse(render(blocks, milk), milk).layout == layout_of(milk)


@pytest.mark.parametrize(
    "other",
    [
        Layout(title_column=1),
        Layout(date_column=2),
        Layout(date_cells=True),
        Layout(title="Precio promedio al consumidor por litro, nueva serie"),
    ],
    ids=["title", "date", "date-cell", "words"],
)
def test_other_head_looks_otherwise(milk: Commodity, other: Layout) -> None:
    before, after = layout_of(milk), layout_of(milk, other)
    assert before != after
    assert differences(before, after)


@pytest.mark.parametrize(
    "same",
    [
        Layout(rows_above=3),
        Layout(date_case="upper"),
        Layout(footer=("Fuente: SNIIM", "Nota 12")),
        Layout(missing="ND"),
        Layout(sheet="Hoja1"),
    ],
    ids=["above", "case", "footer", "missing", "sheet"],
)
def test_what_comes_and_goes_looks_the_same(milk: Commodity, same: Layout) -> None:
    assert layout_of(milk, same) == layout_of(milk)


def test_layout_is_that_of_the_newest_block_wherever_it_stands(milk: Commodity) -> None:
    blocks = publications(3, milk)
    given = replace(USUAL, order="as-given")
    assert parse(render(blocks, milk, layout=given), milk).layout == layout_of(milk)
    assert parse(render(blocks[::-1], milk, layout=given), milk).layout == layout_of(milk)


def test_receipt_keeps_the_layout_and_older_ones_say_nothing(
    tmp_path: Path, milk: Commodity
) -> None:
    desk, (first, second) = Desk(tmp_path, milk), days(2)
    blocks = publications(2, milk)
    desk.run(first, blocks[0])
    desk.run(second, *blocks, layout=Layout(title_column=1))
    received = desk.lake.received
    old, new = (received.layout(file) for file in received.all())
    assert differences(old, new) == [
        "− row 1, A: precio promedio al consumidor por litro de leche",
        "+ row 1, B: precio promedio al consumidor por litro de leche",
    ]
    receipt = next((desk.stored / "received").glob(f"{second}*"))
    receipt.write_text('{"url": "x", "bytes": 1}')
    assert received.layout(received.all()[-1]) == ()
    assert received.newest(date.max) is not None
