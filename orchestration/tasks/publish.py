"""Tasks that change what is live, and put the report where people find it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from canasta.deliver.backdated import BackDated, publish_missing
from canasta.deliver.publish import (
    Published,
    PublishedHorizons,
    publish_horizons,
    publish_report,
)
from canasta.deliver.report import ModelName
from canasta.forecast.outlook import Outlook, forecast
from canasta.forecast.panel import Panel
from canasta.registry.bundle import read_bundle
from canasta.registry.panels import PublishedPanel, read_panel
from canasta.registry.past import champion_then
from canasta.registry.pointer import Pointer, Title
from canasta.registry.promotion import carry_out, publish_panel
from canasta.registry.settling import settle
from canasta.registry.steps import Basis, Ruling
from orchestration.workspace import Workspace


@task(name="settle", cache_policy=NO_CACHE)
def settle_registry(work: Workspace) -> None:
    """Complete what an interrupted run left, and bring MLflow's aliases in line."""
    with work.display.step("Check the registry") as told:
        if not settle(work.registry):
            told("MLflow does not answer; its aliases will follow")


@task(name="reach-registry", cache_policy=NO_CACHE)
def reach_registry(work: Workspace) -> None:
    """Make sure that MLflow answers, before a search whose models it could not take.

    Raises:
        RegistryUnavailable: it does not.
    """
    with work.display.step("Reach MLflow") as told:
        told(f"{len(work.registry.tracking.versions())} versions registered before")


@task(name="promote", cache_policy=NO_CACHE)
def promote(work: Workspace, basis: Basis, ruling: Ruling, versions: Mapping[str, int]) -> None:
    """Carry out the gate's decision; `versions` are the registered ones by contestant."""
    with work.display.step("Carry out the decision") as told:
        pointer = carry_out(work.registry, basis, ruling, versions)
        told(f"version {pointer.title.version} is the champion")


@task(name="forecast", cache_policy=NO_CACHE)
def publish_forecasts(work: Workspace, basis: Basis) -> Pointer:
    """Publish the champion's forecasts from the newest publication."""
    with work.display.step("Forecast") as told:
        pointer = publish_panel(work.registry, basis)
        told(f"{pointer.title.recipe.algorithm}, version {pointer.title.version}")
    return pointer


@task(name="report", cache_policy=NO_CACHE)
def write_report(work: Workspace, pointer: Pointer) -> tuple[Published, pd.DataFrame]:
    """Write the report of the published forecasts."""
    with work.display.step("Report") as told:
        live, model = _live(work, pointer)
        published = publish_report(
            work.store,
            work.reports_dir,
            live.panel,
            live.outlook,
            work.commodity,
            model,
            work.registry.clock(),
        )
        told(str(published.csv))
    return published, pd.read_csv(published.csv)


@task(name="report-ahead", cache_policy=NO_CACHE)
def write_horizons(work: Workspace, pointer: Pointer, horizons: int) -> PublishedHorizons:
    """Write the report of the next `horizons` publications, 2 or more."""
    with work.display.step(f"Report of {horizons} publications") as told:
        live, model = _live(work, pointer)
        published = publish_horizons(
            work.store,
            work.reports_dir,
            live.panel,
            live.outlook,
            work.commodity,
            model,
            horizons,
        )
        told(str(published.csv))
    return published


@task(name="forecast-the-past", cache_policy=NO_CACHE)
def forecast_the_past(work: Workspace, panel: Panel) -> tuple[Title, Outlook]:
    """Forecast with the champion of a past day, in memory: nothing is published.

    Raises:
        NoChampion: nothing was promoted by then.
    """
    with work.display.step("Forecast with the champion then") as told:
        title = champion_then(work.store, panel.origin).title
        predictor = read_bundle(work.store, title.bundle).predictor
        told(f"{title.recipe.algorithm}, version {title.version}")
        return title, forecast(predictor, panel, work.as_of)


@task(name="report-the-past", cache_policy=NO_CACHE)
def write_missing_report(
    work: Workspace, panel: Panel, title: Title, outlook: Outlook
) -> BackDated:
    """Write the report of a past day, marked as backfilled, if there is none."""
    with work.display.step("Missing report") as told:
        model = ModelName(title.recipe.algorithm, title.version, work.simulated, backfilled=True)
        made = publish_missing(work.store, work.reports_dir, panel, outlook, work.commodity, model)
        told(made.report if made.written else "none is missing")
    return made


def _live(work: Workspace, pointer: Pointer) -> tuple[PublishedPanel, ModelName]:
    """Return the published forecasts, and what the report calls their model."""
    live = read_panel(work.store, pointer.panel)
    return live, ModelName(pointer.title.recipe.algorithm, live.version, work.simulated)
