import io
import pickle
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.forecast.recipe import XGBOOST
from canasta.registry.objects import ObjectRef, sha256
from canasta.registry.panels import PublishedPanel, read_panel, write_panel
from canasta.store import Store
from tests.unit.registry.builders import CALENDAR, fitted, outlook, panel


@pytest.fixture(scope="module")
def published() -> PublishedPanel:
    history = panel()
    return PublishedPanel(history, outlook(history, fitted(XGBOOST).predictor), "f" * 64, 7)


class Shelf(dict[str, bytes]):
    """The least that a reader must be able to do."""

    def read(self, key: str) -> bytes:
        return self[key]


def assert_same(found: PublishedPanel, expected: PublishedPanel) -> None:
    for field in ("columns", "product", "keys", "dates", "calendar"):
        assert getattr(found.panel, field) == getattr(expected.panel, field)
    for field in ("origin", "targets", "skipped"):
        assert getattr(found.outlook, field) == getattr(expected.outlook, field)
    np.testing.assert_array_equal(found.panel.prices, expected.panel.prices)
    np.testing.assert_array_equal(found.outlook.mean, expected.outlook.mean)
    np.testing.assert_array_equal(found.outlook.median, expected.outlook.median)
    assert (found.fingerprint, found.version) == (expected.fingerprint, expected.version)


def test_everything_comes_back(published: PublishedPanel, tmp_path: Path) -> None:
    ref, content = write_panel(published)
    assert ref.key == f"panels/{published.panel.origin}-{sha256(content)}.npz"
    lake = Store(str(tmp_path))
    lake.write_once(ref.key, content)
    found = read_panel(lake, ref)
    assert_same(found, published)
    assert isinstance(found.panel.keys[0][0], str)
    assert isinstance(found.panel.dates[0], date)
    assert found.panel.calendar.next_after(found.panel.origin) == found.outlook.targets[0]


LABELS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@given(
    st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=4, unique=True).map(sorted),
    st.data(),
)
def test_any_labels_and_prices_come_back(keys: list[tuple[str, str]], data: st.DataObject) -> None:
    dates = (date(2024, 1, 3), date(2024, 1, 5))
    floats = st.floats(allow_nan=True, allow_infinity=False, width=64)
    shape = (len(keys), 2)
    prices, mean = (data.draw(arrays.arrays(np.float64, shape, elements=floats)) for _ in range(2))
    history = Panel(("Ciudad", "Tipo"), ("Tipo",), tuple(keys), dates, prices, CALENDAR)
    targets = CALENDAR.targets(dates[-1], date(2024, 1, 12), 2)
    made = PublishedPanel(
        history, Outlook(dates[-1], targets.dates, targets.skipped, mean, mean), "", 1
    )
    ref, content = write_panel(made)
    assert_same(read_panel(Shelf({ref.key: content}), ref), made)


def test_equal_panels_give_equal_bytes_without_the_time_of_writing(
    published: PublishedPanel,
) -> None:
    ref, content = write_panel(published)
    transposed = np.asfortranarray(published.panel.prices)
    again = replace(published, panel=replace(published.panel, prices=transposed))
    assert write_panel(again) == (ref, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_another_fingerprint_or_version_is_another_object(published: PublishedPanel) -> None:
    ref, _ = write_panel(published)
    assert write_panel(replace(published, version=8))[0] != ref
    assert write_panel(replace(published, fingerprint="0"))[0] != ref


def test_changed_bytes_are_refused(published: PublishedPanel) -> None:
    ref, content = write_panel(published)
    with pytest.raises(ObjectCorrupt, match="SHA-256"):
        read_panel(Shelf({ref.key: content[:-1]}), ref)


def _archive(**content: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **{name: np.asanyarray(content[name]) for name in content})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        _archive(format=99),
        _archive(format=1),
        pickle.dumps({"format": 1}),
        _archive(format=np.array([{"code": "could run"}], dtype=object)),
    ],
    ids=["text", "other format", "empty", "pickle", "pickled member"],
)
def test_what_is_no_panel_is_refused(content: bytes) -> None:
    ref = ObjectRef("panels/x.npz", sha256(content))
    with pytest.raises(ObjectCorrupt, match=r"panels/x\.npz is not a panel of format 1"):
        read_panel(Shelf({ref.key: content}), ref)


def test_forecasts_of_another_history_are_refused(published: PublishedPanel) -> None:
    with pytest.raises(ValueError, match="stand on"):
        replace(published, panel=published.panel.cut(4))
    with pytest.raises(ValueError, match="shape"):
        replace(published, outlook=replace(published.outlook, mean=np.zeros((1, 1))))
