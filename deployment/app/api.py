"""What every view is given: settings, what is served, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from canasta.commodity import Traits
from deployment.app.live import Live
from deployment.app.problems import ProblemError
from deployment.app.schema import SIMULATED_WARNING, degraded
from deployment.app.serving import Outcome, Status


class Served(Protocol):
    """What answers requests now, as far as views know it: deployment.app.serving's."""

    @property
    def live(self) -> Live | None:
        """What is served; None before anything could be loaded."""

    @property
    def status(self) -> Status:
        """How serving stands."""

    @property
    def outdated(self) -> str | None:
        """Why what is promoted now is not what is served; None where it is."""

    def subscribe(self, listener: Callable[[Outcome], None]) -> None:
        """Call `listener` with the outcome of each refresh from now on."""

    def reload_everywhere(self) -> Outcome:
        """Look at the pointer now, here and in all other workers."""


@dataclass(frozen=True)
class Api:
    """What every view is given.

    Attributes:
        traits: of the commodity.
        serving: what answers requests now.
        clock: returns the time, with its zone.
    """

    traits: Traits
    serving: Served
    clock: Callable[[], datetime]

    @property
    def live(self) -> Live:
        """What is served.

        Raises:
            ProblemError: nothing is.
        """
        live = self.serving.live
        if live is None:
            raise ProblemError(
                "not-ready", "No forecast is loaded yet. GET /ready says why; try again later."
            )
        return live

    @property
    def today(self) -> date:
        """Today's date where the commodity is sold."""
        return self.clock().astimezone(self.traits.time_zone).date()

    def common(self, live: Live) -> tuple[str, ...]:
        """Return the warnings of every answer from `live`."""
        outdated = self.serving.outdated
        reasons = live.degraded if outdated is None else (*live.degraded, outdated)
        simulated = (SIMULATED_WARNING,) if live.simulated else ()
        return *self.late(live), *degraded(reasons), *simulated

    def late(self, live: Live) -> tuple[str, ...]:
        """Return a warning where the publication that is forecast next should be here."""
        due = live.targets[0]
        if due >= self.today:
            return ()
        return (
            f"stale-data: The publication expected on {due} has not come; the newest is of "
            f"{live.origin}.",
        )


def json_ready(value: float | None) -> float | None:
    """Return a number that JSON can hold: NaN is none."""
    return None if value is None or value != value else value  # noqa: PLR0124 # NaN is not itself
