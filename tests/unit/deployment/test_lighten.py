import importlib.util
import sys
from pathlib import Path

import pytest

from deployment.lighten import lighten, size


def write(folder: Path, *names: str, content: str = "value = 1\n") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def left(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_tests_commands_and_sources_go_and_the_rest_stays(tmp_path: Path) -> None:
    kept = {"one/__init__.py", "one/testing.py", "one/data.json", "one-1.dist-info/METADATA"}
    write(tmp_path, *kept)
    write(
        tmp_path, "one/tests/__init__.py", "one/deep/test/a.py", "bin/run", "one/a.pyi", "one/a.h"
    )
    lighten(tmp_path)
    assert left(tmp_path) == kept


def test_what_is_compiled_holds_whatever_the_files_time_is(tmp_path: Path) -> None:
    write(tmp_path, "one/__init__.py")
    lighten(tmp_path)
    compiled = Path(importlib.util.cache_from_source(str(tmp_path / "one" / "__init__.py")))
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01  # by hash, unchecked


def test_what_does_not_compile_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "one/__init__.py", content="def\n")
    with pytest.raises(SyntaxError, match="does not compile"):
        lighten(tmp_path)
    assert "SyntaxError" in capsys.readouterr().out


def test_size_adds_up_files(tmp_path: Path) -> None:
    write(tmp_path, "a", "b/c", content="12345")
    assert size(tmp_path) == 10


def test_it_needs_the_standard_library_alone() -> None:
    source = (Path(__file__).parents[3] / "deployment" / "lighten.py").read_text(encoding="utf-8")
    imported = {
        line.split()[1] for line in source.splitlines() if line.startswith(("import", "from"))
    }
    assert imported - {"__future__"} <= sys.stdlib_module_names
