from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.identity import Identity, SourceKind, write_identity
from canasta.store import Store
from simulate_publication import read_history, render

ROW = {
    "Fecha": pd.Timestamp(2024, 1, 3),
    "Estado": "Aguascalientes ",
    "Ciudad": "Aguascalientes",
    "Tipo": "Pasteurizada",
    "Canal": "Tiendas",
    "Precio": 23.25,
}


def write(folder: Path, *rows: dict[str, object], name: str = "a.parquet") -> Path:
    pd.DataFrame([{**ROW, **row} for row in rows]).to_parquet(folder / name)
    return folder


def test_labels_are_cleaned_zeros_kept_and_missing_told(tmp_path: Path, milk: Commodity) -> None:
    write(
        tmp_path,
        {},
        {"Ciudad": "Veracruz\xa0", "Precio": 0.0},
        {"Ciudad": "Xalapa", "Precio": None},
    )
    (block,) = read_history(tmp_path, milk)
    assert block.date == date(2024, 1, 3)
    assert block.prices == {
        ("Aguascalientes", "Aguascalientes", "Pasteurizada", "Tiendas"): 23.25,
        ("Aguascalientes", "Veracruz", "Pasteurizada", "Tiendas"): 0.0,
        ("Aguascalientes", "Xalapa", "Pasteurizada", "Tiendas"): None,
    }
    assert block.averages is not None
    assert block.averages["Pasteurizada", "Tiendas"] == 23.25


def test_rows_of_averages_are_dropped(tmp_path: Path, milk: Commodity) -> None:
    write(tmp_path, {}, {"Ciudad": "PROMEDIO ARITMETICO "}, {"Ciudad": milk.keys.aggregates[1]})
    (block,) = read_history(tmp_path, milk)
    assert [key[1] for key in block.prices] == ["Aguascalientes"]


def test_publications_of_all_files_come_oldest_first(tmp_path: Path, milk: Commodity) -> None:
    deep = tmp_path / "2024" / "01"
    deep.mkdir(parents=True)
    write(tmp_path, {"Fecha": pd.Timestamp(2024, 1, 8)}, name="a.parquet")
    write(deep, {}, {"Fecha": pd.Timestamp(2024, 1, 5)}, name="b.parquet")
    days = [block.date.day for block in read_history(tmp_path, milk)]
    assert days == [3, 5, 8]


def test_a_missing_folder(tmp_path: Path, milk: Commodity) -> None:
    with pytest.raises(SimulationError, match="nowhere is not a folder"):
        read_history(tmp_path / "nowhere", milk)


@pytest.mark.parametrize("asked", ["", "lake", "lake/daily"])
def test_a_history_that_a_lake_calls_simulated(asked: str, tmp_path: Path, milk: Commodity) -> None:
    """Rendered as SNIIM's, its prices would pass for real ones."""
    folder, lake = tmp_path / "lake" / "daily", Store(str(tmp_path / "lake"))
    folder.mkdir(parents=True)
    write(folder, {})
    write_identity(lake, Identity("milk", SourceKind.REPLAY))
    assert len(read_history(tmp_path / asked, milk)) == 1
    write_identity(lake, Identity("milk", SourceKind.SIMULATED))
    with pytest.raises(SimulationError, match=f"the lake at {lake.url} holds simulated prices"):
        read_history(tmp_path / asked, milk)


def test_an_empty_folder(tmp_path: Path, milk: Commodity) -> None:
    with pytest.raises(SimulationError, match=r"holds no \*\.parquet file"):
        read_history(tmp_path, milk)


def test_a_file_that_is_no_parquet(tmp_path: Path, milk: Commodity) -> None:
    (tmp_path / "a.parquet").write_text("Fecha,Precio")
    with pytest.raises(SimulationError, match=r"a\.parquet is no file of published prices"):
        read_history(tmp_path, milk)


@pytest.mark.parametrize("column", ["Fecha", "Canal", "Precio"])
def test_a_missing_column(tmp_path: Path, milk: Commodity, column: str) -> None:
    pd.DataFrame([ROW]).drop(columns=column).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SimulationError, match=column):
        read_history(tmp_path, milk)


def test_prices_that_are_no_numbers(tmp_path: Path, milk: Commodity) -> None:
    write(tmp_path, {"Precio": "N.d."})
    with pytest.raises(SimulationError, match="published prices"):
        read_history(tmp_path, milk)


def test_a_row_without_a_label(tmp_path: Path, milk: Commodity) -> None:
    write(tmp_path, {}, {"Ciudad": None})
    with pytest.raises(SimulationError, match="Ciudad"):
        read_history(tmp_path, milk)


def test_contradicting_rows_are_refused_and_equal_ones_are_one(
    tmp_path: Path, milk: Commodity
) -> None:
    write(tmp_path, {}, {})
    assert len(read_history(tmp_path, milk)[0].prices) == 1
    write(tmp_path, {"Precio": 24.0}, name="b.parquet")
    with pytest.raises(SimulationError, match=r"states 24\.0 .*states 23\.25"):
        read_history(tmp_path, milk)


@pytest.mark.real_data
def test_real_history_keeps_its_checksum(real_data_dir: Path, milk: Commodity) -> None:
    folder = real_data_dir / "sniim-milk"
    blocks = {block.date: block for block in read_history(folder, milk)}
    assert all(len(block.prices) == 216 for block in blocks.values())
    frame = pd.concat(pd.read_parquet(path) for path in sorted(folder.glob("*.parquet")))
    stated = frame[frame["Ciudad"] == "Promedio aritmético"]
    assert len(stated) == 4 * len(blocks)
    for day, kind, channel, price in zip(
        stated["Fecha"].dt.date, stated["Tipo"], stated["Canal"], stated["Precio"], strict=True
    ):
        averages = blocks[day].averages
        assert averages is not None
        assert averages[kind, channel] == pytest.approx(price, abs=1e-6)
    assert render(list(blocks.values()), milk)
