from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from canasta.commodity import Commodity
from canasta.deliver.messages.message import Part
from canasta.deliver.outbox import outbox_folder
from canasta.deliver.publish import Published, publish_report
from canasta.deliver.report import ModelName
from canasta.deliver.telegram import TelegramSender
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.ingest.identity import Identity, SourceKind, write_identity
from canasta.ingest.lake import Lake
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from canasta.registry.bundle import Bundle
from canasta.registry.pointer import Pointer
from canasta.store import Store
from orchestration.tasks import tell
from orchestration.tasks.tell import (
    LOG_FILE,
    flush,
    outbox_of,
    tell_decision,
    tell_digest,
    tell_drift,
    tell_late,
    tell_quarantine,
)
from simulate_publication import Layout
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion
from tests.telegram_server import (
    DEAF,
    FORBIDDEN,
    NO_CHAT,
    Fault,
)
from tests.unit.ingest.builders import changed, days, publications, with_wrong_average
from tests.unit.ingest.desk import Desk
from tests.unit.orchestration.tasks.conftest import Setting, workspace


@dataclass(frozen=True)
class Made:
    """A champion with its forecasts, fitted once for all tests."""

    panel: Panel
    bundle: Bundle
    outlook: Outlook


@pytest.fixture(scope="module")
def made(milk: Commodity) -> Made:
    panel = simulated_panel(milk, 60)
    return Made(panel, *quick_champion(panel))


def published(setting: Setting, made: Made) -> tuple[Pointer, Published, pd.DataFrame]:
    pointer = PromotedLake(setting.work.store).promote(3, made.bundle, made.panel, made.outlook)
    done = publish_report(
        setting.work.store, setting.folder / "reports", made.panel, made.outlook,
        setting.work.commodity, ModelName("xgboost", 3, False), datetime.now(UTC),
    )  # fmt: skip
    return pointer, done, pd.read_csv(done.csv)


def verdict(severity: Severity, *names: str) -> Verdict:
    checks = tuple(Check(name, 0.5, 0.3, severity) for name in names)
    return Verdict(date(2025, 6, 2), severity, checks)


def test_publication_is_told_once_however_often_the_day_is_run(
    setting: Setting, made: Made
) -> None:
    parts = published(setting, made)
    for _ in range(3):
        tell_digest(setting.work, *parts)
        (text,) = setting.told()
    assert text.startswith("Leche: publicación del ")
    names = [name for one in setting.server.received for name in one.files]
    target = parts[1].target
    expected = [f"predicciones_{target}.csv", f"predicciones_{target}.xlsx"]
    assert names == ["grafica.png", *expected]


@pytest.mark.parametrize(
    "fault",
    [DEAF, FORBIDDEN, NO_CHAT, Fault(429, "Too Many Requests", {"retry_after": 999})],
    ids=["dies", "403", "400", "429"],
)
def test_whatever_telegram_does_the_steps_succeed_and_nothing_is_lost(
    setting: Setting, made: Made, fault: Fault
) -> None:
    setting.server.always = fault
    tell_digest(setting.work, *published(setting, made))
    done = flush.fn(setting.work)
    assert done.waiting + done.lost == 1
    if done.lost:
        assert "Leche: publicación del " in setting.log
        return
    setting.server.always = None
    box = outbox_of(setting.work)
    assert [one.message.key for one in box.waiting()] == [f"digest-{made.panel.origin}"]


def test_without_credentials_it_is_in_the_log(setting: Setting, made: Made) -> None:
    settings = setting.work.settings.model_copy(update={"telegram_chat_id": ""})
    setting.work = workspace(settings, setting.work.lake, setting.work.commodity)
    tell_digest(setting.work, *published(setting, made))
    assert setting.told() == []
    assert "Leche: publicación del " in setting.log


def replayed(folder: Path, milk: Commodity) -> Lake:
    """Return a lake on which the past is replayed."""
    lake = Lake(Store(str(folder / "replay")), milk)
    write_identity(lake.store, Identity(milk.name, SourceKind.REPLAY, SourceKind.SNIIM))
    return lake


class Asked(TelegramSender):
    """Stands where the real Telegram would be asked."""

    def send(self, part: Part) -> None:
        raise AssertionError(part)


