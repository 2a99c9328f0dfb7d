"""Textile sensors: strain with its drift and hysteresis, joint angle, pressure arrays."""

from wearables.signals.textile.angle import AngleModel, JointAngle, fit_angle
from wearables.signals.textile.pressure import (
    CellCheck,
    Footprint,
    check_cells,
    footprint,
    posture_features,
)
from wearables.signals.textile.strain import (
    CreepCompensation,
    PlayOperators,
    RestBaseline,
    WearerScale,
    calibrate_wearer,
)

__all__ = [
    "AngleModel",
    "CellCheck",
    "CreepCompensation",
    "Footprint",
    "JointAngle",
    "PlayOperators",
    "RestBaseline",
    "WearerScale",
    "calibrate_wearer",
    "check_cells",
    "fit_angle",
    "footprint",
    "posture_features",
]
