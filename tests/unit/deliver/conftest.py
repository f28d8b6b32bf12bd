"""A small market with gaps, and forecasts of it, worked out by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from canasta.commodity import Commodity, Keys
from canasta.deliver.report import ModelName
from canasta.forecast.distribution import Distribution
from canasta.forecast.outlook import Outlook, outlook_of
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


CHANGES = (
    # Horizon by horizon, for Colima, Jalisco twice, Ávila: changes and their probabilities.
    (
        ((-0.5, 0.04), (0.0, 0.90), (0.75, 0.06)),
        ((-1.0, 0.60), (0.0, 0.25), (0.304, 0.15)),
        ((-1.0, NAN), (0.0, NAN), (1.0, NAN)),
        ((-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)),
    ),
    (
        ((-0.5, 0.10), (0.0, 0.30), (0.256, 0.60)),
        ((-1.0, 0.50), (0.0, 0.30), (0.304, 0.20)),
        ((-1.0, NAN), (0.0, NAN), (1.0, NAN)),
        ((-1.0, 0.0), (0.0, 0.70), (0.004, 0.30)),
    ),
)


@pytest.fixture
def outlook(panel: Panel) -> Outlook:
    """Forecasts in the order of the panel's keys: Colima, Jalisco twice, Ávila."""
    changes = np.array(CHANGES)
    ahead = [Distribution(one[:, :, 0], one[:, :, 1]) for one in changes]
    return outlook_of(panel.origin, TARGETS, (), panel.filled[:, -1], ahead)


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
