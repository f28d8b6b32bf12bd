"""Outcomes against an independent computation from the published files, and how they are kept."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_key
from canasta.errors import ObjectCorrupt
from canasta.forecast.empirical import Empirical
from canasta.forecast.outlook import HORIZONS, LEVELS, Outlook, outlook_of
from canasta.forecast.panel import Panel
from canasta.ingest.block import Block
from canasta.ingest.lake import Lake
from canasta.ingest.revisions import Revision
from canasta.monitor.outcomes import (
    FIGURES,
    FORECAST,
    Scoring,
    outcomes_key,
    read_outcomes,
    score,
)
from canasta.monitor.written import WrittenForecasts
from canasta.store import Store
from simulate_publication import simulate
from tests.outcomes_oracle import KEY, live_outcomes
from tests.outlooks import last_prices
from tests.published_lake import WEIGHT, PublishedLake

BEFORE, LIVE = 40, 10
"""Publications without forecasts, and those after them: the first of these is the first origin."""


@pytest.fixture(scope="module")
def blocks(milk: Commodity) -> Sequence[Block]:
    return simulate(milk, 3, date(2024, 7, 1))[: BEFORE + LIVE + 3]


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory, milk: Commodity, blocks: Sequence[Block]
) -> PublishedLake:
    """A lake that lived through LIVE publications; from the fifth on with another version."""
    house = PublishedLake(tmp_path_factory.mktemp("outcomes") / "lake", milk)
    house.come(*blocks[:BEFORE])
    house.live(blocks[BEFORE : BEFORE + LIVE], lambda at: 1 + (at >= 4))
    return house


@pytest.fixture
def house(lived: PublishedLake, tmp_path: Path) -> PublishedLake:
    """A copy of it, to change at will."""
    shutil.copytree(lived.folder, tmp_path / "lake")
    return replace(lived, folder=tmp_path / "lake")


def persistence(panel: Panel, as_of: date) -> Outlook:
    """What persistence forecasts."""
    targets = panel.calendar.targets(panel.origin, as_of, HORIZONS)
    newest = len(panel.dates) - 1
    changes = [Empirical.of(panel, at + 1, WEIGHT).at(newest) for at in range(HORIZONS)]
    return outlook_of(panel.origin, targets.dates, targets.skipped, last_prices(panel), changes)


def test_outcomes_equal_an_independent_computation_from_the_files(lived: PublishedLake) -> None:
    found = read_outcomes(lived.lake.store)
    expected = live_outcomes(lived.folder, WEIGHT)
    found["mean_error"] = found["mean"] - found["came"]
    found["median_error"] = found["median"] - found["came"]
    for share in ("80", "95"):
        low, high, came = found[f"low_{share}"], found[f"high_{share}"], found["came"]
        found[f"inside_{share}"] = ((low - 1e-9 <= came) & (came <= high + 1e-9)).astype(float)
    found = found.sort_values(["target", "horizon", "origin", *KEY], ignore_index=True)
    pd.testing.assert_frame_equal(
        found[expected.columns], expected, check_dtype=False, rtol=1e-9, atol=1e-9
    )
    assert len(expected) > 5_000
    assert set(expected["horizon"]) == set(range(1, HORIZONS + 1))
    assert set(expected["version"]) == {1, 2}


def test_each_publication_is_scored_once_when_it_comes(
    lived: PublishedLake, blocks: Sequence[Block]
) -> None:
    targets = [block.date for block in blocks[BEFORE + 1 : BEFORE + LIVE]]
    assert list(lived.files()) == [outcomes_key(day) for day in targets]
    found = read_outcomes(lived.lake.store)
    assert (found["scored_on"] == found["target"]).all()
    assert not found["backfilled"].any()
    assert read_outcomes(lived.lake.store, newest=2)["target"].unique().tolist() == targets[-2:]
    ahead = found.groupby("target")["horizon"].nunique()
    assert ahead.tolist() == [min(at, HORIZONS) for at in range(1, LIVE)]


def test_scoring_again_writes_nothing_and_lost_outcomes_come_back_to_the_byte(
    house: PublishedLake,
) -> None:
    day, before = house.lake.dates()[-1], house.files()
    assert house.score(day) == ()
    assert house.files() == before
    newest = max(before)
    Path(house.lake.store.location(newest)).unlink()
    (scored,) = house.score(day)
    assert (scored.key, scored.target) == (newest, day)
    assert house.files() == before


def test_the_first_forecast_of_an_origin_counts_whatever_came_later(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    origin, target = blocks[BEFORE + LIVE - 1].date, blocks[BEFORE + LIVE]
    house.publish(origin, version=1, hour=3)
    house.come(target)
    house.score(target.date)
    found = read_outcomes(house.lake.store, newest=1)
    assert set(found.loc[found["origin"] == origin, "version"]) == {2}


def test_correction_of_a_scored_price_rewrites_nothing(house: PublishedLake) -> None:
    before = house.files()
    day, later = house.lake.dates()[-1], house.lake.dates()[-1] + timedelta(days=1)
    key = house.panel(day).keys[0]
    house.lake.add_revision(Revision(day, later, 1, {key: (20.0, 39.0)}))
    assert house.score(later) == ()
    assert house.files() == before


def test_a_price_corrected_before_it_is_scored_counts_as_corrected(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    target = blocks[BEFORE + LIVE]
    house.come(target)
    key = next(key for key, price in sorted(target.prices.items()) if price)
    change = (target.prices[key], 39.0)
    house.lake.add_revision(Revision(target.date, target.date, 1, {key: change}))
    house.score(target.date)
    found = read_outcomes(house.lake.store, newest=1).set_index(KEY).loc[[key]]
    assert (found["came"] == 39.0).all()


def test_a_gap_that_is_filled_later_is_scored_later_with_the_forecasts_of_then(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    missing, after = blocks[BEFORE + LIVE], blocks[BEFORE + LIVE + 1]
    house.publish(missing.date, 2)  # the same origin: nothing new
    house.come(after)
    assert [one.target for one in house.score(after.date)] == [after.date]
    house.publish(after.date, 2)
    house.come(missing)
    later = blocks[BEFORE + LIVE + 2].date
    (scored,) = house.score(later)
    assert scored.target == missing.date
    found = read_outcomes(house.lake.store)
    found = found[found["target"] == missing.date]
    assert set(found["scored_on"]) == {later}
    assert found["horizon"].nunique() == HORIZONS
    assert (found["origin"] < found["target"]).all()


def test_persistence_is_scored_like_itself_though_the_past_was_corrected_since(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    """Its distribution stands on what was known at the origin, the correction is not in it."""
    origin, target = blocks[BEFORE + LIVE], blocks[BEFORE + LIVE + 1]
    house.come(origin)
    made = house.publish(origin.date, 5, persistence)
    early = house.panel(origin.date)
    moved = {key: (float(early.prices[row, -9]), 15.7) for row, key in enumerate(early.keys)}
    house.come(target)
    house.lake.add_revision(Revision(early.dates[-9], target.date, 1, moved))
    house.score(target.date)
    found = read_outcomes(house.lake.store, newest=1)
    ours = found[found["version"] == 5]
    assert len(ours) > 150
    np.testing.assert_allclose(ours["crps"], ours["base_crps"], rtol=0, atol=1e-9)
    now = persistence(house.panel(target.date).cut(len(early.dates)), origin.date)
    assert not np.allclose(now.quantiles, made.quantiles, equal_nan=True), "it would differ"


def test_a_past_day_that_is_made_up_for_says_so(house: PublishedLake) -> None:
    before = house.files()
    for key in before:
        Path(house.lake.store.location(key)).unlink()
    day = house.lake.dates()[-3]
    made = house.score(day, backfilled=True)
    assert [one.target for one in made] == list(house.lake.dates()[BEFORE + 1 : -2])
    found = read_outcomes(house.lake.store)
    assert found["backfilled"].all()
    house.score(house.lake.dates()[-1])
    kept = read_outcomes(house.lake.store)
    assert kept.groupby("target")["backfilled"].all().sum() == len(made)
    whole = [*FORECAST, *FIGURES]
    original = pd.concat(pd.read_parquet(BytesIO(file)) for file in before.values())
    pd.testing.assert_frame_equal(
        kept[whole], original[whole].reset_index(drop=True), check_exact=True
    )


def test_nothing_forecast_or_nothing_come_is_nothing_scored(
    tmp_path: Path, milk: Commodity, blocks: Sequence[Block]
) -> None:
    house = PublishedLake(tmp_path / "lake", milk)
    house.come(*blocks[:BEFORE])
    day = blocks[BEFORE - 1].date
    assert house.score(day) == ()
    house.publish(day)
    assert house.score(day) == ()
    empty = read_outcomes(house.lake.store)
    assert empty.empty
    assert list(empty.columns) == [*FORECAST, *FIGURES]
    assert WrittenForecasts(house.lake.store).origins == (day,)


def test_forecasts_that_cannot_be_read_hold_up_what_they_may_aim_at_and_nothing_else(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    """A second file of that origin, which is whole, must not count in its place."""
    day, store, origin = house.lake.dates()[-1], house.lake.store, blocks[BEFORE].date
    before = read_outcomes(store)
    for key in house.files():
        Path(store.location(key)).unlink()
    house.publish(origin, version=9, hour=3)
    rotten = forecasts_key(origin, 1)
    whole = store.read(rotten)
    store.replace(rotten, b"rotten")

    scoring = house.scoring(day)
    targets = [block.date for block in blocks[BEFORE + 1 : BEFORE + LIVE]]
    waiting, scored = targets[: HORIZONS + 1], targets[HORIZONS + 1 :]
    assert [one.target for one in scoring.publications] == scored
    assert list(scoring.waiting) == waiting, "one more than it reaches: who knows its last target?"
    with pytest.raises(ObjectCorrupt, match=rf"{rotten} is not a file of forecasts") as told:
        scoring.check()
    message = str(told.value)
    assert message.count(rotten) == 1
    assert f"7 publications, {waiting[0]} to {waiting[-1]}" in message
    assert "Restore it from a backup" in message
    assert f"move all {rotten.removesuffix('-1.parquet')}-* out" in message
    assert list(house.scoring(day).waiting) == waiting, "it is told until somebody acts"

    store.replace(rotten, whole)
    assert [one.target for one in house.score(day)] == waiting
    figures = [*FORECAST, *FIGURES]
    pd.testing.assert_frame_equal(read_outcomes(store)[figures], before[figures], check_exact=True)


def test_forecasts_that_were_moved_away_stay_unscored(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    store, origin = house.lake.store, blocks[BEFORE].date
    for key in (*house.files(), forecasts_key(origin, 1)):
        Path(store.location(key)).unlink()
    house.score(house.lake.dates()[-1])
    found = read_outcomes(store)
    assert origin not in set(found["origin"])
    assert set(found["origin"]) == {block.date for block in blocks[BEFORE + 1 : BEFORE + LIVE - 1]}


def test_a_gap_filled_after_a_forecast_without_it_counts_as_known_for_persistence(
    house: PublishedLake, blocks: Sequence[Block]
) -> None:
    """It was never held back, so no record says that it came late: it had been published."""
    missing, after, target = blocks[BEFORE + LIVE : BEFORE + LIVE + 3]
    house.come(after)
    house.score(after.date)
    made = house.publish(after.date, 2)
    house.come(missing, target)
    assert house.files("late") == {}
    assert [one.target for one in house.score(target.date)] == [missing.date, target.date]
    found = read_outcomes(house.lake.store, newest=1)
    ours = found[found["origin"] == after.date]
    assert set(ours["target"]) == {made.targets[0]} == {target.date}
    assert set(ours["horizon"]) == {1}
    expected = live_outcomes(house.folder, WEIGHT)  # which knows all prices
    theirs = expected[(expected["origin"] == after.date) & (expected["target"] == target.date)]
    for name in ("came", "crps", "base_crps"):
        one, other = (frame.sort_values(KEY)[name] for frame in (ours, theirs))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


class Asked(Store):
    """A lake that notes what is read from it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.found: list[str] = []

    def read(self, key: str) -> bytes:
        self.found.append(key)
        return super().read(key)


