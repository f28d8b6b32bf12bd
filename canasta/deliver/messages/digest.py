"""The digest: one publication in a message that is worth reading, with chart and files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from canasta.commodity import Commodity
from canasta.deliver.backtest.spanish import contestant, figure, percent
from canasta.deliver.highlights import MOVE, biggest_moves, is_still
from canasta.deliver.messages.chart import chart
from canasta.deliver.messages.drift import is_unmade
from canasta.deliver.messages.markup import bold, escaped
from canasta.deliver.messages.message import Document, Message
from canasta.deliver.messages.national import Moved, National, national
from canasta.deliver.messages.wording import (
    Marks,
    change,
    counted,
    day,
    full_day,
    price,
    series,
)
from canasta.deliver.report import (
    DIRECTION,
    DOWN,
    P_CHANGE,
    RANGE_80,
    UP,
    ModelName,
    PriceColumns,
)
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.ingest.summary import Flag
from canasta.labels import Key
from canasta.monitor.live import LiveSkill
from canasta.monitor.verdict import Severity, Verdict

MOVED, EXPECTED = 5, 3
"""Prices that are listed: those that moved most, and those expected to."""
FEW = 10
"""Publications: fewer that were scored say little."""

EACH = {
    "jump": ("salto grande de precio, por confirmar", "saltos grandes de precio, por confirmar"),
    "implausible-price": ("precio imposible, no tomado", "precios imposibles, no tomados"),
    "new-label": ("serie nueva", "series nuevas"),
    "vanished-label": ("serie que ya no aparece", "series que ya no aparecen"),
}
"""Kinds of flags that are counted: how one, and how several, are told."""
WHOLE = {
    "few-changes": "cambiaron menos precios de lo común",
    "many-changes": "cambiaron más precios de lo común",
    "off-calendar": "llegó en un día que no se esperaba",
    "file-without-its-block": "el archivo no trae la fecha de su nombre",
    "date-far-ahead": "trae un bloque con fecha muy posterior, que no se tomó",
}
"""Those of a publication as a whole."""


@dataclass(frozen=True)
class Digest:
    """What a digest is made of.

    Attributes:
        commodity: what is priced.
        panel: the history.
        outlook: the forecasts from it.
        report: of the next publication.
        model: what forecast.
        marks: of the lake.
        files: the report's, sent along.
        flags: of the publication.
        skill: of the published forecasts of this champion so far; None: none was scored, or
            they were not measured.
        drift: the day's verdict; None: not checked.
    """

    commodity: Commodity
    panel: Panel
    outlook: Outlook
    report: pd.DataFrame
    model: ModelName
    marks: Marks
    files: Sequence[Document] = ()
    flags: Sequence[Flag] = ()
    skill: LiveSkill | None = None
    drift: Verdict | None = None


def digest(made_of: Digest) -> Message:
    """Tell a publication: one message for each, whoever forecasts from it."""
    picture = national(made_of.panel, made_of.outlook)
    lines = [*_publication(made_of, picture), "", *_suggested(made_of, picture), ""]
    lines += _trust(made_of)
    told = made_of.marks.message(digest_key(made_of.panel.origin), lines)
    commodity = made_of.commodity
    drawn = chart(picture, commodity.title, commodity.unit, made_of.marks.shown)
    return replace(told, photo=drawn, documents=tuple(made_of.files))


def digest_key(origin: date) -> str:
    """Return the key of the digest of a publication."""
    return f"digest-{origin}"


def _publication(made_of: Digest, picture: National) -> Iterator[str]:
    commodity = made_of.commodity
    yield bold(f"{commodity.title}: publicación del {full_day(made_of.panel.origin)}")
    yield f"Precio medio nacional: {bold(price(float(picture.mean[-1])))} {escaped(commodity.unit)}"
    if math.isfinite(picture.change):
        yield (
            f"{_since(picture)}. Subieron {picture.rises} precios y bajaron {picture.falls}, "
            f"de {picture.quoted}."
        )
    for market in picture.markets:
        name = " · ".join(market.labels)
        yield f"• {escaped(name)}: {price(market.mean)} ({change(market.change)})"
    if picture.moved:
        yield ""
        yield bold("Lo que más se movió")
        for moved in picture.moved[:MOVED]:
            yield _moved(moved, made_of)
    yield from _flags(made_of)


def _since(picture: National) -> str:
    told = change(picture.change)
    before = f"desde el {day(picture.dates[-2])}"
    if told == "sin cambio":
        return f"Sin cambio {before}"
    share = figure(100 * picture.change / float(picture.mean[-2]), "+.1f")
    return f"{told} {before}" if share[1:] == "0.0" else f"{told} ({share} %) {before}"


def _moved(moved: Moved, made_of: Digest) -> str:
    sign = "▲" if moved.new > moved.old else "▼"
    share = figure(100 * (moved.new / moved.old - 1), "+.0f")
    name = escaped(_name(moved.key, made_of))
    return f"{sign} {name}: {price(moved.old)} → {price(moved.new)} ({share} %)"


def _flags(made_of: Digest) -> Iterator[str]:
    kinds = Counter(
        flag.finding.kind for flag in made_of.flags if flag.date >= made_of.panel.origin
    )
    told = [WHOLE[kind] for kind in kinds if kind in WHOLE]
    told += [counted(count, *EACH[kind]) for kind, count in kinds.items() if kind in EACH]
    if told:
        yield ""
        yield f"Aviso: {'; '.join(told)}."


def _suggested(made_of: Digest, picture: National) -> Iterator[str]:
    ahead = picture.ahead
    yield bold(f"Precios sugeridos para el {day(ahead.targets[0])}")
    told = f"Media nacional esperada: {price(float(ahead.mean[0]))}"
    if ahead.ends is not None:
        _, low, high, _ = (float(end) for end in ahead.ends[:, 0])
        told += f" (rango habitual: {price(low)} a {price(high)})"
    yield f"{told}."
    yield _directions(made_of)
    moves = biggest_moves(made_of.report, made_of.commodity, EXPECTED)
    if len(moves):
        yield "Donde más se espera que cambie, en promedio:"
        yield from _expected(moves, made_of)
    missed = made_of.outlook.skipped
    if missed:
        count = counted(len(missed), "publicación esperada no llegó", "publicaciones no llegaron")
        yield f"Ojo: {count}, la última del {day(missed[-1])}."


def _directions(made_of: Digest) -> str:
    report = made_of.report
    counts = report[DIRECTION].value_counts()
    rises, falls = int(counts.get(UP, 0)), int(counts.get(DOWN, 0))
    still = int(is_still(report, made_of.commodity, RANGE_80).sum())
    if rises or falls:
        told = f"De {len(report)} precios sugerimos subir {rises} y bajar {falls}"
    else:
        told = f"Sugerimos dejar iguales los {len(report)} precios"
    return f"{told}; en {still} un cambio es muy poco probable."


def _expected(moves: pd.DataFrame, made_of: Digest) -> Iterator[str]:
    columns = PriceColumns.of(made_of.commodity)
    for row in moves.to_dict("records"):
        key = tuple(str(row[name]) for name in made_of.commodity.keys.columns)
        sign = "▲" if row[MOVE] > 0 else "▼"
        yield (
            f"{sign} {escaped(_name(key, made_of))}: sugerido {price(row[columns.suggested])}, "
            f"media esperada {price(row[columns.mean])}, último {price(row[columns.last])}; "
            f"cambia con {percent(row[P_CHANGE])}"
        )


def _trust(made_of: Digest) -> Iterator[str]:
    model, skill = made_of.model, made_of.skill
    yield bold("Qué tan seguro es")
    if model.is_persistence:
        yield (
            f"Pronostica el último precio (versión {model.version}): ningún modelo ha mostrado "
            "superarlo."
        )
    else:
        yield f"Pronostica {escaped(contestant(model.algorithm))}, versión {model.version}."
    if skill is None:
        yield "Hoy no hay una medida de sus pronósticos publicados."
    elif skill.publications < FEW:
        yield f"Sus pronósticos publicados aún son pocos para medirlo ({skill.publications})."
    else:
        yield _record(skill)
    if made_of.drift is not None:
        unmade = is_unmade(made_of.drift)
        yield UNMADE if unmade else DRIFT[made_of.drift.severity]
    if made_of.files:
        yield "Todos los precios van en los archivos."


DRIFT = {
    Severity.OK: "Los precios se comportan como siempre.",
    Severity.WARNING: "Los precios se comportan algo distinto que antes.",
    Severity.ALERT: "Los precios se comportan distinto que antes: tómelo con cuidado.",
}

UNMADE = "No se pudo revisar si los precios se comportan como antes: tómelos con cuidado."


def _record(skill: LiveSkill) -> str:
    better = skill.by_crps.skill
    compared = (
        "ningún precio se movió"
        if math.isnan(better)
        else f"{figure(abs(better), '.1f')} % {'menos' if better >= 0 else 'más'} error que "
        "repetir el último precio"
    )
    return (
        f"En sus {skill.publications} publicaciones medidas: {compared}; el rango del 95 % acertó "
        f"en {percent(skill.coverage_95)} de los precios."
    )


def _name(key: Key, made_of: Digest) -> str:
    columns = made_of.panel.columns
    places = [at for at, name in enumerate(columns) if name not in made_of.panel.product]
    return series(key, places[-1])
