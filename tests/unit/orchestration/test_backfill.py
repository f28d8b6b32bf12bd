from datetime import date, timedelta

import pytest

from canasta.errors import SettingsError
from orchestration.backfill import backfill

TOMORROW = str(date.today() + timedelta(days=2))  # noqa: DTZ011 - any zone will do


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("soon", "2024-01-05", "FROM='soon' is no date; write it as YYYY-MM-DD."),
        ("2024-01-05", "", "TO='' is no date"),
        ("2024-01-05", "2024-01-03", "FROM=2024-01-05 lies after TO=2024-01-03."),
        ("2024-01-05", TOMORROW, f"TO={TOMORROW} is to come: today is "),
    ],
)
def test_days_that_cannot_be_replayed(since: str, until: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        backfill(since, until)
