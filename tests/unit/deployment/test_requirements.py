import json
import re
from pathlib import Path
from typing import Any

import pytest

from canasta.settings import ROOT
from deployment.requirements import APPLICATION, BASE, FILES, FUNCTION, needed, text

LOCK: dict[str, Any] = json.loads((ROOT / "Pipfile.lock").read_text(encoding="utf-8"))["default"]
HEAVY = {"mlflow", "pandas", "prefect", "pyarrow", "s3fs", "scikit-learn", "xgboost-cpu"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_file_is_what_the_lock_says(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == text(FILES[file], LOCK), (
        f"{file.name} is not current: run `python -m deployment.requirements`"
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_package_is_pinned_by_hash(file: Path) -> None:
    entries = file.read_text(encoding="utf-8").replace("\\\n", "").splitlines()[1:]
    pattern = r"[a-z0-9-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+"
    assert [entry for entry in entries if not re.fullmatch(pattern, entry)] == []


def test_what_a_package_needs_comes_with_it() -> None:
    assert needed(("flask",)) == {
        *("flask", "blinker", "click", "itsdangerous", "jinja2", "markupsafe", "werkzeug")
    }


def test_a_package_that_is_not_locked_is_an_error() -> None:
    with pytest.raises(KeyError, match="blinker"):
        text(("flask",), {})


def test_the_function_holds_none_of_what_only_training_needs() -> None:
    assert needed(FUNCTION) & HEAVY == set()


def test_the_base_brings_only_what_the_application_does_not() -> None:
    assert not set(BASE) & needed(APPLICATION)
