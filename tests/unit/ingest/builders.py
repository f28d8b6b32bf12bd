"""Small publications to test with: three cities, twelve series, true averages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from canasta.commodity import Commodity
from canasta.ingest.block import Block
from canasta.labels import Key
from canasta.parameters import read_parameters
from simulate_publication import Layout, render, true_averages

LIMITS = read_parameters().quality
CITIES = (("Jalisco", "Guadalajara"), ("Sonora", "Cd. Obregón"), ("Sonora", "Hermosillo"))
COLUMNS = (
    ("Pasteurizada", "Tiendas"),
    ("Pasteurizada", "Autoservicios"),
    ("Ultrapasteurizada", "Tiendas"),
    ("Ultrapasteurizada", "Autoservicios"),
)
KEYS: list[Key] = [(*city, *column) for city in CITIES for column in COLUMNS]
FIRST = date(2025, 6, 2)
"""A Monday."""


def block(day: date, prices: Mapping[Key, float | None], milk: Commodity) -> Block:
    """Make a block whose checksum row is true."""
    return Block(day, dict(prices), true_averages(prices, milk))


def opening() -> dict[Key, float | None]:
    """Twelve prices, all different."""
    return {key: 20.0 + at / 2 for at, key in enumerate(KEYS)}


def days(count: int) -> list[date]:
    """Mondays, Wednesdays and Fridays from FIRST on (no holiday among the first dozens)."""
    found = (FIRST + timedelta(days=back) for back in range(count * 3))
    return [day for day in found if day.weekday() in (0, 2, 4)][:count]


def publications(count: int, milk: Commodity) -> list[Block]:
    """`count` publications; from each to the next, two of the twelve series move by 0.25."""
    prices = opening()
    blocks = []
    for at, day in enumerate(days(count)):
        moved = {KEYS[(2 * at + step) % len(KEYS)] for step in (0, 1)} if at else set()
        prices = {key: price and price + 0.25 * (key in moved) for key, price in prices.items()}
        blocks.append(block(day, prices, milk))
    return blocks


def changed(stated: Block, prices: Mapping[Key, float | None], milk: Commodity) -> Block:
    """The block with some prices stated otherwise, its checksum row true again."""
    return block(stated.date, {**stated.prices, **prices}, milk)


def with_wrong_average(stated: Block) -> Block:
    """The block with one average that its cities do not give."""
    averages = dict(stated.averages or {})
    return replace(stated, averages={**averages, COLUMNS[0]: (averages[COLUMNS[0]] or 0.0) + 0.5})


def publish(
    folder: Path, blocks: Sequence[Block], milk: Commodity, layout: Layout | None = None
) -> Path:
    """Write the cumulative file whose newest block is the last of `blocks`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / max(b.date for b in blocks).strftime(milk.source.file_name)
    path.write_bytes(render(blocks, milk, layout=layout or Layout()))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
