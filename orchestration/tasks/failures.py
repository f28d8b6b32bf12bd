"""What a run was doing when it failed, and how to run it again, in words for people."""

from __future__ import annotations

import re
import traceback
from datetime import date
from pathlib import Path
from typing import Any

from canasta.deliver.messages import alerts
from canasta.deliver.messages.alerts import Failure, Unfinished
from canasta.deliver.messages.message import Message
from canasta.deliver.messages.wording import Marks
from canasta.errors import CanastaError, FailedStep, StepsFailed
from canasta.settings import Settings

STEPS = {
    "settle_registry": "revisar el registro de modelos",
    "ingest_publications": "leer la publicación",
    "read_history": "leer la historia",
    "reach_registry": "hablar con MLflow",
    "search_recipe": "buscar un modelo",
    "back_test": "probar los modelos",
    "judge": "decidir quién es campeón",
    "register": "registrar un modelo",
    "promote": "cambiar de campeón",
    "depose_champion": "cambiar de campeón",
    "publish_forecasts": "pronosticar",
    "write_report": "escribir el reporte",
    "write_horizons": "escribir el reporte de varias publicaciones",
    "score_outcomes": "medir los pronósticos que vencieron",
    "log_outcomes": "anotar los resultados en MLflow",
    "judge_champion": "juzgar al campeón",
    "measure_champion": "medir al campeón",
    "report_performance": "escribir el informe de desempeño",
    "check_drift": "revisar si el mercado cambió",
    "keep_drift_report": "guardar el informe de cambios del mercado",
    "write_metrics": "escribir las métricas",
    "write_monitor_page": "escribir la página de vigilancia",
    "forecast_the_past": "pronosticar un día pasado",
    "write_missing_report": "escribir un reporte que faltaba",
    "flush": "enviar mensajes",
}
"""What the tasks do, by the names of their functions."""


BESIDE = {
    "Score": STEPS["score_outcomes"],
    "Log outcomes": STEPS["log_outcomes"],
    "Roll back": STEPS["judge_champion"],
    "Search": STEPS["search_recipe"],
    "Live skill": STEPS["measure_champion"],
    "Drift report": STEPS["keep_drift_report"],
    "Metrics": STEPS["write_metrics"],
}
"""The steps beside a report, by the names under which flows attempt them."""


def failed_step(error: BaseException) -> str:
    """Return what a run was doing when it failed, for people; empty where that is not known."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__).parent
    names = [frame.name for frame in frames if Path(frame.filename).parent == ours]
    return next((STEPS.get(name, name.replace("_", " ")) for name in names), "")


def run_again(flow_name: str, given: dict[str, Any]) -> str:
    """Return the command that runs a flow again."""
    # The nightly batch brings no more than the main job.
    is_search = flow_name == "daily-mlops-pipeline" and given.get("retrain")
    day = given.get("execution_date")
    return f"make {'retrain' if is_search else 'daily'}{f' DATE={day}' if day else ''}"


def failure(
    flow_name: str, given: dict[str, Any], error: Exception, settings: Settings, marks: Marks
) -> Message:
    """Return what is told of a run that failed.

    Args:
        flow_name: of its flow.
        given: the flow's parameters.
        error: that ended it.
        settings: of the run.
        marks: what its messages are marked with.
    """
    given_day = given.get("execution_date")
    day = date.fromisoformat(given_day) if given_day else settings.today()
    again = run_again(flow_name, given)
    if isinstance(error, StepsFailed):
        steps = [
            FailedStep(BESIDE.get(one.step, one.step), one.error, shown(one.reason, settings))
            for one in error.failed
        ]
        return alerts.unfinished(Unfinished(flow_name, day, steps, again), marks)
    step, name = failed_step(error), type(error).__name__
    reason = shown(str(error), settings) if isinstance(error, CanastaError) else ""
    return alerts.failed(Failure(flow_name, day, step, name, reason, again), marks)


def shown(said: str, settings: Settings) -> str:
    """Return what an error of ours says, without what may let somebody in."""
    said = re.sub(r"://[^/@\s]+@", "://…@", said)
    token = settings.telegram_bot_token.get_secret_value()
    return said.replace(token, "…") if token else said
