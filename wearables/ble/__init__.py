"""Ingestion over Bluetooth Low Energy. The only room that knows bleak; loads it on first use."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wearables.ble.found import FoundGarment
    from wearables.ble.garment import GarmentSource
    from wearables.ble.link import scan
    from wearables.ble.settings import SupervisorSettings
    from wearables.ble.virtual import sim_process

__all__ = ["FoundGarment", "GarmentSource", "SupervisorSettings", "scan", "sim_process"]

_HOMES = {
    "FoundGarment": "wearables.ble.found",
    "GarmentSource": "wearables.ble.garment",
    "SupervisorSettings": "wearables.ble.settings",
    "scan": "wearables.ble.link",
    "sim_process": "wearables.ble.virtual",
}


def __getattr__(name: str) -> Any:
    """Load bleak only when something of this room is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
