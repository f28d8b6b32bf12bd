"""What a commodity is: one TOML file in `commodities/`, read into one typed value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from dateutil.easter import easter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from canasta.calendar import PublicationCalendar
from canasta.errors import CommodityError
from canasta.labels import Key

COMMODITIES = Path(__file__).resolve().parent.parent / "commodities"
CALENDAR_YEARS = range(2015, 2056)
"""The years whose holidays a calendar knows; weekday rules hold beyond them."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Section):
    """Where publications come from: `file_name` is a strftime pattern of the date."""

    adapter: str
    url: str
    file_name: str
    max_bytes: Annotated[int, Field(gt=0)]


class Keys(_Section):
    """The columns that name a series, the price column, and rows that are no series."""

    columns: tuple[str, ...]
    price: str
    aggregates: tuple[str, ...]
    slices: tuple[str, ...]
    region: str

    @model_validator(mode="after")
    def _names_columns(self) -> Self:
        unknown = {*self.slices, self.region} - set(self.columns)
        if unknown:
            raise ValueError(f"slices and region must be among columns; {sorted(unknown)} are not")
        return self


class PlausibleRange(_Section):
    """Prices outside [low, high], in the commodity's unit, are taken for errors."""

    low: float
    high: float

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not 0 < self.low < self.high:
            raise ValueError(f"low must lie above 0 and below high, got {self.low} and {self.high}")
        return self


class CalendarRules(_Section):
    """Expected weekdays (0 is Monday), holidays by country code, and the time zone."""

    weekdays: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1)]
    holidays: str
    good_friday: bool
    time_zone: str

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        import holidays  # noqa: PLC0415 # a tenth of a second that serving does without

        if self.holidays not in holidays.list_supported_countries():
            raise ValueError(f"the holidays package knows no country {self.holidays!r}")
        if self.time_zone not in available_timezones():
            raise ValueError(f"there is no time zone {self.time_zone!r}")
        return self


class PriceColumn(BaseModel):
    """One price column of the sheet (0 is A) and the key values that its header carries."""

    model_config = ConfigDict(frozen=True, extra="allow")
    column: int

    @property
    def labels(self) -> Mapping[str, str]:
        """The key columns that this sheet column fixes, with their values."""
        return dict(self.model_extra or {})


class WorkbookLayout(_Section):
    """How a block looks in the source's workbook."""

    title_contains: str
    checksum_row: str
    state_column: int
    city_column: int
    price_columns: tuple[PriceColumn, ...]


class Commodity(_Section):
    """One commodity, as its file describes it."""

    name: str
    title: str
    unit: str
    source: Source
    keys: Keys
    plausible: PlausibleRange
    calendar: CalendarRules
    workbook: WorkbookLayout
    regions: Mapping[str, tuple[str, ...]]

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which all dates of this commodity are meant."""
        return ZoneInfo(self.calendar.time_zone)

    @cached_property
    def publication_calendar(self) -> PublicationCalendar:
        """The days on which this commodity is published."""
        import holidays  # noqa: PLC0415 # as above

        closed = set(holidays.country_holidays(self.calendar.holidays, years=CALENDAR_YEARS))
        if self.calendar.good_friday:
            closed |= {_good_friday(year) for year in CALENDAR_YEARS}
        return PublicationCalendar(frozenset(self.calendar.weekdays), frozenset(closed))

    @cached_property
    def _region_of(self) -> Mapping[str, str]:
        return {state: region for region, states in self.regions.items() for state in states}

    def slice_of(self, key: Key) -> str:
        """Name the slice that metrics report `key` under, such as `Pasteurizada/Tiendas/Norte`."""
        labels = dict(zip(self.keys.columns, key, strict=True))
        region = self._region_of.get(labels[self.keys.region], "Otra")
        return "/".join([*(labels[column] for column in self.keys.slices), region])


class Clock(BaseModel):
    """The time zone of a commodity's dates, without the calendar that it stands in."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    time_zone: ZoneInfo


class Traits(BaseModel):
    """What serving needs of a commodity: all but its calendar, which the panel brings along.

    Its file was checked whole by the runs that fill the lake.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    title: str
    unit: str
    keys: Keys
    plausible: PlausibleRange
    calendar: Clock

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which all dates of this commodity are meant."""
        return self.calendar.time_zone


def _good_friday(year: int) -> date:
    return date.fromordinal(easter(year).toordinal() - 2)


def load_commodity(name: str, folder: Path = COMMODITIES) -> Commodity:
    """Read `<folder>/<name>.toml`.

    Raises:
        CommodityError: the file is missing, is not TOML, or lacks or misnames a field.
    """
    return _load(Commodity, name, folder)


def load_traits(name: str, folder: Path = COMMODITIES) -> Traits:
    """Read what serving needs of `<folder>/<name>.toml`.

    Raises:
        CommodityError: as `load_commodity`.
    """
    return _load(Traits, name, folder)


def _load[Model: BaseModel](model: type[Model], name: str, folder: Path) -> Model:
    path = folder / f"{name}.toml"
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return model.model_validate(content)
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml"))) or "none"
        raise CommodityError(
            f"No commodity {name!r}: {path} does not exist. Known: {known}. "
            "Set COMMODITY to one of them, or describe the new one in such a file."
        ) from None
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise CommodityError(f"{path} is not a valid commodity file: {error}") from error
