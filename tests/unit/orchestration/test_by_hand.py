"""What `make quarantine` lists, and what it says lets each block in."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from canasta.commodity import Commodity
from canasta.settings import Settings
from orchestration import by_hand
from tests.unit.ingest.builders import KEYS, changed, publications, with_wrong_average
from tests.unit.ingest.desk import Desk
from tests.unit.orchestration.tasks.conftest import workspace


def test_each_block_is_listed_with_what_lets_it_in(
    tmp_path: Path,
    milk: Commodity,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk, (one, two, three, four) = Desk(tmp_path, milk), publications(4, milk)
    far = replace(two, date=one.date - timedelta(days=3000))
    twice = [changed(three, {KEYS[0]: 24.5}, milk), three]
    desk.run(four.date, far, one, *twice, with_wrong_average(four))
    work = workspace(Settings(lake_url=desk.lake.store.url), desk.lake, milk, f"{four.date}T13:00")
    monkeypatch.setattr(by_hand, "reading", lambda _: work)
    by_hand.print_quarantine()
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()[1:]]
    said = {
        line.split()[1].rstrip(","): then
        for line, then in zip(lines[::2], lines[1::2], strict=True)
    }
    assert said == {
        f"{far.date}": f"What lets it in: `make quarantine ACCEPT={far.date}`.",
        f"{three.date}": "Nothing lets it in: wait for a corrected file.",
        f"{four.date}": "What lets it in: later files that repeat it, 2 at least; or "
        f"`make quarantine ACCEPT={four.date}`.",
    }
