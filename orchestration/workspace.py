"""What a run works with: settings, commodity, lake and registry, opened once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial

from canasta.commodity import Commodity
from canasta.errors import SettingsError
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.lock import LakeLock
from canasta.parameters import Parameters, read_parameters
from canasta.registry.steps import Basis, Registry
from canasta.registry.tracking import Tracking
from canasta.settings import ROOT, Settings, read_settings
from canasta.store import Store, store_for
from orchestration.display import Display


class Workspace:
    """Everything that the steps of a run share.

    No dataclass: Prefect searches those that a task is given for results of other tasks, down
    to the last field.

    Args:
        settings: of the environment.
        parameters: of `params.toml`.
        as_of: the day that the run stands for.
        lake: its publications.
        registry: its models; `registry.lake` is the lake's store.
    """

    def __init__(
        self,
        settings: Settings,
        parameters: Parameters,
        as_of: date,
        lake: Lake,
        registry: Registry,
    ) -> None:
        self.settings = settings
        self.parameters = parameters
        self.as_of = as_of
        self.lake = lake
        self.registry = registry
        self.display = Display()

    @property
    def commodity(self) -> Commodity:
        """What is priced."""
        return self.lake.commodity

    @property
    def store(self) -> Store:
        """The lake's objects."""
        return self.registry.lake

    @property
    def simulated(self) -> bool:
        """Whether the lake's prices come from the simulated publisher."""
        return self.lake.source_kind is SourceKind.SIMULATED

    def basis(self, panel: Panel) -> Basis:
        """Say what decisions rest on, for their records."""
        return Basis(
            panel=panel,
            source=self.lake.source_kind.value,
            fingerprint=self.lake.fingerprint(self.as_of),
            commit=git_commit(),
            seed=self.settings.seed,
            forecast=partial(forecast, panel=panel, as_of=self.as_of),
        )


@contextmanager
def writing(execution_date: str | None = None, *, from_source: bool = True) -> Iterator[Workspace]:
    """Open the lake for writing; no other run can until it is closed.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        from_source: whether the run reads publications: without PUBLICATION_URL the lake must
            then be a simulated one.

    Raises:
        SettingsError: the date or a setting cannot be used.
        RunInProgress: another run holds the lake.
        LakeMismatch: the lake belongs to another commodity or kind of source.
    """
    settings, store = _settings_and_store()
    commodity = settings.load_commodity()
    as_of = _day(execution_date, settings)
    folder = store.folder
    if folder is None:
        raise SettingsError(
            f"LAKE_URL={settings.lake!r} is not a local folder; this release writes local lakes."
        )
    with LakeLock(folder):
        # What PUBLICATION_URL leads to, its publications say themselves.
        kind = SourceKind.SIMULATED if from_source and settings.simulated else None
        yield _workspace(settings, store, open_lake(store, commodity, kind), as_of)


def reading(execution_date: str | None = None) -> Workspace:
    """Open the lake for reading, whatever source feeds it.

    Raises:
        SettingsError: the date or a setting cannot be used.
    """
    settings, store = _settings_and_store()
    lake = Lake(store, settings.load_commodity())
    return _workspace(settings, store, lake, _day(execution_date, settings))


def refuse_the_past(work: Workspace) -> None:
    """Stop before a run as of an earlier day would change what is live.

    Raises:
        SettingsError: the lake holds a publication after the run's day.
    """
    newest = max(work.lake.dates(), default=work.as_of)
    if newest > work.as_of:
        raise SettingsError(
            f"DATE={work.as_of} lies before the newest publication in the lake, {newest}: the "
            "run would replace what is live by something older. Choose a later DATE, or a "
            "LAKE_URL of its own to replay the past."
        )


def git_commit() -> str:
    """Return the commit of this checkout, with `-dirty` where it was changed; or `unknown`."""
    # Fixed words and our own folder: nothing that a user says reaches the command.
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def _settings_and_store() -> tuple[Settings, Store]:
    settings = read_settings()
    return settings, store_for(settings.lake)


def _workspace(settings: Settings, store: Store, lake: Lake, as_of: date) -> Workspace:
    tracking = Tracking(
        settings.mlflow_tracking_uri, settings.mlflow_artifact_root, settings.commodity
    )
    registry = Registry(
        lake=store,
        tracking=tracking,
        clock=lambda: datetime.now(UTC),
        # The kernel holds a local lock until the process ends: nobody can have taken it over.
        check_lock=lambda: None,
    )
    return Workspace(settings, read_parameters(), as_of, lake, registry)


def _day(text: str | None, settings: Settings) -> date:
    today = settings.today()
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no date; write it as YYYY-MM-DD.") from None
    if day > today:
        raise SettingsError(f"DATE={day} is to come: today is {today}. Choose no later date.")
    return day
