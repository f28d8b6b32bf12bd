from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

from deployment.app.reload_call import ReloadCall


def test_call_is_heard_again_only_when_rung() -> None:
    call = ReloadCall()
    before = call.heard()
    assert call.heard() == before
    call.ring()
    assert call.heard() != before


def ring(call: ReloadCall, heard: Connection) -> None:
    call.ring()
    heard.send(call.heard())


def test_processes_that_were_forked_share_it() -> None:
    call, forked = ReloadCall(), multiprocessing.get_context("fork")
    ours, theirs = forked.Pipe()
    process = forked.Process(target=ring, args=(call, theirs))
    process.start()
    heard = ours.recv()
    process.join()
    assert call.heard() == heard
