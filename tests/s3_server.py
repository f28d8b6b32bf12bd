"""A real S3 server for tests: SeaweedFS checks credentials and honours conditional writes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HOST = "127.0.0.1"
ACCESS_KEY, SECRET_KEY = "canasta-tests", "only-for-tests"
BUCKET = "lakes"
PATIENCE_S = 60.0
PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
    "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc",
)  # fmt: skip
OFF = ("s3.port.iceberg", "s3.port.lance")
"""Protocols that nobody asked for; 0 switches them off."""


@dataclass
class S3Server:
    """A running server; `stop` and `start` keep its data and its port."""

    folder: Path
    ports: Mapping[str, int]
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://{HOST}:{self.ports['s3.port']}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of who may use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        """Return a client of the server's own, not the product's."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 0}),
        )

    def start(self) -> None:
        """Start it, and wait until it takes objects."""
        ports = [f"-{name}={port}" for name, port in self.ports.items()]
        command = [
            str(Path(sys.prefix) / "bin" / "weed"), "-logtostderr", "server",
            f"-dir={self.folder / 'data'}", f"-ip={HOST}", f"-ip.bind={HOST}",
            "-s3", f"-s3.config={self.folder / 's3.json'}", f"-s3.ip.bind={HOST}",
            "-s3.autoCreateBucket=false", "-volume.max=100",
            "-master.volumeSizeLimitMB=64", "-master.volumePreallocate=false",
            *ports, *(f"-{name}=0" for name in OFF),
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._await()

    def stop(self) -> None:
        """Stop it at once, as a machine does that fails; what it holds stays."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _await(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_S
        client = self.client()
        while True:
            try:
                if BUCKET not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
                    client.create_bucket(Bucket=BUCKET)
                client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
                client.delete_object(Bucket=BUCKET, Key="ready")
            except (ClientError, BotoCoreError):
                told = (self.folder / "log").read_text(errors="replace")[-2000:]
                assert self.process.poll() is None, told
                assert time.monotonic() < deadline, told
                time.sleep(0.1)
            else:
                return


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server whose data lie in `folder`."""
    (folder / "data").mkdir(parents=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    server = S3Server(folder, dict(zip(PORTS, free_ports(len(PORTS)), strict=True)))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_ports(count: int) -> list[int]:
    """Return ports of HOST that nobody listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
