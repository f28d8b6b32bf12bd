"""What a back-test says, in Spanish sentences for people who buy and sell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from canasta.deliver.backtest.spanish import contestant, figure, percent
from canasta.deliver.backtest.tables import Measured
from canasta.forecast.evaluation.backtest import Backtest
from canasta.forecast.evaluation.diagnosis import (
    Measure,
    SkillAhead,
    chance,
    leader,
    skill_by_horizon,
    skill_by_slice,
)
from canasta.forecast.recipe import PERSISTENCE
from canasta.registry.gate import Action, Decision

SURE = 0.025
"""A lead that chance would give more often than this is not called one: DM about 2."""
FAR_BEHIND = -25.0
"""Percent: a contestant whose skill is lower is told of in words; it would flatten a picture."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result in one line, and what to know about it, a sentence or two each."""

    headline: str
    points: tuple[str, ...]


def verdict(backtest: Backtest, measured: Measured, unit: str) -> Verdict:
    """Say who wins, by how much and how sure that is.

    Args:
        backtest: what was forecast, and what came.
        measured: its measures.
        unit: of prices.
    """
    best = leader(backtest)
    if best is None:
        return Verdict("No hay con qué comparar: ningún pronóstico pudo medirse.", ())
    ahead = skill_by_horizon(backtest, best, Measure.CRPS)
    points = [
        *_lead(contestant(best), ahead[0]),
        *_farther(ahead),
        *_price(backtest, measured[best][1], unit),
        *_probability(measured[best][1]),
        *_range(measured[best][1]),
        *_slices(backtest, best),
        *_runner_up(backtest, measured, best),
        *_behind(measured, unit),
    ]
    return Verdict(_headline(contestant(best), ahead[0]), tuple(points))


def decision_sentence(decision: Decision) -> str:
    """Say in Spanish what the gate decides on the evidence of a back-test."""
    winner = contestant(decision.winner)
    if decision.action is Action.KEEP:
        return f"La evidencia no permite concluir: {winner} sigue como campeón, sin cambios."
    if decision.winner == PERSISTENCE:
        return (
            "Ningún modelo supera al último precio con evidencia suficiente: el último precio es "
            "el campeón."
        )
    if decision.action is Action.PROMOTE:
        return (
            f"{winner} gana el título: supera al último precio con margen y evidencia suficientes."
        )
    return f"{winner} conserva el título: ningún aspirante lo supera con evidencia suficiente."


def far_behind(measured: Measured) -> tuple[str, ...]:
    """Name those who lose more than FAR_BEHIND at the next price, by whatever measure."""
    return tuple(
        who
        for who, by in measured.items()
        if 1 in by and any(by[1][f"{measure}_skill"] < FAR_BEHIND for measure in Measure)
    )


def _headline(best: str, lead: SkillAhead) -> str:
    skill = lead.comparison.skill
    if math.isnan(skill):
        return "Ningún precio se movió: no había nada que ganar."
    if skill <= 0:
        return "Nadie le gana al último precio."
    if chance(lead.comparison) <= SURE:
        return f"{best} le gana al último precio: su error es {skill:.1f} % menor."
    return f"{best} va adelante del último precio, pero la ventaja puede ser casualidad."


def _lead(best: str, lead: SkillAhead) -> list[str]:
    skill = lead.comparison.skill
    if math.isnan(skill):
        return []
    less = "baja" if skill > 0 else "sube"
    told = (
        f"En la publicación siguiente, el error del pronóstico completo de {best} (precio, "
        f"probabilidades y rangos) {less} {abs(skill):.1f} % frente a quedarse con el último "
        f"precio y los cambios habituales de cada serie{_between(lead)}."
    )
    return [told, *_sureness(lead)]


def _between(lead: SkillAhead) -> str:
    if math.isnan(lead.low):
        return ""
    low, high = (figure(end, "+.1f") for end in (lead.low, lead.high))
    return f" (la ventaja está entre {low} y {high} %, con 95 % de confianza)"


def _sureness(lead: SkillAhead) -> list[str]:
    compared, odds = lead.comparison, chance(lead.comparison)
    if compared.skill <= 0:
        return []
    if math.isnan(odds):
        return ["Son muy pocas publicaciones para saber si la ventaja es casualidad."]
    if odds > SURE:
        return [
            f"La ventaja no es segura: sin ninguna, una así saldría por casualidad en "
            f"{percent(odds)} de los casos."
        ]
    often = "mil" if odds <= 1 / 1000 else f"{math.floor(1 / odds):,}"
    return [
        f"La ventaja es firme: sin ninguna, una así saldría por casualidad menos de una vez en "
        f"{often}."
    ]


def _farther(ahead: Sequence[SkillAhead]) -> list[str]:
    last = ahead[-1]
    if last.horizon == 1 or math.isnan(last.comparison.skill):
        return []
    less = "baja" if last.comparison.skill > 0 else "sube"
    return [
        f"A {last.horizon} publicaciones, el error {less} "
        f"{abs(last.comparison.skill):.1f} %{_between(last)}."
    ]


def _runner_up(backtest: Backtest, measured: Measured, best: str) -> list[str]:
    skills = {
        who: by[1]["crps_skill"]
        for who, by in measured.items()
        if who not in (best, PERSISTENCE) and 1 in by and math.isfinite(by[1]["crps_skill"])
    }
    if not skills:
        return []
    second = max(skills, key=lambda who: skills[who])
    lead = backtest.compare(best, second)
    clear = "es clara" if chance(lead) <= SURE else "no es clara: puede ser casualidad"
    return [
        f"Le sigue {contestant(second)}, con una ventaja de {figure(skills[second], '+.1f')} % "
        f"sobre el último precio; la diferencia entre los dos {clear}."
    ]


def _price(backtest: Backtest, figures: Mapping[str, float], unit: str) -> list[str]:
    came = backtest.changes[0][np.isfinite(backtest.changes[0])]
    last = float(np.abs(came).mean())
    return [
        f"El {percent(float((came == 0).mean()))} de los precios no se movió. El precio sugerido "
        f"se equivoca en promedio por {figures['mae']:.4f} {unit}; el último precio, por "
        f"{last:.4f}."
    ]


def _probability(figures: Mapping[str, float]) -> list[str]:
    if math.isnan(figures["auc"]):
        return []
    return [
        f"Sobre cuáles se moverán: de cada 100 pares formados por un precio que cambió y otro que "
        f"no, en {100 * figures['auc']:.0f} dio más probabilidad de cambio al que cambió."
    ]


def _range(figures: Mapping[str, float]) -> list[str]:
    return [f"Su rango del 95 % contuvo el {percent(figures['coverage_95'])} de los precios."]


def _slices(backtest: Backtest, best: str) -> list[str]:
    records = skill_by_slice(backtest, best)
    known = [one for one in records if math.isfinite(one.comparison.skill)]
    worse = [one for one in known if one.comparison.skill < 0]
    if not worse:
        return [f"Va adelante en los {len(known)} grupos de series."] if len(known) > 1 else []
    return [
        f"Pierde en {len(worse)} de los {len(known)} grupos de series; donde más, en "
        f"{worse[0].part} ({figure(worse[0].comparison.skill, '+.1f')} %)."
    ]


def _behind(measured: Measured, unit: str) -> list[str]:
    return [
        f"{contestant(who)} se equivoca en promedio por {measured[who][1]['mae']:.4f} {unit}: "
        f"{1 - measured[who][1]['mae_skill'] / 100:.1f} veces lo que el último precio."
        for who in far_behind(measured)
    ]
