"""A small market with gaps, and forecasts of it, worked out by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from canasta.commodity import Commodity, Keys
from canasta.deliver.report import ModelName
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel

NAN = float("nan")
PRICES = {
    # One quote for each publication, the newest last; Friday 2025-08-01 is the origin.
    ("Jalisco", "Guadalajara", "Pasteurizada", "Tiendas"): [
        20.0, NAN, 21.0, 22.5, NAN, 23.0, 23.0, 24.1, 24.5, NAN, NAN,
    ],
    ("Jalisco", "Guadalajara", "Ultrapasteurizada", "Tiendas"): [NAN] * 11,
    ("Colima", "Colima", "Pasteurizada", "Tiendas"): [
        1.0, 1.0, 1.0, 1.0, 26.0, 26.0, 26.0, 26.0, 26.0, 26.0, 27.0,
    ],
    ("Ávila, el Alto", "=Áurea", "Ultrapasteurizada", "Autoservicios"): [
        NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 30.1, 30.2, 30.2,
    ],
}  # fmt: skip
ORIGIN = date(2025, 8, 1)
TARGETS = (date(2025, 8, 4), date(2025, 8, 6))


@pytest.fixture
def panel(milk: Commodity) -> Panel:
    days = [ORIGIN - timedelta(days=back) for back in range(40)]
    published = sorted(day for day in days if day.weekday() in (0, 2, 4))[-11:]
    keys = sorted(PRICES)
    return Panel(
        columns=milk.keys.columns,
        product=milk.keys.slices,
        keys=tuple(keys),
        dates=tuple(published),
        prices=np.array([PRICES[key] for key in keys]),
        calendar=milk.publication_calendar,
    )


@pytest.fixture
def outlook(panel: Panel) -> Outlook:
    """Forecasts in the order of the panel's keys: Colima, Jalisco twice, Ávila."""
    mean = np.array([[27.05123456, 27.1], [24.49, 24.4], [NAN, NAN], [30.2, 30.21]])
    median = np.array([[27.0, 27.0], [24.5, 24.45], [NAN, NAN], [30.204, 30.2]])
    return Outlook(panel.origin, TARGETS, (), mean, median)


@pytest.fixture
def model() -> ModelName:
    return ModelName("xgboost", 3, simulated=False)


@pytest.fixture
def corn(milk: Commodity) -> Commodity:
    """A commodity with other keys and another price column."""
    keys = Keys(
        columns=("Grano", "Central"),
        price="Costo",
        aggregates=(),
        slices=("Grano",),
        region="Central",
    )
    return milk.model_copy(update={"name": "corn", "title": "Maíz", "keys": keys})
