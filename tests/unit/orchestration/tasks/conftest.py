from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import plain
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.parameters import read_parameters
from canasta.registry.steps import Registry
from canasta.registry.tracking import Tracking
from canasta.settings import Settings
from canasta.store import Store
from orchestration.display import Display
from orchestration.tasks.tell import flush
from orchestration.workspace import Workspace
from tests.telegram_server import TelegramServer, telegram_server


@dataclass
class Setting:
    """A workspace whose people read a Telegram on the loopback."""

    work: Workspace
    server: TelegramServer
    folder: Path

    def told(self) -> list[str]:
        """Send what waits, and return all texts that arrived so far."""
        flush.fn(self.work)
        return [plain(text) for text in self.server.texts]

    @property
    def log(self) -> str:
        return (self.folder / "monitor" / "messages.log").read_text(encoding="utf-8")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with telegram_server() as running:
        yield running


@pytest.fixture
def setting(
    tmp_path: Path, milk: Commodity, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> Setting:
    variables = {
        **server.variables,
        "LAKE_URL": str(tmp_path / "lake"),
        "MONITOR_DIR": str(tmp_path / "monitor"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate({name.lower(): one for name, one in variables.items()})
    lake = open_lake(Store(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    return Setting(workspace(settings, lake, milk), server, tmp_path)


def workspace(
    settings: Settings, lake: Lake, milk: Commodity, at: str = "2025-06-02T13:00"
) -> Workspace:
    now = datetime.fromisoformat(at).replace(tzinfo=milk.time_zone)
    registry = Registry(
        lake=lake.store,
        tracking=Tracking("http://127.0.0.1:9", "unused", "milk"),
        clock=lambda: now.astimezone(UTC),
        check_lock=lambda: None,
    )
    work = Workspace(settings, read_parameters(), now.date(), lake, registry)
    work.display = Display(Console(quiet=True))
    return work
