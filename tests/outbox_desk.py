"""An outbox on a desk: its clock stands still, and what it logs and sleeps is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from canasta.deliver.messages.markup import bold
from canasta.deliver.messages.message import Document, Message
from canasta.deliver.outbox import Outbox

PNG = b"\x89PNG\r\n\x1a\n picture"
DIGEST = Message(
    "digest-2025-04-30",
    bold("Leche") + ": 29.53 &amp; más",
    PNG,
    (Document("precios.csv", b"a,b\n"), Document("precios.xlsx", b"PK")),
)


class Desk:
    """An outbox whose time stands still unless it is told to go on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime(2025, 4, 30, 20, tzinfo=UTC)
        self.log: list[str] = []
        self.slept: list[float] = []
        self.box = self.reopened()

    def reopened(self) -> Outbox:
        """The outbox as the next run finds it."""
        return Outbox(self.folder, lambda: self.now, self.log.append, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def marks(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "told").glob("*.json"))
