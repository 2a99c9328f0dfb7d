"""What a drape says about the fit: maps, ease, verdicts, measures, sizes, the drapemeter."""

from fitting.fit.ease import Ease, ease_at_levels, ease_map_m
from fitting.fit.fit_class import Band, FitClass, fit_class_names, load_fit_class
from fitting.fit.garment_measures import GarmentMeasure, garment_measures
from fitting.fit.maps import FitMap, fit_map
from fitting.fit.report import FitReport, fit_report
from fitting.fit.summary import (
    Difference,
    Spread,
    Summary,
    panel_summaries,
    region_differences,
    region_summaries,
)

__all__ = [
    "Band",
    "Difference",
    "Ease",
    "FitClass",
    "FitMap",
    "FitReport",
    "GarmentMeasure",
    "Spread",
    "Summary",
    "ease_at_levels",
    "ease_map_m",
    "fit_class_names",
    "fit_map",
    "fit_report",
    "garment_measures",
    "load_fit_class",
    "panel_summaries",
    "region_differences",
    "region_summaries",
]