@pytest.mark.parametrize("url", ["https://api.telegram.org", "https://example.org/bots"])
def test_replayed_past_reaches_nobody_though_there_are_credentials(
    tmp_path: Path, setting: Setting, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(tell, "TelegramSender", Asked)
    milk = setting.work.commodity
    lake = replayed(tmp_path, milk)
    settings = setting.work.settings.model_copy(update={"telegram_api_url": url})
    work = workspace(settings, lake, milk)
    assert work.is_replay
    tell_drift(work, verdict(Severity.ALERT, "change-size"))
    assert flush.fn(work).logged == 1
    assert "REPASO DEL PASADO" in (tmp_path / "monitor" / "replay" / LOG_FILE).read_text()
    assert not (tmp_path / "monitor" / LOG_FILE).exists(), "today's log"


def test_replay_is_sent_to_a_telegram_of_this_machine(tmp_path: Path, setting: Setting) -> None:
    milk = setting.work.commodity
    lake = replayed(tmp_path, milk)
    work = workspace(setting.work.settings, lake, milk)
    tell_drift(work, verdict(Severity.ALERT, "change-size"))
    assert flush.fn(work).sent == 1


def test_what_cannot_be_told_fails_nothing(setting: Setting, made: Made) -> None:
    pointer, done, report = published(setting, made)
    done.workbook.unlink()
    tell_digest(setting.work, pointer, done, report)
    tell_quarantine(setting.work, None)  # type: ignore[arg-type] # a mistake of ours
    assert setting.told() == []


def test_new_champion_is_told_once_and_forecasts_of_the_same_one_are_not(
    setting: Setting, made: Made
) -> None:
    published(setting, made)
    settings, lake, milk = setting.work.settings, setting.work.lake, setting.work.commodity
    setting.work = workspace(settings, lake, milk, "2025-05-20T13:00")
    tell_decision(setting.work)
    assert setting.told() == [], "old news"
    setting.work = workspace(settings, lake, milk, "2025-05-02T13:00")
    tell_decision(setting.work)
    tell_decision(setting.work)
    (text,) = setting.told()
    assert "XGBoost, versión 3" in text


def test_drift_is_told_when_it_begins_and_when_more_drifts(setting: Setting) -> None:
    days_of = [
        verdict(Severity.OK, "change-size"),
        verdict(Severity.ALERT, "change-size"),
        verdict(Severity.ALERT, "change-size"),
        verdict(Severity.WARNING, "change-size"),
        verdict(Severity.ALERT, "change-size", "mean-change"),
        verdict(Severity.OK),
        verdict(Severity.ALERT, "missing-share"),
    ]
    counts = []
    for one in days_of:
        tell_drift(setting.work, one)
        counts.append(len(setting.told()))
    assert counts == [0, 1, 1, 1, 2, 2, 3]


def test_drift_says_that_a_model_is_searched_for_where_this_run_does(setting: Setting) -> None:
    tell_drift(setting.work, verdict(Severity.ALERT, "change-size"))
    tell_drift(setting.work, verdict(Severity.ALERT, "mean-change"), searches=True)
    tell_drift(setting.work, failed(date(2025, 6, 2), "from https://me:pass@example.org/x"))
    texts = setting.told()
    assert ["Se buscará" in text for text in texts] == [False, True, False]
    assert "https://…@example.org" in texts[-1]


def test_quarantine_revision_and_layout_are_told_once(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    desk, (first, second, third) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, three = publications(3, milk)
    desk.run(first, one)
    key = next(iter(one.prices))
    came = desk.run(second, changed(one, {key: 20.5}, milk), with_wrong_average(two))
    for _ in range(2):
        tell_quarantine(setting.work, came)
    quarantine, revision = setting.told()
    assert quarantine.startswith("Publicación en cuarentena")
    assert "no cuadran" in quarantine
    assert f"make quarantine ACCEPT={second}" in quarantine
    assert revision.startswith("La fuente corrigió precios\n1 precio de 1 publicación anterior:")
    assert "20.00 → 20.50" in revision
    layout = Layout(title_column=2)
    tell_quarantine(setting.work, desk.run(third, one, two, three, layout=layout))
    tell_quarantine(setting.work, desk.run(third))
    assert [text.split("\n")[0] for text in setting.told()[2:]].count(
        "Cambió la forma del archivo"
    ) == 1


def test_what_a_killed_run_took_in_is_told_by_the_next(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    desk, (first, second, third) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, three = publications(3, milk)
    tell_quarantine(setting.work, desk.run(first, one))
    key = next(iter(one.prices))
    corrected = changed(one, {key: 20.5}, milk)
    desk.run(second, corrected, with_wrong_average(two))  # killed before it tells
    for _ in range(2):
        again = desk.run(second)
        assert not again.quarantined
        tell_quarantine(setting.work, again)
        quarantine, revision = setting.told()
    assert quarantine.startswith("Publicación en cuarentena")
    assert revision.startswith("La fuente corrigió precios")
    desk.run(third, corrected, two, three)  # killed too
    tell_quarantine(setting.work, desk.run(third))
    (release,) = setting.told()[2:]
    assert release == "Sale de cuarentena y ya se usa: miércoles 4 de junio."


def test_what_the_source_withdrew_before_it_was_told_is_not_offered(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    """A run is killed before it tells of a faulty copy; the next file corrects that."""
    desk, (first, second, third) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, three = publications(3, milk)
    tell_quarantine(setting.work, desk.run(first, one))
    faulty = with_wrong_average(changed(one, {next(iter(one.prices)): 20.5}, milk))
    desk.run(second, faulty, two)  # killed before it tells
    tell_quarantine(setting.work, desk.run(third, one, two, three))
    assert setting.told() == []


def test_new_outbox_tells_no_old_history(setting: Setting, tmp_path: Path, milk: Commodity) -> None:
    desk, (first, second, third) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, three = publications(3, milk)
    desk.run(first, one)
    desk.run(second, one, with_wrong_average(two))
    came = desk.run(third, one, with_wrong_average(two), with_wrong_average(three))
    tell_quarantine(setting.work, came)
    (text,) = setting.told()
    assert "viernes 6 de junio" in text
    assert "miércoles 4 de junio" not in text


def test_digest_tells_the_flags_of_a_publication_that_a_killed_run_took_in(
    setting: Setting, made: Made
) -> None:
    parts = published(setting, made)
    dates = made.panel.dates[-2:]
    before = dict(zip(made.panel.keys, map(float, made.panel.prices[:, -2]), strict=True))
    jumped = {key: 2 * price for key, price in before.items()}
    setting.work.lake.add_publication(dates[0], before)
    setting.work.lake.add_publication(dates[1], jumped)
    at = f"{dates[1]}T13:00"
    setting.work = workspace(setting.work.settings, setting.work.lake, setting.work.commodity, at)
    tell_digest(setting.work, *parts)
    (text,) = setting.told()
    assert "saltos grandes de precio" in text


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2025-06-04T19:00", None),
        ("2025-06-04T20:30", "No llegó la publicación"),
        ("2025-06-09T20:30", "Hace días que no entra nada"),
    ],
)
def test_late_publication_and_standstill(
    setting: Setting, tmp_path: Path, milk: Commodity, at: str, told: str | None
) -> None:
    desk = Desk(tmp_path, milk)
    desk.lake = setting.work.lake
    desk.run(days(1)[0], *publications(1, milk))
    setting.work = workspace(setting.work.settings, desk.lake, milk, at)
    tell_late(setting.work)
    tell_late(setting.work)
    assert [text.split("\n")[0] for text in setting.told()] == ([told] if told else [])


def test_old_blocks_under_a_new_name_are_no_publication_and_a_decision_is_none_either(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    desk, (first, second, *_) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, _ = publications(3, milk)
    desk.run(first, one)
    desk.run(second, one)
    desk.lake.received.note_decision(second, "0" * 64, "quarantine/x.json")
    assert setting.work.came == [first]
    setting.work = workspace(setting.work.settings, desk.lake, milk, f"{second}T20:30")
    tell_late(setting.work)
    (text,) = setting.told()
    assert text.startswith("No llegó la publicación")
    desk.run(second, one, with_wrong_average(two))
    assert setting.work.came == [first, second], "held back, and here"


def test_what_the_outbox_remembers_of_events_does_not_grow_for_ever(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    desk, (first, second, third) = Desk(tmp_path, milk), days(3)
    desk.lake = setting.work.lake
    one, two, three = publications(3, milk)
    tell_quarantine(setting.work, desk.run(first, one))
    tell_quarantine(setting.work, desk.run(second, one, with_wrong_average(two)))
    assert len(outbox_of(setting.work).state("events")) == 2
    late = desk.run(third, one, with_wrong_average(two), three)
    tell_quarantine(setting.work, replace(late, as_of=third + timedelta(days=60)))
    assert len(outbox_of(setting.work).state("events")) == 1


def test_lakes_do_not_share_an_outbox(tmp_path: Path) -> None:
    boxes = {outbox_folder(tmp_path, url) for url in ("/a/lake", "/b/lake", "s3://bucket/lake")}
    assert len(boxes) == 3
