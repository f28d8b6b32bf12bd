from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from prefect import Task
from rich.console import Console

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import plain
from canasta.deliver.messages.message import Part
from canasta.deliver.publish import Published, publish_report
from canasta.deliver.report import ModelName
from canasta.deliver.telegram import TelegramSender
from canasta.errors import (
    CanastaError,
    ObjectCorrupt,
    RunInProgress,
    SourceUnreachable,
    StepsFailed,
)
from canasta.forecast.outlook import Outlook
from canasta.forecast.panel import Panel
from canasta.ingest.identity import Identity, SourceKind, write_identity
from canasta.ingest.lake import Lake, open_lake
from canasta.monitor.verdict import Check, Severity, Verdict, failed
from canasta.parameters import read_parameters
from canasta.registry.bundle import Bundle
from canasta.registry.pointer import Pointer
from canasta.registry.steps import Registry
from canasta.registry.tracking import Tracking
from canasta.settings import Settings
from canasta.store import Store
from orchestration import tasks
from orchestration.attempts import Attempts
from orchestration.display import Display
from orchestration.tasks import tell
from orchestration.tasks.tell import (
    STEPS,
    flush,
    outbox,
    run_again,
    tell_decision,
    tell_digest,
    tell_drift,
    tell_failure,
    tell_late,
    tell_quarantine,
)
from orchestration.workspace import Workspace
from simulate_publication import Layout
from tests.panels import simulated_panel
from tests.promoted_lake import PromotedLake, quick_champion
from tests.telegram_server import (
    DEAF,
    FORBIDDEN,
    NO_CHAT,
    TOKEN,
    Fault,
    TelegramServer,
    telegram_server,
)
from tests.unit.ingest.builders import changed, days, publications, with_wrong_average
from tests.unit.ingest.desk import Desk

SECRET = TOKEN.partition(":")[2]


@dataclass(frozen=True)
class Made:
    """A champion with its forecasts, fitted once for all tests."""

    panel: Panel
    bundle: Bundle
    outlook: Outlook


