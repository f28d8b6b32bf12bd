from __future__ import annotations

from datetime import date

import pytest

from canasta.deliver.messages.drift import drifted
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.wording import Marks
from canasta.labels import SIMULATED
from canasta.monitor.verdict import Check, Severity, Verdict, failed

MONDAY = date(2025, 7, 28)
OK, WARNING, ALERT = Severity


def told(verdict: Verdict, *, searches: bool = False, simulated: bool = False) -> list[str]:
    marks = Marks(simulated)
    return plain(drifted(verdict, marks, "MXN por litro", searches=searches).text).split("\n")


def one(severity: Severity, name: str, value: float, threshold: float) -> Verdict:
    return Verdict(MONDAY, severity, (Check(name, value, threshold, severity),))


def test_alert_names_what_is_odd_alone_and_what_follows() -> None:
    checks = (Check("changed-share", 0.6, 0.4, ALERT), Check("mean-change", 0.01, 0.5, OK))
    verdict = Verdict(MONDAY, ALERT, checks)
    assert told(verdict, searches=True) == [
        "Alerta: el mercado cambió",
        "Publicación del lunes 28 de julio de 2025. Fuera de lo común:",
        "• cambió el 60 % de los precios (se alerta desde 40 %)",
        "Se buscará un modelo mejor; mientras, tome los precios con cuidado.",
    ]
    assert told(verdict)[-1] == "Tome los precios sugeridos con cuidado.", "none is searched for"


@pytest.mark.parametrize(
    ("name", "value", "threshold", "line"),
    [
        ("changed-share", 0.6, 0.7, "cambió el 60 % de los precios"),
        ("unchanged-share", 0.97, 1.2, "el 97 % de los precios quedó igual"),
        ("missing-share", 0.04, 1.2, "en el 4 % de las plazas falta algún precio"),
        ("unseen-share", 0.04, 0.1, "en el 4 % de las plazas hay productos nuevos"),
        ("turned-Canal", 0.3, 0.4, "en el 30 % de los casos se invirtió qué canal es más caro"),
        (
            "mean-change", 0.0412, 0.152,
            "los precios se movieron 0.041 MXN por litro, en promedio de todos",
        ),
        (
            "change-size", 1.368, 1.443,
            "los precios que cambiaron se movieron 1.37 MXN por litro cada uno, en promedio",
        ),
        (
            "change-window", 0.21, 0.33,
            "en las últimas semanas los precios se mueven más, o menos, que antes",
        ),
        (
            "changed-window", 0.21, 0.33,
            "en las últimas semanas los precios cambian con otra frecuencia que antes",
        ),
        (
            "spread-Tipo-window", 0.21, 0.33,
            "en las últimas semanas las diferencias por tipo cambian distinto que antes",
        ),
    ],
)  # fmt: skip
def test_warning_says_what_is_odd_in_words_without_the_threshold_of_alerts(
    name: str, value: float, threshold: float, line: str
) -> None:
    heading, _, *lines = told(one(WARNING, name, value, threshold))
    assert heading == "Aviso: el mercado parece cambiar"
    assert lines == [f"• {line}"]


def test_what_alerts_comes_first_and_few_are_listed() -> None:
    worries = tuple(Check("missing-share", at / 10, 0.9, WARNING) for at in range(6))
    lines = told(Verdict(MONDAY, ALERT, (*worries, Check("change-size", 2.0, 1.5, ALERT))))
    assert "2.00 MXN por litro" in lines[2]
    assert "se alerta desde 1.50 MXN por litro" in lines[2]
    assert lines[-2] == "… y 2 más"


def test_check_that_could_not_be_made_says_why_and_nothing_of_the_market() -> None:
    lines = told(failed(MONDAY, "OSError: [Errno 28] No space left on device"))
    assert lines == [
        "Alerta: no se pudo revisar si el mercado cambió",
        "Publicación del lunes 28 de julio de 2025. El motivo: OSError: [Errno 28] No space left "
        "on device",
        "Tome los precios sugeridos con cuidado.",
    ]


def test_simulated_data_are_marked_first() -> None:
    lines = told(one(ALERT, "change-size", 2.0, 1.5), simulated=True)
    assert lines[0] == f"⚠ {SIMULATED}"
