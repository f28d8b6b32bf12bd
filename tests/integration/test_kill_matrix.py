"""SIGKILL at every step boundary: the next run ends where an undisturbed one does."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from canasta.commodity import Commodity
from canasta.ingest.lake import Lake
from canasta.ingest.lease import LEASE
from canasta.settings import ROOT
from tests.integration.pipeline_setting import COMMAND, FOLDERS, Ended, House
from tests.integration.test_pipeline_s3 import lasting
from tests.s3_server import BUCKET, S3Server

SIXTY = "2024-05-29"
"""The day of the sixtieth simulated publication: too few for a contest, all else is there."""
CONTEST = "2024-06-10"
"""With a few more, a search and a back-test are held."""
TTL_S = 8
"""Short, so that the matrix ends; renewed thrice in it, on cores that are busy."""
LONG_TTL_S = 60
"""Longer than a run takes that is refused."""
TIMED = ("decisions", "promoted", "forecasts")
"""Where the time of writing stands in the content or the name."""
MANY = ("-data.parquet", "compacted")
PATIENCE_S = 120.0


@dataclass
class Place:
    """Somewhere to make houses.

    Attributes:
        folder: for all of them.
        api: of the Prefect server.
        on_s3: whether their lakes lie on S3.
    """

    folder: Path
    api: str
    on_s3: bool

    def __post_init__(self) -> None:
        self._numbers = count()

    def house(self) -> House:
        """Return an empty house, which reads the publications of all the others."""
        name = f"{next(self._numbers)}"
        url = f"s3://{BUCKET}/{uuid4().hex}/{name}" if self.on_s3 else ""
        variables = {
            "LOCK_TTL_S": str(TTL_S),
            "PUBLICATIONS": str(self.folder / "publications"),
        }
        (self.folder / name).mkdir()
        return House(self.folder / name, self.api, variables, url)


@pytest.fixture(params=["local", "s3"])
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    prefect_api: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    on_s3 = request.param == "s3"
    if on_s3:
        server: S3Server = request.getfixturevalue("s3")
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
    return Place(tmp_path, prefect_api, on_s3)


def run_with_failpoint(house: House, day: str, at: int | None) -> tuple[Ended, list[str]]:
    """Run the main job, killed at a boundary or not; return the boundaries that it crossed."""
    crossed = house.folder / "boundaries"
    command = [sys.executable, "-m", "tests.failpoints", "count" if at is None else str(at)]
    done = subprocess.run(
        [*command, str(crossed), "daily", "--date", day],
        cwd=ROOT, env=house.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr), crossed.read_text().splitlines()


def publish(house: House, day: str) -> None:
    """Simulate the publication of a day, for this house and those that share its publications."""
    command = [sys.executable, "-m", "simulate_publication", "write", "--until", day]
    subprocess.run(command, cwd=ROOT, env=house.environment, check=True, capture_output=True)


def chosen(boundaries: list[str]) -> list[int]:
    """Choose where to kill: wherever something may have changed since the choice before.

    Of a nest of beginnings the first stands for all, an end for the beginning that follows it,
    but a file that waits for its name is a state of its own. Of the sixty daily files and of the
    joined ones, the first, the middle and the last ones stand for all.
    """
    changed = [
        at
        for at, name in enumerate(boundaries)
        if name.startswith("before renaming")
        or (name.startswith("before ") and not boundaries[at - 1].startswith("before "))
    ]
    many = [[at for at in changed if part in boundaries[at]] for part in MANY]
    passed_over = {at for few in many for at in few if at not in _first_middle_last(few)}
    return [at for at in changed if at not in passed_over] + [len(boundaries) - 1]


def _first_middle_last(points: list[int]) -> set[int]:
    middle = len(points) // 2
    return {*points[:2], *points[middle : middle + 2], *points[-2:]}


def finished(house: House, day: str) -> Ended:
    """Run the main job; on S3, again until the killed run's lease has run out."""
    deadline = time.monotonic() + PATIENCE_S
    while (ended := house.daily(day)).code == 75:
        assert house.lake_url, "a local lock dies with its holder"
        assert time.monotonic() < deadline, ended.told()
        time.sleep(1)
    return ended


