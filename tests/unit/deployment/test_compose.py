"""compose.yaml names the versions that the rest is tested with, and opens no port to others."""

import re
import tomllib

import pytest

from canasta.settings import ROOT

COMPOSE = (ROOT / "deployment" / "compose.yaml").read_text(encoding="utf-8")
PINS = tomllib.loads((ROOT / "Pipfile").read_text(encoding="utf-8"))["packages"]


@pytest.mark.parametrize(
    ("package", "named"),
    [("mlflow", r"ghcr\.io/mlflow/mlflow:v(\S+)"), ("psycopg2-binary", r"psycopg2-binary==(\S+)")],
)
def test_versions_are_those_of_the_pipfile(package: str, named: str) -> None:
    assert [f"=={version}" for version in re.findall(named, COMPOSE)] == [PINS[package]]


def test_every_port_is_this_machines_alone() -> None:
    ports = re.findall(r"ports: \[(.*)\]", COMPOSE)
    assert len(ports) == COMPOSE.count("ports:") > 0
    assert [port for port in ports if not port.startswith('"127.0.0.1:')] == []
