"""The emulators, each a server on a free loopback port, with the processes that it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from canasta.settings import ROOT
from tests.cloud.processes import started
from tests.s3_server import HOST, free_ports

REGION, ACCOUNT = "us-east-1", "123456789012"
PATIENCE_S = 60.0
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "emulated",
    "AWS_SECRET_ACCESS_KEY": "emulated",
    "AWS_DEFAULT_REGION": REGION,
}
"""Nobody checks them."""


class NotStarted(Exception):
    """An emulator does not run; the message holds what it said."""


@contextmanager
def moto(log: Path) -> Iterator[str]:
    """Run moto, which keeps resources; yield its URL."""
    (port,) = free_ports(1)
    command = [str(_bin("moto_server")), "-H", HOST, "-p", str(port)]
    # Without AWS's own policies, attaching one fails.
    with _running(command, {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}, port, log):
        yield f"http://{HOST}:{port}"


@contextmanager
def ministack(log: Path) -> Iterator[str]:
    """Run ministack, which has an API Gateway that calls functions; yield its URL."""
    (port,) = free_ports(1)
    variables = {"BIND_HOST": HOST, "GATEWAY_PORT": str(port), "MINISTACK_ACCOUNT_ID": ACCOUNT}
    with _running([str(_bin("ministack"))], variables, port, log):
        yield f"http://{HOST}:{port}"


def client(service: str, url: str) -> Any:
    """Return boto3's client of a service that an emulator plays."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="emulated",
        aws_secret_access_key="emulated",  # noqa: S106 # nobody checks it
    )


def _bin(name: str) -> Path:
    return ROOT / ".venv-cloud" / "bin" / name


@contextmanager
def _running(command: list[str], variables: dict[str, str], port: int, log: Path) -> Iterator[None]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with log.open("wb") as file, started(command, {**inherited, **variables}, file) as process:
        _wait(process, port, log)
        yield


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as trial:
            if trial.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise NotStarted(log.read_text(errors="replace")[-2000:])
