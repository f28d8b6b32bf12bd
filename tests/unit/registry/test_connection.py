"""What is told of MLflow's address, and what is not."""

import pytest

from canasta.errors import RegistryUnavailable
from canasta.registry.connection import answering, connect, probe, without_password

SECRET = "hunter2"  # noqa: S105 - a made-up one, to look for


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("sqlite:////srv/ca@nasta/mlflow.db", "sqlite:////srv/ca@nasta/mlflow.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        (f"https://canasta:{SECRET}@host/base?token={SECRET}", "https://host/base"),
        (f"postgresql://canasta:{SECRET}@host:5432/mlflow", "postgresql://host:5432/mlflow"),
        (f"postgresql://canasta:[{SECRET}@[::1]/mlflow", "postgresql://[::1]/mlflow"),
        (f"postgresql://host/mlflow?password={SECRET}", "postgresql://host/mlflow"),
        (f"postgresql://canasta:a@{SECRET}@host/mlflow", "postgresql://…"),
        (f"postgresql://canasta:{SECRET}/a@host/mlflow", "postgresql://…"),
        (f"postgresql://canasta:{SECRET}#a@host/mlflow", "postgresql://…"),
        (f"postgresql://host/mlflow?password=a@{SECRET}", "postgresql://…"),
        ("not a uri", "not a uri"),
    ],
)
def test_an_address_is_told_without_what_is_secret(uri: str, told: str) -> None:
    assert without_password(uri) == told


@pytest.mark.parametrize("sign", "@/?#")
def test_a_password_that_readers_would_part_differently_is_refused(sign: str) -> None:
    uri = f"postgresql://canasta:{SECRET}{sign}{SECRET}@127.0.0.1:9/mlflow"
    with pytest.raises(RegistryUnavailable, match=r"write the signs .* %40 ") as refused:
        probe(uri)
    assert SECRET not in str(refused.value)


def test_a_failure_s_own_words_are_told_without_the_password() -> None:
    uri = f"http://canasta:{SECRET}@host:5000"
    connect(uri)
    with pytest.raises(RegistryUnavailable) as refused, answering(uri):
        raise ConnectionError(f"no answer from {uri}/api\nand more")
    assert "no answer from http://host:5000/api. See that it runs" in str(refused.value)
    assert SECRET not in str(refused.value)
