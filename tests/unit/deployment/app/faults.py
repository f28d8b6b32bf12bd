"""What can befall stored objects: by name, what is done to the files of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def truncated(files: list[Path]) -> None:
    content = files[0].read_bytes()
    files[0].write_bytes(content[: len(content) // 2])


def swapped(files: list[Path]) -> None:
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, [*contents[1:], contents[0]], strict=True):
        file.write_bytes(content)


def changed(files: list[Path]) -> None:
    content = bytearray(files[-1].read_bytes())
    content[len(content) // 2] ^= 1
    files[-1].write_bytes(bytes(content))


def missing(files: list[Path]) -> None:
    files[0].unlink()


FAULTS: list[Callable[[list[Path]], None]] = [truncated, swapped, changed, missing]


def trees(lake: Path, version: int) -> list[Path]:
    """Those of the next publication, which is as far as what-ifs look ahead."""
    return sorted((lake / "bundles" / str(version)).glob("trees-1-*.treelite"))
