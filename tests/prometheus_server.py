"""A real Prometheus for tests, with node_exporter: Debian's, started and ended here."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.alert_rules import ALERTS, CONFIG
from tests.s3_server import HOST, free_ports

PATIENCE_S = 30.0
EVERY = "1s"
"""Between two looks at a target, and two evaluations of the rules."""


def program(package: str, *names: str) -> str:
    """Return where the first of `names` lies; without any, fail with the package that holds it."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.fail(f"{names[0]} is not installed. Debian, Ubuntu: apt-get install {package}")


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end."""
    command = [program("prometheus", "promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class PrometheusServer:
    """A Prometheus that asks its targets."""

    port: int

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now."""
        found: list[dict[str, Any]] = self._ask("query", query=expr)["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return its rules, and how their last evaluation went."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> dict[str, str]:
        """Return the health of each job's target."""
        active = self._ask("targets")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in active}

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return httpx.get(f"http://{HOST}:{self.port}/-/ready").is_success
        except httpx.TransportError:
            return False

    def _ask(self, path: str, **parameters: str) -> dict[str, Any]:
        url = f"http://{HOST}:{self.port}/api/v1/{path}"
        answer = httpx.get(url, params=parameters).raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data


@contextmanager
def prometheus_server(
    folder: Path, textfiles: Path, ports: Mapping[str, int]
) -> Iterator[PrometheusServer]:
    """Run Prometheus with our configuration, and node_exporter on a folder of textfiles.

    Args:
        folder: to work in.
        textfiles: what node_exporter reads.
        ports: of HOST, by the job's name, of the targets that run already.
    """
    own, exporter = free_ports(2)
    config = folder / "prometheus.yml"
    config.write_text(_configuration({**ports, "pipeline": exporter}), encoding="utf-8")
    with ExitStack() as stack:
        stack.enter_context(_running(folder / "exporter.log", [
            program("prometheus-node-exporter", "prometheus-node-exporter", "node_exporter"),
            "--collector.disable-defaults", "--collector.textfile",
            f"--collector.textfile.directory={textfiles}",
            f"--web.listen-address={HOST}:{exporter}",
        ]))  # fmt: skip
        server = PrometheusServer(own)
        process = stack.enter_context(_running(folder / "prometheus.log", [
            program("prometheus", "prometheus"), f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={HOST}:{own}",
        ]))  # fmt: skip
        log = folder / "prometheus.log"
        until(
            lambda: process.poll() is not None or server.is_ready(),
            lambda: log.read_text(errors="replace"),
        )
        assert process.poll() is None, log.read_text(errors="replace")
        yield server


def until(happened: Callable[[], bool], told: Callable[[], object]) -> None:
    """Wait until something has happened, for PATIENCE_S; then fail with what is told."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def _configuration(ports: Mapping[str, int]) -> str:
    """Return ours, with the targets of a test, which are asked more often."""
    found = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    found["global"] = {"scrape_interval": EVERY, "evaluation_interval": EVERY}
    found["rule_files"] = [str(ALERTS.parent / name) for name in found["rule_files"]]
    for job in found["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"{HOST}:{ports[job['job_name']]}"]}]
    return str(yaml.safe_dump(found))


@contextmanager
def _running(log: Path, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
