"""The whole pipeline beside a Telegram that fails: runs succeed, and each event is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from canasta.deliver.messages.markup import plain
from tests.integration.pipeline_setting import House
from tests.telegram_server import DEAF, TOKEN, TelegramServer, telegram_server
from tests.unit.ingest.builders import tree

EARLIER, DAY = "2024-02-19", "2024-02-21"
SECRET = TOKEN.partition(":")[2]


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with telegram_server() as running:
        yield running


@pytest.fixture
def told_house(house: House, server: TelegramServer) -> House:
    """A house whose people read the loopback Telegram."""
    return replace(house, variables={**house.variables, **server.variables})


def titles(server: TelegramServer) -> list[str]:
    """Return the first line of each text, past the mark of simulated prices."""
    texts = [plain(text).split("\n") for text in server.texts]
    assert all(lines[0] == "⚠ DATOS SIMULADOS" for lines in texts)
    return [lines[1] for lines in texts]


def test_run_succeeds_without_telegram_and_the_next_tells_each_event_once(
    told_house: House, server: TelegramServer
) -> None:
    server.always = DEAF
    ended = told_house.daily(DAY)
    assert ended.code == 0, ended.told()
    assert "✓ Messages: 2 waiting: Telegram cannot be reached" in ended.out
    assert not server.received

    server.always = None
    ended = told_house.daily(DAY)
    assert ended.code == 0, ended.told()
    assert "✓ Messages: 2 sent" in ended.out
    expected = ["Nuevo campeón", "Leche: publicación del miércoles 21 de febrero de 2024"]
    assert titles(server) == expected
    sent = len(server.received)

    outbox = told_house.monitor / "outbox"
    before = tree(outbox)
    ended = told_house.daily(EARLIER)
    assert "NoChampion" in ended.err, "it fails, and the person who started it sees that"
    assert tree(outbox) == before, "a run as of a past day leaves the outbox alone"
    assert len(server.received) == sent
    assert SECRET.encode() not in b"".join(_everything(told_house.folder))


def test_failed_step_is_told_with_the_command_that_runs_it_again(
    told_house: House, server: TelegramServer
) -> None:
    gone = told_house.daily(DAY, PUBLICATION_URL="http://127.0.0.1:9/prices")
    assert gone.code == 1
    assert "SourceUnreachable" in gone.err
    (text,) = (plain(text) for text in server.texts)
    assert "El paso: «leer la publicación». SourceUnreachable: " in text
    assert text.endswith(f"Para correrla otra vez: make daily DATE={DAY}")


def _everything(folder: Path) -> Iterator[bytes]:
    """Yield the content of every file that the house wrote."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes()
