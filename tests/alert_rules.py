"""The alert rules of deployment/alerts.yml, and the metrics that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from prometheus_client.parser import text_string_to_metric_families

from canasta.settings import ROOT

ALERTS = ROOT / "deployment" / "alerts.yml"
CONFIG = ROOT / "deployment" / "prometheus.yml"
SCRAPING = frozenset({"up"})
"""What Prometheus itself writes of each target."""
OF_THE_PIPELINE = ("canasta_pipeline_", "canasta_drift_", "canasta_live_")
KEYWORDS = frozenset({
    "and", "or", "unless", "bool", "on", "by", "without", "ignoring", "group_left", "group_right",
    "offset", "inf", "nan",
})  # fmt: skip

NOT_NAMES = (
    r'"[^"]*"',  # strings, which may hold anything
    r"\{[^{}]*\}",  # selectors of labels
    r"\[[^\[\]]*\]",  # ranges
    r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^()]*\)",  # lists of labels
)


@dataclass(frozen=True)
class Alert:
    """An alert rule.

    Attributes:
        name: of the alert.
        expr: in PromQL.
        labels, annotations: of the alert.
    """

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics that it reads."""
        return metrics_in(self.expr)


def alerts() -> list[Alert]:
    """Return all alerts."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"], rule["annotations"])
        for group in groups
        for rule in group["rules"]
    ]


def metrics_in(expr: str) -> frozenset[str]:
    """Return the names in a PromQL expression that are neither functions nor keywords."""
    for pattern in NOT_NAMES:
        expr = re.sub(pattern, " ", expr)
    names = re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*\b(?!\s*\()", expr)
    return frozenset(names) - KEYWORDS


def metrics_of_alerts(*prefixes: str) -> frozenset[str]:
    """Return what all alerts read, or of that what begins with one of `prefixes`."""
    names = frozenset().union(*(alert.metrics for alert in alerts()))
    return frozenset(name for name in names if name.startswith(prefixes or ("",)))


def samples_in(text: str) -> frozenset[str]:
    """Return the names of the samples in Prometheus's text format."""
    families = text_string_to_metric_families(text)
    return frozenset(sample.name for family in families for sample in family.samples)
