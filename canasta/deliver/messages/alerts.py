"""Alerts: what went wrong, what it means, and what to do about it, in a few lines each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import bold, code, escaped
from canasta.deliver.messages.message import Message, short_hash
from canasta.deliver.messages.wording import Marks, counted, day, full_day, price, series
from canasta.errors import FailedStep
from canasta.ingest.quarantine import Quarantined, is_acceptable, is_confirmable
from canasta.ingest.revisions import Revision
from canasta.labels import Key

LISTED = 5
"""Blocks, corrections or steps that are listed; of more, how many there are."""
LONGEST = 300
"""Characters of an error that are told."""

IN_THE_LOG = "El detalle está en el registro de Prefect."

REASONS = {
    "layout": "no se puede leer: su forma no es la esperada",
    "checksum-missing": "le falta la fila de promedios con que se comprueba",
    "checksum-mismatch": "sus promedios no cuadran con los precios de las ciudades",
    "no-prices": "no trae ningún precio",
    "implausible": "demasiados precios imposibles",
    "stale": "repite la publicación anterior en todos sus precios",
    "rewritten": "cambian demasiados precios a la vez",
    "isolated-date": "su fecha está lejos de todas las demás",
}
"""Of the kinds of reasons for a quarantine."""

HOPELESS = (
    "Lo que no trae precios legibles no se puede aceptar: hay que esperar a que la fuente lo "
    "corrija."
)
BY_HAND = "Lo que tiene una fecha tan lejana solo se usa si alguien lo acepta, aunque se repita."


@dataclass(frozen=True, slots=True)
class Admission:
    """What lets a block in that was held back.

    Attributes:
        commodity: whose plausible range its prices must be in.
        confirmations: later publications that must repeat it.
    """

    commodity: Commodity
    confirmations: int


def quarantined(
    blocks: Sequence[Quarantined],
    admission: Admission,
    marks: Marks,
    released: Sequence[date] = (),
) -> Message | None:
    """Tell which blocks were held back now, why, and what lets them in; None without any.

    Args:
        blocks: those that failed for the first time.
        admission: what lets them in.
        marks: of the lake.
        released: dates of blocks that were let in after all.
    """
    if not blocks and not released:
        return None
    lines = []
    if blocks:
        lines += [bold("Publicación en cuarentena"), *(_held(one) for one in blocks[:LISTED])]
        lines += _more(len(blocks))
        lines += _outlooks(blocks, admission)
        lines += _commands(blocks, admission.commodity)
    if released:
        told = ", ".join(day(one) for one in released)
        lines.append(f"Sale de cuarentena y ya se usa: {told}.")
    names = [*(one.sha256 for one in blocks), *(f"released {one}" for one in released)]
    return marks.message(f"quarantine-{short_hash(names)}", lines)


def _held(block: Quarantined) -> str:
    when = full_day(block.block_date) if block.block_date else "fecha ilegible"
    reasons = dict.fromkeys(REASONS.get(one.kind, one.kind) for one in block.reasons)
    return f"• {when}: {escaped('; '.join(reasons))}"


def _outlooks(blocks: Sequence[Quarantined], admission: Admission) -> list[str]:
    """Say what becomes of the blocks: one sentence for all that the same thing lets in."""
    confirmable = [one for one in blocks if is_confirmable(one)]
    others = [one for one in blocks if not is_confirmable(one)]
    by_hand = [one for one in others if is_acceptable(one, admission.commodity)]
    lines = []
    if len(by_hand) < len(others):
        lines.append(HOPELESS)
    if by_hand:
        lines.append(BY_HAND)
    if confirmable:
        subject = "Lo demás no" if others else "No"
        lines.append(f"{subject} se usa hasta que se repita en {later(admission.confirmations)}.")
    return lines


def _commands(blocks: Sequence[Quarantined], commodity: Commodity) -> list[str]:
    """Say how to accept each day that can be accepted, the newest ones."""
    found = {one.block_date for one in blocks if is_acceptable(one, commodity)}
    days = sorted((one for one in found if one is not None), reverse=True)
    which = "aceptarla" if len(blocks) == 1 else "aceptar la del {}"
    return [
        *(f"Para {which.format(full_day(one))}: {code(accepting(one))}" for one in days[:LISTED]),
        *_more(len(days)),
    ]


def later(count: int) -> str:
    """Write how many later publications: `2 publicaciones posteriores`."""
    return counted(count, "publicación posterior", "publicaciones posteriores")


def accepting(when: date) -> str:
    """Return the command that lets in what is quarantined of a day."""
    return f"make quarantine ACCEPT={when}"


def revised(revisions: Sequence[Revision], place_at: int, marks: Marks) -> Message | None:
    """Tell which prices of earlier publications the source corrected; None without any.

    Args:
        revisions: found now.
        place_at: number of the key column that names the city.
        marks: of the lake.
    """
    if not revisions:
        return None
    cells = sum(len(one.changes) for one in revisions)
    newest = sorted(revisions, key=lambda one: one.block_date, reverse=True)
    days = len({one.block_date for one in revisions})
    publications = counted(days, "publicación anterior", "publicaciones anteriores")
    lines = [
        bold("La fuente corrigió precios"),
        f"{counted(cells, 'precio', 'precios')} de {publications}:",
    ]
    changed = [(one, key) for one in newest for key in sorted(one.changes)]
    lines += [_corrected(one, key, place_at) for one, key in changed[:LISTED]]
    lines += _more(len(changed))
    lines.append("Los pronósticos ya usan los valores nuevos.")
    return marks.message(f"revision-{short_hash([one.name for one in revisions])}", lines)


def _corrected(revision: Revision, key: Key, place_at: int) -> str:
    old, new = ("sin precio" if one is None else price(one) for one in revision.changes[key])
    name = escaped(series(key, place_at))
    return f"• {day(revision.block_date)}, {name}: {old} → {new}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that ended in an error.

    Attributes:
        flow: its name.
        day: that it stood for.
        step: that failed, for people; empty where it is not known.
        error: name of its class.
        reason: what it says; empty where that is not known to be free of secrets.
        again: the command that runs it again.
    """

    flow: str
    day: date
    step: str
    error: str
    reason: str
    again: str


