"""What people read in Prefect's UI: figures, decision, and where the report lies."""

from __future__ import annotations

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from rich.console import RenderableType

from canasta.deliver.publish import Published
from canasta.deliver.summary import as_text
from canasta.forecast.evaluation.backtest import Backtest
from canasta.registry.steps import Ruling


def show_contest(backtest: Backtest, ruling: Ruling) -> None:
    """Publish the back-test's figures and the gate's decision."""
    rows = [
        {"contestant": name, **{key: round(value, 4) for key, value in measured.items()}}
        for name, measured in ((name, backtest.metrics(name)) for name in backtest.recipes)
    ]
    window = f"{backtest.targets[0]} to {backtest.targets[-1]}"
    create_table_artifact(
        rows, key="backtest", description=f"Back-test on the targets from {window}"
    )
    verdicts = [
        f"- **{verdict.name}** {'passes' if verdict.passed else 'is refused'}: "
        + " ".join(verdict.reasons)
        for verdict in ruling.decision.verdicts
    ]
    text = "\n".join([f"# {ruling.decision.reason}", "", *verdicts])
    create_markdown_artifact(text, key="decision", description="What the gate decided, and why")


def show_report(published: Published, summary: RenderableType) -> None:
    """Publish the run's summary and a link to its report."""
    create_link_artifact(
        published.csv.resolve().as_uri(),
        link_text=published.csv.name,
        key="report",
        description=f"Suggested prices for {published.target}",
    )
    text = f"```\n{as_text(summary)}```"
    create_markdown_artifact(text, key="summary", description="What the run did")
