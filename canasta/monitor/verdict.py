"""What the drift checks found: one finding for each quantity, and the worst of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

FAILED = "check-failed"
"""Name of the check that stands for those that could not be made."""


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
        threshold: from which it is an ALERT; NaN where there is too little to learn it from.
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
        severity: the worst of the checks.
        checks: in the order in which people should read them.
        failure: why they could not be made; empty where they were.
    """

    as_of: date
    severity: Severity
    checks: tuple[Check, ...]
    failure: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return `{as_of, severity, checks: [{name, value, threshold, severity}]}`, for JSON.

        JSON knows no NaN: it is null there. Checks that failed add `failure`.
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
        found = {"as_of": self.as_of.isoformat(), "severity": self.severity.value, "checks": checks}
        return {**found, "failure": self.failure} if self.failure else found


def failed(as_of: date, reason: str) -> Verdict:
    """Return the ALERT that stands for checks that could not be made."""
    check = Check(FAILED, math.nan, math.nan, Severity.ALERT)
    return Verdict(as_of, Severity.ALERT, (check,), reason)


def verdict_of(content: Mapping[str, Any]) -> Verdict:
    """Read what `as_dict` returned.

    Raises:
        KeyError, ValueError: it is no such thing.
    """
    checks = tuple(
        Check(
            one["name"], _number(one["value"]), _number(one["threshold"]), Severity(one["severity"])
        )
        for one in content["checks"]
    )
    day, severity = date.fromisoformat(content["as_of"]), Severity(content["severity"])
    return Verdict(day, severity, checks, content.get("failure", ""))


def alerting(verdict: Verdict) -> tuple[str, ...]:
    """Return the names of the checks that alert."""
    return tuple(check.name for check in verdict.checks if check.severity is Severity.ALERT)


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of them; OK of none."""
    order = list(Severity)
    return max(severities, key=order.index, default=Severity.OK)


def _number(figure: float | None) -> float:
    return math.nan if figure is None else float(figure)


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None
