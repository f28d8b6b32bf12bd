"""A publisher that misbehaves, and a lake that is fed from it over http."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from canasta.commodity import Commodity
from canasta.ingest import source
from canasta.ingest.block import Block
from canasta.ingest.http_folder import Patience
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import open_lake
from canasta.ingest.quality import Cells, cleaned
from canasta.ingest.summary import IngestSummary
from canasta.store import store_for
from simulate_publication import publish_files, serving
from simulate_publication.layout import SIMULATION
from simulate_publication.misbehaviour import CATALOGUE
from simulate_publication.publisher import file_name
from simulate_publication.server import Misbehaviour
from tests.unit.ingest.builders import LIMITS, tree

FOREVER = date(2099, 1, 1)
PATIENCE = Patience(connect=5, read=20, total=60, attempts=2, backoff=0.01)
SHORT = {
    "stall": replace(PATIENCE, read=0.5),
    "trickle": replace(PATIENCE, total=0.5),
}


class Place:
    """A publisher's folder, and a lake that is fed from it over http."""

    def __init__(
        self, folder: Path, commodity: Commodity, kind: SourceKind = SourceKind.SIMULATED
    ) -> None:
        self.published, self.stored = folder / "published", folder / "lake"
        self.commodity = commodity
        self.lake = open_lake(store_for(str(self.stored)), commodity, kind)

    def publish(self, blocks: list[Block]) -> Path:
        [file] = publish_files(self.published, blocks, self.commodity, layout=SIMULATION)
        return file.path

    def put(self, day: date, workbook: bytes) -> None:
        (self.published / file_name(day, self.commodity)).write_bytes(workbook)

    def run(self, day: date, way: str = "") -> IngestSummary:
        behaviour = Misbehaviour(CATALOGUE[way], self.commodity) if way else None
        find = partial(source.find, patience=SHORT.get(way, PATIENCE))
        with serving(self.published, misbehaviour=behaviour) as url:
            return ingest(self.lake, url, day, LIMITS, find)

    def good(self, blocks: list[Block]) -> IngestSummary:
        """Publish and ingest as SNIIM does on a good day."""
        self.publish(blocks)
        return self.run(blocks[-1].date)

    def files(self) -> dict[str, bytes]:
        """What the lake holds; joined copies of the daily files left out."""
        found = tree(self.stored)
        return {key: found[key] for key in found if not key.startswith("compacted/")}

    def quoted(self) -> dict[date, Cells]:
        """The prices that the lake knows."""
        return {day: quoted(cells) for day, cells in self.lake.cells(FOREVER).items()}

    def truth(self, blocks: list[Block]) -> dict[date, Cells]:
        return {b.date: quoted(cleaned(b.prices, self.commodity)) for b in blocks}


def quoted(cells: Cells) -> Cells:
    return {key: price for key, price in cells.items() if price is not None}
