import pytest
from prefect.client.schemas.objects import TaskRun
from prefect.states import Failed

from canasta.errors import NotAWorkbook, SourceUnreachable
from orchestration.tasks.ingest import ingest_publications


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (SourceUnreachable("timed out", passing=True), True),
        (SourceUnreachable("403"), False),
        (NotAWorkbook("a page"), False),
        (ValueError("a fault of ours"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, again: bool) -> None:
    ask = ingest_publications.retry_condition_fn
    assert ask is not None
    run = TaskRun(task_key="ingest", dynamic_key="0", flow_run_id=None)
    assert ask(ingest_publications, run, Failed(data=error)) is again
