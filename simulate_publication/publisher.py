"""Blocks -> cumulative workbooks in a folder, as SNIIM puts them on its site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from canasta.commodity import Commodity
from canasta.errors import NoPublication, SimulationError
from canasta.ingest.block import Block
from canasta.settings import Settings
from canasta.store import Store
from simulate_publication.layout import SIMULATION, SNIIM, Layout
from simulate_publication.simulation import START, publication_days, simulate
from simulate_publication.workbook import render

ORIGIN = ".origin.json"
"""Says whose publications a folder holds, so that two markets never mix in one."""
FORMAT = 2
"""Of the simulated workbooks; since 2 each block says that its prices are simulated."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a folder's publications come from.

    `seed` is that of the simulated market, or None for real history; `history` names the
    folder of real history, or is None. `format` is that of simulated workbooks.
    """

    commodity: str
    seed: int | None = None
    history: str | None = None
    format: int = field(default=FORMAT, compare=False)

    @property
    def layout(self) -> Layout:
        """How its workbooks look: those that are simulated say so."""
        return SIMULATION if self.history is None else SNIIM

    @property
    def outdated(self) -> bool:
        """Whether its workbooks are simulated and lack what is written in them today."""
        return self.history is None and self.format < FORMAT

    def __str__(self) -> str:
        what = f"seed {self.seed}" if self.history is None else f"history from {self.history}"
        return f"{self.commodity}, {what}"


@dataclass(frozen=True, slots=True)
class Published:
    """One workbook in the folder, and whether it had to be written."""

    path: Path
    blocks: int
    written: bool


def publish_files(
    folder: Path,
    blocks: Sequence[Block],
    commodity: Commodity,
    *,
    newest: int | None = 1,
    layout: Layout = SNIIM,
) -> list[Published]:
    """Write the cumulative workbook of each of the `newest` publication dates; None: of all.

    Prices of a simulated market want the `layout` that says so, `SIMULATION`. Each file is
    written in one atomic step; one that already holds the same bytes is left alone. The newest
    comes last.
    """
    ordered = sorted(blocks, key=lambda block: block.date)
    first = 0 if newest is None else max(len(ordered) - newest, 0)
    return [
        _publish(folder, ordered[:count], commodity, layout)
        for count in range(first + 1, len(ordered) + 1)
    ]


def claim(folder: Path, origin: Origin) -> None:
    """Record that `folder` holds the publications of `origin`.

    Simulated workbooks of an older format are removed: whoever wants them writes them again.

    Raises:
        SimulationError: it holds those of another, or workbooks that nobody accounts for.
    """
    held = read_origin(folder)
    if held is None:
        if any(folder.glob("*.xlsx")):
            raise SimulationError(
                f"{folder} holds workbooks that were not written here ({ORIGIN} is missing). "
                "Set PUBLICATIONS to another folder; to read those, set PUBLICATION_URL to "
                f"{folder.resolve().as_uri()}."
            )
        _record(folder, origin)
    elif held != origin:
        raise SimulationError(
            f"{folder} holds publications of {held}; asked for {origin}. Two markets do not mix: "
            "set PUBLICATIONS to another folder (and LAKE_URL to another lake), or remove this one."
        )
    elif held.outdated:
        for path in folder.glob("*.xlsx"):
            path.unlink()
        _record(folder, origin)


def read_origin(folder: Path) -> Origin | None:
    """Return whose publications `folder` holds, None where it says nothing.

    Raises:
        SimulationError: the record cannot be read.
    """
    path = folder / ORIGIN
    try:
        return Origin(**{"format": 1, **json.loads(path.read_bytes())})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise SimulationError(
            f"{path} should say whose publications the folder holds, but cannot be read: {error}. "
            "Remove the folder; it is written again."
        ) from error


def ensure_simulated(settings: Settings, as_of: date) -> Path | None:
    """See to it that PUBLICATIONS holds the publication that a run as of `as_of` finds.

    The newest one on or before `as_of` is simulated and written, unless it is there. The
    market stays the one that the folder began with, whatever SEED says now. A folder of
    rendered real history is left as it is.

    Returns:
        The workbook, or None for a folder of real history.

    Raises:
        NoPublication: the simulated market begins after `as_of`.
        SimulationError: the folder holds another commodity's publications, or the commodity
            is one whose market cannot be simulated.
    """
    folder, commodity = settings.publications, settings.load_commodity()
    held = read_origin(folder)
    if held is not None and held.history is not None:
        return None
    seed = held.seed if held is not None and held.seed is not None else settings.seed
    origin = Origin(commodity.name, seed=seed)
    claim(folder, origin)
    days = publication_days(commodity, as_of)
    if not days:
        raise NoPublication(
            f"No publication on or before {as_of}: the simulated market begins on {START}. "
            "Choose a later DATE, or set PUBLICATION_URL to a real source."
        )
    path = folder / file_name(days[-1], commodity)
    if not path.exists():
        blocks = simulate(commodity, seed, as_of)
        publish_files(folder, blocks, commodity, layout=origin.layout)
    return path


def file_name(day: date, commodity: Commodity) -> str:
    """Return the name of the workbook published on `day`: Leche25072025.xlsx."""
    return day.strftime(commodity.source.file_name)


def _record(folder: Path, origin: Origin) -> None:
    content = json.dumps(asdict(origin), ensure_ascii=False)
    Store(str(folder)).replace(ORIGIN, content.encode())


def _publish(
    folder: Path, blocks: Sequence[Block], commodity: Commodity, layout: Layout
) -> Published:
    name = file_name(blocks[-1].date, commodity)
    content = render(blocks, commodity, layout=layout)
    path = folder / name
    same = path.exists() and path.read_bytes() == content
    if not same:
        Store(str(folder)).replace(name, content)
    return Published(path, len(blocks), written=not same)
