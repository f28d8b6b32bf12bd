"""From the pointer to what can be served, whole: every object against its SHA-256, or nothing.

That is how a running server takes a promotion up. The forecasts in a panel object are their
champion's own, computed when it was promoted: nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from canasta.commodity import Traits
from canasta.errors import FeaturesMismatch, ObjectCorrupt
from canasta.forecast.predictor import Predictor
from canasta.forecast.recipe import FEATURES
from canasta.registry.bundle import Bundle, read_bundle
from canasta.registry.objects import Reader
from canasta.registry.panels import PublishedPanel, read_panel
from canasta.registry.pointer import Pointer, Title
from deployment.app.live import Live, Model
from deployment.app.provenance import check_is_of, is_simulated

STEPS = 1
"""Horizons that what-ifs look ahead. The trees of others are not read: they are five in six."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded whole.

    Attributes:
        pointer: what it was loaded by.
        bundle: the champion, as far as what-ifs need it.
        live: what is served.
    """

    pointer: Pointer
    bundle: Bundle
    live: Live


@dataclass(frozen=True)
class Forecasts:
    """Forecasts, and what was live when they were promoted."""

    pointer: Pointer
    published: PublishedPanel


@dataclass(frozen=True)
class Answerer:
    """Who answers what-ifs; `bundle` is None for persistence that nobody fitted."""

    model: Model
    predictor: Predictor
    bundle: Bundle | None

    @classmethod
    def of(cls, title: Title, bundle: Bundle) -> Answerer:
        """Return the holder of a title, whose bundle is `bundle`."""
        return cls(model_of(title), bundle.predictor, bundle)


def load_whole(
    lake: Reader, traits: Traits, pointer: Pointer, held: Loaded | None = None
) -> Loaded:
    """Load what `pointer` names; what `held` has of it already is not read again.

    Raises:
        ObjectCorrupt: an object is missing, does not match its hash, or is of another format.
        FeaturesMismatch: the champion takes features that this release does not compute.
        LakeMismatch: the lake holds another commodity's prices.
        LakeUnreachable: the lake does not answer.
    """
    title = pointer.title
    if held is not None and held.pointer.panel == pointer.panel:
        published = held.live.published
    else:
        published = read_forecasts(lake, pointer)
    check_is_of(traits, published.panel)  # before the trees, which are the most of it
    if held is not None and held.pointer.title.bundle == title.bundle:
        bundle = held.bundle
    else:
        bundle = read_usable(lake, title)
    simulated = is_simulated(lake, traits, bundle.source)
    live = live_of(Forecasts(pointer, published), Answerer.of(title, bundle), simulated)
    return Loaded(pointer, bundle, live)


def live_of(forecasts: Forecasts, answerer: Answerer, simulated: bool) -> Live:
    """Return what is served of `forecasts` with what-ifs from `answerer`."""
    pointer, bundle = forecasts.pointer, answerer.bundle
    model = model_of(pointer.title)
    of_model = bundle is not None and answerer.model == model
    return Live(
        published=forecasts.published,
        model=model,
        predictor=answerer.predictor,
        predictor_model=answerer.model,
        promoted_at=pointer.promotion_time,
        trained=None if bundle is None else (bundle.trained_from, bundle.trained_to),
        metrics=bundle.metrics if bundle and of_model else {"rmse": pointer.title.rmse},
        degraded=(),
        simulated=simulated,
    )


def model_of(title: Title) -> Model:
    """Return what answers say of the holder of `title`."""
    return Model(title.model_name, title.version, title.recipe.algorithm)


def read_forecasts(lake: Reader, pointer: Pointer) -> PublishedPanel:
    """Read the forecasts that `pointer` names.

    Raises:
        ObjectCorrupt: they are missing or damaged, or another version's.
        LakeUnreachable: the lake does not answer.
    """
    published = read_panel(lake, pointer.panel)
    if published.version != pointer.title.version:
        raise ObjectCorrupt(
            f"{pointer.panel.key} holds the forecasts of version {published.version}, expected "
            f"those of {pointer.title.version}. Run `make report`, which publishes them again."
        )
    return published


def read_usable(lake: Reader, title: Title) -> Bundle:
    """Read of the bundle of `title` what what-ifs need.

    Raises:
        ObjectCorrupt: a file is missing, does not match its hash, or is of another format.
        FeaturesMismatch: it takes features that this release does not compute.
        LakeUnreachable: the lake does not answer.
    """
    bundle = read_bundle(lake, title.bundle, STEPS)
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
    for hurdle in predictor.hurdles[:STEPS]:
        hurdle.outputs(np.zeros((1, len(hurdle.features)), np.float32))
