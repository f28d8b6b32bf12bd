"""Steps whose failure does not lose the report: it is told, the run goes on, and ends as failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from canasta.errors import CanastaError, FailedStep, RunInProgress, StepsFailed

log = logging.getLogger(__name__)


@dataclass
class Attempts:
    """What was tried beside the main path of a run."""

    failed: list[FailedStep] = field(default_factory=list)

    def make[Made](self, step: str, do: Callable[[], Made], otherwise: Made) -> Made:
        """Do a step; return what it made, or `otherwise` where it failed.

        Args:
            step: its name, for people.
            do: the step.
            otherwise: what the run goes on with.

        Raises:
            RunInProgress: the lake is another run's now: nothing more may be done to it.
        """
        try:
            return do()
        except RunInProgress:
            raise
        except CanastaError as error:
            self.failed.append(FailedStep(step, type(error).__name__, str(error)))
            return otherwise
        except Exception as error:  # it is told, and the run ends as failed
            log.exception("%s failed", step)  # nobody designed it: where it arose is needed
            self.failed.append(FailedStep(step, type(error).__name__, ""))
            return otherwise

    def check(self, again: str) -> None:
        """End the run as failed if a step was.

        Args:
            again: the command that does it again.

        Raises:
            StepsFailed: one or more were.
        """
        if self.failed:
            told = "\n  ".join(str(one) for one in self.failed)
            raise StepsFailed(
                f"The report is out, but not everything was done:\n  {told}\nNothing is lost: "
                f"the next run makes up for it, or `{again}` now.",
                tuple(self.failed),
            )
