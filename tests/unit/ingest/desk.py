"""A lake, a folder of publications beside it, and runs as of any day."""

from datetime import date
from pathlib import Path

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.intake import ingest
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.price_files import daily_key
from canasta.ingest.summary import IngestSummary
from canasta.store import store_for
from simulate_publication import Layout
from tests.unit.ingest.builders import LIMITS, publish

LAST = date(2030, 1, 1)


class Desk:
    """A folder of publications, a lake beside it, and a run as of each day."""

    def __init__(self, folder: Path, milk: Commodity) -> None:
        self.milk = milk
        self.published = folder / "published"
        self.stored = folder / "lake"
        self.lake = open_lake(store_for(str(self.stored)), milk, SourceKind.SNIIM)

    def run(self, day: date, *blocks: Block, layout: Layout | None = None) -> IngestSummary:
        """Publish a file, if blocks are given, and ingest as of `day`."""
        if blocks:
            publish(self.published, blocks, self.milk, layout)
        self.published.mkdir(exist_ok=True)
        return ingest(self.lake, self.published.as_uri(), day, LIMITS)

    def daily(self, day: date) -> Path:
        return self.stored / daily_key(day)


def cells(lake: Lake) -> dict[date, object]:
    return dict(lake.cells(LAST))


def expected(*blocks: Block) -> dict[date, object]:
    return {stated.date: stated.prices for stated in blocks}
