"""`make reproduce`: fit a version again from the lake as of its date, and compare to the bit."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from canasta.errors import NotReproducible, ObjectCorrupt
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.forecast.predictor import Predictor
from canasta.registry.bundle import MANIFEST, Bundle, read_files
from canasta.registry.lineage import Lineage
from canasta.registry.names import BUNDLE_FOLDER
from canasta.registry.objects import ObjectRef
from canasta.registry.panels import read_panel
from canasta.registry.promotion import champion_of
from canasta.registry.reproduction import (
    Check,
    compare,
    compare_forecasts,
    decisions_on,
    differences,
    fit_again,
    history_of,
    history_until,
)
from canasta.registry.tracking import ModelVersion
from orchestration.workspace import Workspace, git_commit, lock_sha256, reading

SHOWN = 12
"""Digits of a hash that are printed."""

DIRTY = "-dirty"
"""What follows the commit of a checkout that was changed."""


def print_reproduction(number: int | None) -> None:
    """Fit a version again, from the lake as it was known then, and print what is equal.

    Nothing is stored, neither in the lake nor in MLflow.

    Args:
        number: of the version in MLflow; None for the champion.

    Raises:
        UnknownVersion: MLflow does not know it.
        NoChampion: none was named, and nothing is promoted.
        ObjectCorrupt: MLflow's copy of the version was changed.
        NotReproducible: the lake holds its data no more, or it comes out otherwise.
    """
    work = reading()
    wanted = champion_of(work.store).title.version if number is None else number
    version = work.registry.tracking.version(wanted)
    bundle = _bundle(work, version)
    print(f"Version   {version.number} of {work.registry.tracking.model_name}, {_told(bundle)}")
    panel = _history(work, version, bundle)
    print(
        f"Lake      {work.store.url} holds the same history, {_short(bundle.lineage.fingerprint)}"
    )
    departures = _departures(bundle.lineage)
    for departure in departures:
        print(f"Warning   {departure}")
    with work.display.step(f"Fit {bundle.predictor.recipe.algorithm} again"):
        again = fit_again(bundle, panel)
    checks = [*compare(bundle, again, panel), *_published(work, version, bundle, again, panel)]
    work.display.print(_table(checks))
    _conclude(version, checks, departures)


def _bundle(work: Workspace, version: ModelVersion) -> Bundle:
    """Read the version's bundle from MLflow.

    Raises:
        ObjectCorrupt: it is not what was registered.
    """
    files = work.registry.tracking.bundle_files(version)
    try:
        return read_files(ObjectRef(f"{BUNDLE_FOLDER}/{MANIFEST}", version.bundle_sha256), files)
    except ObjectCorrupt as error:
        raise ObjectCorrupt(
            f"MLflow's files of version {version.number} are not those that were registered, or "
            f"another release of Canasta wrote them ({str(error).partition('. ')[0]}). Restore "
            f"the artifacts of its run {version.run_id} from a backup, or use that release."
        ) from error


def _history(work: Workspace, version: ModelVersion, bundle: Bundle) -> Panel:
    panel = history_of(work.lake, bundle)
    if panel is None:
        raise NotReproducible(
            f"{work.store.url} does not hold the history that version {version.number} was "
            f"fitted on: {bundle.source} prices up to {bundle.trained_to} as known on "
            f"{bundle.lineage.as_of}, fingerprint {_short(bundle.lineage.fingerprint)}. "
            f"{' '.join(_what_differs(work, bundle))} Restore the lake from a backup, or set "
            "LAKE_URL to the lake that the version comes from; `make retrain` fits on what is "
            "there."
        )
    return panel


def _what_differs(work: Workspace, bundle: Bundle) -> list[str]:
    """Compare the lake with a copy of the history that was published with forecasts."""
    kept = next(decisions_on(work.store, bundle), None)
    if kept is None:
        return ["This lake never published forecasts from it: what differs cannot be told."]
    _, pointer = kept
    now = history_until(work.lake, bundle.lineage.as_of, bundle.trained_to)
    return differences(read_panel(work.store, pointer.panel).panel, now)


def _published(
    work: Workspace, version: ModelVersion, bundle: Bundle, again: Predictor, panel: Panel
) -> list[Check]:
    """Compare with what the version published from this history, if it ever was champion."""
    for record, pointer in decisions_on(work.store, bundle):
        if pointer.title.bundle.sha256 == version.bundle_sha256:
            kept = read_panel(work.store, pointer.panel)
            made = forecast(again, panel, record.lineage.as_of)
            what = "forecasts as published"
            return [compare_forecasts(what, (kept.panel, kept.outlook), (panel, made))]
    return []


def _departures(then: Lineage) -> list[str]:
    """Say in what the code and the libraries are not those of the first fit."""
    compared = {
        "commit": (then.git_commit, git_commit()),
        "Pipfile.lock": (then.lock_sha256, lock_sha256()),
        "Python": (then.python, platform.python_version()),
    }
    told = [
        f"another {what}: {_short(recorded)} then, {_short(here)} here"
        for what, (recorded, here) in compared.items()
        if recorded != here
    ]
    if then.git_commit.endswith(DIRTY):
        told.append("the code had changes then that no commit holds")
    return told


def _conclude(version: ModelVersion, checks: Sequence[Check], departures: Sequence[str]) -> None:
    unequal = ", ".join(check.what for check in checks if not check.equal)
    if unequal:
        advice = (
            "Check out its commit, run `make venv`, and run this again."
            if departures
            else "Data, code and libraries are those of then: another kind of processor may add "
            "up otherwise, or the version was not made as it says."
        )
        raise NotReproducible(
            f"Version {version.number}, fitted again, does not come out the same: {unequal}. "
            f"{advice}"
        )
    print(f"Version {version.number} comes out the same, bit for bit.")


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("", "recorded", "made again", "equal"):
        table.add_column(heading, no_wrap=True)
    for check in checks:
        hashes = (_short(check.recorded) or "–", _short(check.again) or "–")
        table.add_row(check.what, *hashes, "yes" if check.equal else "NO")
    return table


def _told(bundle: Bundle) -> str:
    return (
        f"{bundle.predictor.recipe.algorithm}, fitted on {bundle.trained_from} to "
        f"{bundle.trained_to} as known on {bundle.lineage.as_of}, seed {bundle.lineage.seed}"
    )


def _short(digits: str) -> str:
    dirty = DIRTY if digits.endswith(DIRTY) else ""
    return f"{digits.removesuffix(DIRTY)[:SHOWN]}{dirty}"