def state(house: House) -> dict[str, Any]:
    """Return all that a run leaves in lake and reports, without the times of writing."""
    lake = house.lake
    fixed = [folder for folder in FOLDERS if folder not in TIMED]
    return {
        **house.hashes(*fixed),
        "lake.json": lake.read("lake.json"),
        "decisions": lasting(house.decisions()),
        "pointer": lasting(json.loads(lake.read("promoted/daily_model.json"))),
        "forecasts": {
            key: pq.read_table(io.BytesIO(lake.read(key))).drop_columns("made_at").to_pylist()
            for key in lake.keys("forecasts")
        },
        # What a killed run left half-written there is hidden, and swept when it is old.
        "reports": {file.name: file.read_bytes() for file in house.reports.glob("[!.]*")},
        "aliases": house.tracking.aliases(),
    }


def assert_whole(house: House, milk: Commodity) -> None:
    """Assert that what a killed run left can be read."""
    lake = Lake(house.lake, milk)
    if lake.dates():
        assert lake.history(date(2030, 1, 1)).dates == lake.dates()


def assert_completed(
    place: Place,
    day: str,
    milk: Commodity,
    wanted: Callable[[str], bool],
    tell: Callable[[str], None],
) -> int:
    """Kill at each wanted boundary, run again, and compare; return how many there were."""
    undisturbed = place.house()
    publish(undisturbed, day)
    ended, boundaries = run_with_failpoint(undisturbed, day, None)
    assert ended.code == 0, ended.told()
    expected = state(undisturbed)
    points = [at for at in chosen(boundaries) if wanted(boundaries[at])]
    for at in points:
        house = place.house()
        begun = time.monotonic()
        killed, crossed = run_with_failpoint(house, day, at)
        assert killed.code == -signal.SIGKILL, killed.told()
        assert crossed == boundaries[: at + 1], "a run takes the same steps each time"
        assert_whole(house, milk)
        ended = finished(house, day)
        assert ended.code == 0, (boundaries[at], ended.told())
        found = state(house)
        differing = [key for key in expected if found.get(key) != expected[key]]
        assert (differing, found.keys()) == ([], expected.keys()), boundaries[at]
        tell(f"{time.monotonic() - begun:5.1f} s  killed {boundaries[at]}")
        shutil.rmtree(house.folder)
    return len(points)


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print although output is captured: this takes many minutes."""

    def printed(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    return printed


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_run_killed_at_any_boundary_is_completed_by_the_next(
    place: Place, milk: Commodity, tell: Callable[[str], None]
) -> None:
    killed = assert_completed(place, SIXTY, milk, lambda _: True, tell)
    tell(f"{'on S3' if place.on_s3 else 'locally'}: completed after each of {killed} kills")
    assert killed > 25


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_contest_killed_at_any_boundary_is_held_again(
    tmp_path: Path, prefect_api: str, milk: Commodity, tell: Callable[[str], None]
) -> None:
    learning = (
        "TrackedRun",
        "step Search",
        "step Back-test",
        "step Gate",
        "step Fit",
        "step Carry",
    )
    killed = assert_completed(
        Place(tmp_path, prefect_api, on_s3=False),
        CONTEST,
        milk,
        lambda name: any(part in name for part in learning),
        tell,
    )
    tell(f"contest: held again after each of {killed} kills")
    assert killed > 10


@pytest.mark.slow
def test_of_two_runs_started_together_one_works(place: Place, milk: Commodity) -> None:
    alone = place.house()
    publish(alone, SIXTY)
    assert alone.daily(SIXTY).code == 0
    house = place.house()
    command = [*COMMAND, "daily", "--date", SIXTY]
    runs = [
        subprocess.Popen(
            command, cwd=ROOT, env=house.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [run.communicate()[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 75], told
    assert sum("Another run" in text for text in told) == 1
    assert_whole(house, milk)
    assert state(house) == state(alone)


@pytest.mark.slow
def test_holder_killed_on_s3_is_taken_over_after_its_term(
    tmp_path: Path, prefect_api: str, s3_url: str
) -> None:
    house = replace(Place(tmp_path, prefect_api, on_s3=True).house(), lake_url=s3_url)
    house = replace(house, variables={**house.variables, "LOCK_TTL_S": str(LONG_TTL_S)})
    publish(house, SIXTY)
    killed, _ = run_with_failpoint(house, SIXTY, 40)
    killed_at = time.monotonic()
    assert killed.code == -signal.SIGKILL
    dead = json.loads(house.lake.read(LEASE))
    refused = house.daily(SIXTY)
    assert refused.code == 75, refused.told()
    assert "if it has died" in refused.err
    ended = finished(house, SIXTY)
    assert ended.code == 0, ended.told()
    assert time.monotonic() - killed_at > LONG_TTL_S / 2
    lease = json.loads(house.lake.read(LEASE))
    assert lease["owner"] != dead["owner"]
    assert (dead["released"], lease["released"]) == (False, True)
