"""Each quantity beside a plain loop over cells."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canasta.commodity import Commodity
from canasta.forecast.panel import Floats, Panel
from canasta.monitor.drift_quantities import Logarithm, Logit, Plain, Quantities
from canasta.monitor.drift_thresholds import tail_bound
from tests.panels import simulated_panel

MEMORY = 10


@pytest.fixture(scope="module")
def panel(milk: Commodity) -> Panel:
    """With a city that goes missing and one that comes later."""
    panel = simulated_panel(milk, 50)
    prices = panel.prices.copy()
    prices[_of(panel, "Colima"), 45:] = np.nan
    prices[_of(panel, "Tepic"), :40] = np.nan
    return replace(panel, prices=prices)


def _of(panel: Panel, city: str) -> list[int]:
    return [row for row, key in enumerate(panel.keys) if key[1] == city]


def pairs(panel: Panel, at: int) -> list[tuple[float, float]]:
    both = zip(panel.prices[:, at - 1].tolist(), panel.prices[:, at].tolist(), strict=True)
    return [(old, new) for old, new in both if not math.isnan(old) and not math.isnan(new)]


def statistic(panel: Panel, name: str) -> Floats:
    found = {one.name: one.values for one in Quantities(panel, MEMORY).statistics}
    return found[name]


@pytest.mark.parametrize("at", [1, 20, 40, 45, 49])
def test_numbers_of_a_publication(panel: Panel, at: int) -> None:
    moves = [new - old for old, new in pairs(panel, at)]
    changed = [move for move in moves if abs(move) > 1e-9]
    assert statistic(panel, "changed-share")[at] == pytest.approx(len(changed) / len(moves))
    assert statistic(panel, "unchanged-share")[at] == pytest.approx(1 - len(changed) / len(moves))
    assert statistic(panel, "mean-change")[at] == pytest.approx(abs(sum(moves)) / len(moves))
    size = sum(map(abs, changed)) / len(changed)
    assert statistic(panel, "change-size")[at] == pytest.approx(size)


def test_the_first_publication_has_no_numbers(panel: Panel) -> None:
    assert all(np.isnan(one.values[0]) for one in Quantities(panel, MEMORY).statistics)


@pytest.mark.parametrize("at", [5, 30, 49])
def test_pairs_that_turned(panel: Panel, at: int) -> None:
    turned = told = 0
    row = {key: index for index, key in enumerate(panel.keys)}
    for estado, ciudad, tipo, canal in panel.keys:
        other = (estado, ciudad, tipo, "Tiendas")
        if canal != "Autoservicios" or other not in row:
            continue
        spread = panel.prices[row[other]] - panel.prices[row[(estado, ciudad, tipo, canal)]]
        signs = [np.sign(round(s, 4)) for s in spread[max(at - MEMORY, 0) : at] if np.isfinite(s)]
        if sum(signs) == 0 or not np.isfinite(spread[at]):
            continue
        told += 1
        turned += np.sign(round(spread[at], 4)) * sum(signs) < 0
    assert statistic(panel, "turned-Canal")[at] == pytest.approx(turned / told)


def test_places_that_miss_a_live_series(panel: Panel) -> None:
    missing, unseen = Quantities(panel, MEMORY).rarities
    assert missing.of == unseen.of == len({key[:2] for key in panel.keys})
    gone = np.isnan(panel.prices) & panel.live[:, np.newaxis]
    for at in (44, 45, 49):
        cities = {key[1] for key, is_gone in zip(panel.keys, gone[:, at], strict=True) if is_gone}
        assert missing.counts[at] == len(cities)
    assert missing.counts[45] > missing.counts[44]


def test_places_that_show_a_new_series(panel: Panel) -> None:
    unseen = Quantities(panel, MEMORY).rarities[1]
    assert unseen.counts[40] >= 1
    assert unseen.counts[41:].sum() == 0


def test_windows_compare_changes_and_movements_of_spreads(panel: Panel) -> None:
    cells = Quantities(panel, MEMORY).cells
    assert list(cells) == ["change", "changed", "spread-Tipo", "spread-Canal"]
    moved = np.round(np.diff(panel.prices, axis=1), 4)
    assert cells["change"][:, 1:] == pytest.approx(moved, nan_ok=True)
    seen = np.isfinite(moved)
    assert np.array_equal(cells["changed"][:, 1:][seen], (moved != 0)[seen])
    assert cells["spread-Canal"].shape[1] == len(panel.dates)


def test_a_product_with_one_label_has_no_spread(panel: Panel) -> None:
    rows = [row for row, key in enumerate(panel.keys) if key[3] == "Tiendas"]
    one = replace(panel, keys=tuple(panel.keys[r] for r in rows), prices=panel.prices[rows])
    assert set(Quantities(one, MEMORY).spreads) == {"Tipo"}


@given(st.integers(0, 185))
def test_scales_are_undone(count: int) -> None:
    share = np.array([count / 185])
    assert Logit(185).down(float(Logit(185).up(share)[0])) == pytest.approx(count / 185, abs=1e-9)
    size = np.array([0.01 + count])
    assert Logarithm().down(float(Logarithm().up(size)[0])) == pytest.approx(float(size[0]))
    assert Plain(185).down(float(Plain(185).up(size)[0])) == float(size[0])


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_last_thing_moves_a_share_too(of: int, part: float) -> None:
    """At 100 %, where no thing more can be had, a step is not nothing."""
    scale, share = Logit(of), round(part * of) / of
    at = float(scale.up(np.array([share]))[0])
    assert scale.step(at) > 1 / of
    if share < 1:
        one_more = float(scale.up(np.array([share + 1 / of]))[0])
        assert scale.step(at) == pytest.approx(one_more - at)


def test_no_share_reaches_the_threshold_where_all_is_usual() -> None:
    for of, rate in product(range(1, 401), (0.02 / 12, 0.002 / 12)):
        scale = Logit(of)
        past = scale.up(np.ones(100))
        assert scale.down(tail_bound(past, rate, 0.2, scale.step(float(past[0])))) > 1 + 0.1 / of


@given(st.floats(1e-4, 1e3))
def test_what_was_always_the_same_is_below_its_threshold(value: float) -> None:
    for scale in (Logarithm(), Plain(1), Plain(400)):
        past = scale.up(np.full(100, value))
        bound = tail_bound(past, 0.002, 0.2, scale.step(float(past[0])))
        assert scale.down(bound) > value


def test_a_step_is_one_thing_more() -> None:
    scale = Logit(100)
    here, next_one = scale.up(np.array([0.2, 0.21]))
    assert scale.step(float(here)) == pytest.approx(next_one - here)
    assert Logarithm().step(0.0) == pytest.approx(math.log(1.01))
    assert Plain(50).step(3.0) == pytest.approx(0.0002)
