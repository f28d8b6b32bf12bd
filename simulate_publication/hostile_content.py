"""How a workbook may be wrong, or merely odd: one edit for each way.

An edit changes the newest publications of a workbook, or how all of it is laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from canasta.commodity import Commodity
from canasta.errors import SimulationError
from canasta.ingest.block import Block
from canasta.ingest.workbook import parse
from canasta.labels import Key
from simulate_publication.layout import SIMULATION, SNIIM, Layout
from simulate_publication.workbook import key_columns, render, true_averages

type Prices = Mapping[Key, float | None]
type Edit = Callable[[Edition], Edition]

STEP = 0.5
"""By how much a price or an average is stated wrongly, in the commodity's unit."""
DECADE = 10
NOTES = ("ND: no disponible.", "PPP: precio promedio ponderado.", "Nota: cifras preliminares.")


@dataclass(frozen=True, slots=True)
class Edition:
    """What a workbook is rendered from.

    Attributes:
        commodity: whose prices.
        blocks: at least two, the newest last.
        layout: how they are laid out.
    """

    commodity: Commodity
    blocks: tuple[Block, ...]
    layout: Layout

    @property
    def newest(self) -> Block:
        """The newest publication."""
        return self.blocks[-1]

    def with_newest(self, *blocks: Block) -> Edition:
        """Return the edition with these blocks in place of the newest one."""
        return replace(self, blocks=(*self.blocks[:-1], *blocks))

    def priced(self, block: Block, prices: Prices) -> Block:
        """Return `block` with other prices and the averages that they give."""
        return Block(block.date, prices, true_averages(prices, self.commodity))

    def place(self, key: Key) -> tuple[str, ...]:
        """Return state and city of a series."""
        labels = dict(zip(self.commodity.keys.columns, key, strict=True))
        return tuple(labels[name] for name in key_columns(self.commodity)[:2])

    def some_city(self) -> str:
        """Return the first city of the newest publication that has a price."""
        return next(self.place(key)[1] for key, price in self.newest.prices.items() if price)


def edited(workbook: bytes, commodity: Commodity, edit: Edit) -> bytes:
    """Return a workbook with an edit made; one that says it is simulated says so still.

    Raises:
        SimulationError: it holds fewer than two publications.
        NotAWorkbook: see `canasta.ingest.workbook.parse`.
    """
    parsed = parse(workbook, commodity)
    if len(parsed.blocks) < 2:  # noqa: PLR2004  (the newest, and one to compare it with)
        raise SimulationError("To misbehave in this way, a workbook needs two publications.")
    layout = SIMULATION if parsed.simulated else SNIIM
    after = edit(Edition(commodity, tuple(parsed.blocks), layout))
    return render(after.blocks, commodity, layout=after.layout)


def laid_out(change: Callable[[Layout], Layout]) -> Edit:
    """Return the edit that lays the whole workbook out otherwise."""
    return lambda edition: replace(edition, layout=change(edition.layout))


def extra_footers(edition: Edition) -> Edition:
    """Write more notes below each block."""
    with_notes = laid_out(lambda layout: replace(layout, footer=(*layout.footer, *NOTES)))
    return with_notes(edition)


def duplicate_equal(edition: Edition) -> Edition:
    """Write the newest block twice."""
    return edition.with_newest(edition.newest, edition.newest)


def duplicate_unequal(edition: Edition) -> Edition:
    """Write the newest block twice, one price otherwise."""
    return edition.with_newest(edition.newest, _one_price(edition, edition.newest, _stepped))


def unquoted(sign: str) -> Edit:
    """Return the edit that quotes one city no more; `sign` stands for what is not quoted."""
    with_sign = laid_out(lambda layout: replace(layout, missing=sign))
    return lambda edition: with_sign(_emptied(edition, None))


def zero(edition: Edition) -> Edition:
    """State one city's prices as 0."""
    return _emptied(edition, 0.0)


def _emptied(edition: Edition, value: float | None) -> Edition:
    city = edition.some_city()
    prices = {
        key: value if edition.place(key)[1] == city else price
        for key, price in edition.newest.prices.items()
    }
    return edition.with_newest(edition.priced(edition.newest, prices))


def shifted_decimal(edition: Edition) -> Edition:
    """State one price tenfold: 274.0 for 27.4."""
    return edition.with_newest(_one_price(edition, edition.newest, lambda p: round(p * 10, 2)))


def new_city(edition: Edition) -> Edition:
    """List one city more, in the state of another and with its prices."""
    city = edition.some_city()
    more = {
        _renamed(edition, key): price
        for key, price in edition.newest.prices.items()
        if edition.place(key)[1] == city
    }
    prices = {**edition.newest.prices, **more}
    return edition.with_newest(edition.priced(edition.newest, prices))


def vanished_city(edition: Edition) -> Edition:
    """List one city less."""
    city = edition.some_city()
    prices = {k: p for k, p in edition.newest.prices.items() if edition.place(k)[1] != city}
    return edition.with_newest(edition.priced(edition.newest, prices))


def renamed_city(edition: Edition) -> Edition:
    """List one city under another name."""
    city = edition.some_city()
    prices = {
        _renamed(edition, key) if edition.place(key)[1] == city else key: price
        for key, price in edition.newest.prices.items()
    }
    return edition.with_newest(edition.priced(edition.newest, prices))


def _renamed(edition: Edition, key: Key) -> Key:
    at = edition.commodity.keys.columns.index(key_columns(edition.commodity)[1])
    return (*key[:at], f"{key[at]} Centro", *key[at + 1 :])


def wrong_average(edition: Edition) -> Edition:
    """State one average that the cities do not give."""
    averages = true_averages(edition.newest.prices, edition.commodity)
    column, mean = next((column, mean) for column, mean in averages.items() if mean is not None)
    wrong = {**averages, column: mean + STEP}
    return edition.with_newest(replace(edition.newest, averages=wrong))


def stale_repeat(edition: Edition) -> Edition:
    """Publish the publication before once more, under the new date."""
    return edition.with_newest(replace(edition.blocks[-2], date=edition.newest.date))


def national_rise(edition: Edition) -> Edition:
    """Raise every price by 10 %."""
    prices = {k: p and round(p * 1.1, 2) for k, p in edition.newest.prices.items()}
    return edition.with_newest(edition.priced(edition.newest, prices))


def year_in_the_past(edition: Edition) -> Edition:
    """Date the newest block ten years early."""
    return _dated(edition, -DECADE)


def year_in_the_future(edition: Edition) -> Edition:
    """Date the newest block ten years late."""
    return _dated(edition, DECADE)


def _dated(edition: Edition, years: int) -> Edition:
    day = edition.newest.date
    # Not every year has a 29 February.
    mistyped = date(day.year + years, day.month, min(day.day, 28))
    return edition.with_newest(replace(edition.newest, date=mistyped))


def changed_past_price(edition: Edition) -> Edition:
    """State one price of the publication before otherwise than it was published."""
    *earlier, before, newest = edition.blocks
    corrected = _one_price(edition, before, _stepped)
    return replace(edition, blocks=(*earlier, corrected, newest))


def _one_price(edition: Edition, block: Block, change: Callable[[float], float]) -> Block:
    key, price = next((key, price) for key, price in block.prices.items() if price)
    return edition.priced(block, {**block.prices, key: change(price)})


def _stepped(price: float) -> float:
    return round(price + STEP, 2)
