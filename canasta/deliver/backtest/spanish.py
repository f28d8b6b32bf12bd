"""Numbers, dates and contestants as a page in Spanish (of Mexico) writes them."""

from __future__ import annotations

import math
from datetime import date

from canasta.forecast.evaluation.earlier import EARLIER_FOREST, EARLIER_XGBOOST
from canasta.forecast.recipe import PERSISTENCE, RANDOM_FOREST, XGBOOST

MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
ABBREVIATED = 3
"""Letters of a short month."""
NOTHING = "–"
"""Stands where there is no figure."""

CONTESTANTS = {
    PERSISTENCE: "Persistencia",
    RANDOM_FOREST: "Bosque aleatorio",
    XGBOOST: "XGBoost",
    "champion": "Campeón actual",
    EARLIER_FOREST: "Sistema anterior (bosque)",
    EARLIER_XGBOOST: "Sistema anterior (XGBoost)",
}


def contestant(name: str) -> str:
    """Return how a contestant is called; one that is not known keeps its name."""
    return CONTESTANTS.get(name, name)


def figure(value: float, form: str) -> str:
    """Format a number, with a true minus sign; NOTHING for NaN."""
    return NOTHING if math.isnan(value) else format(value, form).replace("-", "−")


def percent(share: float) -> str:
    """Format a share of 1 as a percentage that says neither 0 nor 100 unless it is exact."""
    if math.isnan(share):
        return NOTHING
    shown = f"{100 * share:.0f}"
    if shown == "0" and share > 0:
        shown = "<1"
    elif shown == "100" and share < 1:
        shown = ">99"
    return f"{shown} %"


def long_date(day: date) -> str:
    """Write a date as `3 de enero de 2025`."""
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def short_day(day: date) -> str:
    """Write a date as `3 ene`."""
    return f"{day.day} {MONTHS[day.month - 1][:ABBREVIATED]}"


def short_date(day: date) -> str:
    """Write a date as `3 ene 2025`."""
    return f"{short_day(day)} {day.year}"


def short_month(day: date) -> str:
    """Write a date's month as `ene 25`."""
    return f"{MONTHS[day.month - 1][:ABBREVIATED]} {day:%y}"
