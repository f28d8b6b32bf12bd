"""Who is live: promotion, publication of panels, and rollback."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterator, Mapping

from canasta.errors import NoChampion, NoPreviousChampion, UnknownVersion
from canasta.forecast.recipe import FEATURES
from canasta.registry.bundle import MANIFEST
from canasta.registry.decisions import Kind, led_to, next_moment, read_record
from canasta.registry.gate import Action
from canasta.registry.objects import ObjectRef, sha256
from canasta.registry.pointer import POINTER, Pointer, Title, current
from canasta.registry.steps import Basis, Cause, Registry, Reign, Ruling, install, record_decision
from canasta.registry.tracking import ModelVersion
from canasta.store import Store

log = logging.getLogger(__name__)


def carry_out(
    registry: Registry, basis: Basis, ruling: Ruling, versions: Mapping[str, int]
) -> Pointer:
    """Do what the gate decided.

    Args:
        registry: where.
        basis: what it rests on.
        ruling: the gate's.
        versions: number in MLflow by contestant, of the fits on all data: the winner's unless
            nothing changes, and those of the others that may be challenger.

    Raises:
        UnknownVersion: MLflow does not know the winner's version.
        RegistryUnavailable: MLflow does not answer before the bundle is stored.
        NoChampion: nothing is to change, and nothing is promoted.
    """
    decision = ruling.decision
    if decision.action is Action.KEEP:
        record_kept(registry, basis, ruling)
        return champion_of(registry.lake)
    kind = Kind.REFRESH if decision.action is Action.REFRESH else Kind.SEARCH
    challenger = _runner_up(ruling, versions)
    return promote(registry, basis, versions[decision.winner], kind, ruling, challenger)


def promote(
    registry: Registry,
    basis: Basis,
    version: int,
    kind: Kind,
    ruling: Ruling,
    challenger: int | None = None,
) -> Pointer:
    """Give a registered version the title, as the gate decided; the champion's own is kept.

    Args:
        registry: where.
        basis: what it rests on.
        version: its number in MLflow.
        kind: Kind.SEARCH, or Kind.REFRESH when the champion's recipe was refitted.
        ruling: the gate's.
        challenger: version of the runner-up.

    Raises:
        UnknownVersion: MLflow does not know the version.
        RegistryUnavailable: MLflow does not answer before the bundle is stored.
    """
    found = registry.tracking.version(version)
    live = current(registry.lake)
    if live is not None and live.title.bundle.sha256 == found.bundle_sha256:
        record_kept(registry, basis, ruling)
        return live
    cause = Cause(kind, ruling.decision.reason, ruling)
    return _succeed(registry, basis, found, challenger, cause)


def promote_by_hand(registry: Registry, basis: Basis, version: int) -> Pointer:
    """Give any registered version the title; the champion itself is left as it is.

    Raises:
        UnknownVersion: MLflow does not know the version, or it was fitted on prices of another
            kind of source than the lake's.
        RegistryUnavailable: MLflow does not answer before the bundle is stored.
    """
    found = registry.tracking.version(version)
    if found.source != basis.source:
        raise UnknownVersion(
            f"Version {version} was fitted on {found.source} prices; this lake holds "
            f"{basis.source} ones. Name a version that a run on this lake registered, or set "
            "LAKE_URL to the other lake."
        )
    pointer = current(registry.lake)
    if pointer is not None and pointer.title.bundle.sha256 == found.bundle_sha256:
        log.info("version %d is the champion already", version)
        return pointer
    former = None if pointer is None else pointer.title.version
    cause = Cause(Kind.PROMOTE, f"Version {version} was promoted by hand.")
    return _succeed(registry, basis, found, former, cause)


def rollback(registry: Registry, basis: Basis, reason: str) -> Pointer:
    """Restore the previous champion, with forecasts from today's history.

    Args:
        registry: where.
        basis: what it rests on.
        reason: one sentence for the record.

    Raises:
        NoChampion: nothing is promoted.
        NoPreviousChampion: no such champion stands in the chain of decisions.
        ObjectCorrupt: its bundle is lost both in the lake and in MLflow.
    """
    champion = champion_of(registry.lake)
    former = _predecessor(registry.lake, champion)
    reign = Reign(former.title, None, champion.title.version, former.previous)
    return install(registry, basis, reign, Cause(Kind.ROLLBACK, reason))


def heir(lake: Store, barred: Collection[str]) -> Pointer | None:
    """Return the last champion that may take the title from the one that holds it.

    One of another recipe, not barred, on the features of this release; None without one.

    Args:
        lake: with pointer and decisions.
        barred: ids of recipes that may not win.

    Raises:
        NoChampion: nothing is promoted.
        ObjectCorrupt: a decision cannot be read.
    """
    champion = champion_of(lake)
    unfit = {champion.title.recipe.id, *barred}
    for former in _predecessors(lake, champion):
        recipe = former.title.recipe
        if recipe.id not in unfit and recipe.features == FEATURES:
            return former
    return None


def depose(registry: Registry, basis: Basis, cause: Cause, successor: Pointer | int) -> Pointer:
    """Take the title from a recipe that fails, and give it to an heir, or else to persistence.

    Nobody is challenger then: a recipe that may not win for now is no runner-up.

    Args:
        registry: where.
        basis: what it rests on.
        cause: why, with its grounds.
        successor: a champion of before, or the version of persistence, after which nobody is
            left to go back to.

    Raises:
        NoChampion: nothing is promoted.
        RegistryUnavailable: a version is to succeed, and MLflow does not answer.
        UnknownVersion: MLflow does not know it.
        ObjectCorrupt: a bundle is lost both in the lake and in MLflow.
    """
    champion_of(registry.lake)  # there is one to depose
    if isinstance(successor, Pointer):
        reign = Reign(successor.title, None, None, successor.previous)
    else:
        title = _title(registry, registry.tracking.version(successor))
        reign = Reign(title, None, None, None)
    return install(registry, basis, reign, cause)


def publish_panel(registry: Registry, basis: Basis) -> Pointer:
    """Publish the champion's forecasts from a newer publication.

    Where history and forecasts are those already published, nothing is written.

    Raises:
        NoChampion: nothing is promoted.
        ObjectCorrupt: the champion's bundle is lost both in the lake and in MLflow.
    """
    champion = champion_of(registry.lake)
    title = champion.title
    reign = Reign(title, champion.promotion_time, champion.challenger, champion.previous)
    reason = f"Forecasts of version {title.version} from {basis.panel.origin}."
    return install(registry, basis, reign, Cause(Kind.PANEL, reason))


def record_kept(registry: Registry, basis: Basis, ruling: Ruling) -> str:
    """Record a search after which nothing changes; return the record's key."""
    cause = Cause(Kind.SEARCH, ruling.decision.reason, ruling)
    moment = next_moment(registry.lake, registry.clock)
    return record_decision(registry, basis, cause, moment, None)


