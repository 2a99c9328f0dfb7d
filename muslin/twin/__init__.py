"""The sensor garment twin: sensors on panels, where they land on a body, and what they feel.

Joins both halves; `fitting` and `wearables` know nothing of each other. `twin_garment` finds a
garment with its sensors, `resolve` lays them on a pattern, `locate` finds them on its mesh; a
`Site` then tells strain, normal and place of a sensor for any drape or frame of that mesh.

The rooms, each of which imports only those before it: `sensors` (plans, files, places), `worn` (on
one person), `motion` (through a movement), `signals` (what channels would send), `replay` (a
recording beside its prediction), `survey` (many people and sizes, and the search).
"""

from muslin.twin.errors import SensorError
from muslin.twin.sensors.check import check_sensors
from muslin.twin.sensors.garment import TwinGarment, sensors_path, twin_garment
from muslin.twin.sensors.landmarks import landmark_named, landmark_title, landmarks_of
from muslin.twin.sensors.locate import Site, locate, locate_point
from muslin.twin.sensors.requirement import Range, Requirement, load_requirements, requirement_for
from muslin.twin.sensors.resolve import Dressed, panel_point, resolve, resolve_one
from muslin.twin.sensors.sensor import (
    LINE_KINDS,
    SENSOR_KINDS,
    ByShare,
    OnPanel,
    OverLandmark,
    Sensor,
    SensorKind,
    SensorPlan,
)
from muslin.twin.sensors.sensors_file import SensorsFile, read_sensors, sensors_from_tables
from muslin.twin.sensors.sensors_write import plan_of, write_sensors

__all__ = [
    "LINE_KINDS",
    "SENSOR_KINDS",
    "ByShare",
    "Dressed",
    "OnPanel",
    "OverLandmark",
    "Range",
    "Requirement",
    "Sensor",
    "SensorError",
    "SensorKind",
    "SensorPlan",
    "SensorsFile",
    "Site",
    "TwinGarment",
    "check_sensors",
    "landmark_named",
    "landmark_title",
    "landmarks_of",
    "load_requirements",
    "locate",
    "locate_point",
    "panel_point",
    "plan_of",
    "read_sensors",
    "requirement_for",
    "resolve",
    "resolve_one",
    "sensors_from_tables",
    "sensors_path",
    "twin_garment",
    "write_sensors",
]
