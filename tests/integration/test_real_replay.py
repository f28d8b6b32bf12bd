"""The real history from 2024-10-01 to 2025-04-30, lived through again: what was promised of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.replayed import Replayed, growth, replay, table

pytestmark = [pytest.mark.slow, pytest.mark.real_data, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def done(real_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    made = replay(tmp_path_factory.mktemp("replay"), real_data_dir / "sniim-milk")
    Console(width=160).print(table(made))
    yield made
    made.telegram.stop()


def test_every_publication_is_replayed_in_under_half_an_hour(done: Replayed) -> None:
    assert done.code == 0, done.said[-2000:]
    assert done.publications >= 85
    assert done.minutes < 30


def test_undisturbed_prices_hardly_ever_alarm(done: Replayed) -> None:
    severities = Counter(verdict["severity"] for verdict in done.verdicts().values())
    assert severities.total() == done.publications
    assert severities["ALERT"] <= 0.05 * done.publications


def test_at_most_one_champion_is_rolled_back(done: Replayed) -> None:
    assert len([one for one in done.decisions("rollback") if one["ruling"]]) <= 1


def test_gate_decisions_rest_on_enough_origins(done: Replayed) -> None:
    assert sum(origins >= 30 for origins in done.searches) >= 2


def test_every_message_arrives_once(done: Replayed) -> None:
    assert done.twice == []
    assert done.waiting == 0
    digests = [text for text in done.telegram.texts if "Leche" in text]
    assert len(digests) >= done.publications


def test_outcomes_equal_an_independent_computation_from_the_published_files(
    done: Replayed,
) -> None:
    found, expected = done.outcomes()
    assert len(found) == len(expected) > 80_000
    found["mean_error"], found["median_error"] = (
        found[name] - found["came"] for name in ("mean", "median")
    )
    for name in ("version", "came", "mean_error", "median_error", "crps", "base_crps"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-9)


def test_neither_memory_nor_open_files_grow(done: Replayed) -> None:
    memory, files = growth(done)
    assert memory < 0.10
    assert files <= 2
