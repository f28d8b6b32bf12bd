import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from prefect import flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.server.schemas.schedules import CronSchedule as ServerCron

from canasta.commodity import Commodity
from orchestration.schedule import (
    BATCH_HOURS,
    PIPELINE_HOURS,
    batch_deployment,
    pipeline_deployment,
    publication_schedule,
)

MEXICO = ZoneInfo("America/Mexico_City")


@flow(name="toy")
def toy(execution_date: str | None = None) -> None: ...


def firings(cron: str, zone: str, start: datetime, end: datetime) -> list[str]:
    """The runs that the server would schedule, in Mexico's time."""
    dates = asyncio.run(ServerCron(cron=cron, timezone=zone).get_dates(100, start, end))
    return [f"{each.astimezone(MEXICO):%a %H:%M}" for each in dates]


def week_of(commodity: Commodity, hours: str, first: datetime) -> list[str]:
    schedule = publication_schedule(commodity.calendar, hours)
    assert schedule.cron is not None
    assert schedule.timezone is not None
    last = first.replace(day=first.day + 6, hour=23, minute=59)
    return firings(schedule.cron, schedule.timezone, first, last)


# Mexico gave up daylight saving in 2022: a rule of its own would shift one of these by an hour.
@pytest.mark.parametrize("monday", [(2025, 1, 13), (2025, 7, 14)])
def test_pipeline_runs_hourly_from_one_on_publication_days(
    milk: Commodity, monday: tuple[int, int, int]
) -> None:
    fired = week_of(milk, PIPELINE_HOURS, datetime(*monday, tzinfo=MEXICO))
    expected = [f"{day} {hour}:00" for day in ("Mon", "Wed", "Fri") for hour in range(13, 23)]
    assert fired == expected


def test_batch_runs_at_eleven_at_night_on_publication_days(milk: Commodity) -> None:
    fired = week_of(milk, BATCH_HOURS, datetime(2025, 7, 14, tzinfo=MEXICO))
    assert fired == ["Mon 23:00", "Wed 23:00", "Fri 23:00"]


def test_sunday_of_the_calendar_is_sunday_of_cron(milk: Commodity) -> None:
    sundays = milk.calendar.model_copy(update={"weekdays": (6,)})
    other = milk.model_copy(update={"calendar": sundays})
    assert week_of(other, BATCH_HOURS, datetime(2025, 7, 14, tzinfo=MEXICO)) == ["Sun 23:00"]


def test_deployments_carry_the_commoditys_name_and_schedule(milk: Commodity) -> None:
    deployed = [pipeline_deployment(toy, milk), batch_deployment(toy, milk)]
    assert [each.full_name for each in deployed] == [
        "toy/daily-milk-predictor",
        "toy/daily-milk-batch",
    ]
    for deployment in deployed:
        (only,) = deployment.schedules or []
        assert isinstance(only.schedule, CronSchedule)
        assert only.schedule.timezone == "America/Mexico_City"


def test_runs_load_the_flow_by_its_module(milk: Commodity) -> None:
    assert pipeline_deployment(toy, milk).entrypoint == f"{toy.__module__}.toy"
