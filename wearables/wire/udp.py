"""A garment over UDP: one datagram is one frame, or one control message.

Data come from the garment's data port to whoever sent it a byte ``01`` last; that byte is repeated,
because a garment forgets listeners that have gone. ``00`` says goodbye.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from wearables.errors import LinkError

UDP = "udp"
DATA_PORT, SMP_PORT = 1338, 1337
FRAME_BYTES = 244
_LISTEN, _GOODBYE = b"\x01", b"\x00"
_KEEP_S = 2.0


def parse_udp(uri: str) -> tuple[str, int, int]:
    """Host, data port and control port of ``udp:HOST[:DATA_PORT:SMP_PORT]``.

    Raises:
        LinkError: If it is none.
    """
    host, *ports = uri.removeprefix(f"{UDP}:").split(":")
    if host and len(ports) in (0, 2) and all(p.isdigit() and 0 < int(p) < 65536 for p in ports):
        data_port, smp_port = (int(port) for port in ports or (DATA_PORT, SMP_PORT))
        return host, data_port, smp_port
    raise LinkError(f"garment {uri!r} is not understood; wanted udp:HOST or udp:HOST:DATA:SMP")


class _Datagrams(asyncio.DatagramProtocol):
    """Hands datagrams on, once somebody listens."""

    def __init__(self) -> None:
        self.take: Callable[[bytes], None] = lambda _data: None

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand a datagram on."""
        self.take(data)

    def error_received(self, exc: Exception) -> None:
        """A closed port far away: silence, which the watchdog sees."""


class UdpChannel:
    """Both planes of a garment over UDP."""

    def __init__(
        self,
        data: tuple[asyncio.DatagramTransport, _Datagrams],
        control: tuple[asyncio.DatagramTransport, _Datagrams],
    ) -> None:
        self._data, self._on_data = data
        self._control, self._on_control = control
        self._again: asyncio.TimerHandle | None = None

    @property
    def max_write_size(self) -> int:
        """Size of the largest frame."""
        return FRAME_BYTES

    async def open(
        self, on_data: Callable[[bytes], None], on_control: Callable[[bytes], None]
    ) -> None:
        """Listen, and ask for data."""
        self._on_data.take, self._on_control.take = on_data, on_control
        self._listen()

    async def write_control(self, message: bytes) -> None:
        """Send one message."""
        self._control.sendto(message)

    async def read_info(self) -> None:
        """The control plane has to be asked."""

    def rssi_dbm(self) -> None:
        """There is no radio."""

    def _listen(self) -> None:
        """Say that somebody listens, and again after a while."""
        self._data.sendto(_LISTEN)
        self._again = asyncio.get_running_loop().call_later(_KEEP_S, self._listen)

    def close(self) -> None:
        """Say goodbye."""
        if self._again is not None:
            self._again.cancel()
        self._data.sendto(_GOODBYE)


@contextlib.asynccontextmanager
async def udp_channel(
    uri: str, *, on_lost: Callable[[], None], on_found: Callable[[str, int | None], None]
) -> AsyncGenerator[UdpChannel]:
    """Open both sockets; UDP itself never says that a garment is gone, so `on_lost` is not called.

    Raises:
        LinkError: If the URI or its host cannot be used.
    """
    del on_lost
    host, data_port, smp_port = parse_udp(uri)
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        ends: list[tuple[asyncio.DatagramTransport, _Datagrams]] = []
        for port in (data_port, smp_port):
            try:
                end = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(host, port))
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise LinkError(f"garment {uri} cannot be reached: {reason}") from error
            stack.callback(end[0].close)
            ends.append(end)
        on_found(f"{host}:{data_port}", None)
        channel = UdpChannel(*ends)
        stack.callback(channel.close)
        yield channel
