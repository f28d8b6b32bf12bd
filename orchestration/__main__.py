"""The command line behind the make targets: `python -m orchestration <command>`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from canasta.errors import CanastaError
from canasta.settings import Settings, read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = _parser().parse_args(arguments)
    try:
        settings = read_settings()
        _prepare(settings)
        given.run(given, settings)
    except CanastaError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        # A full disk, a folder that may not be written: the file says enough.
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was stored is whole; the next run goes on.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestration", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, told: str, *, dated: bool = False) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=told)
        added.set_defaults(run=run)
        if dated:
            added.add_argument("--date", metavar="YYYY-MM-DD", help="as of this day; today")
        return added

    command("daily", _daily, "the main job: ingest, learn when due, report", dated=True)
    command("retrain", _retrain, "the main job with a search now", dated=True)
    report = command("report", _report, "the champion's report from the lake", dated=True)
    report.add_argument("--horizon", metavar="N", type=int, default=1, help="publications ahead")
    backfill = command("backfill", _backfill, "replay past days, on a replay lake")
    backfill.add_argument("--from", dest="since", metavar="YYYY-MM-DD", required=True)
    backfill.add_argument("--to", dest="until", metavar="YYYY-MM-DD", required=True)
    backtest = command("backtest", _backtest, "recipes against persistence on rolling origins")
    backtest.add_argument("--from", dest="since", metavar="YYYY-MM-DD", help="first target date")
    backtest.add_argument("--to", dest="until", metavar="YYYY-MM-DD", help="last target date")
    backtest.add_argument("--seeds", metavar="1-5", help="each compared alone; SEED")
    explain = command("explain", _explain, "the story of a forecast, or the slices", dated=True)
    explain.add_argument(
        "--label", metavar="COLUMN=LABEL", action="append", default=[], help="of the series"
    )
    explain.add_argument("--horizon", metavar="N", type=int, default=1, help="publications ahead")
    command("drift", _drift, "whether the newest prices behave as prices did", dated=True)
    reproduce = command("reproduce", _reproduce, "fit a version again, and compare to the bit")
    reproduce.add_argument("version", type=int, nargs="?", help="of the model; the champion")
    promote = command("promote", _promote, "make a version the champion", dated=True)
    promote.add_argument("version", type=int)
    command("rollback", _rollback, "bring the previous champion back", dated=True)
    quarantine = command("quarantine", _quarantine, "what is held back, and why", dated=True)
    quarantine.add_argument("--accept", metavar="YYYY-MM-DD", help="let this publication in")
    command("mlflow", _mlflow, "start the MLflow UI")
    command("prefect", _prefect, "start the Prefect server and UI")
    command("monitor", _monitor, "the page over what watching found, written and served")
    command("bot", _bot, "the Telegram bot that answers people")
    command("schedule", _schedule, "serve the deployments on their schedules")
    command("status", _status, "what is live, what waits, what runs")
    command("stop", _stop, "stop what was started in the background")
    return parser


def _prepare(settings: Settings) -> None:
    """Tell the libraries, before they are imported, to keep to themselves."""
    settings.prefect_home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(settings.prefect_home.resolve()))
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    # XGBoost's threads otherwise wait for each other in busy loops: on cores that are shared
    # with anything else a fit then takes twenty times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def _daily(given: argparse.Namespace, _settings: Settings) -> None:
    with _at_a_terminal():
        from orchestration.flows.pipeline import daily_mlops_pipeline

        daily_mlops_pipeline(given.date)


def _retrain(given: argparse.Namespace, _settings: Settings) -> None:
    with _at_a_terminal():
        from orchestration.flows.pipeline import daily_mlops_pipeline

        daily_mlops_pipeline(given.date, retrain=True)


def _report(given: argparse.Namespace, _settings: Settings) -> None:
    with _at_a_terminal():
        from orchestration.flows.batch import daily_prediction_flow_batch

        daily_prediction_flow_batch(given.date, ingest=False, horizons=given.horizon)


def _backfill(given: argparse.Namespace, _settings: Settings) -> None:
    with _at_a_terminal():
        from orchestration.backfill import backfill

        backfill(given.since, given.until)


def _at_a_terminal() -> AbstractContextManager[None]:
    # Heeded only where it is set before Prefect is imported. Its log repeats what the display
    # shows, and prints a traceback for errors that are told in a sentence at the end.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    print("Starting Prefect (5 to 15 seconds) …", flush=True)
    from orchestration.terminal import prefect_at_a_terminal

    return prefect_at_a_terminal()


def _backtest(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.comparison import print_comparison

    print_comparison(given.since, given.until, given.seeds)


def _explain(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.explain import labels_of, print_explanation

    print_explanation(labels_of(given.label), given.horizon, given.date)


def _drift(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.drift import print_drift

    print_drift(given.date)


def _reproduce(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.reproduce import print_reproduction

    print_reproduction(given.version)


def _promote(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.by_hand import promote_version

    promote_version(given.version, given.date)


def _rollback(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.by_hand import roll_back

    roll_back(given.date)


def _quarantine(given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.by_hand import accept_quarantined, print_quarantine

    if given.accept:
        accept_quarantined(given.accept, given.date)
    else:
        print_quarantine(given.date)


def _mlflow(_given: argparse.Namespace, settings: Settings) -> None:
    from orchestration.servers import open_mlflow

    open_mlflow(settings)


def _prefect(_given: argparse.Namespace, settings: Settings) -> None:
    from orchestration.servers import open_prefect

    open_prefect(settings)


def _monitor(_given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.monitor import open_monitor

    open_monitor()


def _bot(_given: argparse.Namespace, settings: Settings) -> None:
    from orchestration.bot import answer_people

    answer_people(settings)


def _schedule(_given: argparse.Namespace, settings: Settings) -> None:
    from orchestration.deployments import serve

    serve(settings)


def _status(_given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.by_hand import print_live
    from orchestration.servers import print_status

    print_live()
    print_status()


def _stop(_given: argparse.Namespace, _settings: Settings) -> None:
    from orchestration.servers import stop_all

    stop_all()


if __name__ == "__main__":
    sys.exit(main())
