from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.commodity import Commodity, load_commodity
from canasta.ingest.block import Block
from canasta.ingest.quality import Cells, Context, Verdict, cleaned, judge
from canasta.labels import Key
from simulate_publication import simulate, true_averages
from tests.unit.ingest.builders import (
    COLUMNS,
    KEYS,
    LIMITS,
    block,
    changed,
    publications,
    with_wrong_average,
)


def judged(stated: Block, milk: Commodity, previous: Cells | None = None) -> Verdict:
    return judge(stated, Context(milk, LIMITS, previous))


def kinds(verdict: Verdict) -> tuple[list[str], list[str]]:
    return [r.kind for r in verdict.reasons], [flag.kind for flag in verdict.flags]


@pytest.fixture
def two(milk: Commodity) -> list[Block]:
    return publications(2, milk)


def moved(stated: Block, count: int, milk: Commodity, by: float = 0.25) -> Block:
    """The block with its first `count` prices moved."""
    prices = {key: (stated.prices[key] or 0.0) + by for key in KEYS[:count]}
    return changed(stated, prices, milk)


def test_a_usual_publication_is_accepted_without_a_word(two: list[Block], milk: Commodity) -> None:
    verdict = judged(two[1], milk, two[0].prices)
    assert kinds(verdict) == ([], [])
    assert verdict.cells == two[1].prices
    assert list(verdict.cells) == list(two[1].prices)


def test_the_first_block_ever_has_nothing_to_be_compared_with(
    two: list[Block], milk: Commodity
) -> None:
    assert kinds(judged(two[0], milk)) == ([], [])


def test_simulated_publications_are_accepted(milk: Commodity) -> None:
    previous: Cells | None = None
    for stated in simulate(milk, seed=5, until=date(2024, 3, 1)):
        verdict = judged(stated, milk, previous)
        assert verdict.accepted, verdict.reasons
        previous = verdict.cells


def test_zero_is_no_quote_and_no_fault(two: list[Block], milk: Commodity) -> None:
    verdict = judged(changed(two[1], {KEYS[5]: 0.0}, milk), milk, two[0].prices)
    assert kinds(verdict) == ([], [])
    assert verdict.cells[KEYS[5]] is None


def test_a_shifted_decimal_becomes_null_and_is_flagged(two: list[Block], milk: Commodity) -> None:
    others = {("Sonora", f"Ciudad {at}", *KEYS[0][2:]): 25.0 for at in range(10)}
    before = {**two[0].prices, **others}
    stated = block(two[1].date, {**two[1].prices, **others, KEYS[5]: 274.0}, milk)
    verdict = judged(stated, milk, before)
    assert kinds(verdict) == ([], ["implausible-price"])
    assert verdict.cells[KEYS[5]] is None
    assert "274 lies outside 8 to 80" in verdict.flags[0].detail


def test_more_than_five_percent_of_implausible_prices_quarantine(
    two: list[Block], milk: Commodity
) -> None:
    verdict = judged(changed(two[1], {KEYS[5]: 274.0}, milk), milk, two[0].prices)
    assert [str(r) for r in verdict.reasons] == [
        "implausible: 8% of the prices lie outside the plausible range"
    ]


def test_a_wrong_average_quarantines(two: list[Block], milk: Commodity) -> None:
    verdict = judged(with_wrong_average(two[1]), milk, two[0].prices)
    assert kinds(verdict)[0] == ["checksum-mismatch"]
    assert "Pasteurizada, Tiendas" in verdict.reasons[0].detail


def test_a_price_changed_behind_its_average_quarantines(two: list[Block], milk: Commodity) -> None:
    price = (two[1].prices[KEYS[5]] or 0.0) + 0.01
    stated = replace(two[1], prices={**two[1].prices, KEYS[5]: price})
    assert kinds(judged(stated, milk, two[0].prices))[0] == ["checksum-mismatch"]


def test_a_missing_checksum_row_quarantines(two: list[Block], milk: Commodity) -> None:
    verdict = judged(replace(two[1], averages=None), milk, two[0].prices)
    assert kinds(verdict)[0] == ["checksum-missing"]
    blank = replace(two[1], averages={**(two[1].averages or {}), COLUMNS[2]: None})
    assert kinds(judged(blank, milk, two[0].prices))[0] == ["checksum-missing"]


def test_a_column_without_quotes_needs_no_average(two: list[Block], milk: Commodity) -> None:
    empty: dict[Key, float | None] = {key: None for key in KEYS if key[2:] == COLUMNS[2]}
    stated = changed(two[1], empty, milk)
    assert stated.averages is not None
    assert stated.averages[COLUMNS[2]] is None
    assert judged(stated, milk, two[0].prices).accepted


def test_a_block_without_any_price_quarantines(two: list[Block], milk: Commodity) -> None:
    stated = changed(two[1], dict.fromkeys(KEYS), milk)
    assert kinds(judged(stated, milk, two[0].prices))[0] == ["no-prices"]


