"""`python lighten.py FOLDER`: prepares a folder of Python packages for an image.

What only the packages' authors need goes; the rest is compiled, so that nothing is when a process
starts. The standard library alone: it runs inside AWS's base image, which lacks even `find`.
"""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

TESTS = frozenset({"tests", "test"})
"""Folders of packages' own tests."""

SOURCES = frozenset({".pyi", ".pxd", ".pyx", ".h", ".hpp", ".c", ".a"})
"""Endings of what only compilers and type checkers read."""


def lighten(folder: Path) -> None:
    """Leave out what does not run, and compile what does.

    Raises:
        SyntaxError: something in it does not compile.
    """
    shutil.rmtree(folder / "bin", ignore_errors=True)  # commands
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and path.name in TESTS:
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in SOURCES:
            path.unlink()
    # Valid whatever the file's time is: image layers need not keep it.
    sound = compileall.compile_dir(
        folder, maxlevels=99, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    if not sound:
        raise SyntaxError(f"Something in {folder} does not compile; see above.")


def size(folder: Path) -> int:
    """Return what the files in `folder` take, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    _folder = Path(sys.argv[1])
    lighten(_folder)
    print(f"{_folder}: {size(_folder) / 1e6:.0f} MB")
