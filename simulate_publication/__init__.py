"""A stand-in for SNIIM: workbooks from simulated or real history, written and served."""

from simulate_publication.history import read_history
from simulate_publication.layout import Layout
from simulate_publication.publisher import ensure_simulated, publish_files
from simulate_publication.server import serving
from simulate_publication.simulation import simulate
from simulate_publication.workbook import render, true_averages

__all__ = [
    "Layout",
    "ensure_simulated",
    "publish_files",
    "read_history",
    "render",
    "serving",
    "simulate",
    "true_averages",
]