def test_a_stale_block_quarantines(two: list[Block], milk: Commodity) -> None:
    stale = replace(two[0], date=two[1].date)
    assert kinds(judged(stale, milk, two[0].prices)) == (["stale"], ["few-changes"])
    fewer = changed(stale, {KEYS[3]: None}, milk)
    assert "stale" in kinds(judged(fewer, milk, two[0].prices))[0]


def test_a_new_quote_among_repeated_ones_is_not_stale(two: list[Block], milk: Commodity) -> None:
    previous = {**two[0].prices, KEYS[3]: None}
    stated = replace(two[0], date=two[1].date)
    assert kinds(judged(stated, milk, previous)) == ([], ["few-changes"])


@pytest.mark.parametrize(
    ("count", "reasons", "flags"),
    [
        (1, [], []),
        (3, [], []),
        (4, [], ["many-changes"]),
        (7, [], ["many-changes"]),
        (8, ["rewritten"], ["many-changes"]),
    ],
)
def test_the_share_of_series_that_change(
    count: int, reasons: list[str], flags: list[str], two: list[Block], milk: Commodity
) -> None:
    stated = replace(moved(two[0], count, milk), date=two[1].date)
    assert kinds(judged(stated, milk, two[0].prices)) == (reasons, flags)


def test_a_jump_is_kept_and_flagged(two: list[Block], milk: Commodity) -> None:
    verdict = judged(changed(two[1], {KEYS[0]: 26.0}, milk), milk, two[0].prices)
    assert kinds(verdict) == ([], ["jump"])
    assert verdict.flags[0].detail == (
        "Jalisco, Guadalajara, Pasteurizada, Tiendas: 20 to 26 (+30%)"
    )
    assert verdict.cells[KEYS[0]] == 26.0


def test_a_day_off_the_calendar_is_flagged(two: list[Block], milk: Commodity) -> None:
    stated = replace(two[1], date=date(2025, 6, 7))
    assert kinds(judged(stated, milk, two[0].prices)) == ([], ["off-calendar"])


def test_new_and_vanished_labels_are_flagged(two: list[Block], milk: Commodity) -> None:
    renamed = {
        (*key[:1], key[1].replace("Cd. ", "Cd."), *key[2:]): p for key, p in two[1].prices.items()
    }
    verdict = judged(block(two[1].date, renamed, milk), milk, two[0].prices)
    assert kinds(verdict) == ([], ["new-label"] * 4 + ["vanished-label"] * 4)


milk_file = load_commodity("milk")
anything = st.one_of(st.none(), st.floats(-1e6, 1e6))


@given(st.lists(anything, min_size=12, max_size=12), st.lists(anything, min_size=12, max_size=12))
def test_what_is_cleaned_is_plausible_or_null_and_stays_clean(
    stated: list[float | None], before: list[float | None]
) -> None:
    prices = dict(zip(KEYS, stated, strict=True))
    previous = cleaned(dict(zip(KEYS, before, strict=True)), milk_file)
    verdict = judged(
        Block(date(2025, 6, 4), prices, true_averages(prices, milk_file)), milk_file, previous
    )
    assert all(price is None or 8.0 <= price <= 80.0 for price in verdict.cells.values())
    assert cleaned(verdict.cells, milk_file) == verdict.cells
    kept = {key: price for key, price in verdict.cells.items() if price is not None}
    assert kept == {k: prices[k] for k in kept}


@pytest.mark.parametrize(
    ("days", "reasons"), [(2, []), (60, []), (61, ["isolated-date"]), (3650, ["isolated-date"])]
)
def test_a_first_block_far_before_the_next_quarantines(
    days: int, reasons: list[str], two: list[Block], milk: Commodity
) -> None:
    following = two[0].date + timedelta(days=days)
    verdict = judge(two[0], Context(milk, LIMITS, None, following))
    assert [r.kind for r in verdict.reasons] == reasons


def test_a_pause_after_accepted_publications_is_no_fault(two: list[Block], milk: Commodity) -> None:
    following = two[1].date + timedelta(days=3650)
    assert judge(two[1], Context(milk, LIMITS, two[0].prices, following)).accepted


def test_a_block_that_stands_alone_is_not_isolated(two: list[Block], milk: Commodity) -> None:
    assert judge(two[0], Context(milk, LIMITS)).accepted


def test_prices_whose_sum_no_float_holds_are_judged_too(milk: Commodity) -> None:
    absurd: Cells = dict.fromkeys(KEYS, 1.7e308)
    averages: Cells = dict.fromkeys(COLUMNS, 1.7e308)
    reasons, _ = kinds(judged(Block(date(2025, 6, 2), absurd, averages), milk))
    assert set(reasons) == {"checksum-mismatch", "implausible"}
