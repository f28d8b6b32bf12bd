"""What a request may hold, and what an answer holds: the models that validate, and describe.

The models of requests depend on the commodity: its key columns and its price column name fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, with_config

from canasta.commodity import Traits
from canasta.deliver.columns import PriceColumns
from canasta.labels import SIMULATED

MAX_ROWS = 1_000
"""Rows of one request."""

MAX_BYTES = 256 * 1024
"""Bytes of one request's body."""

DAY, MONTH, YEAR, WEEKDAY = "día", "mes", "año", "dia_semana"
PLAIN_DAY, PLAIN_YEAR = "dia", "anio"
"""The same for whoever has no such letters."""
DATE = "fecha"

DATE_FIELDS = frozenset({DAY, PLAIN_DAY, MONTH, YEAR, PLAIN_YEAR, DATE})


def _whole(value: object) -> object:
    # To JSON, 1.0 is an integer; a boolean or a text is none.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(low: int, high: int, description: str) -> Any:
    field = Field(strict=True, ge=low, le=high, description=description)
    # The field comes first: then its bounds are the integer's, and so described.
    return NotRequired[Annotated[int, field, BeforeValidator(_whole)]]


def _weekday(value: object) -> object:
    if isinstance(value, str) and len(value) == 1 and value in "0123456":
        return int(value)
    return _whole(value)


_WEEKDAY_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 6},
        {"type": "string", "pattern": "^[0-6]$"},
    ],
    "description": "Weekday, 0 is Monday. One that disagrees with the date is ignored.",
}


def row_type(traits: Traits) -> Any:
    """Return the type of one asked row for a commodity."""
    label = Annotated[str, Field(strict=True, min_length=1, max_length=100)]
    price = PriceColumns.of(traits)
    fields: dict[str, Any] = {
        **dict.fromkeys(traits.keys.columns, label),
        DAY: _number(1, 31, "Day of the month. All of día, mes and año, or none."),
        PLAIN_DAY: _number(1, 31, "The same as día."),
        MONTH: _number(1, 12, "Month."),
        YEAR: _number(1, 9999, "Year."),
        PLAIN_YEAR: _number(1, 9999, "The same as año."),
        DATE: NotRequired[
            Annotated[
                str,
                Field(
                    strict=True,
                    pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                    description="The date, in place of día, mes and año.",
                    json_schema_extra={"format": "date"},
                ),
            ]
        ],
        WEEKDAY: NotRequired[
            Annotated[
                int,
                Field(strict=True, ge=0, le=6, json_schema_extra=_as_described),
                BeforeValidator(_weekday),
            ]
        ],
        price.last: _price(traits, "What-if: the series' last price."),
        price.recent: _price(
            traits, f"What-if: the mean of its last seven prices. Only with {price.last}."
        ),
    }
    row = TypedDict("Asked", fields)  # type: ignore[misc] # its keys are the commodity's
    return with_config(ConfigDict(extra="forbid", title="Asked"))(row)


def _price(traits: Traits, description: str) -> Any:
    # The range is checked where the answer is made, and is a problem of its own kind.
    bounds = {"minimum": traits.plausible.low, "maximum": traits.plausible.high}
    field = Field(
        strict=True,
        allow_inf_nan=False,
        description=f"{description} In {traits.unit}.",
        json_schema_extra=dict(bounds),
    )
    return NotRequired[Annotated[float, field]]


def _as_described(schema: dict[str, Any]) -> None:
    schema.clear()
    schema.update(_WEEKDAY_SCHEMA)


@dataclass(frozen=True)
class Schema:
    """Validators of a commodity's requests.

    Attributes:
        columns: its key columns.
        price: the names of its price columns.
        row: validates one asked row.
    """

    columns: tuple[str, ...]
    price: PriceColumns
    row: TypeAdapter[dict[str, Any]]

    @classmethod
    def of(cls, traits: Traits) -> Schema:
        """Return the validators for a commodity."""
        return cls(traits.keys.columns, PriceColumns.of(traits), TypeAdapter(row_type(traits)))


