from datetime import date
from pathlib import Path

import numpy as np
import pytest

from canasta.commodity import load_traits
from canasta.deliver.answers import Desk, _forecast
from canasta.deliver.figures import Figures
from canasta.deliver.messages.markup import plain
from canasta.registry.pointer import POINTER
from canasta.store import Store


@pytest.fixture
def lake(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


@pytest.fixture
def desk(lake: Store) -> Desk:
    return Desk(lake, load_traits("milk"), lambda: date(2025, 7, 28))


@pytest.mark.parametrize("command", ["estado", "precio", "reporte"])
def test_lake_without_a_champion_says_so(desk: Desk, command: str) -> None:
    assert "falta la primera corrida" in desk.answer(command, "Guadalajara").text


def test_help_needs_no_lake(desk: Desk) -> None:
    assert "/precio Guadalajara" in plain(desk.answer("start", "").text)


def test_lake_that_cannot_be_read_is_told_in_a_sentence_and_logged(
    desk: Desk, lake: Store, caplog: pytest.LogCaptureFixture
) -> None:
    lake.replace(POINTER, b"{")
    told = desk.answer("estado", "").text
    assert told == "No pude leer los datos ahora. Intente de nuevo en unos minutos."
    assert "/estado could not be answered" in caplog.text


@pytest.mark.parametrize(
    ("suggested", "told"),
    [
        (27.5, "27.40 → 27.50, sube 0.10"),
        (27.3, "27.40 → 27.30, baja 0.10"),
        (27.4, "27.40, se sugiere igual"),
        (27.402, "27.40, se sugiere igual"),
    ],
)
def test_price_says_by_how_much_it_moves_or_that_it_stays(suggested: float, told: str) -> None:
    one = np.full((1, 1), 27.4)
    figures = Figures(
        last=one[:, 0], recent=one[:, 0], suggested=np.full((1, 1), suggested), mean=one,
        p_change=one / 100, range_80=(one, one), range_95=(one, one),
    )  # fmt: skip
    assert _forecast(figures, 0).startswith(f"{told} (cambia con ")
