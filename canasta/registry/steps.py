"""The steps by which the pointer changes, always in one order.

    bundle -> panel -> decision record -> pointer -> aliases in MLflow

Everything that the pointer will name is stored before it, and the record before it says what it
will be: a run that stops between two steps leaves either the old state, or one that
`canasta.registry.settling` completes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from canasta.errors import ObjectCorrupt, RegistryError, RunInProgress
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.parameters import GateParameters
from canasta.registry.bundle import MANIFEST, Bundle, read_bundle, read_files
from canasta.registry.decisions import Kind, Record, next_moment, write_record
from canasta.registry.gate import Decision, Evidence
from canasta.registry.lineage import Lineage
from canasta.registry.names import CHALLENGER, CHAMPION
from canasta.registry.objects import ObjectRef, to_json
from canasta.registry.panels import PublishedPanel, write_panel
from canasta.registry.pointer import POINTER, Pointer, Title, current, read_raw, stored
from canasta.registry.tracking import Tracking
from canasta.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Registry:
    """Where champions are kept.

    Attributes:
        lake: bundles, panels, decisions and the pointer.
        tracking: the same commodity's MLflow.
        clock: returns the time, with its zone.
        check_lock: called just before the pointer is replaced; raises RunInProgress when
            another run has taken the lake over.
    """

    lake: Store
    tracking: Tracking
    clock: Callable[[], datetime]
    check_lock: Callable[[], None]


@dataclass(frozen=True)
class Basis:
    """What a decision rests on.

    Attributes:
        panel: the history as it is now.
        source: kind of the lake that it came from, such as `simulated`.
        lineage: of the run.
        forecast: makes a predictor's forecasts from `panel`'s newest publication.
        alerting: names of the drift checks that alert.
        on_drift: whether a search is made for them, and not because one is due anyway.
    """

    panel: Panel
    source: str
    lineage: Lineage
    forecast: Callable[[Predictor], Outlook]
    alerting: tuple[str, ...] = ()
    on_drift: bool = False


class Grounds(Protocol):
    """What a decision was made on: the gate's ruling, or what live outcomes say."""

    def as_dict(self) -> dict[str, Any]:
        """Return evidence, margins and decision as JSON-ready values."""
        ...


@dataclass(frozen=True)
class Ruling:
    """What the gate was shown, by which margins it judged, and what it said."""

    evidence: Evidence
    margins: GateParameters
    decision: Decision

    def as_dict(self) -> dict[str, Any]:
        """Return the ruling as JSON-ready values."""
        return {
            "evidence": self.evidence.as_dict(),
            "margins": self.margins.model_dump(),
            "decision": self.decision.as_dict(),
        }


@dataclass(frozen=True)
class Cause:
    """Why something is decided."""

    kind: Kind
    reason: str
    ruling: Grounds | None = None


@dataclass(frozen=True)
class Reign:
    """What a pointer says of its champion; `since` is None for one that begins now."""

    title: Title
    since: str | None
    challenger: int | None
    previous: str | None


def install(registry: Registry, basis: Basis, reign: Reign, cause: Cause) -> Pointer:
    """Take the five steps of the module's docstring, and return the new pointer.

    A panel that is already published changes nothing.
    """
    lake = registry.lake
    before = stored(lake)
    bundle = _bundle(registry, reign.title)
    panel = _store_panel(lake, basis, bundle, reign.title.version)
    live = current(lake)
    if cause.kind is Kind.PANEL and live is not None and live.panel == panel:
        return live
    moment = next_moment(lake, registry.clock)
    after = _after(reign, panel, basis, moment)
    key = record_decision(registry, basis, cause, moment, after)
    pointer = Pointer.from_dict({**after, "decision": key})
    replace_pointer(registry, pointer, before)
    align_aliases(registry)
    return pointer


def align_aliases(registry: Registry) -> bool:
    """Bring MLflow's aliases in line with the pointer; tell whether they are.

    A registry that does not answer, or does not know the version, is logged: the pointer stands,
    and the next run tries again.
    """
    pointer = current(registry.lake)
    if pointer is None:
        return True
    wanted = {CHAMPION: pointer.title.version, CHALLENGER: pointer.challenger}
    try:
        found = registry.tracking.aliases()
        if {alias: found.get(alias) for alias in wanted} != wanted:
            registry.tracking.set_aliases(pointer.title.version, pointer.challenger)
    except RegistryError as error:
        log.warning("aliases are not in line with %s yet: %s", POINTER, error)
        return False
    return True


def record_decision(
    registry: Registry,
    basis: Basis,
    cause: Cause,
    moment: datetime,
    after: Mapping[str, Any] | None,
) -> str:
    """Write the record of a decision and return its key; `after` as in Record."""
    record = Record(
        kind=cause.kind,
        time=moment,
        reason=cause.reason,
        origin=basis.panel.origin,
        lineage=basis.lineage,
        ruling=None if cause.ruling is None else cause.ruling.as_dict(),
        before=read_raw(registry.lake),
        after=after,
        alerting=basis.alerting,
        on_drift=basis.on_drift,
    )
    return write_record(registry.lake, record)


def replace_pointer(registry: Registry, pointer: Pointer, before: bytes | None) -> None:
    """Make `pointer` the truth, in one atomic write, if the lake is still this run's.

    Args:
        registry: where.
        pointer: what is live from now on.
        before: the pointer's bytes when this was decided; None where there was none.

    Raises:
        RunInProgress: another run has taken the lake over, or changed the pointer since.
    """
    registry.check_lock()
    if not registry.lake.exchange(POINTER, before, to_json(pointer.as_dict())):
        raise RunInProgress(
            f"{registry.lake.location(POINTER)} was changed while this run decided: another run "
            "has taken over. What is live stays; run again."
        )
    log.info("%s names version %d now", POINTER, pointer.title.version)


def _bundle(registry: Registry, title: Title) -> Bundle:
    """Return the title's bundle from the lake; taken there from MLflow where it is not sound."""
    try:
        return read_bundle(registry.lake, title.bundle)
    except ObjectCorrupt as error:
        if registry.lake.exists(title.bundle.key):
            log.warning("%s; taking the bundle from MLflow", error)
    version = registry.tracking.version(title.version)
    files = registry.tracking.bundle_files(version)
    bundle = read_files(title.bundle, files)
    folder = title.bundle.key.removesuffix(MANIFEST)
    for name in sorted(files, key=lambda name: name == MANIFEST):  # it vouches for the others
        registry.lake.replace(f"{folder}{name}", files[name])
    return bundle


def _store_panel(lake: Store, basis: Basis, bundle: Bundle, version: int) -> ObjectRef:
    outlook = basis.forecast(bundle.predictor)
    published = PublishedPanel(basis.panel, outlook, basis.lineage.fingerprint, version)
    ref, content = write_panel(published)
    lake.write_once(ref.key, content)
    return ref


def _after(reign: Reign, panel: ObjectRef, basis: Basis, moment: datetime) -> dict[str, Any]:
    """Return the pointer to come, without the key of the decision, which is not written yet."""
    pointer = Pointer(
        title=reign.title,
        promotion_time=reign.since or moment.isoformat(),
        panel=panel,
        origin=basis.panel.origin,
        challenger=reign.challenger,
        previous=reign.previous,
        decision="",
    ).as_dict()
    del pointer["decision"]
    return pointer
