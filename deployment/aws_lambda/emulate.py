"""`python -m deployment.aws_lambda.emulate`: events through Lambda's own runtime, on this machine.

AWS's runtime interface client (awslambdaric) calls the function, AWS's runtime interface emulator
calls the client as Lambda would. The emulator comes from the wheel of aws-sam-cli. `make lambda`
installs all three, and what the image holds, into an environment of their own: so a package that
the image lacks is missing here too.
"""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from canasta.settings import ROOT

FUNCTION = "deployment.aws_lambda.function.handler"
EVENTS = Path(__file__).parent / "events"
WARM = 50
"""Times an event is sent again, to time it."""
START_S, ANSWER_S, STOP_S = 10.0, 30.0, 5.0
"""How long the emulator may take."""

LIKE_THE_IMAGE = {
    "PYDANTIC_DISABLE_PLUGINS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONTZPATH": "",
}  # fmt: skip
"""Variables that the Dockerfile sets; and no time zones but our own, as a base may lack them."""

_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_PATH = "/2015-03-31/functions/function/invocations"


class EmulationFailed(Exception):
    """The emulator cannot run, or the function gives it no answer; the message says why."""


@dataclass(frozen=True)
class Emulated:
    """A function that waits for events; one at a time, as Lambda sends them."""

    port: int
    log: Path

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return what the function makes of `event`.

        Raises:
            EmulationFailed: it failed, or could not be started.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        try:
            connection.request("POST", _PATH, json.dumps(event))
            answer = json.loads(connection.getresponse().read())
        except OSError as error:
            raise EmulationFailed(f"The function gave no answer ({error}). {self.tail}") from None
        finally:
            connection.close()
        if "statusCode" not in answer:
            raise EmulationFailed(f"The function failed: {answer}. {self.tail}")
        return dict(answer)

    @property
    def init_ms(self) -> float:
        """How long the function took to get ready, once it has; NaN before."""
        found = _INIT.search(self._logged)
        return float(found[1]) if found else float("nan")

    @property
    def _logged(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def tail(self) -> str:
        """The last lines that the function and the emulator logged."""
        return "It logged:\n" + "\n".join(self._logged.splitlines()[-20:])


@contextmanager
def emulated(**environment: str) -> Iterator[Emulated]:
    """Run the function under the emulator, on loopback ports that are free.

    Args:
        environment: variables for the function, over those of this process. It asks for no key.

    Raises:
        EmulationFailed: the emulator does not run here.
    """
    port, runtime_port = _free_ports()
    command = [
        *(str(_emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *(sys.executable, "-m", "awslambdaric", FUNCTION),
    ]
    variables = {**os.environ, **LIKE_THE_IMAGE, "AUTH": "open", **environment}
    with tempfile.TemporaryDirectory(prefix="canasta-lambda-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 # AWS's emulator, with our own arguments
                command, cwd=ROOT, env=variables, stdout=file, stderr=subprocess.STDOUT
            )
        try:
            _wait(process, port)
            yield Emulated(port, log)
        finally:
            _stop(process)


def _emulator() -> Path:
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
    spec = find_spec("samcli")
    if platform.system() != "Linux" or machine is None:
        raise EmulationFailed("AWS's emulator runs on Linux alone, on x86_64 or arm64.")
    if spec is None or not spec.submodule_search_locations:
        raise EmulationFailed("AWS's emulator is not installed here; `make lambda` does that.")
    return (
        Path(spec.submodule_search_locations[0]) / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    )


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise EmulationFailed("AWS's emulator did not start.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # it ends the function with it
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(names: list[str]) -> int:
    """Send the events in the files `names`, print answers and times; return the exit code."""
    files = [Path(name) for name in names] or sorted(EVENTS.glob("*.json"))
    events = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}
    try:
        with emulated() as function:
            return _try(function, events)
    except EmulationFailed as error:
        print(error, file=sys.stderr)
        return 1


def _try(function: Emulated, events: dict[str, dict[str, Any]]) -> int:
    first, *_ = asked = [_timed(function, event) for event in events.values()]
    for name, (answer, _) in zip(events, asked, strict=True):
        print(f"{name}: {answer['statusCode']}\n{answer['body']}\n")
    if any(answer["statusCode"] != HTTPStatus.OK for answer, _ in asked):
        print(function.tail, file=sys.stderr)
        return 1
    warm = [_timed(function, event)[1] for event in events.values() for _ in range(WARM)]
    print(
        f"Init {function.init_ms:.0f} ms; first answer after {first[1]:.0f} ms, init included; "
        f"warm {statistics.median(warm):.1f} ms, the median of {len(warm)}."
    )
    return 0


def _timed(function: Emulated, event: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Return the answer to `event`, and the milliseconds that it took."""
    began = time.perf_counter()
    answer = function.invoke(event)
    return answer, (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