@dataclass
class Setting:
    """A workspace whose people read a Telegram on the loopback."""

    work: Workspace
    server: TelegramServer
    folder: Path

    def told(self) -> list[str]:
        """Send what waits, and return all texts that arrived so far."""
        flush.fn(self.work)
        return [plain(text) for text in self.server.texts]

    @property
    def log(self) -> str:
        return (self.folder / "monitor" / "messages.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(milk: Commodity) -> Made:
    panel = simulated_panel(milk, 60)
    return Made(panel, *quick_champion(panel))


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with telegram_server() as running:
        yield running


@pytest.fixture
def setting(
    tmp_path: Path, milk: Commodity, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> Setting:
    variables = {
        **server.variables,
        "LAKE_URL": str(tmp_path / "lake"),
        "MONITOR_DIR": str(tmp_path / "monitor"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate({name.lower(): one for name, one in variables.items()})
    lake = open_lake(Store(str(tmp_path / "lake")), milk, SourceKind.SNIIM)
    return Setting(workspace(settings, lake, milk), server, tmp_path)


def workspace(
    settings: Settings, lake: Lake, milk: Commodity, at: str = "2025-06-02T13:00"
) -> Workspace:
    now = datetime.fromisoformat(at).replace(tzinfo=milk.time_zone)
    registry = Registry(
        lake=lake.store,
        tracking=Tracking("http://127.0.0.1:9", "unused", "milk"),
        clock=lambda: now.astimezone(UTC),
        check_lock=lambda: None,
    )
    work = Workspace(settings, read_parameters(), now.date(), lake, registry)
    work.display = Display(Console(quiet=True))
    return work


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
    assert done.waiting + done.logged == 1
    if done.logged:
        assert "Leche: publicación del " in setting.log
        return
    setting.server.always = None
    box = outbox(setting.work.settings, setting.work.store.url)
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
    write_identity(
        Store(str(tmp_path / "replay")), Identity(milk.name, SourceKind.REPLAY, SourceKind.SNIIM)
    )
    lake = Lake(Store(str(tmp_path / "replay")), milk)
    settings = setting.work.settings.model_copy(update={"telegram_api_url": url})
    work = workspace(settings, lake, milk)
    assert work.is_replay
    tell_drift(work, verdict(Severity.ALERT, "change-size"))
    assert flush.fn(work).logged == 1
    assert "REPASO DEL PASADO" in setting.log


def test_replay_is_sent_to_a_telegram_of_this_machine(tmp_path: Path, setting: Setting) -> None:
    milk = setting.work.commodity
    write_identity(
        Store(str(tmp_path / "replay")), Identity(milk.name, SourceKind.REPLAY, SourceKind.SNIIM)
    )
    lake = Lake(Store(str(tmp_path / "replay")), milk)
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
    assert ["Se busca ahora" in text for text in texts] == [False, True, False]
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


def fail(error: BaseException, setting: Setting, **given: Any) -> list[str]:
    """Let a flow end in an error, as Prefect calls the hook."""
    state = SimpleNamespace(result=lambda **_options: error)
    flow = SimpleNamespace(name="daily-mlops-pipeline")
    tell_failure(flow, SimpleNamespace(parameters=given), state)
    return [plain(text) for text in setting.server.texts]


def raised(error: Exception) -> Exception:
    """Return an error with the traceback of a task that reads publications."""
    source = "def ingest_publications(error):\n    raise error\n"
    names: dict[str, Any] = {}
    exec(compile(source, str(Path(tell.__file__).with_name("ingest.py")), "exec"), names)  # noqa: S102 # a frame
    try:
        names["ingest_publications"](error)
    except type(error) as caught:
        return caught
    raise AssertionError


def test_failure_names_the_step_and_how_to_run_it_again_once_a_day(setting: Setting) -> None:
    error = raised(SourceUnreachable("No answer from https://me:pass@example.org/x."))
    fail(error, setting)
    (text,) = fail(error, setting)
    assert "El paso: «leer la publicación». SourceUnreachable: No answer from " in text
    assert "https://…@example.org" in text
    assert text.endswith("Para correrla otra vez: make daily")


def steps_failed(*failing: tuple[str, Exception]) -> Exception:
    """Return what a run ends in whose report is out."""
    attempts = Attempts()

    def refuse(error: Exception) -> None:
        raise error

    for step, error in failing:
        attempts.make(step, partial(refuse, error), None)
    with pytest.raises(StepsFailed) as raised:
        attempts.check("make daily")
    return raised.value


def test_steps_beside_a_report_that_failed_are_told_as_that_and_each_set_of_them_once(
    setting: Setting,
) -> None:
    foreign = RuntimeError("connection failed: dsn password=hunter2 host=db")
    torn = ObjectCorrupt("a file is torn.")
    fail(steps_failed(("Score", torn), ("Metrics", foreign)), setting)
    (text,) = fail(steps_failed(("Score", torn), ("Metrics", foreign)), setting)
    first, *lines, again = text.split("\n")
    assert first.startswith("El reporte salió, pero faltó algo: corrida del ")
    assert lines == [
        "• Medir los pronósticos que vencieron: ObjectCorrupt: a file is torn.",
        "• Escribir las métricas: RuntimeError. El detalle está en el registro de Prefect.",
        "No se perdió nada: la corrida que sigue lo completa.",
    ]
    assert again == "Para completarlo ahora: make daily"
    assert len(fail(steps_failed(("Log outcomes", torn)), setting)) == 2, "other steps are news"


def test_failure_that_was_not_made_to_be_shown_shows_nothing_of_it(setting: Setting) -> None:
    (text,) = fail(raised(ValueError(f"postgres://u:{SECRET}@db and {TOKEN}")), setting)
    assert SECRET not in text
    assert "ValueError: El detalle está en el registro de Prefect." in text


@pytest.mark.parametrize(
    "error", [RunInProgress("another"), KeyboardInterrupt(), SystemExit(0)], ids=repr
)
def test_what_is_no_failure_is_not_told(setting: Setting, error: BaseException) -> None:
    assert fail(error, setting) == []


def test_failure_of_a_back_dated_run_leaves_the_outbox_alone(
    setting: Setting, tmp_path: Path, milk: Commodity
) -> None:
    desk = Desk(tmp_path, milk)
    desk.lake = setting.work.lake
    desk.run(days(3)[-1], *publications(3, milk))
    assert fail(CanastaError("x"), setting, execution_date=str(days(3)[0])) == []
    assert not (tmp_path / "monitor").exists()
    assert len(fail(CanastaError("x"), setting, execution_date=str(days(3)[2]))) == 1


@pytest.mark.parametrize(
    ("flow", "given", "command"),
    [
        ("daily-mlops-pipeline", {}, "make daily"),
        ("daily-mlops-pipeline", {"execution_date": "2025-07-25"}, "make daily DATE=2025-07-25"),
        ("daily-mlops-pipeline", {"retrain": True}, "make retrain"),
        ("daily_prediction_flow_batch", {"ingest": True}, "make daily"),
        ("daily_prediction_flow_batch", {"ingest": False}, "make report"),
        (
            "daily_prediction_flow_batch",
            {"ingest": False, "horizons": 6, "execution_date": "2025-07-25"},
            "make report DATE=2025-07-25 HORIZON=6",
        ),
    ],
)
def test_command_that_runs_it_again(flow: str, given: dict[str, Any], command: str) -> None:
    assert run_again(flow, given) == command


def test_every_task_has_a_name_for_people() -> None:
    found = set()
    for module in pkgutil.iter_modules(tasks.__path__):
        imported = importlib.import_module(f"{tasks.__name__}.{module.name}")
        ours = (one for one in vars(imported).values() if isinstance(one, Task))
        found |= {one.fn.__name__ for one in ours}
    assert found <= set(STEPS)


def test_lakes_do_not_share_an_outbox(tmp_path: Path) -> None:
    settings = Settings(monitor_dir=tmp_path)
    boxes = {outbox(settings, url)._folder for url in ("/a/lake", "/b/lake", "s3://bucket/lake")}
    assert len(boxes) == 3
