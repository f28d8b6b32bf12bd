"""A lake that prices come into and forecasts are published in, day by day, without the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from canasta.commodity import Commodity
from canasta.deliver.forecasts import forecasts_bytes, forecasts_key
from canasta.deliver.report import ModelName
from canasta.forecast.history import read_panel
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.ingest.block import Block
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.quality import cleaned
from canasta.monitor.outcomes import ScoredPublication, Scoring, score
from canasta.store import store_for
from tests.outlooks import drawn_outlook

WEIGHT = 20.0
"""Changes that the market counts in persistence's distribution."""
EPOCH = datetime(2025, 1, 1, 18, tzinfo=UTC)

type Forecaster = Callable[[Panel, date], Outlook]


def drawn(panel: Panel, as_of: date) -> Outlook:
    """Forecast something, another thing each day."""
    return drawn_outlook(panel, seed=as_of.toordinal(), as_of=as_of)


@dataclass(frozen=True)
class PublishedLake:
    """The lake in `folder`, of `milk`."""

    folder: Path
    milk: Commodity

    @property
    def lake(self) -> Lake:
        return open_lake(store_for(str(self.folder)), self.milk, SourceKind.SNIIM)

    def panel(self, as_of: date) -> Panel:
        return read_panel(self.lake, self.milk, as_of)

    def come(self, *blocks: Block) -> None:
        """Accept publications."""
        for block in blocks:
            self.lake.add_publication(block.date, cleaned(block.prices, self.milk))

    def publish(
        self, as_of: date, version: int = 1, forecaster: Forecaster = drawn, hour: int = 0
    ) -> Outlook:
        """Write the forecasts of a day down, `hour` hours after noon."""
        panel = self.panel(as_of)
        outlook = forecaster(panel, as_of)
        model = ModelName("xgboost", version, simulated=False)
        made_at = EPOCH + timedelta(days=(as_of - EPOCH.date()).days, hours=hour)
        content = forecasts_bytes(panel, outlook, self.milk, model, made_at)
        self.lake.store.write_once(forecasts_key(outlook.origin, version), content)
        return outlook

    def score(self, as_of: date, *, backfilled: bool = False) -> tuple[ScoredPublication, ...]:
        """Score what is due on a day; nothing waits."""
        scoring = self.scoring(as_of, backfilled=backfilled)
        scoring.check()
        return scoring.publications

    def scoring(self, as_of: date, *, backfilled: bool = False) -> Scoring:
        """Score what is due on a day; tell what waits too."""
        return score(self.lake, self.panel(as_of), as_of, WEIGHT, backfilled=backfilled)

    def live(self, blocks: Sequence[Block], versions: Callable[[int], int]) -> None:
        """Let publications come one by one; after each, score and forecast."""
        for at, block in enumerate(blocks):
            self.come(block)
            self.score(block.date)
            self.publish(block.date, versions(at))

    def files(self, folder: str = "outcomes") -> dict[str, bytes]:
        """Return the bytes of what lies in a folder of the lake, by key."""
        store = self.lake.store
        return {key: store.read(key) for key in store.keys(folder)}
