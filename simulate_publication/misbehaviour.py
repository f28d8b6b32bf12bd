"""The catalogue of hostile publications: every way in which the simulated publisher misbehaves.

docs/hostile-publications.md says of each where its outcome is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from canasta.errors import SimulationError
from simulate_publication import hostile_content as content
from simulate_publication import hostile_transport as transport
from simulate_publication.hostile_content import Edit
from simulate_publication.hostile_transport import Answer


@dataclass(frozen=True, slots=True)
class TransportWay:
    """A fault of the server: how it hands the newest workbook over.

    Attributes:
        name: what `make publish MISBEHAVE=` calls it.
        comes: what comes.
        outcome: what Canasta must do with it.
        answer: does it.
    """

    name: str
    comes: str
    outcome: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class ContentWay:
    """A fault, or an oddity, of the newest workbook itself; attributes as of `TransportWay`."""

    name: str
    comes: str
    outcome: str
    edit: Edit


type Way = TransportWay | ContentWay

REFUSED = "refused: raw copy and reason are kept, nothing else"
CUT_SHORT = "asked for again; then refused: what came and the reason are kept, nothing else"
READ = "read as if nothing were odd"
NULL = "no quote: null in the daily file"
UNQUOTED = "“{}” where there is no price, one city without any"

WAYS: tuple[Way, ...] = (
    TransportWay("html-page", "200 with an HTML page", REFUSED, transport.html_page),
    TransportWay("truncated-zip", "half of the file as if it were all", REFUSED,
                 transport.truncated_zip),
    TransportWay("zip-bomb", "a small file that unpacks to too much", REFUSED,
                 transport.zip_bomb),
    TransportWay("over-size", "a file larger than source.max_bytes",
                 "refused: the bytes up to the limit and the reason are kept, nothing else",
                 transport.over_size),
    TransportWay("stall", "half of the file, then silence", CUT_SHORT, transport.stall),
    TransportWay("broken-connection", "half of the file, then the end", CUT_SHORT,
                 transport.broken_connection),
    TransportWay("trickle", "byte after byte, slowly",
                 "cut off when its time is over; refused: what came and the reason are kept",
                 transport.trickle),
    TransportWay("server-error-once", "500, and the file when asked again",
                 "asked for again, and read", transport.server_error_once),
    TransportWay("server-error", "500 each time",
                 "asked for again; then an error, and nothing is stored",
                 transport.server_error),
    TransportWay("missing-file", "404", "no new publication: an ordinary day",
                 transport.missing_file),
    ContentWay("duplicate-equal", "the newest block twice", "read once",
               content.duplicate_equal),
    ContentWay("duplicate-unequal", "the newest block twice, one price otherwise",
               "quarantined (layout)", content.duplicate_unequal),
    ContentWay("reversed-order", "the oldest block on top", READ,
               content.laid_out(lambda layout: replace(layout, order="oldest-first"))),
    ContentWay("date-cells", "real date cells instead of text", READ,
               content.laid_out(lambda layout: replace(layout, date_cells=True))),
    ContentWay("setiembre", "“setiembre” for September", READ,
               content.laid_out(lambda layout: replace(layout, setiembre=True))),
    ContentWay("upper-case-month", "“25 de JULIO de 2025”", READ,
               content.laid_out(lambda layout: replace(layout, date_case="upper"))),
    ContentWay("nbsp-labels", "no-break spaces in states and cities", READ,
               content.laid_out(lambda layout: replace(layout, non_breaking=True))),
    ContentWay("decimal-comma", "prices as text, “27,40”", READ,
               content.laid_out(lambda layout: replace(layout, decimal_comma=True))),
    ContentWay("extra-footers", "more notes below each block", READ, content.extra_footers),
    ContentWay("nd-with-dots", UNQUOTED.format("N.d."), NULL, content.unquoted("N.d.")),
    ContentWay("nd", UNQUOTED.format("ND"), NULL, content.unquoted("ND")),
    ContentWay("dash", UNQUOTED.format("-"), NULL, content.unquoted("-")),
    ContentWay("blank", "blank cells where there is no price, one city without any", NULL,
               content.unquoted("")),
    ContentWay("zero", "0 for the prices of one city", NULL, content.zero),
    ContentWay("shifted-decimal", "274.0 for 27.4", "null, flagged (implausible-price)",
               content.shifted_decimal),
    ContentWay("new-city", "a city that was not listed before",
               "accepted, flagged (new-label); no forecast before it has quotes enough",
               content.new_city),
    ContentWay("vanished-city", "a city that is listed no more",
               "accepted, flagged (vanished-label)", content.vanished_city),
    ContentWay("renamed-city", "a city under another name",
               "accepted, flagged (new-label and vanished-label)", content.renamed_city),
    ContentWay("wrong-average", "a checksum row that the cities do not give",
               "quarantined (checksum-mismatch)", content.wrong_average),
    ContentWay("stale-repeat", "the publication before, under a new date",
               "quarantined (stale)", content.stale_repeat),
    ContentWay("national-rise", "every price 10 % higher",
               "quarantined (rewritten); two later files that agree release it",
               content.national_rise),
    ContentWay("year-in-the-past", "the newest block dated ten years early",
               "quarantined (isolated-date); only a person releases it",
               content.year_in_the_past),
    ContentWay("year-in-the-future", "the newest block dated ten years late",
               "ignored, flagged (date-far-ahead)", content.year_in_the_future),
    ContentWay("changed-past-price", "one price of an earlier publication otherwise",
               "a revision; the daily file stays", content.changed_past_price),
)  # fmt: skip

CATALOGUE: Mapping[str, Way] = {way.name: way for way in WAYS}


def way_named(name: str) -> Way:
    """Return a way of the catalogue.

    Raises:
        SimulationError: there is none of that name.
    """
    if name not in CATALOGUE:
        raise SimulationError(
            f"No way to misbehave is called {name!r}; `make publish MISBEHAVE=list` explains them: "
            f"{', '.join(CATALOGUE)}."
        )
    return CATALOGUE[name]


def listing() -> str:
    """Return the catalogue as text: for each way what comes, and what must become of it."""
    width = max(map(len, CATALOGUE))
    return "\n".join(
        f"{way.name:{width}}  {way.comes}\n{'':{width}}  -> {way.outcome}" for way in WAYS
    )
