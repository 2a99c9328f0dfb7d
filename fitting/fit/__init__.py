"""What a drape says about the fit: maps, ease, verdicts."""

from fitting.fit.ease import Ease, ease_at_levels
from fitting.fit.maps import FitMap, fit_map
from fitting.fit.report import FitReport, FitThresholds, Summary, fit_report

__all__ = [
    "Ease",
    "FitMap",
    "FitReport",
    "FitThresholds",
    "Summary",
    "ease_at_levels",
    "fit_map",
    "fit_report",
]
