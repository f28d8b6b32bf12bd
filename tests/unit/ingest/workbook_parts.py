"""Workbooks taken apart and put together, dice that fall the same every time, damaged bytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import openpyxl

from canasta.commodity import Commodity
from canasta.workbook_bytes import save
from simulate_publication import Layout, render
from tests.unit.ingest.builders import publications

type Parts = dict[str, bytes]
type Mutation[T] = Callable[["Dice", T], T]

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"


class Dice:
    """Repeatable choices: the same number gives the same ones on every machine."""

    def __init__(self, depth: str, number: int) -> None:
        self._draws = np.random.default_rng([zlib.crc32(depth.encode()), number])

    def below(self, stop: int) -> int:
        """A number from 0 to `stop` - 1; 0 where there is none."""
        return int(self._draws.integers(stop)) if stop > 0 else 0

    def pick[T](self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def bytes(self, count: int) -> bytes:
        return self._draws.bytes(count)


def sound_workbooks(milk: Commodity) -> list[bytes]:
    """Three publications, as several libraries and layouts write them."""
    three = publications(3, milk)
    plain = render(three, milk)
    return [
        plain,
        render(three, milk, layout=Layout(date_cells=True, merged=False, decimal_comma=True)),
        _with_shared_strings(plain),
        _with_shared_strings(render(three, milk, layout=Layout(date_cells=True))),
    ]


def _with_shared_strings(content: bytes) -> bytes:
    return save(openpyxl.load_workbook(io.BytesIO(content)))


def unpacked(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, part in parts.items():
            # Without a time: the same parts give the same bytes.
            archive.writestr(zipfile.ZipInfo(name), part, compress_type=method)
    return content.getvalue()


def _flip(dice: Dice, content: bytes) -> bytes:
    damaged = bytearray(content or b"?")
    for _ in range(1 + dice.below(8)):
        damaged[dice.below(len(damaged))] ^= 1 << dice.below(8)
    return bytes(damaged)


def _cut(dice: Dice, content: bytes) -> bytes:
    at = dice.below(len(content))
    return content[:at] + content[at + 1 + dice.below(200) :]


def _truncate(dice: Dice, content: bytes) -> bytes:
    return content[: dice.below(len(content))]


def _insert(dice: Dice, content: bytes) -> bytes:
    at = dice.below(len(content))
    return content[:at] + dice.bytes(1 + dice.below(40)) + content[at:]


def _repeat(dice: Dice, content: bytes) -> bytes:
    at, width = dice.below(len(content)), 1 + dice.below(300)
    return content[:at] + content[at : at + width] * (2 + dice.below(20)) + content[at + width :]


def _splice(dice: Dice, content: bytes) -> bytes:
    return content[: dice.below(len(content))] + content[dice.below(len(content)) :]


def _blank(dice: Dice, content: bytes) -> bytes:
    at, width = dice.below(len(content)), 1 + dice.below(64)
    return content[:at] + dice.pick([b"\0", b"\xff"]) * width + content[at + width :]


BYTES: list[Mutation[bytes]] = [_flip, _cut, _truncate, _insert, _repeat, _splice, _blank]
