"""What the drift checks found: one finding for each quantity, and the worst of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is, in order: nothing, worth a look, worth a new search."""

    OK = "OK"
    WARNING = "WARNING"
    ALERT = "ALERT"


@dataclass(frozen=True, slots=True)
class Check:
    """One quantity beside what the past makes of it.

    Attributes:
        name: of the quantity, such as `change-30-days`.
        value: what it is now; NaN where there is too little to compute it from.
        threshold: from which it is an ALERT; NaN where there is too little history to learn it.
        severity: what follows.
    """

    name: str
    value: float
    threshold: float
    severity: Severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a day's checks come to.

    Attributes:
        as_of: the day.
        severity: the worst of the checks, unless their number calls for less.
        checks: in the order in which people should read them.
    """

    as_of: date
    severity: Severity
    checks: tuple[Check, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return `{as_of, severity, checks: [{name, value, threshold, severity}]}`, for JSON.

        JSON knows no NaN: it is null there.
        """
        checks = [
            {
                "name": check.name,
                "value": _figure(check.value),
                "threshold": _figure(check.threshold),
                "severity": check.severity.value,
            }
            for check in self.checks
        ]
        return {"as_of": self.as_of.isoformat(), "severity": self.severity.value, "checks": checks}


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them; OK of none."""
    order = list(Severity)
    return max(severities, key=order.index, default=Severity.OK)


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
