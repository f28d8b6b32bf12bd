"""Following the pointer: what it names is taken up whole, or what is served stays.

look, conditional -> load whole -> warm -> hand over

With nothing whole to serve, as at a start, what is sound of it is served, and says what it lacks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from canasta.commodity import Traits
from canasta.errors import CanastaError, LakeMismatch, LakeUnreachable, NoChampion
from canasta.registry.pointer import POINTER, Pointer, parsed
from deployment.app.fallback import load_sound
from deployment.app.lake import Lake, Seen
from deployment.app.live import Live
from deployment.app.loading import Loaded, load_whole, try_out

log = logging.getLogger(__name__)

RETRY_S = 600.0
"""Between two attempts at what the same pointer names and what failed: trees are megabytes."""

RETRY_EMPTY_S = 60.0
"""The same while there is nothing to serve."""

GOES_ON = " What was loaded before is served."
UNREACHABLE = "The lake does not answer."
NOTHING = "Nothing is promoted."
MISMATCH = "The lake holds another commodity's prices."
UNUSABLE = "What is promoted now cannot be used: a file is missing, damaged or of another release."
UNFORESEEN = "What is promoted now could not be taken up: an error on our side."


@dataclass(frozen=True)
class Followed:
    """What came of a look at the pointer.

    Attributes:
        live: what is to be served; None for nothing.
        problem: what is wrong, for anybody to read: nothing of the inside is in it; None where
            all is well, but for what `live` says itself.
        outdated: why what is promoted now is not what `live` is; None where it is, or says itself
            what it lacks.
    """

    live: Live | None
    problem: str | None
    outdated: str | None = None


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
        traits: of the commodity that they have to be of.
        warm_what_ifs: whether trees and features are prepared too before anything is handed over.
        elapsed: returns seconds that only grow.
    """

    def __init__(
        self,
        lake: Lake,
        traits: Traits,
        *,
        warm_what_ifs: bool = False,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lake = lake
        self._traits = traits
        self._warm_what_ifs = warm_what_ifs
        self._elapsed = elapsed
        self._live: Live | None = None
        self._held: Loaded | None = None  # None too while what is served is not whole
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
        except Exception as error:  # noqa: BLE001 # logged; who follows outlives it, and looks on
            problem = self._going_on(_public(error))
            if problem != self._told:  # once, not each minute
                _tell(error)
        self._told = problem
        outdated = self._failed.problem if self._failed and self._live else None
        return Followed(self._live, problem, outdated)

    def _follow(self, *, quick: bool, patient: bool) -> None:
        failed = self._failed
        waits = patient and failed is not None and self._elapsed() - failed.at < self._retry_s
        known = failed.tag if failed is not None and waits else self._tag
        seen = self._look(known, quick=quick)
        if (seen.tag if seen else known) == self._tag:
            self._failed = None
        elif seen is not None:
            self._take_up(seen)

    @property
    def _retry_s(self) -> float:
        return RETRY_EMPTY_S if self._live is None else RETRY_S

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
            loaded = load_whole(self._lake, self._traits, pointer, self._held)
            self._warm(loaded.live)
        except LakeUnreachable:
            raise  # the next look tries again
        except Exception as error:  # noqa: BLE001 # logged; something may be sound nevertheless
            again = self._failed is not None and self._failed.tag == seen.tag
            _tell(error, briefly=again)
            problem = self._made_do(pointer, _public(error), again=again)
            self._failed = _Failed(seen.tag, problem, self._elapsed())
        else:
            self._live, self._held = loaded.live, loaded
            self._tag, self._failed = seen.tag, None

    def _made_do(self, pointer: Pointer, why: str, *, again: bool) -> str | None:
        """Leave what is served, if it is whole; or else serve what is sound. Return the problem.

        Args:
            pointer: what cannot be taken up whole.
            why: what is told of it.
            again: whether this was tried before.
        """
        sound = self._sound(pointer) if self._held is None else None
        if sound is not None and self._is_better(sound, again=again):
            self._live = sound
            return None if sound.reasons else why  # what it lacks, it says itself
        if again and self._failed is not None:
            return self._failed.problem
        return self._going_on(why)

    def _sound(self, pointer: Pointer) -> Live | None:
        try:
            live = load_sound(self._lake, self._traits, pointer)
            live.warm()
        except LakeUnreachable:
            raise
        except Exception as error:  # noqa: BLE001 # logged; the next promotion may go well
            _tell(error, briefly=True)
            return None
        return live

    def _is_better(self, live: Live, *, again: bool) -> bool:
        """Tell whether `live`, sound, is to be served instead of what is.

        What is promoted now comes before what was, unless its forecasts are older; when the same
        is tried again, something must have been mended.
        """
        served = self._live
        if served is None:
            return True
        if again:
            return (live.origin, -len(live.reasons)) > (served.origin, -len(served.reasons))
        return live.origin >= served.origin

    def _warm(self, live: Live) -> None:
        live.warm()
        if self._warm_what_ifs:
            try_out(live.predictor)
            _ = live.state

    def _going_on(self, problem: str) -> str:
        return problem if self._live is None else problem + GOES_ON

    def _nothing(self) -> NoChampion:
        return NoChampion(
            f"Nothing is promoted in {self._lake.url} yet. `make daily` promotes; what it promotes "
            "is served within a minute."
        )


def _public(error: Exception) -> str:
    """Return what anybody may read of `error`."""
    kinds = {LakeUnreachable: UNREACHABLE, NoChampion: NOTHING, LakeMismatch: MISMATCH}
    for kind, told in kinds.items():
        if isinstance(error, kind):
            return told
    return UNUSABLE if isinstance(error, CanastaError) else UNFORESEEN


def _tell(error: Exception, *, briefly: bool = False) -> None:
    """Log `error`: one that was foreseen in its own words, another with where it came from."""
    if isinstance(error, CanastaError):
        log.warning("%s", error)
    elif briefly:
        log.warning("What is promoted cannot be taken up: %r", error)
    else:
        log.error("The pointer could not be followed", exc_info=error)
