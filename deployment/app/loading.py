"""From the pointer to what can be served, every object against its SHA-256 first.

Whole is what the pointer names, or nothing; that is how a running server takes a promotion up.
A server that starts has nothing to go on with, so it makes do with what is sound:

    forecasts   the promoted ones, or those of an earlier decision
    what-ifs    the champion, or the previous champion, or persistence

and says so in `Live.degraded`. The forecasts in a panel object are its champion's own, computed
when it was promoted: they stand whatever became of the champion's trees since.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from canasta.errors import CanastaError, FeaturesMismatch, LakeUnreachable, ObjectCorrupt
from canasta.forecast.outlook import HORIZONS
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import FEATURES, PERSISTENCE, Recipe
from canasta.ingest.identity import IDENTITY, parsed
from canasta.registry.bundle import Bundle, read_bundle
from canasta.registry.decisions import led_to, read_record
from canasta.registry.objects import Reader
from canasta.registry.panels import PublishedPanel, read_panel
from canasta.registry.pointer import Pointer, Title
from deployment.app.live import Live, Model

log = logging.getLogger(__name__)

LOOK_BACK = HORIZONS
"""Decisions that are walked back for forecasts: older ones speak of days that have passed."""

UNREGISTERED = 0
"""Version of persistence as it stands in for a champion: no registered one."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded whole.

    Attributes:
        pointer: what it was loaded by.
        bundle: the champion.
        live: what is served.
    """

    pointer: Pointer
    bundle: Bundle
    live: Live


def load_whole(lake: Reader, pointer: Pointer, held: Loaded | None = None) -> Loaded:
    """Load what `pointer` names; what `held` has of it already is not read again.

    Raises:
        ObjectCorrupt: an object is missing, does not match its hash, or is of another format.
        FeaturesMismatch: the champion takes features that this release does not compute.
        LakeUnreachable: the lake does not answer.
    """
    title = pointer.title
    if held is not None and held.pointer.title.bundle == title.bundle:
        bundle = held.bundle
    else:
        bundle = read_usable(lake, title)
    if held is not None and held.pointer.panel == pointer.panel:
        published = held.live.published
    else:
        published = _panel(lake, pointer)
    simulated = _simulated(lake, IDENTITY)
    live = _live((pointer, published), _Answerer.of(title, bundle), simulated)
    return Loaded(pointer, bundle, live)


def load_sound(lake: Reader, pointer: Pointer) -> Live:
    """Load what of `pointer`, and of what was promoted before it, is sound.

    Raises:
        ObjectCorrupt: no forecasts are.
        LakeUnreachable: the lake does not answer.
    """
    lacks: list[str] = []
    forecasts = _sound_forecasts(lake, pointer, lacks)
    answerer = _sound_answerer(lake, pointer, lacks)
    simulated = _or_none(_simulated, lake, IDENTITY) or False
    return _live(forecasts, answerer, simulated, tuple(lacks))


def model_of(title: Title) -> Model:
    """Return what answers say of the holder of `title`."""
    return Model(title.model_name, title.version, title.recipe.algorithm)


def read_usable(lake: Reader, title: Title) -> Bundle:
    """Read the bundle of `title`.

    Raises:
        ObjectCorrupt: a file is missing, does not match its hash, or is of another format.
        FeaturesMismatch: it takes features that this release does not compute.
        LakeUnreachable: the lake does not answer.
    """
    bundle = read_bundle(lake, title.bundle)
    recipe = bundle.predictor.recipe
    if bundle.predictor.hurdles and recipe.features != FEATURES:
        raise FeaturesMismatch(
            f"Version {title.version} was fitted on feature set {recipe.features!r}; this release "
            f"computes {FEATURES!r}. Run `make retrain`, or serve with the release that fitted it."
        )
    return bundle


def try_out(predictor: Predictor) -> None:
    """Let the trees of the next publication answer once, so that they are read before a request.

    Raises:
        ObjectCorrupt: they are no trees.
    """
    for hurdle in predictor.hurdles[:1]:
        hurdle.outputs(np.zeros((1, len(hurdle.features)), np.float32))


type _Forecasts = tuple[Pointer, PublishedPanel]
"""What was live when they were promoted, and they."""


@dataclass(frozen=True)
class _Answerer:
    """Who answers what-ifs; `bundle` is None for persistence that nobody fitted."""

    model: Model
    predictor: Predictor
    bundle: Bundle | None

    @classmethod
    def of(cls, title: Title, bundle: Bundle) -> _Answerer:
        return cls(model_of(title), bundle.predictor, bundle)


def _live(
    forecasts: _Forecasts, answerer: _Answerer, simulated: bool, degraded: tuple[str, ...] = ()
) -> Live:
    (pointer, published), bundle = forecasts, answerer.bundle
    model = model_of(pointer.title)
    of_model = bundle is not None and answerer.model == model
    return Live(
        published=published,
        model=model,
        predictor=answerer.predictor,
        predictor_model=answerer.model,
        promoted_at=pointer.promotion_time,
        trained=None if bundle is None else (bundle.trained_from, bundle.trained_to),
        metrics=bundle.metrics if bundle and of_model else {"rmse": pointer.title.rmse},
        degraded=degraded,
        simulated=simulated,
    )


def _simulated(lake: Reader, key: str) -> bool:
    """Tell whether what the lake holds comes from the simulated publisher."""
    try:
        return parsed(lake.read(key), key).simulated
    except KeyError:  # an earlier system's lake, which knew no such publisher
        return False


def _panel(lake: Reader, pointer: Pointer) -> PublishedPanel:
    published = read_panel(lake, pointer.panel)
    if published.version != pointer.title.version:
        raise ObjectCorrupt(
            f"{pointer.panel.key} holds the forecasts of version {published.version}, expected "
            f"those of {pointer.title.version}. Run `make report`, which publishes them again."
        )
    return published


def _sound_forecasts(lake: Reader, pointer: Pointer, lacks: list[str]) -> _Forecasts:
    for one in islice(_walked_back(lake, pointer), LOOK_BACK):
        published = _or_none(_panel, lake, one)
        if published is None:
            continue
        if one is not pointer:
            lacks.append(
                f"The forecasts from {pointer.origin} cannot be used: they are missing or "
                f"damaged. Those from {one.origin}, of version {one.title.version}, are served."
            )
        return one, published
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
        at = _or_none(_before, lake, at)


def _before(lake: Reader, pointer: Pointer) -> Pointer | None:
    before = read_record(lake, pointer.decision).before
    if before is None or "bundle" not in before:  # none, or an earlier system's
        return None
    return Pointer.from_dict(before)


def _sound_answerer(lake: Reader, pointer: Pointer, lacks: list[str]) -> _Answerer:
    title = pointer.title
    champion = _or_none(_tried, lake, title)
    if champion is not None:
        return champion
    previous = _or_none(_previous, lake, pointer)
    answerer = previous or _persistence(title)
    who = f"version {answerer.model.version}" if previous else "persistence"
    lacks.append(
        f"The champion, version {title.version}, cannot be used: its files are missing, damaged "
        f"or of another release. What-ifs are answered by {who}."
    )
    return answerer


def _tried(lake: Reader, title: Title) -> _Answerer:
    return _Answerer.of(title, read_usable(lake, title))


def _previous(lake: Reader, pointer: Pointer) -> _Answerer | None:
    if pointer.previous is None:
        return None
    title = led_to(pointer.previous, read_record(lake, pointer.previous)).title
    return _tried(lake, title)


def _persistence(title: Title) -> _Answerer:
    from canasta.parameters import read_parameters  # noqa: PLC0415 # 0.04 s that seldom are needed

    weight = read_parameters().empirical.weight
    predictor = Predictor(Recipe(PERSISTENCE), (), weight)
    return _Answerer(Model(title.model_name, UNREGISTERED, PERSISTENCE), predictor, None)


def _or_none[W, T](read: Callable[[Reader, W], T], lake: Reader, what: W) -> T | None:
    """Return what `read` returns, or None, told in the log, where that is damaged."""
    try:
        return read(lake, what)
    except LakeUnreachable:
        raise  # which says nothing of the object
    except CanastaError as error:
        log.warning("%s", error)
        return None