def failed(failure: Failure, marks: Marks) -> Message:
    """Tell which step failed, why, and how to run it again."""
    step = f"El paso: «{escaped(failure.step)}». " if failure.step else ""
    reason = failure.reason or IN_THE_LOG
    lines = [
        bold(f"Falló la corrida del {full_day(failure.day)}"),
        f"{step}{escaped(failure.error)}: {escaped(_short(reason))}",
        f"Para correrla otra vez: {code(failure.again)}",
    ]
    # The same trouble, hour after hour, is told once a day.
    same = short_hash([failure.flow, failure.step, failure.error])
    return marks.message(f"failure-{failure.day}-{same}", lines)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run whose report is out, but not all beside it was done.

    Attributes:
        flow: its name.
        day: that it stood for.
        steps: that failed, each with its name for people.
        again: the command that does them again.
    """

    flow: str
    day: date
    steps: Sequence[FailedStep]
    again: str


def unfinished(run: Unfinished, marks: Marks) -> Message:
    """Tell which steps beside a report failed, and what makes up for them."""
    lines = [
        bold(f"El reporte salió, pero faltó algo: corrida del {full_day(run.day)}"),
        *(f"• {escaped(_undone(step))}" for step in run.steps[:LISTED]),
        *_more(len(run.steps)),
        "No se perdió nada: la corrida que sigue lo completa.",
        f"Para completarlo ahora: {code(run.again)}",
    ]
    same = short_hash([run.flow, *sorted(f"{one.step} {one.error}" for one in run.steps)])
    return marks.message(f"unfinished-{run.day}-{same}", lines)


def _undone(step: FailedStep) -> str:
    name = f"{step.step[:1].upper()}{step.step[1:]}"
    if not step.reason:
        return f"{name}: {step.error}. {IN_THE_LOG}"
    return f"{name}: {step.error}: {_short(step.reason)}"


def late(expected: date, newest: date | None, marks: Marks) -> Message:
    """Tell that the publication of a day had not come by the evening."""
    lines = [
        bold("No llegó la publicación"),
        f"La del {full_day(expected)} se esperaba y no ha llegado.",
    ]
    if newest is not None:
        lines.append(f"La última es del {full_day(newest)}; los precios sugeridos salen de ella.")
    lines.append("Se seguirá buscando; puede ser un día sin publicación que no conocemos.")
    return marks.message(f"late-{expected}", lines)


def unwritten(newest: date, missed: Sequence[date], marks: Marks) -> Message:
    """Tell that nothing was written into the lake for several publications."""
    count = counted(len(missed), "publicación esperada", "publicaciones esperadas")
    lines = [
        bold("Hace días que no entra nada"),
        f"Lo último guardado es del {full_day(newest)}; desde entonces faltan {count}.",
        "O la fuente dejó de publicar, o no la encontramos: revise la dirección "
        f"(PUBLICATION_URL) y el estado con {code('make status')}.",
    ]
    return marks.message(f"unwritten-{newest}", lines)


def layout_changed(
    came: date, before: date, fingerprint: str, differences: Sequence[str], marks: Marks
) -> Message:
    """Tell that the workbook looks otherwise than the one before, though it could be read.

    Args:
        came: date of the file.
        before: date of the one before.
        fingerprint: of the new one.
        differences: what is new in it, and what is gone, in the workbook's own words.
        marks: of the lake.
    """
    lines = [
        bold("Cambió la forma del archivo"),
        f"El del {full_day(came)} no se ve como el del {day(before)}. Se pudo leer, pero conviene "
        "revisarlo:",
        *(f"• {escaped(_short(one))}" for one in differences[:LISTED]),
        *_more(len(differences)),
    ]
    return marks.message(f"layout-{came}-{fingerprint[:12]}", lines)


def _more(count: int) -> list[str]:
    return [f"… y {count - LISTED} más"] if count > LISTED else []


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"
