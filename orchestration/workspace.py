"""What a run works with: settings, commodity, lake and registry, opened once."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from canasta.commodity import Commodity
from canasta.errors import LakeMismatch, SettingsError
from canasta.forecast.outlook import forecast
from canasta.forecast.panel import Panel
from canasta.ingest.identity import SourceKind
from canasta.ingest.lake import Lake, open_lake
from canasta.ingest.lock import lock_of
from canasta.parameters import Parameters, read_parameters
from canasta.registry.lineage import Lineage
from canasta.registry.steps import Basis, Registry
from canasta.registry.tracking import Tracking
from canasta.settings import ROOT, Settings, read_settings
from canasta.store import Store, store_for
from orchestration.display import Display

REPLAY_LAKE = ROOT / "data" / "lake-replay"
"""Where the past is replayed, without LAKE_URL."""


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
        """Whether the lake's prices come from the simulated publisher, replayed or not."""
        identity = self.lake.identity
        return identity is not None and identity.simulated

    @property
    def is_replay(self) -> bool:
        """Whether the past is replayed on this lake, apart from what is live."""
        return self.lake.source_kind is SourceKind.REPLAY

    @property
    def reports_dir(self) -> Path:
        """The folder of reports that people open; those of a replay lie apart."""
        folder = self.settings.reports_dir
        return folder / SourceKind.REPLAY if self.is_replay else folder

    @property
    def monitor_dir(self) -> Path:
        """The folder of what watching keeps; that of replays lies apart."""
        return monitor_dir(self.settings, replay=self.is_replay)

    @property
    def came(self) -> list[date]:
        """Dates of which a publication came, let in or held back; none is newer than its file."""
        held = [
            min(block.block_date or block.first_seen, block.first_seen)
            for block in self.lake.quarantine.all()
        ]
        return sorted({*self.lake.dates(), *held})

    @property
    def newest(self) -> date | None:
        """The lake's newest publication, of whatever day; None for an empty lake."""
        return max(self.lake.dates(), default=None)

    @property
    def known_until(self) -> date | None:
        """The newest day of which the lake holds anything; None for an empty lake.

        Of a publication, or of a file that only corrected others or was quarantined.
        """
        received = [file.date for file in self.lake.received.all()]
        return max([*self.lake.dates(), *received], default=None)

    @property
    def back_dated(self) -> bool:
        """Whether the lake knows what came after the run's day."""
        until = self.known_until
        return until is not None and until > self.as_of

    def with_seed(self, seed: int) -> Workspace:
        """Return the same workspace with another seed."""
        settings = self.settings.model_copy(update={"seed": seed})
        return Workspace(settings, self.parameters, self.as_of, self.lake, self.registry)

    def lineage(self) -> Lineage:
        """Say what is made in this run, from the history as known on its day."""
        return Lineage(
            as_of=self.as_of,
            fingerprint=self.lake.fingerprint(self.as_of),
            git_commit=git_commit(),
            lock_sha256=lock_sha256(),
            python=platform.python_version(),
            seed=self.settings.seed,
        )

    def basis(self, panel: Panel) -> Basis:
        """Say what decisions rest on, for their records."""
        return Basis(
            panel=panel,
            source=self.lake.source_kind.value,
            lineage=self.lineage(),
            forecast=partial(forecast, panel=panel, as_of=self.as_of),
        )


@contextmanager
def writing(
    execution_date: str | None = None, *, from_source: bool = True, replay: bool = False
) -> Iterator[Workspace]:
    """Open the lake for writing; no other run can until it is closed.

    Args:
        execution_date: the day that the run stands for, as YYYY-MM-DD; today by default.
        from_source: whether the run reads publications: without PUBLICATION_URL the lake must
            then be a simulated one, and never a replay lake.
        replay: whether the run replays the past: the lake must then be a replay lake, or empty;
            without LAKE_URL it is REPLAY_LAKE.

    Raises:
        SettingsError: the date or a setting cannot be used.
        RunInProgress: another run holds the lake.
        LakeMismatch: the lake belongs to another commodity or kind of source.
        LakeUnreachable: it lies on S3, which does not answer or refuses.
    """
    settings, store = _settings_and_store(REPLAY_LAKE if replay else None)
    commodity = settings.load_commodity()
    as_of = _day(execution_date, settings)
    with lock_of(store, settings.lock_ttl_s) as lock:
        ours = store.guarded(lock.check)
        if from_source and not replay:
            _refuse_a_replay_lake(Lake(ours, commodity))
        lake = open_lake(ours, commodity, _brought(settings, from_source, replay))
        yield _workspace(settings, ours, lake, as_of, lock.confirm)


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
        SettingsError: the lake knows what came after the run's day.
    """
    if work.back_dated:
        raise SettingsError(
            f"DATE={work.as_of} lies before what the lake knows, up to {work.known_until}: the "
            "run would replace what is live by something older. Choose a later DATE; `make "
            "backfill FROM=… TO=…` replays the past on a lake of its own."
        )


def monitor_dir(settings: Settings, *, replay: bool) -> Path:
    """Return the folder of what watching keeps; that of replays lies apart."""
    return settings.monitor_dir / SourceKind.REPLAY if replay else settings.monitor_dir


def git_commit() -> str:
    """Return the commit of this checkout, with `-dirty` where it was changed; or `unknown`."""
    # Fixed words and our own folder: nothing that a user says reaches the command.
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40"]
    command += ["--exclude", "*"]  # no tag in its place
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def lock_sha256() -> str:
    """Return the SHA-256 of this checkout's Pipfile.lock; or `unknown`, where it has none."""
    try:
        return hashlib.sha256((ROOT / "Pipfile.lock").read_bytes()).hexdigest()
    except FileNotFoundError:
        return "unknown"


def _settings_and_store(default_lake: Path | None = None) -> tuple[Settings, Store]:
    settings = read_settings()
    url = settings.lake_url or default_lake
    return settings, store_for(str(url) if url else settings.lake)


def _refuse_a_replay_lake(lake: Lake) -> None:
    if lake.source_kind is SourceKind.REPLAY:
        raise LakeMismatch(
            f"{lake.store.url} is a replay lake: only `make backfill FROM=… TO=…` brings "
            "publications into it. Set LAKE_URL to another lake, or leave it empty."
        )


def _brought(settings: Settings, from_source: bool, replay: bool) -> SourceKind | None:
    if replay:
        return SourceKind.REPLAY
    # What PUBLICATION_URL leads to, its publications say themselves.
    return SourceKind.SIMULATED if from_source and settings.simulated else None


def _workspace(
    settings: Settings,
    store: Store,
    lake: Lake,
    as_of: date,
    check_lock: Callable[[], None] = lambda: None,
) -> Workspace:
    tracking = Tracking(
        settings.mlflow_tracking_uri,
        settings.mlflow_artifact_root,
        settings.commodity,
        replay=lake.source_kind is SourceKind.REPLAY,
    )
    registry = Registry(
        lake=store,
        tracking=tracking,
        clock=lambda: datetime.now(UTC),
        check_lock=check_lock,
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