def champion_of(lake: Store) -> Pointer:
    """Return what is live.

    Raises:
        NoChampion: nothing is promoted.
    """
    pointer = current(lake)
    if pointer is None:
        raise NoChampion(
            f"{lake.location(POINTER)} names no champion yet. Run `make daily` or `make retrain`."
        )
    return pointer


def _runner_up(ruling: Ruling, versions: Mapping[str, int]) -> int | None:
    """Return the version of the best candidate that did not win, and might another time."""
    skills = {
        candidate.name: candidate.against_persistence.skill
        for candidate in ruling.evidence.candidates
        if candidate.name != ruling.decision.winner
        and candidate.name in versions
        and not candidate.banned_for
    }
    finite = [name for name, skill in skills.items() if math.isfinite(skill)]
    if not finite:
        return None
    return versions[min(finite, key=lambda name: (-skills[name], name))]


def _succeed(
    registry: Registry, basis: Basis, found: ModelVersion, challenger: int | None, cause: Cause
) -> Pointer:
    former = current(registry.lake)
    previous = None if former is None else former.decision
    reign = Reign(_title(registry, found), None, challenger, previous)
    return install(registry, basis, reign, cause)


def _title(registry: Registry, found: ModelVersion) -> Title:
    return Title(
        model_name=registry.tracking.model_name,
        version=found.number,
        run_id=found.run_id,
        artifact_uri=found.artifact_uri,
        rmse=found.metrics.get("rmse", math.nan),
        recipe=found.recipe,
        bundle=_bundle_ref(registry.lake, found),
    )


def _bundle_ref(lake: Store, version: ModelVersion) -> ObjectRef:
    """Name the place of a version's bundle.

    Another model under the same number means that MLflow began to count anew, on an emptied
    database: it is left where it is, since decisions name it.
    """
    ref = ObjectRef(f"bundles/{version.number}/{MANIFEST}", version.bundle_sha256)
    if not lake.exists(ref.key) or sha256(lake.read(ref.key)) == ref.sha256:
        return ref
    return ObjectRef(f"bundles/{version.number}-{ref.sha256[:8]}/{MANIFEST}", ref.sha256)


def _predecessor(lake: Store, pointer: Pointer) -> Pointer:
    if pointer.previous is None:
        raise NoPreviousChampion(
            f"Version {pointer.title.version} is the first champion in the chain of decisions: "
            "there is none to go back to. `make promote VERSION=…` promotes any version."
        )
    return led_to(pointer.previous, read_record(lake, pointer.previous))


def _predecessors(lake: Store, pointer: Pointer) -> Iterator[Pointer]:
    """Yield the champions before, the last first."""
    while pointer.previous is not None:
        pointer = _predecessor(lake, pointer)
        yield pointer
