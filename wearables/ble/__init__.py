"""Bluetooth: find garments, connect, keep the link, and turn it into events.

Application code is plain bleak; `backend_for` chooses the radio. Importing this loads neither
bleak nor bumble.
"""

from firmware_bridge.sim.process import sim_process
from wearables.ble.backends import Backend, backend_for
from wearables.ble.garment import GarmentSource
from wearables.ble.scanning import FoundDevice, scan
from wearables.ble.settings import SupervisorSettings

__all__ = [
    "Backend",
    "FoundDevice",
    "GarmentSource",
    "SupervisorSettings",
    "backend_for",
    "scan",
    "sim_process",
]
