"""Real history, re-rendered as SNIIM's workbook, through the whole intake."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import open_lake
from canasta.store import store_for
from simulate_publication import read_history
from tests.unit.ingest.builders import LIMITS, publish, tree

pytestmark = pytest.mark.real_data


@pytest.fixture
def expected(real_data_dir: Path) -> pd.DataFrame:
    """The files as they are, cleaned with pandas alone: the oracle."""
    files = sorted((real_data_dir / "sniim-milk").glob("*.parquet"))
    table = pd.concat([pd.read_parquet(path) for path in files])
    for name in ("Estado", "Ciudad", "Tipo", "Canal"):
        table[name] = table[name].str.replace("\N{NO-BREAK SPACE}", " ").str.strip()
    table = table[~table["Ciudad"].str.startswith("Promedio")]
    table["Precio"] = table["Precio"].where(table["Precio"] != 0)
    table["Fecha"] = table["Fecha"].dt.date
    wide = table.pivot_table(
        index=["Estado", "Ciudad", "Tipo", "Canal"],
        columns="Fecha",
        values="Precio",
        dropna=False,
        observed=True,
    )
    return wide.reindex(sorted(table.set_index(list(wide.index.names)).index.unique()))


def test_the_lake_equals_the_history_cell_by_cell(
    expected: pd.DataFrame, real_data_dir: Path, tmp_path: Path, milk: Commodity
) -> None:
    blocks = read_history(real_data_dir / "sniim-milk", milk)
    publish(tmp_path / "published", blocks, milk)
    lake = open_lake(store_for(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    source = (tmp_path / "published").as_uri()
    last = blocks[-1].date
    summary = ingest(lake, source, last, LIMITS)
    assert (summary.newest, summary.quarantined) == (last, ())
    history = lake.history(last)
    assert history.keys == tuple(expected.index)
    assert history.dates == tuple(expected.columns)
    np.testing.assert_array_equal(history.prices, expected.to_numpy())
    assert history.prices.shape[0] == 216
    before = tree(tmp_path / "lake")
    ingest(lake, source, last, LIMITS)
    assert tree(tmp_path / "lake") == before


def test_the_history_itself_is_a_readable_lake(
    expected: pd.DataFrame, real_data_dir: Path, tmp_path: Path, milk: Commodity
) -> None:
    for path in (real_data_dir / "sniim-milk").glob("*.parquet"):
        copy = tmp_path / "lake" / "monthly" / path.name[:4] / path.name[5:7] / path.name
        copy.parent.mkdir(parents=True)
        copy.write_bytes(path.read_bytes())
    lake = open_lake(store_for(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    history = lake.history(date(2025, 12, 31))
    assert history.dates == lake.dates() == tuple(expected.columns)
    assert history.keys == tuple(expected.index)
    np.testing.assert_array_equal(history.prices, expected.to_numpy())


def test_a_lake_of_the_earlier_system_is_carried_on(
    real_data_dir: Path, tmp_path: Path, milk: Commodity
) -> None:
    for path in sorted((real_data_dir / "sniim-milk").glob("*.parquet"))[:-1]:
        copy = tmp_path / "lake" / "monthly" / path.name[:4] / path.name[5:7] / path.name
        copy.parent.mkdir(parents=True)
        copy.write_bytes(path.read_bytes())
    lake = open_lake(store_for(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    blocks = read_history(real_data_dir / "sniim-milk", milk)
    publish(tmp_path / "published", blocks, milk)
    known = lake.dates()
    summary = ingest(lake, (tmp_path / "published").as_uri(), blocks[-1].date, LIMITS)
    assert summary.revised == ()
    assert {*summary.new, *summary.backfilled} == {b.date for b in blocks} - set(known)
    assert lake.dates() == tuple(block.date for block in blocks)
