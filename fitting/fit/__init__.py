"""How a draped garment fits: maps over the cloth, ease at the girths, and a report."""

from fitting.fit.ease import GirthEase, girth_ease
from fitting.fit.maps import FitMap, fit_map
from fitting.fit.report import FitReport, fit_report
from fitting.fit.verdict import FitBands

__all__ = [
    "FitBands", "FitMap", "FitReport", "GirthEase", "fit_map", "fit_report", "girth_ease",
]  # fmt: skip
