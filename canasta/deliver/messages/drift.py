"""Drift as people are told of it: what is odd, in sentences with units, and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable

from canasta.deliver.backtest.spanish import percent
from canasta.deliver.messages.markup import bold, escaped
from canasta.deliver.messages.message import Message, short_hash
from canasta.deliver.messages.wording import Marks, full_day, price
from canasta.monitor.verdict import FAILED, Check, Severity, Verdict

LISTED = 5
"""Checks that are listed; of more, how many there are."""
LONGEST = 300
"""Characters of an error that are told."""

DIME = 0.1
"""Smaller amounts are told with three decimals."""

SHARES = {
    "changed-share": "cambió el {} de los precios",
    "unchanged-share": "el {} de los precios quedó igual",
    "missing-share": "en el {} de las plazas falta algún precio",
    "unseen-share": "en el {} de las plazas hay productos nuevos",
}
"""What is odd where a share is, with a place for it."""
AMOUNTS = {
    "mean-change": "los precios se movieron {}, en promedio de todos",
    "change-size": "los precios que cambiaron se movieron {} cada uno, en promedio",
}
"""Where an amount of money is."""
WINDOWS = {
    "change-window": "en las últimas semanas los precios se mueven más, o menos, que antes",
    "changed-window": "en las últimas semanas los precios cambian con otra frecuencia que antes",
}
"""Where weeks are compared, by a distance that is no figure for people."""


def drifted(verdict: Verdict, marks: Marks, unit: str, *, searches: bool) -> Message:
    """Tell that prices behave otherwise than before, in what, and what follows.

    Args:
        verdict: of a publication, with something that is not OK.
        marks: of the lake.
        unit: of the prices.
        searches: whether this run searches for a better model because of it.
    """
    told = [one for one in verdict.checks if one.severity is not Severity.OK]
    names = sorted(one.name for one in told)
    key = f"drift-{verdict.as_of}-{verdict.severity.lower()}-{short_hash(names)}"
    lines = _unmade(verdict) if is_unmade(verdict) else _odd(verdict, told, unit)
    if verdict.severity is Severity.ALERT:
        lines.append(_follows(searches=searches))
    return marks.message(key, lines)


def is_unmade(verdict: Verdict) -> bool:
    """Tell whether a verdict stands for checks that could not be made."""
    return any(one.name == FAILED for one in verdict.checks)


def _unmade(verdict: Verdict) -> list[str]:
    reason = verdict.failure or "el detalle está en el registro de Prefect."
    short = reason if len(reason) <= LONGEST else f"{reason[:LONGEST].rstrip()}…"
    return [
        bold("Alerta: no se pudo revisar si el mercado cambió"),
        f"Publicación del {full_day(verdict.as_of)}. El motivo: {escaped(short)}",
    ]


def _odd(verdict: Verdict, told: list[Check], unit: str) -> list[str]:
    is_alert = verdict.severity is Severity.ALERT
    heading = "Alerta: el mercado cambió" if is_alert else "Aviso: el mercado parece cambiar"
    lines = [bold(heading), f"Publicación del {full_day(verdict.as_of)}. Fuera de lo común:"]
    # The worst first: others may not be listed.
    ordered = sorted(told, key=lambda one: one.severity is not Severity.ALERT)
    lines += [f"• {escaped(_sentence(one, unit))}" for one in ordered[:LISTED]]
    return lines + ([f"… y {len(told) - LISTED} más"] if len(told) > LISTED else [])


def _follows(*, searches: bool) -> str:
    if searches:
        return "Se buscará un modelo mejor; mientras, tome los precios con cuidado."
    return "Tome los precios sugeridos con cuidado."


def _sentence(check: Check, unit: str) -> str:
    """Say what a check found; with the threshold where it was passed, which is that of alerts."""
    name = check.name
    if name in SHARES:
        return _with_figures(check, SHARES[name], percent)
    if name.startswith("turned-"):
        column = name.removeprefix("turned-").lower()
        told = f"en el {{}} de los casos se invirtió qué {column} es más caro"
        return _with_figures(check, told, percent)
    if name in AMOUNTS:
        return _with_figures(check, AMOUNTS[name], lambda amount: f"{_amount(amount)} {unit}")
    if name.startswith("spread-"):
        column = name.removeprefix("spread-").removesuffix("-window").lower()
        return f"en las últimas semanas las diferencias por {column} cambian distinto que antes"
    return WINDOWS.get(name, name)


def _with_figures(check: Check, told: str, shown: Callable[[float], str]) -> str:
    limit = ""
    if check.severity is Severity.ALERT and math.isfinite(check.threshold):
        limit = f" (se alerta desde {shown(check.threshold)})"
    return f"{told.format(shown(check.value))}{limit}"


def _amount(value: float) -> str:
    """Write an amount of money; in a mean of many, fractions of a cent may count."""
    return price(value) if value >= DIME else f"{value:.3f}"
