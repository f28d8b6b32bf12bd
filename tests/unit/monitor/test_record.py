"""The record against plain walks over a simulated history and drawn forecasts of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.forecast.empirical import Empirical
from canasta.forecast.outlook import Outlook, outlook_of
from canasta.forecast.panel import Panel
from canasta.monitor.record import Record, read_record
from canasta.store import Store
from tests.outlooks import drawn_changes, drawn_outlook, last_prices
from tests.panels import simulated_panel

PUBLICATIONS, FORECAST_FROM, WEIGHT = 70, 60, 20.0
NOON = datetime(2025, 1, 1, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def history(milk: Commodity) -> Panel:
    return simulated_panel(milk, PUBLICATIONS)


@pytest.fixture(scope="module")
def outlooks(history: Panel) -> dict[int, Outlook]:
    """By the number of publications known, what was forecast; from one of them nothing was."""
    counts = [count for count in range(FORECAST_FROM, PUBLICATIONS + 1) if count != 64]
    return {count: drawn_outlook(history.cut(count), seed=count) for count in counts}


@pytest.fixture(scope="module")
def lake(
    tmp_path_factory: pytest.TempPathFactory,
    history: Panel,
    outlooks: dict[int, Outlook],
    milk: Commodity,
) -> Store:
    store = Store(str(tmp_path_factory.mktemp("record") / "lake"))
    for count, outlook in outlooks.items():
        known, version = history.cut(count), 1 + (count > 65)
        model = ModelName("xgboost", version, simulated=True)
        made_at = NOON + timedelta(days=count)
        content = forecasts_bytes(known, outlook, milk, model, made_at)
        store.write_once(forecasts_key(outlook.origin, version), content)
    return store


@pytest.mark.parametrize("horizon", [1, 3])
def test_each_forecast_stands_beside_what_came_on_its_date(
    lake: Store, history: Panel, outlooks: dict[int, Outlook], horizon: int
) -> None:
    record = read_record(lake, history, horizon, WEIGHT)
    column = {day: at for at, day in enumerate(history.dates)}
    due = [one for one in outlooks.values() if one.targets[horizon - 1] in column]
    assert record.origins == tuple(one.origin for one in due)
    assert record.targets == tuple(one.targets[horizon - 1] for one in due)
    assert len(due) >= 6
    scored = 0
    for at, outlook in enumerate(due):
        origin, target = column[outlook.origin], column[record.targets[at]]
        for row in range(len(history.keys)):
            then, now = history.prices[row, origin], history.prices[row, target]
            known = np.isfinite([then, now, outlook.mean[row, 0]]).all()
            assert np.isfinite(record.crps[row, at]) == known
            if not known:
                assert np.isnan(record.came[row, at]) or np.isnan(record.moved[row, at])
                continue
            scored += 1
            assert (record.last[row, at], record.came[row, at]) == (then, now)
            assert record.moved[row, at] == (then != now)
            assert record.mean[row, at] == outlook.mean[row, horizon - 1]
            assert record.median[row, at] == outlook.median[row, horizon - 1]
            for share, (low, high) in ((0.8, record.range_80), (0.95, record.range_95)):
                ends = [end[row, horizon - 1] for end in outlook.interval(share)]
                assert [low[row, at], high[row, at]] == ends
    assert scored > 500


def test_scores_are_those_of_the_whole_distributions_but_for_the_grid(
    history: Panel, milk: Commodity, tmp_path: Path
) -> None:
    known = history.cut(PUBLICATIONS - 1)
    changes = drawn_changes(np.random.default_rng(4), np.full(len(history.keys), 0.4))
    targets = history.dates[-1:]
    outlook = outlook_of(known.origin, targets, (), last_prices(known), [changes])
    store = Store(str(tmp_path))
    model = ModelName("xgboost", 1, simulated=True)
    content = forecasts_bytes(known, outlook, milk, model, NOON)
    store.write_once(forecasts_key(known.origin, 1), content)
    record = read_record(store, history, 1, WEIGHT)
    came = history.prices[:, -1] - history.prices[:, -2]
    at = np.isfinite(record.crps[:, 0])
    exact = changes.crps(came)[at]
    assert record.crps[at, 0] == pytest.approx(exact, rel=0.05, abs=0.004)
    assert record.crps[at, 0].mean() == pytest.approx(exact.mean(), rel=0.01)
    base = Empirical.of(history, 1, WEIGHT).at(PUBLICATIONS - 2).crps(came)[at]
    assert record.base_crps[at, 0].mean() == pytest.approx(base.mean(), rel=0.01)


def test_persistence_is_scored_with_what_was_known_at_the_origin(
    lake: Store, history: Panel
) -> None:
    """Had the later publications not come, the scores of the earlier ones would be the same."""
    whole, part = (
        read_record(lake, panel, 1, WEIGHT) for panel in (history, history.cut(PUBLICATIONS - 3))
    )
    upto = len(part.targets)
    assert 0 < upto < len(whole.targets)
    for name in ("base_crps", "crps", "came"):
        ours, theirs = getattr(part, name), getattr(whole, name)[:, :upto]
        assert np.array_equal(ours, theirs, equal_nan=True)


def test_losses_are_errors_and_hits_of_the_record(lake: Store, history: Panel) -> None:
    record: Record = read_record(lake, history, 1, WEIGHT)
    losses = record.losses
    assert losses.count == np.isfinite(record.crps).sum()
    known = np.isfinite(record.came)
    assert np.array_equal(losses.last_error[known] == 0, record.moved[known] == 0)
    low, high = record.range_95
    inside = (low[known] <= record.came[known]) & (record.came[known] <= high[known])
    assert np.array_equal(losses.inside_95[known] == 1, inside)
    assert 0 < inside.mean() < 1


def test_series_of_other_days_do_not_confuse_the_rows(
    lake: Store, history: Panel, milk: Commodity
) -> None:
    """A city that is listed later, and one that is gone, leave the others as they were."""
    whole = read_record(lake, history, 1, WEIGHT)
    new = ("Ávila", "Nueva", "Pasteurizada", "Tiendas")
    order = [*range(5, len(history.keys)), 2]
    prices = np.concatenate([history.prices[order], np.full((1, PUBLICATIONS), 25.0)])
    keys = (*(history.keys[at] for at in order), new)
    other = Panel(history.columns, milk.keys.slices, keys, history.dates, prices, history.calendar)
    found = read_record(lake, other, 1, WEIGHT)
    assert np.array_equal(found.crps[:-1], whole.crps[order], equal_nan=True)
    assert np.isnan(found.crps[-1]).all()
    assert np.isnan(found.last[-1]).all()


def test_nothing_written_down_is_an_empty_record(history: Panel, tmp_path: Path) -> None:
    record = read_record(Store(str(tmp_path)), history, 1, WEIGHT)
    assert record.targets == ()
    assert record.crps.shape == (len(history.keys), 0)
    assert record.losses.count == 0


def test_what_is_forecast_and_has_not_come_does_not_count(
    lake: Store, history: Panel, outlooks: dict[int, Outlook]
) -> None:
    early = read_record(lake, history.cut(FORECAST_FROM), 1, WEIGHT)
    assert early.targets == ()
    later = read_record(lake, history.cut(FORECAST_FROM + 1), 1, WEIGHT)
    assert later.origins == (outlooks[FORECAST_FROM].origin,)
