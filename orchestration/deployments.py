"""Which flows are deployed on schedules."""

from __future__ import annotations

from canasta.settings import Settings
from orchestration.flows.batch import daily_prediction_flow_batch
from orchestration.flows.pipeline import daily_mlops_pipeline
from orchestration.schedule import batch_deployment, pipeline_deployment, serve_on_schedule


def serve(settings: Settings) -> None:
    """Serve the pipeline and the batch on their schedules until interrupted.

    Raises:
        ServerError: the Prefect server does not start, or a schedule is served already.
    """
    commodity = settings.load_commodity()
    serve_on_schedule(
        [
            pipeline_deployment(daily_mlops_pipeline, commodity),
            batch_deployment(daily_prediction_flow_batch, commodity),
        ],
        settings,
    )
