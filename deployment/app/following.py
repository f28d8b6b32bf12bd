"""Following the pointer: what it names is taken up whole, or what is served stays.

look, conditional -> load whole -> warm -> hand over
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from canasta.errors import CanastaError, LakeUnreachable, NoChampion
from canasta.registry.pointer import POINTER, Pointer, parsed
from deployment.app.lake import Lake, Seen
from deployment.app.live import Live
from deployment.app.loading import Loaded, load_sound, load_whole, try_out

log = logging.getLogger(__name__)

RETRY_S = 600.0
"""Between two attempts at what the same pointer names and what failed: a bundle is tens of MB."""

GOES_ON = " What was loaded before is served."
UNREACHABLE = "The lake does not answer."
NOTHING = "Nothing is promoted."
UNUSABLE = "What is promoted now cannot be used: a file is missing, damaged or of another release."
UNFORESEEN = "What is promoted now could not be taken up: an error on our side."


@dataclass(frozen=True)
class Followed:
    """What came of a look at the pointer.

    Attributes:
        live: what is to be served; None for nothing.
        problem: what is wrong, for anybody to read: nothing of the inside is in it; None where
            all is well.
    """

    live: Live | None
    problem: str | None


@dataclass(frozen=True)
class _Failed:
    """A pointer that could not be taken up whole: its tag, what is told of it, and since when."""

    tag: str
    problem: str | None
    at: float


class Follower:
    """Follows one lake's pointer; for one thread at a time.

    Args:
        lake: where promoted objects lie.
        warm_what_ifs: whether trees and features are prepared too before anything is handed over.
        elapsed: returns seconds that only grow.
    """

    def __init__(
        self,
        lake: Lake,
        *,
        warm_what_ifs: bool = False,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lake = lake
        self._warm_what_ifs = warm_what_ifs
        self._elapsed = elapsed
        self._live: Live | None = None
        self._held: Loaded | None = None
        self._tag: str | None = None  # of the pointer that was taken up whole
        self._failed: _Failed | None = None
        self._told: str | None = None

    def follow(self, *, quick: bool = False, patient: bool = False) -> Followed:
        """Look at the pointer, and load what it names if that is new.

        Whatever goes wrong is told in the answer, and in the log with all that is known of it.

        Args:
            quick: whether to give up after 300 ms without an answer from the lake.
            patient: whether to wait RETRY_S with another attempt at what has failed.
        """
        try:
            self._follow(quick=quick, patient=patient)
            problem = self._failed.problem if self._failed else None
        except CanastaError as error:
            problem = self._public(error)
            if problem != self._told:  # once, not each minute
                log.warning("%s", error)
        except Exception:
            # Who follows has to outlive what nobody foresaw: the next look may go well.
            log.exception("The pointer could not be followed; what is served stays")
            problem = self._going_on(UNFORESEEN)
        self._told = problem
        return Followed(self._live, problem)

    def _follow(self, *, quick: bool, patient: bool) -> None:
        failed = self._failed
        waits = patient and failed is not None and self._elapsed() - failed.at < RETRY_S
        known = failed.tag if failed is not None and waits else self._tag
        seen = self._look(known, quick=quick)
        if (seen.tag if seen else known) == self._tag:
            self._failed = None
        elif seen is not None:
            self._take_up(seen)

    def _look(self, known: str | None, *, quick: bool) -> Seen | None:
        try:
            return self._lake.look(POINTER, known, quick=quick)
        except KeyError:
            raise self._nothing() from None

    def _take_up(self, seen: Seen) -> None:
        pointer = parsed(seen.content)
        if pointer is None:
            raise self._nothing()
        try:
            loaded = load_whole(self._lake, pointer, self._held)
            self._warm(loaded.live)
        except LakeUnreachable:
            raise  # the next look tries again
        except CanastaError as error:
            log.warning("%s", error)
            self._make_do(pointer, seen.tag)
        else:
            self._live, self._held = loaded.live, loaded
            self._tag, self._failed = seen.tag, None

    def _make_do(self, pointer: Pointer, tag: str) -> None:
        """Leave what is served as it is; with nothing yet, serve what is sound."""
        if self._live is None:
            live = load_sound(self._lake, pointer)
            self._warm(live)
            self._live, problem = live, None  # what it lacks, it says itself
        elif self._failed is not None and self._failed.tag == tag:
            problem = self._failed.problem
        else:
            problem = self._going_on(UNUSABLE)
        self._failed = _Failed(tag, problem, self._elapsed())

    def _warm(self, live: Live) -> None:
        live.warm()
        if self._warm_what_ifs:
            try_out(live.predictor)
            _ = live.state

    def _public(self, error: CanastaError) -> str:
        kinds = {LakeUnreachable: UNREACHABLE, NoChampion: NOTHING}
        return self._going_on(kinds.get(type(error), UNUSABLE))

    def _going_on(self, problem: str) -> str:
        return problem if self._live is None else problem + GOES_ON

    def _nothing(self) -> NoChampion:
        return NoChampion(
            f"Nothing is promoted in {self._lake.url} yet. `make daily` promotes; what it promotes "
            "is served within a minute."
        )