def test_publications_that_nothing_forecast_cost_a_run_one_file_for_each_pause(
    tmp_path: Path, milk: Commodity, blocks: Sequence[Block]
) -> None:
    """Whether a forecast reaches one of them stands in the last file before; no price is read."""
    house = PublishedLake(tmp_path / "lake", milk)
    house.come(*blocks[:20])
    house.publish(blocks[19].date)
    house.come(*blocks[20:])
    day = blocks[-1].date
    assert len(house.score(day)) == HORIZONS
    asked = Asked(str(house.folder))
    assert score(Lake(asked, milk), house.panel(day), day, WEIGHT) == Scoring((), {})
    assert asked.found == [forecasts_key(blocks[19].date, 1)]


@pytest.mark.parametrize("broken", [b"", b"no parquet", b"PAR1" + bytes(40)])
def test_outcomes_that_cannot_be_read_are_named(house: PublishedLake, broken: bytes) -> None:
    key = min(house.files())
    house.lake.store.replace(key, broken)
    with pytest.raises(ObjectCorrupt, match=rf"{key} is no readable file of outcomes.*Remove it"):
        read_outcomes(house.lake.store)


def test_levels_of_the_grid_are_those_that_figures_are_read_from() -> None:
    assert {0.025, 0.1, 0.5, 0.9, 0.975} <= set(LEVELS)
