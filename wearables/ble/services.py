"""Service discovery: the garment's attribute table in bleak's classes."""

from collections.abc import Callable, Collection
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection

from wearables.ble.advertisement import uuid_text

_PROPERTIES = (
    "broadcast", "read", "write-without-response", "write", "notify", "indicate",
    "authenticated-signed-writes", "extended-properties",
)  # fmt: skip


async def discover_services(
    client: Any, max_write_size: Callable[[], int], wanted: Collection[str] | None = None
) -> BleakGATTServiceCollection:
    """Read services, characteristics and descriptors.

    Args:
        client: bumble's GATT client of the link.
        max_write_size: Tells the largest write without response, which may change.
        wanted: Services to look into, as text; each costs round trips. All if nothing is said.
    """
    collection = BleakGATTServiceCollection()
    for service in await client.discover_services():
        service_uuid = uuid_text(service.uuid.to_bytes())
        if wanted is not None and service_uuid not in wanted:
            continue
        ours = BleakGATTService(service, service.handle, service_uuid)
        collection.add_service(ours)
        for item in await client.discover_characteristics((), service):
            properties: Any = [
                name for i, name in enumerate(_PROPERTIES) if item.properties >> i & 1
            ]
            uuid = uuid_text(item.uuid.to_bytes())
            characteristic = BleakGATTCharacteristic(
                item, item.handle, uuid, properties, max_write_size, ours
            )
            collection.add_characteristic(characteristic)
            for detail in await client.discover_descriptors(item):
                uuid = uuid_text(detail.type.to_bytes())
                collection.add_descriptor(
                    BleakGATTDescriptor(detail, detail.handle, uuid, characteristic)
                )
            item.descriptors_discovered = True
    return collection
