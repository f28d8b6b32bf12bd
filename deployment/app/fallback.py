"""What can be served when what the pointer names cannot be, whole.

A server that starts has nothing to go on with, so it makes do with what is sound:

    forecasts   the promoted ones, or those of an earlier decision
    what-ifs    the champion, or the previous champion, or persistence

and says so in `Live.degraded` and `Live.degraded_what_ifs`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from canasta.commodity import Traits
from canasta.errors import CanastaError, LakeMismatch, LakeUnreachable, ObjectCorrupt
from canasta.forecast.outlook import HORIZONS
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import PERSISTENCE, Recipe
from canasta.registry.decisions import led_to, read_record
from canasta.registry.objects import Reader
from canasta.registry.pointer import Pointer, Title
from deployment.app.live import Live, Model
from deployment.app.loading import (
    Answerer,
    Forecasts,
    live_of,
    read_forecasts,
    read_usable,
    try_out,
)
from deployment.app.provenance import check_is_of, is_simulated, may_be_simulated

log = logging.getLogger(__name__)

LOOK_BACK = HORIZONS
"""Decisions that are walked back for forecasts: older ones speak of days that have passed."""

UNREGISTERED = 0
"""Version of persistence as it stands in for a champion: no registered one."""


def load_sound(lake: Reader, traits: Traits, pointer: Pointer) -> Live:
    """Load what of `pointer`, and of what was promoted before it, is sound.

    Raises:
        ObjectCorrupt: no forecasts are.
        LakeMismatch: the lake holds another commodity's prices.
        LakeUnreachable: the lake does not answer.
    """
    forecasts = _sound_forecasts(lake, pointer)
    check_is_of(traits, forecasts.published.panel)
    answerer = _sound_answerer(lake, pointer)
    fitted_on = answerer.bundle.source if answerer.bundle else None
    simulated = _or_none(lambda: is_simulated(lake, traits, fitted_on))
    known = may_be_simulated(fitted_on) if simulated is None else simulated
    return replace(
        live_of(forecasts, answerer, known),
        degraded=(*_of_forecasts(pointer, forecasts), *_of_source(simulated, known)),
        degraded_what_ifs=_of_answerer(pointer.title, answerer),
    )


def _of_forecasts(pointer: Pointer, found: Forecasts) -> tuple[str, ...]:
    if found.pointer is pointer:
        return ()
    return (
        f"The forecasts from {pointer.origin} cannot be used: they are missing or damaged. Those "
        f"from {found.pointer.origin}, of version {found.pointer.title.version}, are served.",
    )


def _of_answerer(title: Title, found: Answerer) -> tuple[str, ...]:
    if found.model.version == title.version:
        return ()
    version = found.model.version
    who = "persistence" if version == UNREGISTERED else f"version {version}"
    return (
        f"The champion, version {title.version}, cannot be used: its files are missing, damaged "
        f"or of another release. What-ifs are answered by {who}.",
    )


def _of_source(said: bool | None, taken: bool) -> tuple[str, ...]:
    if said is not None:
        return ()
    why = "The lake's own word on where its prices come from is missing or damaged. "
    if taken:
        return (f"{why}They may be simulated.",)
    return (f"{why}They are taken for real: the model was fitted on real ones.",)


def _sound_forecasts(lake: Reader, pointer: Pointer) -> Forecasts:
    for one in islice(_walked_back(lake, pointer), LOOK_BACK):
        published = _or_none(partial(read_forecasts, lake, one))
        if published is not None:
            return Forecasts(one, published)
    raise ObjectCorrupt(
        f"Neither the forecasts from {pointer.origin} nor any of the {LOOK_BACK - 1} decisions "
        "before can be read. Restore panels/ and decisions/ from a backup of the lake, or run "
        "`make report`."
    )


def _walked_back(lake: Reader, pointer: Pointer) -> Iterator[Pointer]:
    """Yield what was live: now, before the decision that led to it, and so on."""
    at: Pointer | None = pointer
    while at is not None:
        yield at
        at = _before(lake, at)


def _before(lake: Reader, pointer: Pointer) -> Pointer | None:
    record = _or_none(lambda: read_record(lake, pointer.decision))
    before = None if record is None else record.before
    if before is None or "bundle" not in before:  # none, or an earlier system's
        return None
    return _or_none(lambda: Pointer.from_dict(before))


def _sound_answerer(lake: Reader, pointer: Pointer) -> Answerer:
    title = pointer.title
    return (
        _or_none(lambda: _tried(lake, title))
        or _or_none(lambda: _previous(lake, pointer))
        or _persistence(title)
    )


def _tried(lake: Reader, title: Title) -> Answerer:
    bundle = read_usable(lake, title)
    try_out(bundle.predictor)
    return Answerer.of(title, bundle)


def _previous(lake: Reader, pointer: Pointer) -> Answerer | None:
    if pointer.previous is None:
        return None
    return _tried(lake, led_to(pointer.previous, read_record(lake, pointer.previous)).title)


def _persistence(title: Title) -> Answerer:
    from canasta.parameters import read_parameters  # noqa: PLC0415 # 0.04 s that seldom are needed

    weight = read_parameters().empirical.weight
    predictor = Predictor(Recipe(PERSISTENCE), (), weight)
    return Answerer(Model(title.model_name, UNREGISTERED, PERSISTENCE), predictor, None)


def _or_none[T](read: Callable[[], T]) -> T | None:
    """Return what `read` returns, or None, told in the log, where that cannot be used."""
    try:
        return read()
    except (LakeUnreachable, LakeMismatch):
        raise  # which say nothing of the object
    except CanastaError as error:
        log.warning("%s", error)
    except Exception as error:  # noqa: BLE001 # its traceback was logged when it was loaded whole
        log.warning("What is promoted cannot be used: %r", error)
    return None
