"""Bodies from tape measures. The only room that knows anny; loads it to build the model once."""

from fitting.body.body import REGIONS, Body
from fitting.body.fit import BodyFit, body_from_measurements
from fitting.body.measurements import (
    HUMAN_RANGE_M,
    Measurements,
    Sex,
    default_measurements,
    read_measurements,
)
from fitting.body.survey import survey_warnings

__all__ = [
    "HUMAN_RANGE_M",
    "REGIONS",
    "Body",
    "BodyFit",
    "Measurements",
    "Sex",
    "body_from_measurements",
    "default_measurements",
    "read_measurements",
    "survey_warnings",
]
