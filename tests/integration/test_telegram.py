"""Messages through the real python-telegram-bot to a Telegram on the loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from canasta.deliver.messages.markup import bold
from canasta.deliver.messages.message import Message, Part
from canasta.deliver.outbox import MAX_AGE, MAX_WAITING, PATIENCE_S
from canasta.deliver.outbox_files import lost_in_a_row
from canasta.deliver.telegram import TelegramSender
from tests.outbox_desk import DIGEST, PNG, Desk
from tests.s3_server import free_ports
from tests.telegram_server import (
    BAD_ENTITY,
    BROKEN,
    CHAT,
    DEAF,
    FORBIDDEN,
    HOST,
    LOST_ANSWER,
    NO_CHAT,
    STALL,
    TOKEN,
    TOO_MANY,
    Fault,
    TelegramServer,
    telegram_server,
)

SECRET = TOKEN.partition(":")[2]
FINE = Fault(200, arrives=True)


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with telegram_server() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "outbox")


@contextmanager
def sender(url: str, answer_s: float = 5.0, token: str = TOKEN) -> Iterator[TelegramSender]:
    with TelegramSender(token, CHAT, url, answer_s) as made:
        yield made


def send(desk: Desk, url: str, answer_s: float = 5.0) -> tuple[int, int, int]:
    """Send all as a new run does; return how many were sent, logged, and wait."""
    with sender(url, answer_s) as made:
        done = desk.reopened().send_all(made)
    return done.sent, done.logged, done.waiting


def test_digest_arrives_once_with_picture_and_files(server: TelegramServer, desk: Desk) -> None:
    assert desk.box.put(DIGEST)
    assert send(desk, server.url) == (1, 0, 0)
    text, photo, csv, xlsx = server.received
    assert text.fields["text"] == "<b>Leche</b>: 29.53 &amp; más"
    assert (text.fields["chat_id"], text.fields["parse_mode"]) == (CHAT, "HTML")
    assert photo.files == {"grafica.png": PNG}
    assert [csv.files, xlsx.files] == [{"precios.csv": b"a,b\n"}, {"precios.xlsx": b"PK"}]
    assert [one.method for one in server.received] == [
        "sendMessage", "sendPhoto", "sendDocument", "sendDocument",
    ]  # fmt: skip
    loud = [one.fields.get("disable_notification") != "true" for one in server.received]
    assert loud == [True, False, False, False], "one event rings once"
    assert not desk.reopened().put(DIGEST)
    assert send(desk, server.url) == (0, 0, 0)
    assert len(server.received) == 4


def test_long_text_arrives_in_pieces_in_order(server: TelegramServer, desk: Desk) -> None:
    lines = [f"{number} {bold('palabra')} <= &" for number in range(600)]
    text = "\n".join(line.replace("<=", "&lt;=").replace(" &", " &amp;") for line in lines)
    desk.box.put(Message("long", text))
    assert send(desk, server.url) == (1, 0, 0)
    assert len(server.texts) > 1
    assert "\n".join(server.texts) == text


def test_429_is_waited_for_as_asked(server: TelegramServer, desk: Desk) -> None:
    server.faults.extend([TOO_MANY, TOO_MANY])
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (1, 0, 0)
    assert desk.slept == [2.0, 2.0]
    assert len(server.received) == 4


def test_429_beyond_the_patience_of_a_run_is_heeded_by_the_next(
    server: TelegramServer, desk: Desk
) -> None:
    server.faults.append(Fault(429, "Too Many Requests", {"retry_after": 900}))
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (0, 0, 1)
    assert not desk.slept
    calls = len(server.calls)
    assert send(desk, server.url) == (0, 0, 1)
    assert len(server.calls) == calls, "Telegram was asked before its time"
    desk.now += timedelta(seconds=901)
    assert send(desk, server.url) == (1, 0, 0)


def test_429_again_and_again_ends(server: TelegramServer, desk: Desk) -> None:
    server.always = TOO_MANY
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (0, 0, 1)
    assert sum(desk.slept) <= PATIENCE_S


@pytest.mark.parametrize("fault", [FORBIDDEN, NO_CHAT], ids=["403", "400-chat"])
def test_what_can_never_arrive_is_logged(server: TelegramServer, desk: Desk, fault: Fault) -> None:
    server.always = fault
    desk.box.put(DIGEST)
    with sender(server.url) as made:
        done = desk.reopened().send_all(made)
    assert (done.logged, done.lost, done.waiting) == (0, 1, 0)
    assert "Telegram" in done.reason
    assert lost_in_a_row(desk.reopened().told()) == 1
    assert desk.log == ["Leche: 29.53 & más\n[precios.csv, precios.xlsx]"]
    assert desk.marks() == [DIGEST.key]


def test_bad_entity_falls_back_to_plain_text_once(server: TelegramServer, desk: Desk) -> None:
    server.faults.append(BAD_ENTITY)
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (1, 0, 0)
    first = server.received[0]
    assert first.fields["text"] == "Leche: 29.53 & más"
    assert "parse_mode" not in first.fields
    assert len(server.received) == 4


def test_html_that_is_really_broken_arrives_as_text(server: TelegramServer, desk: Desk) -> None:
    desk.box.put(Message("broken", "<b>uno <q>dos</b>"))
    assert send(desk, server.url) == (1, 0, 0)
    assert server.calls == ["sendMessage", "sendMessage"]


def test_refused_picture_is_left_out_and_the_rest_arrives(
    server: TelegramServer, desk: Desk
) -> None:
    server.faults.extend([FINE, Fault(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")])
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (1, 0, 0)
    assert [one.method for one in server.received] == [
        "sendMessage", "sendDocument", "sendDocument",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fault", [STALL, BROKEN, DEAF, Fault(401, "Unauthorized")],
    ids=["stall", "502", "dies", "401"],
)  # fmt: skip
def test_what_fails_for_now_is_kept_and_sent_later(
    server: TelegramServer, desk: Desk, fault: Fault
) -> None:
    server.always = fault
    desk.box.put(DIGEST)
    desk.box.put(Message("other", "otro"))
    assert send(desk, server.url, answer_s=0.3) == (0, 0, 2)
    server.always = None
    assert not server.received
    assert not desk.log
    assert send(desk, server.url) == (2, 0, 0)
    assert len(server.received) == 5


def test_server_that_is_gone_and_comes_back(desk: Desk) -> None:
    (port,) = free_ports(1)
    desk.box.put(DIGEST)
    assert send(desk, f"http://{HOST}:{port}") == (0, 0, 1)
    with telegram_server(port) as server:
        assert send(desk, server.url) == (1, 0, 0)
        assert len(server.received) == 4


def test_server_that_dies_halfway_gets_only_the_rest_later(desk: Desk) -> None:
    (port,) = free_ports(1)
    desk.box.put(DIGEST)
    with telegram_server(port) as server, sender(server.url) as made:
        server.faults.extend([FINE, FINE, BROKEN])
        assert desk.box.send_all(made).waiting == 1
        assert [one.method for one in server.received] == ["sendMessage", "sendPhoto"]
    with telegram_server(port) as server:
        assert send(desk, server.url) == (1, 0, 0)
        assert [one.method for one in server.received] == ["sendDocument", "sendDocument"]


def test_answer_that_is_lost_repeats_one_part_at_most(server: TelegramServer, desk: Desk) -> None:
    server.faults.append(LOST_ANSWER)
    desk.box.put(DIGEST)
    assert send(desk, server.url) == (0, 0, 1)
    assert send(desk, server.url) == (1, 0, 0)
    assert [one.method for one in server.received] == [
        "sendMessage", "sendMessage", "sendPhoto", "sendDocument", "sendDocument",
    ]  # fmt: skip


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("last", range(4))
def test_run_killed_between_sending_and_marking_repeats_that_part_alone(
    server: TelegramServer, desk: Desk, last: int
) -> None:
    desk.box.put(DIGEST)
    with sender(server.url) as made, pytest.raises(Killed):
        desk.box.send_all(DyingAfter(made, last))
    assert send(desk, server.url) == (1, 0, 0)
    methods = [one.method for one in server.received]
    whole = ["sendMessage", "sendPhoto", "sendDocument", "sendDocument"]
    assert methods == [*whole[: last + 1], *whole[last:]]


@dataclass
class DyingAfter:
    """Sends so many parts and one more, and is killed before anybody knows."""

    made: TelegramSender
    left: int

    def send(self, part: Part) -> None:
        self.made.send(part)
        if self.left == 0:
            raise Killed
        self.left -= 1


def test_run_killed_between_mark_and_removal_tells_nothing_twice(
    server: TelegramServer, desk: Desk
) -> None:
    desk.box.put(DIGEST)
    waiting = next((desk.folder / "waiting").glob("*.json"))
    content = waiting.read_bytes()
    assert send(desk, server.url) == (1, 0, 0)
    waiting.write_bytes(content)
    assert send(desk, server.url) == (0, 0, 0)
    assert not waiting.exists()
    assert len(server.received) == 4


def test_two_runs_at_once_send_each_message_once(server: TelegramServer, desk: Desk) -> None:
    for number in range(8):
        desk.box.put(Message(f"event-{number}", f"texto {number}"))
    runs = [threading.Thread(target=send, args=(desk, server.url)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(server.texts) == [f"texto {number}" for number in range(8)]


def test_old_news_and_too_many_are_given_up(server: TelegramServer, desk: Desk) -> None:
    desk.box.put(Message("old", "viejo"))
    desk.now += MAX_AGE + timedelta(seconds=1)
    for number in range(MAX_WAITING + 3):
        desk.now += timedelta(seconds=1)
        desk.box.put(Message(f"event-{number}", f"{number}"))
    server.always = BROKEN
    assert send(desk, server.url) == (0, 0, MAX_WAITING)
    assert desk.log == ["viejo", "0", "1", "2"]


def test_file_that_is_no_message_is_removed_and_stops_nothing(
    server: TelegramServer, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.box.put(DIGEST)
    (desk.folder / "waiting" / "torn.json").write_text('{"key": "to', encoding="utf-8")
    assert send(desk, server.url) == (1, 0, 0)
    assert "torn.json is no message" in caplog.text
    assert not list((desk.folder / "waiting").iterdir())


@pytest.mark.parametrize(
    "fault", [None, FORBIDDEN, NO_CHAT, DEAF, BROKEN, STALL, Fault(401, f"no {TOKEN}")]
)
def test_token_stands_in_no_log_and_no_error(
    server: TelegramServer, desk: Desk, fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.always = fault
    desk.box.put(DIGEST)
    with sender(server.url, answer_s=0.3) as made:
        done = desk.box.send_all(made)
    assert SECRET not in caplog.text
    assert SECRET not in f"{done.reason}{desk.log}"
    written = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in written


def test_wrong_token_is_kept_and_not_told(server: TelegramServer, desk: Desk) -> None:
    desk.box.put(DIGEST)
    other = TOKEN.replace("1", "2")
    with sender(server.url, token=other) as made:
        done = desk.box.send_all(made)
    assert done.waiting == 1
    assert done.reason == "Telegram refuses TELEGRAM_BOT_TOKEN; ask @BotFather."


def test_levels_of_other_loggers_are_left_as_they_were(server: TelegramServer, desk: Desk) -> None:
    chatty = logging.getLogger("httpx")
    before = chatty.level
    chatty.setLevel(logging.INFO)
    try:
        desk.box.put(DIGEST)
        send(desk, server.url)
        assert chatty.level == logging.INFO
    finally:
        chatty.setLevel(before)
