import tomllib
from pathlib import Path
from typing import Any

import pytest

from canasta.errors import SettingsError
from canasta.forecast.hurdle.heads import PARAMETERS_OF
from canasta.parameters import PARAMETERS, Dimension, read_parameters


@pytest.fixture
def text() -> str:
    return PARAMETERS.read_text(encoding="utf-8")


def refuses(path: Path, content: str, told: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        read_parameters(path)


def test_shipped_parameters_are_read_as_written(text: str) -> None:
    written: dict[str, Any] = tomllib.loads(text)
    assert read_parameters().model_dump(exclude_none=True) == written


def test_every_algorithm_starts_inside_its_space() -> None:
    parameters = read_parameters()
    assert parameters.space.keys() == parameters.heads.keys()
    for algorithm, space in parameters.space.items():
        heads = parameters.heads[algorithm]
        assert heads.keys() == set(PARAMETERS_OF.values())
        for name, dimension in space.items():
            head, _, parameter = name.partition(".")
            start = heads[head][parameter]
            assert dimension.low <= start <= dimension.high, f"{algorithm}.{name}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("folds = 3", "folds = 0", "folds"),
        ("folds = 3", "fold = 3", "fold"),
        ("folds = 3", "folds = 3\nsurprise = 1", "surprise"),
        ("clip = 2.0", "clip = 0.0", "clip"),
        ("[tuning]", "[tuning", "cannot be used"),
    ],
)
def test_wrong_values_are_refused_by_name(
    text: str, tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in text
    refuses(tmp_path / "params.toml", text.replace(old, new), told)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        read_parameters(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "dimension",
    [
        {"kind": "uniform", "low": 2, "high": 1},
        {"kind": "uniform", "low": 1, "high": 1},
        {"kind": "loguniform", "low": 0, "high": 1},
        {"kind": "qloguniform", "low": -1, "high": 1, "q": 1},
        {"kind": "quniform", "low": 0, "high": 1},
        {"kind": "uniform", "low": 0, "high": 1, "q": 1},
        {"kind": "normal", "low": 0, "high": 1},
    ],
)
def test_incoherent_dimension_is_refused(dimension: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Dimension"):
        Dimension.model_validate(dimension)
