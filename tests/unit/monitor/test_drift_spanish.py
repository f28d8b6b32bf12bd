import math
from datetime import date

import pytest

from canasta.labels import SIMULATED
from canasta.monitor.drift_spanish import check_name, figures, head
from canasta.monitor.verdict import Check, Severity, Verdict, failed

DAY = date(2025, 4, 30)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("changed-share", "series que cambiaron"),
        ("turned-Tipo", "pares de Tipo en orden inverso"),
        ("spread-Canal-window", "diferencias por Canal de las últimas semanas"),
        ("check-failed", "la revisión no pudo hacerse"),
    ],
)
def test_checks_have_names_for_people(name: str, told: str) -> None:
    assert check_name(name) == told


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (Check("changed-share", 0.178, 0.417, Severity.OK), ("17.8%", "41.7%")),
        (Check("turned-Tipo", 0.5, 1.2, Severity.OK), ("50.0%", "–")),
        (Check("change-window", 1.25, 0.1679, Severity.ALERT), ("1.250", "0.168")),
        (Check("change-window", math.nan, math.nan, Severity.OK), ("–", "–")),
    ],
)
def test_figures_are_for_people(check: Check, told: tuple[str, str]) -> None:
    assert figures(check) == told


def test_the_head_tells_the_verdict_and_escapes_what_it_shows() -> None:
    verdict = Verdict(DAY, Severity.ALERT, (Check("turned-<b>", 0.5, 0.4, Severity.ALERT),))
    told = head("Deriva & más", simulated=True, verdict=verdict)
    assert "Deriva &amp; más" in told
    assert "turned" not in told
    assert "&lt;b&gt;" in told
    assert "<strong>alerta</strong>" in told
    assert SIMULATED in told


def test_a_failed_check_has_a_head_too() -> None:
    assert "la revisión no pudo hacerse" in head("x", simulated=False, verdict=failed(DAY, "y"))
