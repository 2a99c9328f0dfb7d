"""A garment without a garment: replayed samples behind the same radio services as a real one."""

from firmware_bridge.sim.faults import Faults
from firmware_bridge.sim.garment import Garment
from firmware_bridge.sim.process import sim_process
from firmware_bridge.sim.signals import Replay, TruthMarker, read_replay, write_replay

__all__ = [
    "Faults",
    "Garment",
    "Replay",
    "TruthMarker",
    "read_replay",
    "sim_process",
    "write_replay",
]
