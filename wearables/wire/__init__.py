"""Garments on a wire: UDP datagrams, and pairs of serial lines."""

from wearables.wire.uart import UART, uart_channel
from wearables.wire.udp import UDP, udp_channel

__all__ = ["UART", "UDP", "uart_channel", "udp_channel"]
