from datetime import date, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from canasta.commodity import COMMODITIES, Commodity, load_commodity, load_traits
from canasta.errors import CommodityError

# Mondays, Wednesdays and Fridays without a publication, of which two are no holidays.
SKIPPED = [
    *("2024-02-05", "2024-03-18", "2024-03-29", "2024-05-01", "2024-09-16", "2024-11-18"),
    *("2024-12-25", "2025-01-01", "2025-02-03", "2025-03-17", "2025-04-18"),
]
SKIPPED_WITHOUT_HOLIDAY = ["2024-05-31", "2025-05-05"]
STATES = 32


def broken_copy(folder: Path, old: str, new: str) -> None:
    text = (COMMODITIES / "milk.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "milk.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("day", SKIPPED)
def test_no_publication_is_expected_on_holidays(milk: Commodity, day: str) -> None:
    assert not milk.publication_calendar.is_expected(date.fromisoformat(day))


@pytest.mark.parametrize("day", SKIPPED_WITHOUT_HOLIDAY)
def test_days_skipped_for_no_known_reason_are_expected(milk: Commodity, day: str) -> None:
    assert milk.publication_calendar.is_expected(date.fromisoformat(day))


@pytest.mark.real_data
def test_expected_days_are_the_published_ones(milk: Commodity, real_data_dir: Path) -> None:
    files = sorted((real_data_dir / "sniim-milk").glob("*.parquet"))
    columns = [pq.read_table(file, columns=["Fecha"])["Fecha"] for file in files]
    moments = {moment for column in columns for moment in pc.unique(column).to_pylist()}
    published = {moment.date() for moment in moments}
    first, last = min(published), max(published)
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    expected = {day for day in span if milk.publication_calendar.is_expected(day)}
    unexplained = {day.isoformat() for day in expected ^ published}
    assert unexplained == {day for day in SKIPPED_WITHOUT_HOLIDAY if day <= last.isoformat()}


def test_every_state_lies_in_one_region(milk: Commodity) -> None:
    states = [state for region in milk.regions.values() for state in region]
    assert len(states) == len(set(states)) == STATES


def test_slice_of_a_series_names_type_channel_and_region(milk: Commodity) -> None:
    key = ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas")
    assert milk.slice_of(key) == "Pasteurizada/Tiendas/Occidente"


def test_slice_of_a_state_in_no_region_is_another(milk: Commodity) -> None:
    assert milk.slice_of(("Atlántida", "Poseidonis", "Pasteurizada", "Tiendas")).endswith("/Otra")


def test_slice_of_a_key_of_another_length_is_refused(milk: Commodity) -> None:
    with pytest.raises(ValueError, match="shorter"):
        milk.slice_of(("Jalisco", "Guadalajara"))


def test_workbook_columns_carry_every_key_that_rows_do_not(milk: Commodity) -> None:
    rows_carry = {"Estado", "Ciudad"}
    for column in milk.workbook.price_columns:
        assert {*column.labels} == {*milk.keys.columns} - rows_carry


def test_file_name_is_a_pattern_of_the_date(milk: Commodity) -> None:
    assert date(2025, 7, 25).strftime(milk.source.file_name) == "Leche25072025.xlsx"


def test_unknown_commodity_names_the_known_ones() -> None:
    with pytest.raises(CommodityError, match=r"beans.*Known:.*milk"):
        load_commodity("beans")


def test_empty_folder_knows_none(tmp_path: Path) -> None:
    with pytest.raises(CommodityError, match="Known: none"):
        load_commodity("milk", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('unit = "MXN por litro"', "", "unit"),
        ("[plausible]", "surprise = 1\n[plausible]", "surprise"),
        ("low = 8.0", "low = 80.0", "low must lie"),
        ("low = 8.0", "low = 0.0", "low must lie"),
        ("weekdays = [0, 2, 4]", "weekdays = []", "weekdays"),
        ("weekdays = [0, 2, 4]", "weekdays = [7]", "weekdays"),
        ('holidays = "MX"', 'holidays = "XX"', "no country 'XX'"),
        ("America/Mexico_City", "America/Mexico", "no time zone"),
        ('region = "Estado"', 'region = "State"', "State"),
        ('slices = ["Tipo", "Canal"]', 'slices = ["Type"]', "Type"),
        ("max_bytes = 33554432", "max_bytes = 0", "max_bytes"),
        ("[keys]", "[keys", "not a valid commodity file"),
    ],
)
def test_malformed_file_is_refused_by_path_and_field(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    broken_copy(tmp_path, old, new)
    with pytest.raises(CommodityError, match=told) as refusal:
        load_commodity("milk", tmp_path)
    assert str(tmp_path / "milk.toml") in str(refusal.value)


def test_traits_are_the_commoditys(milk: Commodity) -> None:
    traits = load_traits("milk")
    for name in ("name", "title", "unit", "keys", "plausible", "time_zone"):
        assert getattr(traits, name) == getattr(milk, name)
    with pytest.raises(CommodityError, match="nothing"):
        load_traits("nothing")
