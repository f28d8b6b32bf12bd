"""Drift in the words of those who read of it: names of checks, and the head of a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from canasta.labels import SIMULATED
from canasta.monitor.verdict import FAILED, Check, Severity, Verdict

NAMES = {
    "changed-share": "series que cambiaron",
    "unchanged-share": "series que no cambiaron",
    "mean-change": "cambio medio de todas las series",
    "change-size": "tamaño medio de los cambios",
    "missing-share": "plazas sin algún precio",
    "unseen-share": "plazas con series nuevas",
    "change-window": "cambios de las últimas semanas",
    "changed-window": "frecuencia de cambio de las últimas semanas",
    FAILED: "la revisión no pudo hacerse",
}
SEVERITIES = {Severity.OK: "normal", Severity.WARNING: "atención", Severity.ALERT: "alerta"}

_STYLE = (
    "font:16px/1.4 system-ui,sans-serif;max-width:60rem;margin:1.5rem auto;padding:0 1rem;"
    "color:#1a1a1a"
)
_CELL = "padding:.15rem .8rem .15rem 0;text-align:left"


def check_name(name: str) -> str:
    """Return what a check looks at, such as «series que cambiaron»."""
    if name.startswith("turned-"):
        return f"pares de {name.removeprefix('turned-')} en orden inverso"
    if name.startswith("spread-"):
        column = name.removeprefix("spread-").removesuffix("-window")
        return f"diferencias por {column} de las últimas semanas"
    return NAMES.get(name, name)


def figures(check: Check) -> tuple[str, str]:
    """Return value and threshold as people read them, – where there is none."""
    share = check.name.endswith("-share") or check.name.startswith("turned-")
    return _shown(check.value, share), _shown(check.threshold, share)


def head(title: str, *, simulated: bool, verdict: Verdict | None = None) -> str:
    """Return what stands above Evidently's part of a page, HTML.

    Args:
        title: of the page.
        simulated: whether the prices are.
        verdict: whose checks are listed; None for none.
    """
    mark = f"<p><strong>{SIMULATED}</strong></p>" if simulated else ""
    table = "" if verdict is None else _table(verdict)
    return f'<div style="{_STYLE}"><h1>{escape(title)}</h1>{mark}{table}</div>'


def _table(verdict: Verdict) -> str:
    names = ("Qué se mira", "Valor", "Umbral", "")
    titles = "".join(f'<th style="{_CELL}">{name}</th>' for name in names)
    rows = "".join(f"<tr>{''.join(_cells(check))}</tr>" for check in verdict.checks)
    return (
        f"<p>Resultado: <strong>{SEVERITIES[verdict.severity]}</strong>. El umbral es el de la "
        f"alerta; – donde todavía hay muy poco de qué aprenderlo.</p>"
        f"<table><tr>{titles}</tr>{rows}</table>"
    )


def _cells(check: Check) -> Iterator[str]:
    for text in (check_name(check.name), *figures(check), SEVERITIES[check.severity]):
        yield f'<td style="{_CELL}">{escape(text)}</td>'


def _shown(figure: float, share: bool) -> str:
    if not math.isfinite(figure):
        return "–"
    if share and figure > 1:
        return "–"  # no share reaches it
    return f"{figure:.1%}" if share else f"{figure:.3f}"
