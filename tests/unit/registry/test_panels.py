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

from canasta.commodity import Commodity
from canasta.errors import ObjectCorrupt
from canasta.forecast.outlook import HORIZONS, LEVELS, Outlook
from canasta.forecast.panel import Panel
from canasta.registry.objects import ObjectRef, sha256
from canasta.registry.panels import PublishedPanel, read_panel, write_panel
from canasta.store import Store
from tests.outlooks import drawn_outlook
from tests.panels import simulated_panel
from tests.unit.registry.builders import CALENDAR, panel


@pytest.fixture(scope="module")
def published() -> PublishedPanel:
    history = panel()
    return PublishedPanel(history, drawn_outlook(history), "f" * 64, 7)


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
    for field in ("mean", "p_up", "p_down", "quantiles"):
        made, kept = getattr(expected.outlook, field), getattr(found.outlook, field)
        assert kept.dtype == np.float64
        np.testing.assert_array_equal(kept, made)
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
    numbers = arrays.arrays(np.float64, shape, elements=floats)
    prices, mean, p_up, p_down = (data.draw(numbers) for _ in range(4))
    quantiles = data.draw(arrays.arrays(np.float64, (*shape, len(LEVELS)), elements=floats))
    history = Panel(("Ciudad", "Tipo"), ("Tipo",), tuple(keys), dates, prices, CALENDAR)
    targets = CALENDAR.targets(dates[-1], date(2024, 1, 12), 2)
    forecasts = (mean, p_up, p_down, quantiles)
    made = PublishedPanel(
        history, Outlook(dates[-1], targets.dates, targets.skipped, *forecasts), "", 1
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
        _archive(format=2),
        pickle.dumps({"format": 1}),
        _archive(format=np.array([{"code": "could run"}], dtype=object)),
    ],
    ids=["text", "other format", "earlier format", "empty", "pickle", "pickled member"],
)
def test_what_is_no_panel_is_refused(content: bytes) -> None:
    ref = ObjectRef("panels/x.npz", sha256(content))
    with pytest.raises(ObjectCorrupt, match=r"panels/x\.npz is not a panel of format 2"):
        read_panel(Shelf({ref.key: content}), ref)


def test_forecasts_of_another_history_are_refused(published: PublishedPanel) -> None:
    with pytest.raises(ValueError, match="stand on"):
        replace(published, panel=published.panel.cut(4))


@pytest.mark.parametrize("field", ["mean", "p_up", "p_down", "quantiles"])
def test_forecasts_of_another_shape_are_refused(field: str, published: PublishedPanel) -> None:
    fewer = replace(published.outlook, **{field: getattr(published.outlook, field)[:, :-1]})
    with pytest.raises(ValueError, match=f"{field} of the forecasts must have shape"):
        replace(published, outlook=fewer)


def test_quantiles_at_other_levels_are_refused(published: PublishedPanel) -> None:
    _, content = write_panel(published)
    with np.load(io.BytesIO(content)) as archive:
        held = {name: archive[name] for name in archive.files}
    changed = _archive(**{**held, "levels": held["levels"] / 2})
    ref = ObjectRef("panels/x.npz", sha256(changed))
    with pytest.raises(ObjectCorrupt, match="at other levels"):
        read_panel(Shelf({ref.key: changed}), ref)


def test_a_market_of_all_horizons_stays_small(milk: Commodity) -> None:
    history = simulated_panel(milk, 200)
    forecasts = drawn_outlook(history)
    assert forecasts.quantiles.shape == (len(history.keys), HORIZONS, len(LEVELS))
    _, content = write_panel(PublishedPanel(history, forecasts, "f" * 64, 7))
    assert len(content) < 0.6 * forecasts.quantiles.nbytes
