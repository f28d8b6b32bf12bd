"""Processes that end with whoever started them, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import IO

PATIENCE_S = 10.0
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG


class NotEnded(Exception):
    """A process does not end."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that end a program into SystemExit, so that everything is tidied up.

    Once: what comes while it tidies up is passed over. A signal that is ignored stays so (nohup).
    """

    def stop(number: int, _: FrameType | None) -> None:
        for sign in before:
            signal.signal(sign, signal.SIG_IGN)
        raise SystemExit(128 + number)

    heeded = [sign for sign in SIGNALS if signal.getsignal(sign) is not signal.SIG_IGN]
    before = {sign: signal.signal(sign, stop) for sign in heeded}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def started(
    command: list[str],
    variables: Mapping[str, str],
    output: IO[bytes] | int,
    errors: IO[bytes] | int = subprocess.STDOUT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a group of its own; end it, and all that it started, afterwards.

    Should this process be killed, the kernel ends the command (on Linux).

    Args:
        command: what to run.
        variables: its environment.
        output: where it writes.
        errors: where its errors go.

    Raises:
        NotEnded: it lives on after a SIGKILL.
    """
    process = subprocess.Popen(
        command,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        preexec_fn=_with_its_parent(),  # noqa: PLW1509 # one call of the kernel; it takes no lock
    )
    try:
        yield process
    finally:
        _end(process)


def _with_its_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    call, parent = ctypes.CDLL(None).prctl, os.getpid()

    def follow() -> None:
        call(_DIES_WITH_ITS_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return follow


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if _lives(process.pid):
            os.killpg(process.pid, sign)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            process.poll()
            if not _lives(process.pid):
                return
            time.sleep(0.05)
    raise NotEnded(f"Processes of group {process.pid} do not end")


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
