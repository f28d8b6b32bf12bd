"""`make bot` as it is run: a process that asks a Telegram on the loopback for questions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import plain
from canasta.deliver.publish import CSV, XLSX, report_key
from canasta.errors import SettingsError
from canasta.settings import ROOT, Settings
from canasta.store import Store
from orchestration.bot import answer_people
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion
from tests.telegram_server import CHAT, TOKEN, TelegramServer, telegram_server

SECRET = TOKEN.partition(":")[2]
STRANGER = 99
PATIENCE_S = 60.0


@dataclass
class Bot:
    """A running bot and the Telegram that it talks to."""

    process: subprocess.Popen[bytes]
    server: TelegramServer
    log: Path

    def asked(self, text: str, parts: int = 1) -> str:
        """Ask in the allowed chat, and return the text that comes back."""
        before = len(self.server.received)
        self.server.ask(text)
        self.server.wait_for(before + parts, PATIENCE_S)
        return plain(self.server.received[before].fields["text"])

    def end(self) -> int:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, milk: Commodity) -> Store:
    """A lake with a champion and its report."""
    store = Store(str(tmp_path_factory.mktemp("bot") / "lake"))
    panel = simulated_panel(milk, 60)
    made, outlook = quick_champion(panel)
    PromotedLake(store).promote(3, made, panel, outlook)
    for suffix in (CSV, XLSX):
        store.replace(report_key(outlook.targets[0], suffix), b"of " + suffix.encode())
    return store


@contextmanager
def running(
    server: TelegramServer, lake: Store, folder: Path, *, refused: bool = False, **more: str
) -> Iterator[Bot]:
    log = folder / "bot.log"
    variables = {
        **server.variables,
        "LAKE_URL": lake.url,
        "TELEGRAM_ALLOWED_CHATS": CHAT,
        "PREFECT_HOME": str(folder / "prefect"),
        **more,
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", "bot"],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    bot = Bot(process, server, log)
    try:
        if not refused:
            server.wait_for_a_bot(PATIENCE_S)
        yield bot
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def bot(lake: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    with (
        telegram_server() as server,
        running(server, lake, tmp_path_factory.mktemp("run")) as made,
    ):
        yield made


def test_price_of_a_city_as_people_type_it(bot: Bot) -> None:
    told = bot.asked("/precio  cd.juarez")
    assert told.startswith("Cd.Juárez\n")
    assert "Pasteurizada · Autoservicios: " in told
    assert "cambia con" in told
    assert bot.asked("/precio@canasta_bot MERIDA").startswith("Mérida\n")


def test_city_that_is_not_known_brings_the_nearest_and_a_state_its_cities(bot: Bot) -> None:
    assert "¿Quiso decir Guadalajara" in bot.asked("/precio Guadalajra")
    assert "En Sonora hay precios de: Cd. Obregón" in bot.asked("/precio sonora")
    assert "No conozco la ciudad «<b>x&y»" in bot.asked("/precio <b>x&y")
    assert "por ejemplo: /precio Guadalajara" in bot.asked("/precio")


def test_state_says_what_is_live(bot: Bot) -> None:
    told = bot.asked("/estado")
    assert "Última publicación: " in told
    assert "Modelo: XGBoost, versión 3." in told
    assert "va con retraso" in told, "the simulated prices are old by now"


def test_report_comes_with_chart_and_files(bot: Bot) -> None:
    bot.asked("/reporte", parts=4)
    photo, csv, xlsx = bot.server.received[-3:]
    assert next(iter(photo.files.values())).startswith(b"\x89PNG")
    assert [*csv.files.values(), *xlsx.files.values()] == [b"of .csv", b"of .xlsx"]


def test_start_and_help_say_what_can_be_asked(bot: Bot) -> None:
    assert "/precio Guadalajara" in bot.asked("/start")
    assert bot.asked("/ayuda") == bot.asked("/help")


def test_stranger_gets_no_answer_and_is_named_in_the_log_once(bot: Bot) -> None:
    before = len(bot.server.received)
    for _ in range(3):
        bot.server.ask("/precio Guadalajara", chat=STRANGER)
    bot.asked("/start")
    assert len(bot.server.received) == before + 1
    log = bot.log.read_text(encoding="utf-8")
    assert log.count(f"chat {STRANGER} asked") == 1


def test_what_was_asked_while_no_bot_ran_gets_no_answer(lake: Store, tmp_path: Path) -> None:
    with telegram_server() as server:
        server.ask("/precio Guadalajara")
        with running(server, lake, tmp_path) as bot:
            assert "/estado" in bot.asked("/ayuda")
            assert len(server.received) == 1


def test_telegram_that_is_gone_for_a_while_is_asked_again_and_ctrl_c_ends_cleanly(
    lake: Store, tmp_path: Path
) -> None:
    server = TelegramServer()
    port = int(server.url.rpartition(":")[2])
    with running(server, lake, tmp_path) as bot:
        bot.asked("/start")
        server.stop()
        with telegram_server(port) as back:
            bot.server = back
            assert "/precio" in bot.asked("/start")
            assert bot.end() == 0
        log = bot.log.read_text(encoding="utf-8")
    assert "The bot has ended." in log
    assert SECRET not in log


def test_wrong_token_is_told_in_a_sentence_without_it(lake: Store, tmp_path: Path) -> None:
    other = TOKEN.replace("1", "2")
    with (
        telegram_server() as server,
        running(server, lake, tmp_path, refused=True, TELEGRAM_BOT_TOKEN=other) as bot,
    ):
        assert bot.process.wait(PATIENCE_S) == 1
        log = bot.log.read_text(encoding="utf-8")
    assert "SettingsError: Telegram refuses TELEGRAM_BOT_TOKEN" in log
    assert SECRET not in log


def test_without_a_token_there_is_no_bot() -> None:
    with pytest.raises(SettingsError, match="TELEGRAM_BOT_TOKEN is empty"):
        answer_people(Settings())
