"""From the lake to the panel."""

from __future__ import annotations

from datetime import date

from canasta.commodity import Commodity
from canasta.forecast.panel import Panel
from canasta.ingest.lake import Lake


def read_panel(lake: Lake, commodity: Commodity, as_of: date) -> Panel:
    """Return the history as it was known on `as_of`, corrections seen by then included.

    Raises:
        LakeEmpty: no publication lies on or before `as_of`.
    """
    history = lake.history(as_of)
    return Panel(
        columns=commodity.keys.columns,
        product=commodity.keys.slices,
        keys=history.keys,
        dates=history.dates,
        prices=history.prices,
        calendar=commodity.publication_calendar,
    )
