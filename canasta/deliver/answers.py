"""What the bot answers: from the pointer and the panel that it names, in Spanish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from canasta.commodity import Traits
from canasta.deliver.backtest.spanish import contestant, percent
from canasta.deliver.columns import DOWN, UP
from canasta.deliver.figures import Figures, figures_of
from canasta.deliver.messages.chart import chart
from canasta.deliver.messages.markup import bold, escaped
from canasta.deliver.messages.message import Document, Message
from canasta.deliver.messages.national import national
from canasta.deliver.messages.wording import Marks, day, full_day, price
from canasta.deliver.publish import CSV, XLSX, report_key
from canasta.errors import CanastaError, UnknownLabel
from canasta.forecast.recipe import PERSISTENCE
from canasta.forecast.series import Directory
from canasta.ingest.identity import read_identity
from canasta.registry.panels import PublishedPanel, read_panel
from canasta.registry.pointer import Pointer, current
from canasta.store import Store

log = logging.getLogger(__name__)

KEY = "answer"
CITIES = 8
"""Cities that are listed at most."""
COMMANDS = ("estado", "precio", "reporte", "ayuda", "start", "help")


@dataclass(frozen=True)
class _Live:
    """What is live now."""

    pointer: Pointer
    published: PublishedPanel
    marks: Marks


class Desk:
    """Answers questions about what is live in a lake; it reads, and writes nothing.

    Args:
        lake: the store.
        traits: of the commodity.
        today: returns the date in the commodity's zone.
    """

    def __init__(self, lake: Store, traits: Traits, today: Callable[[], date]) -> None:
        self._lake = lake
        self._traits = traits
        self._today = today

    def answer(self, command: str, asked: str) -> Message:
        """Answer one command; what goes wrong is said in a sentence, and logged."""
        try:
            return self._answer(command, asked)
        except CanastaError as error:
            log.warning("/%s could not be answered: %s", command, error)
        except Exception:  # whoever asks gets a sentence, and the log the traceback
            log.exception("/%s could not be answered", command)
        return Message(KEY, "No pude leer los datos ahora. Intente de nuevo en unos minutos.")

    def _answer(self, command: str, asked: str) -> Message:
        if command not in ("estado", "precio", "reporte"):
            return self._help()
        live = self._live()
        if live is None:
            return Message(KEY, "Todavía no hay precios sugeridos: falta la primera corrida.")
        if command == "precio":
            return self._prices(live, asked)
        return self._report(live) if command == "reporte" else self._state(live)

    def _live(self) -> _Live | None:
        pointer = current(self._lake)
        if pointer is None:
            return None
        identity = read_identity(self._lake)
        marks = (
            Marks(simulated=False)
            if identity is None
            else Marks(identity.simulated, identity.is_replay)
        )
        return _Live(pointer, read_panel(self._lake, pointer.panel), marks)

    def _help(self) -> Message:
        return Message(
            KEY,
            "\n".join(
                [
                    bold(f"{self._traits.title}: precios sugeridos"),
                    "/precio Guadalajara: los precios de una ciudad y los que siguen",
                    "/estado: última publicación, modelo y próxima fecha",
                    "/reporte: el reporte completo, en CSV y Excel",
                ]
            ),
        )

    def _state(self, live: _Live) -> Message:
        outlook, title = live.published.outlook, live.pointer.title
        age = (self._today() - outlook.origin).days
        when = {0: "hoy", 1: "ayer"}.get(age, f"hace {age} días")
        name = contestant(title.recipe.algorithm)
        is_model = title.recipe.algorithm != PERSISTENCE
        late = ", ya pasó: va con retraso" if outlook.targets[0] < self._today() else ""
        lines = [
            bold(f"{self._traits.title}: estado"),
            f"Última publicación: {full_day(outlook.origin)} ({when}).",
            f"La que sigue: {day(outlook.targets[0])}{late}.",
            f"Modelo: {escaped(name)}, versión {title.version}"
            + ("." if is_model else ": se sugiere el último precio."),
            f"Series con precio sugerido: {int(live.published.panel.live.sum())}.",
        ]
        return live.marks.message(KEY, lines)

    def _prices(self, live: _Live, asked: str) -> Message:
        if not asked.strip():
            return Message(KEY, "Diga de qué ciudad; por ejemplo: /precio Guadalajara")
        panel = live.published.panel
        places = [at for at, name in enumerate(panel.columns) if name not in panel.product]
        keys = [key for key, is_live in zip(panel.keys, panel.live, strict=True) if is_live]
        directory = Directory(panel.columns, keys)
        try:
            cities = directory.labels(places[-1], asked)
        except UnknownLabel as unknown:
            return self._unknown(directory, places, asked, unknown.nearest)
        lines = [line for city in cities for line in self._city(live, places[-1], city)]
        return live.marks.message(KEY, lines)

    def _unknown(
        self, directory: Directory, places: Sequence[int], asked: str, nearest: Sequence[str]
    ) -> Message:
        """Say which cities there are in a state, or which are like what was asked for."""
        try:
            states = directory.labels(places[0], asked)
        except UnknownLabel:
            meant = f" ¿Quiso decir {' o '.join(nearest)}?" if nearest else ""
            return Message(KEY, escaped(f"No conozco la ciudad «{asked[:60]}».{meant}"))
        cities = sorted({key[places[-1]] for key in directory.keys if key[places[0]] in states})
        more = " …" if len(cities) > CITIES else ""
        told = f"En {' y '.join(states)} hay precios de: {', '.join(cities[:CITIES])}{more}."
        return Message(KEY, f"{escaped(told)}\nPor ejemplo: /precio {escaped(cities[0])}")

    def _city(self, live: _Live, at: int, city: str) -> list[str]:
        panel, outlook = live.published.panel, live.published.outlook
        figures = figures_of(panel, outlook)
        rows = [row for row, key in enumerate(panel.keys) if key[at] == city and panel.live[row]]
        lines = [
            bold(city),
            f"Publicación del {day(outlook.origin)}; sugeridos para el {day(outlook.targets[0])}, "
            f"{escaped(self._traits.unit)}:",
        ]
        product = [panel.columns.index(name) for name in panel.product]
        for row in rows:
            name = " · ".join(panel.keys[row][place] for place in product)
            lines.append(f"• {escaped(name)}: {_forecast(figures, row)}")
        return lines

    def _report(self, live: _Live) -> Message:
        published = live.published
        target = published.outlook.targets[0]
        keys = [report_key(target, suffix) for suffix in (CSV, XLSX)]
        files = [
            Document(key.rsplit("/", 1)[-1], self._lake.read(key))
            for key in keys
            if self._lake.exists(key)
        ]
        if not files:
            return live.marks.message(KEY, [f"Aún no hay reporte para el {day(target)}."])
        picture = national(published.panel, published.outlook)
        drawn = chart(picture, self._traits.title, self._traits.unit, live.marks.shown)
        told = live.marks.message(KEY, [bold(f"Precios sugeridos para el {full_day(target)}")])
        return replace(told, photo=drawn, documents=tuple(files))


def _forecast(figures: Figures, row: int) -> str:
    last, suggested = float(figures.last[row]), float(figures.suggested[row, 0])
    low, high = (float(end[row, 0]) for end in figures.range_80)
    chance = percent(float(figures.p_change[row, 0]))
    if price(suggested) == price(last):
        told = f"{price(last)}, se sugiere igual"
    else:
        verb = UP if suggested > last else DOWN
        told = f"{price(last)} → {price(suggested)}, {verb} {price(abs(suggested - last))}"
    spread = "" if low == high else f", de {price(low)} a {price(high)}"
    return f"{told} (cambia con {chance}{spread})"
