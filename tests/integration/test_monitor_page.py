"""The page that watches: written by a run and by `make monitor`, and served beside the archive."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from canasta.labels import SIMULATED
from canasta.store import Store
from orchestration.__main__ import main
from orchestration.background import find, running
from orchestration.monitor import keep_page, open_monitor
from orchestration.servers import print_status, stop_all
from orchestration.workspace import reading
from tests.integration.conftest import FirstRun
from tests.integration.pipeline_setting import House


def test_a_run_leaves_a_page_that_is_served_with_its_reports_and_nothing_else(
    at_home: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = at_home.monitor / "reports" / "index.html"
    left = page.read_text(encoding="utf-8")
    assert SIMULATED in left
    assert "Nuevo campeón: XGBoost, versión 3" in left
    assert "Se comporta como antes (9 de octubre de 2024)." in left
    assert "Todavía no hay pronósticos medidos." in left
    before = at_home.hashes()
    folder = tmp_path / "run"
    try:
        open_monitor(folder)
        server = find("monitor", folder)
        assert server is not None
        assert httpx.get(server.url).text == page.read_text(encoding="utf-8")
        (report,) = set(re.findall(r'href="(drift/[^"]+)"', left))
        answer = httpx.get(urljoin(server.url, report))
        assert answer.status_code == httpx.codes.OK
        assert "Deriva de los datos, 2024-10-09" in answer.text
        for other in ("outbox/", "../outbox/", "/..%2fmessages.log", "metrics/milk.prom"):
            assert httpx.get(urljoin(server.url, other)).status_code == httpx.codes.NOT_FOUND

        open_monitor(folder)
        assert find("monitor", folder) == server, "it goes on"
        print_status(folder)
        said = capsys.readouterr().out
        assert f"Page      {page}" in said
        assert said.count(f"monitor answers on {server.url}") == 2
        assert f"process {server.pid}" in said
    finally:
        stop_all(folder)
    assert running(folder) == []
    assert at_home.hashes() == before, "the lake is only read"


def test_another_folder_takes_the_place_of_the_one_that_is_served(
    at_home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    try:
        open_monitor(folder)
        monkeypatch.setenv("LAKE_URL", str(tmp_path / "empty"))
        monkeypatch.setenv("MONITOR_DIR", str(tmp_path / "other"))
        open_monitor(folder)
        server = find("monitor", folder)
        assert server is not None
        told = httpx.get(server.url).text
    finally:
        stop_all(folder)
    assert "Todavía no hay ninguna: llega con la primera corrida" in told
    assert str(at_home.monitor) not in told


def test_a_page_that_cannot_be_made_is_told_and_loses_no_run(
    at_home: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    page = at_home.monitor / "reports" / "index.html"
    left = page.read_bytes()
    key = at_home.lake.keys("decisions")[0]
    Store(at_home.lake.url).replace(key, b"{}")
    assert keep_page(reading(FirstRun.DAY)) is None
    assert f"The decision {key} was changed after it was written" in caplog.text
    assert main(["monitor"]) != 0
    assert "ObjectCorrupt" in capsys.readouterr().err
    assert page.read_bytes() == left
