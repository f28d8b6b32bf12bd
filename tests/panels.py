"""Panels for tests: from simulated publications, or from the folder of real prices."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from canasta.commodity import Commodity
from canasta.forecast.panel import Panel
from canasta.ingest.block import Block
from simulate_publication import read_history, simulate


def panel_of(blocks: Sequence[Block], commodity: Commodity) -> Panel:
    """Lay blocks out as a panel; zeros are no quotes."""
    keys = tuple(sorted({key for block in blocks for key in block.prices}))
    cells = [[block.prices.get(key) or np.nan for block in blocks] for key in keys]
    return Panel(
        columns=commodity.keys.columns,
        product=commodity.keys.slices,
        keys=keys,
        dates=tuple(block.date for block in blocks),
        prices=np.array(cells, dtype=np.float64),
        calendar=commodity.publication_calendar,
    )


def simulated_panel(commodity: Commodity, publications: int, seed: int = 7) -> Panel:
    """The first `publications` of a simulated history."""
    blocks = simulate(commodity, seed, date(2026, 12, 31))
    return panel_of(blocks[:publications], commodity)


def real_panel(commodity: Commodity, folder: Path) -> Panel:
    """The whole real history."""
    return panel_of(read_history(folder / "sniim-milk", commodity), commodity)
