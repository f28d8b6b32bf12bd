"""What an environment costs: `python3 iac/costs.py` prints the table of iac/README.md.

Prices are list prices of us-east-1 in US dollars, without free tiers; each line names AWS's page.
"""

from __future__ import annotations

from dataclasses import dataclass

LAMBDA = "https://aws.amazon.com/lambda/pricing/"
API = "https://aws.amazon.com/api-gateway/pricing/"
S3 = "https://aws.amazon.com/s3/pricing/"
ECR = "https://aws.amazon.com/ecr/pricing/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
XRAY = "https://aws.amazon.com/xray/pricing/"


@dataclass(frozen=True)
class Line:
    """One line of the bill: so many units at a price."""

    what: str
    units: float
    price: float
    source: str

    @property
    def dollars(self) -> float:
        """The amount."""
        return self.units * self.price


AT_REST = (
    Line("S3: a lake of 1 GB, old versions included (GB a month)", 1, 0.023, S3),
    Line("ECR: the base once, and what 30 images add (GB a month)", 2.5, 0.10, ECR),
    Line("CloudWatch: five alarms (alarms a month)", 5, 0.10, CLOUDWATCH),
)
"""Each month, though nobody asks. Functions, APIs and topics cost nothing while they wait."""

PER_MILLION = (
    Line("API Gateway: HTTP API (million requests)", 1, 1.00, API),
    Line("Lambda: requests (million)", 1, 0.20, LAMBDA),
    Line("Lambda: 5 ms at 1 GB each (GB-seconds)", 5_000, 0.0000166667, LAMBDA),
    Line("CloudWatch: 1 KB of logs each (GB)", 1, 0.50, CLOUDWATCH),
    Line("X-Ray: one trace in twenty (million)", 0.05, 5.00, XRAY),
    Line("Data out: 1 KB each (GB)", 1, 0.09, API),
)
"""For each million of single predictions. A warm one takes 1 to 2 ms (`make lambda` prints it)."""


def table() -> str:
    """Return both as one Markdown table."""
    rows = ["| | units | price | $ | source |", "| --- | ---: | ---: | ---: | --- |"]
    for title, lines in (("At rest, a month", AT_REST), ("A million requests", PER_MILLION)):
        rows += [
            f"| {line.what} | {line.units:g} | {line.price:.10g} | {line.dollars:.2f} | "
            f"[{line.source.split('/')[3]}]({line.source}) |"
            for line in lines
        ]
        rows.append(f"| **{title}** | | | **{sum(line.dollars for line in lines):.2f}** | |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
