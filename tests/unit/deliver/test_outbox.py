from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from canasta.deliver.messages.message import Document, Message, Part
from canasta.deliver.outbox import CHANCES, TRIED
from canasta.deliver.outbox_files import How, Told
from canasta.errors import DeliveryPutOff
from canasta.store import PARTIAL_SUFFIX
from tests.outbox_desk import DIGEST, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "outbox")


def test_without_credentials_the_text_goes_to_the_log_and_counts_as_told(desk: Desk) -> None:
    desk.box.put(DIGEST)
    done = desk.box.send_all(None)
    assert (done.sent, done.logged, done.waiting) == (0, 1, 0)
    assert desk.log == ["Leche: 29.53 & más\n[precios.csv, precios.xlsx]"]
    assert not desk.box.put(DIGEST)


def test_what_was_told_is_known_the_newest_first(desk: Desk) -> None:
    first = desk.now
    for key in ("drift-2025-04-28", "late-2025-04-30"):
        desk.box.put(Message(key, key))
        desk.box.send_all(None)
        desk.now += timedelta(hours=1)
    (desk.folder / "told" / "torn.json").write_text("{", encoding="utf-8")
    assert desk.box.told() == [
        Told("late-2025-04-30", first + timedelta(hours=1), How.LOGGED),
        Told("drift-2025-04-28", first, How.LOGGED),
    ]


class Picky:
    """A service that fails on some parts for ever."""

    def __init__(self, *poison: str) -> None:
        self.poison = poison
        self.taken: list[str] = []
        self.tried = 0

    def send(self, part: Part) -> None:
        self.tried += 1
        name = part.text if part.file is None else part.file.name
        if name in self.poison:
            raise DeliveryPutOff("Request Entity Too Large (413)")
        self.taken.append(name)


def news(key: str) -> Message:
    return Message(key, key)


def test_message_that_fails_for_ever_holds_up_no_other(desk: Desk) -> None:
    picky = Picky("poison")
    for run in range(CHANCES + 1):
        if not run:
            desk.box.put(news("poison"))
        desk.now += timedelta(hours=1)
        desk.box.put(news(f"news-{run}"))
        done = desk.reopened().send_all(picky)
        assert done.sent == 1
        assert done.waiting == (run + 1 < CHANCES)
    assert picky.taken == [f"news-{run}" for run in range(CHANCES + 1)]
    assert desk.log == ["poison"], "the log has what never went out"


def test_file_that_fails_for_ever_is_left_out_and_the_rest_arrives(desk: Desk) -> None:
    picky = Picky("precios.csv")
    desk.box.put(DIGEST)
    for run in range(CHANCES + 1):
        desk.now += timedelta(hours=1)
        desk.box.put(news(f"news-{run}"))
        desk.reopened().send_all(picky)
    once = [name for name in picky.taken if not name.startswith("news")]
    assert once == [DIGEST.text, "grafica.png", "precios.xlsx"]
    assert DIGEST.key in desk.marks()


def with_file(key: str) -> Message:
    return Message(key, key, None, (Document("poison", b"a"),))


def test_files_that_fail_hold_up_no_text_and_are_left_out(desk: Desk) -> None:
    picky = Picky("poison")
    for at in range(TRIED + 2):
        desk.box.put(with_file(f"digest-{at}"))
        desk.now += timedelta(days=1)
        desk.reopened().send_all(picky)
    desk.box.put(news("alert"))
    done = desk.reopened().send_all(picky)
    assert "alert" in picky.taken
    assert done.reason == "Request Entity Too Large (413)"
    for _ in range(CHANCES):
        desk.box.put(news(f"news-{desk.now:%Y-%m-%d-%H}"))
        desk.now += timedelta(hours=1)
        desk.reopened().send_all(picky)
    assert {f"digest-{at}" for at in range(TRIED)} <= set(desk.marks())


def test_run_tries_few_files_of_a_service_that_takes_none(desk: Desk) -> None:
    picky = Picky("poison")
    for at in range(9):
        desk.box.put(with_file(f"digest-{at}"))
    desk.reopened().send_all(picky)
    tried = picky.tried
    desk.reopened().send_all(picky)
    assert picky.tried - tried == TRIED


def test_message_that_was_sent_whole_and_not_marked_is_closed(desk: Desk) -> None:
    desk.box.put(with_file("digest"))
    (one,) = desk.box.waiting()
    desk.box._keep(replace(one, sent=2))
    gone = Picky("digest", "poison")
    assert desk.reopened().send_all(gone).sent == 1
    assert gone.tried == 0


def test_message_that_is_being_put_in_while_others_are_sent_is_kept(desk: Desk) -> None:
    half_written = desk.folder / "waiting" / f".news{PARTIAL_SUFFIX}"
    half_written.parent.mkdir(parents=True)
    half_written.write_bytes(b"{")
    desk.box.send_all(Picky())
    assert half_written.exists()
    os.utime(half_written, (0, 0))
    desk.box.send_all(Picky())
    assert not half_written.exists()


def test_service_that_takes_nothing_blames_no_message_and_is_left_alone_soon(desk: Desk) -> None:
    names = [f"news-{at}" for at in range(9)]
    for name in names:
        desk.box.put(news(name))
    gone = Picky(*names)
    for _ in range(CHANCES + 1):
        done = desk.reopened().send_all(gone)
        assert (done.waiting, done.reason) == (9, "Request Entity Too Large (413)")
    assert gone.tried == TRIED * (CHANCES + 1)
    back = Picky()
    assert desk.reopened().send_all(back).sent == 9
    assert back.taken == names
