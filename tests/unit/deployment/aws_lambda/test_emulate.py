from pathlib import Path

import pytest

from deployment.aws_lambda.emulate import Emulated, EmulationFailed, emulated, main
from tests.s3_server import free_ports


def test_without_the_emulator_the_way_to_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    # Where the tests run, it is not installed: only .venv-lambda has it.
    assert main([]) == 1
    assert "`make lambda`" in capsys.readouterr().err


def test_another_system_than_linux_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(EmulationFailed, match="Linux alone"), emulated():
        pass


def test_a_function_that_does_not_answer_is_told_with_what_it_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("the last thing it said\n", encoding="utf-8")
    (port,) = free_ports(1)
    with pytest.raises(EmulationFailed, match=r"no answer.*\n.*the last thing it said"):
        Emulated(port, log).invoke({})


def test_the_time_to_get_ready_is_read_from_the_emulators_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "INIT START(type: on-demand, phase: init)\n"
        "20 Nov 2026 14:01:34,200 [INFO] (rapid) INIT REPORT(durationMs: 257.118000)\n",
        encoding="utf-8",
    )
    assert Emulated(0, log).init_ms == pytest.approx(257.118)
