"""Which transport a garment's URI names: Bluetooth, a serial line, or UDP."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from wearables.ble.gatt import gatt_channel
from wearables.ble.link import Channel
from wearables.ble.settings import SupervisorSettings
from wearables.wire import UART, UDP, uart_channel, udp_channel


def is_radio(uri: str) -> bool:
    """Whether a URI names a radio, not a wire."""
    return uri.partition(":")[0] not in (UDP, UART)


def dial(
    uri: str,
    *,
    serial: int | None,
    settings: SupervisorSettings,
    connect_timeout_s: float,
    on_lost: Callable[[], None],
    on_found: Callable[[str, int | None], None],
) -> AbstractAsyncContextManager[Channel]:
    """Open the transport that a URI names.

    Args:
        uri: A radio, see `wearables.ble.backends`; ``udp:HOST[:DATA_PORT:SMP_PORT]``; or
            ``uart:DATA_PATH,SMP_PATH[@BAUD]``.
        serial: Which garment, on a radio.
        settings: Patience.
        connect_timeout_s: Longest connect over a radio.
        on_lost: Called when the transport says that it is gone.
        on_found: Called with address and serial number once they are known.

    Raises:
        LinkError: If the URI cannot be understood.
    """
    kind = uri.partition(":")[0]
    if kind == UDP:
        return udp_channel(uri, on_lost=on_lost, on_found=on_found)
    if kind == UART:
        return uart_channel(uri, on_lost=on_lost, on_found=on_found)
    return gatt_channel(
        uri, serial=serial, settings=settings, connect_timeout_s=connect_timeout_s,
        on_lost=on_lost, on_found=on_found,
    )  # fmt: skip
