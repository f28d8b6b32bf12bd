from __future__ import annotations

import importlib
import pkgutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import Task

from canasta.commodity import Commodity
from canasta.deliver.messages.markup import plain
from canasta.errors import (
    CanastaError,
    ObjectCorrupt,
    RunInProgress,
    SourceUnreachable,
    StepsFailed,
)
from orchestration import tasks
from orchestration.attempts import Attempts
from orchestration.tasks.failures import STEPS, run_again
from orchestration.tasks.tell import tell_failure
from tests.telegram_server import TOKEN
from tests.unit.ingest.builders import days, publications
from tests.unit.ingest.desk import Desk
from tests.unit.orchestration.tasks.conftest import Setting

SECRET = TOKEN.partition(":")[2]


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
    exec(compile(source, str(Path(tasks.__path__[0], "ingest.py")), "exec"), names)  # noqa: S102 # a frame
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


def test_failure_of_a_report_alone_is_seen_by_who_asked_for_it(setting: Setting) -> None:
    assert fail(CanastaError("HORIZON=9 is out of reach."), setting, ingest=False) == []


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