class Model(TypedDict):
    """Which model an answer comes from."""

    name: str
    version: int
    algorithm: str


Probability = Annotated[float, Field(ge=0, le=1)]
Ends = Annotated[list[float], Field(min_length=2, max_length=2)]
Warned = Annotated[
    list[str],
    Field(
        description="What the asker should know: a code, a colon, a sentence. Codes: date-moved, "
        "degraded (not all that is promoted can be used: someone else than the champion answers "
        "a what-if, or forecasts are of an earlier decision), label-matched, simulated-data, "
        "stale-data, weekday-ignored.",
    ),
]


@with_config(ConfigDict(extra="forbid"))
class Answer(TypedDict):
    """One forecast."""

    predicted_price: Annotated[float, Field(description="Median of the price, to two decimals.")]
    mean: Annotated[float, Field(description="Mean of the price.")]
    fecha: Annotated[str, Field(json_schema_extra={"format": "date"})]
    horizonte: Annotated[int, Field(ge=1, description="Publications ahead.")]
    probability_of_change: Probability
    p_up: Probability
    p_down: Probability
    direction: Annotated[str, Field(pattern="^(up|down|unchanged)$")]
    interval_80: Ends
    interval_95: Ends
    model: Model
    what_if: bool
    warnings: Warned


class Problem(TypedDict):
    """What went wrong: an RFC 9457 problem document."""

    type: Annotated[str, Field(description="The kind of problem.")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What was expected, what came, what to do.")]
    request_id: NotRequired[str]
    field: NotRequired[Annotated[str, Field(description="The field that is meant.")]]
    suggestions: NotRequired[Annotated[list[str], Field(description="Labels that are known.")]]
    last_date: NotRequired[Annotated[str, Field(json_schema_extra={"format": "date"})]]
    errors: NotRequired[list[dict[str, str]]]


class Answers(TypedDict):
    """What a list gets: for each row, in order, a forecast or a problem."""

    predictions: list[Answer | Problem]


class Forecasts(TypedDict):
    """Forecasts in the columns of the daily report."""

    origin: Annotated[str, Field(json_schema_extra={"format": "date"})]
    model: Model
    forecasts: list[dict[str, str | int | float]]
    warnings: Warned


class SeriesList(TypedDict):
    """The known series."""

    columns: list[str]
    series: list[dict[str, str | float | bool | None]]


class Window(TypedDict):
    """First and last publication."""

    first: Annotated[str, Field(json_schema_extra={"format": "date"})]
    last: Annotated[str, Field(json_schema_extra={"format": "date"})]


class ModelInfo(TypedDict):
    """The champion, and what it stands on."""

    model: Model
    what_if_model: Model
    promoted_at: str
    trained: Window | None
    metrics: dict[str, float | None]
    origin: Annotated[str, Field(json_schema_extra={"format": "date"})]
    next_publications: list[str]
    data_age_days: int
    fingerprint: str
    loaded_at: str | None
    commodity: str
    unit: str
    simulated: bool
    degraded: list[str]


class Health(TypedDict):
    """The process is alive."""

    status: str


class Ready(TypedDict):
    """Whether requests can be answered, and what is wrong."""

    status: Annotated[str, Field(pattern="^(ready|degraded|not-ready)$")]
    ready: bool
    degraded: bool
    reasons: list[str]
    version: int | None
    origin: str | None
    loaded_at: str | None
    looked_at: str | None


class Reloaded(TypedDict):
    """What came of a reload."""

    changed: bool
    version: int | None
    problem: str | None


SIMULATED_WARNING = f"simulated-data: {SIMULATED}. These prices are not the market's."


def degraded(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Return warnings that what is promoted is not what answers, for `reasons`."""
    return tuple(f"degraded: {reason}" for reason in reasons)
