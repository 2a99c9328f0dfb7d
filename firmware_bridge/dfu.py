"""Bring new firmware onto a garment: upload, test boot, and wait until it confirms itself.

Every step starts from what the garment says it holds, so that an update that was interrupted
anywhere is gone on with by calling again. The host never confirms an image: one that cannot boot
would stay for ever. Needs `smpclient`.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from firmware_bridge.errors import ImageError, UpdateError
from firmware_bridge.image import FirmwareImage, Version

_POLL_S = 0.25
_FIRST_CHUNK_S = 40.0
_ANSWER_S = 10.0
_AGAIN_S = 0.5
LINES = ("udp", "uart")
_CONTROL_PORT, _BAUD = 1337, 115_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an update is.

    Attributes:
        step: ``upload``, ``test``, ``reset``, ``confirm`` or ``done``.
        n_sent: Bytes that the garment holds.
        n_total: Size of the image.
        rate_b_s: Bytes a second since the upload started or was resumed; 0 elsewhere.
    """

    step: str
    n_sent: int
    n_total: int
    rate_b_s: float = 0.0


class LinkTransport:
    """smpclient's transport over a link that somebody else holds."""

    def __init__(self, exchange: Callable[[bytes], Awaitable[bytes]], *, mtu: int) -> None:
        self._exchange = exchange
        self._mtu = mtu
        # The name is the protocol's.
        self._smp_server_transport_buffer_size: int | None = None
        self._request = b""

    async def connect(self, address: str, timeout_s: float) -> None:
        """Nothing to do: the link is up."""

    async def disconnect(self) -> None:
        """Nothing to do: the link stays."""

    async def send(self, data: bytes) -> None:
        """Keep a request until its response is asked for."""
        self._request = data

    async def receive(self) -> bytes:
        """Send the kept request; returns the response."""
        return await self._exchange(self._request)

    async def send_and_receive(self, data: bytes) -> bytes:
        """Send a request; returns the response."""
        return await self._exchange(data)

    def initialize(self, smp_server_transport_buffer_size: int) -> None:
        """Learn the garment's buffer."""
        self._smp_server_transport_buffer_size = smp_server_transport_buffer_size

    @property
    def mtu(self) -> int:
        """Bytes of one write."""
        return self._mtu

    @property
    def max_unencoded_size(self) -> int:
        """Bytes of one message."""
        return self._smp_server_transport_buffer_size or self._mtu


class Updater:
    """Leads one garment to one image, over as many links as it takes."""

    def __init__(
        self,
        image: FirmwareImage,
        *,
        allow_downgrade: bool = False,
        confirm_timeout_s: float = 30.0,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
    ) -> None:
        """Remember what to do; nothing is sent yet.

        Args:
            image: What shall run; its signature is the caller's to check.
            allow_downgrade: Whether an older version than the running one may be sent.
            confirm_timeout_s: How long the new firmware may take for its self-test.
            on_progress: Called with every step.
        """
        self._image = image
        self._allow_downgrade = allow_downgrade
        self._confirm_timeout_s = confirm_timeout_s
        self._tell = on_progress
        self._was_reset = False

    async def step(self, transport: Any, *, address: str = "garment") -> bool:
        """Go on over a fresh link.

        Args:
            transport: `LinkTransport`, or one of smpclient's own.
            address: Where the transport connects to; a link that is up already needs none.

        Returns:
            Whether the new firmware runs and is confirmed; otherwise the garment restarts now.

        Raises:
            ImageError: If the running firmware is newer.
            UpdateError: If the garment refused the image or went back to the old one.
            TimeoutError: If it does not answer; try again over a fresh link.
        """
        from smpclient import SMPClient
        from smpclient.requests.image_management import ImageStatesWrite
        from smpclient.requests.os_management import ResetWrite

        client = SMPClient(transport, address, timeout_s=_ANSWER_S)
        await client.connect()
        states = await self._states(client)
        active = next((state for state in states if state.active), None)
        if active is None:
            raise UpdateError("the garment does not say which firmware runs")
        if active.hash == self._image.sha256:
            await self._wait_for_confirmation(client)
            return True
        if self._was_reset:
            raise UpdateError(
                f"the garment runs version {active.version} again: it refused version "
                f"{self._image.version} or its self-test failed"
            )
        running = Version.from_text(active.version)
        if self._image.version < running and not self._allow_downgrade:
            raise ImageError(
                f"firmware {self._image.version} is older than {running}, which the garment runs"
            )
        if not any(state.hash == self._image.sha256 for state in states):
            await self._upload(client)
        self._say("test")
        answer: Any = await client.request(ImageStatesWrite(hash=self._image.sha256))
        _check(answer, "the image after its upload")
        self._say("reset")
        self._was_reset = True
        _check(await client.request(ResetWrite()), "the reset")
        return False

    async def _states(self, client: Any) -> list[Any]:
        from smpclient.requests.image_management import ImageStatesRead

        answer: Any = await client.request(ImageStatesRead())
        _check(answer, "the question for its firmware")
        return list(answer.images)

    async def _upload(self, client: Any) -> None:
        from smpclient.exceptions import SMPUploadError

        started_s, first = time.monotonic(), None
        try:
            async for off in client.upload(self._image.data, first_timeout_s=_FIRST_CHUNK_S):
                first = off if first is None else first
                took_s = max(time.monotonic() - started_s, 1e-9)
                self._say("upload", off, (off - first) / took_s)
        except SMPUploadError as error:
            raise UpdateError(f"the garment refused the upload: {error}") from error

    async def _wait_for_confirmation(self, client: Any) -> None:
        until_s = time.monotonic() + self._confirm_timeout_s
        while True:
            active = next((s for s in await self._states(client) if s.active), None)
            if active is not None and active.hash == self._image.sha256 and active.confirmed:
                self._say("done", len(self._image.data))
                return
            if time.monotonic() > until_s:
                raise UpdateError(
                    f"firmware {self._image.version} runs but did not confirm itself within "
                    f"{self._confirm_timeout_s:g} s; it goes back at the next restart"
                )
            self._say("confirm", len(self._image.data))
            await asyncio.sleep(_POLL_S)

    def _say(self, step: str, n_sent: int = 0, rate_b_s: float = 0.0) -> None:
        total = len(self._image.data)
        self._tell(Progress(step=step, n_sent=n_sent, n_total=total, rate_b_s=rate_b_s))


def _check(answer: Any, what: str) -> None:
    from smpclient.generics import error

    if error(answer):
        raise UpdateError(f"the garment refused {what}: {answer}")


async def update_on_line(
    uri: str,
    image: FirmwareImage,
    *,
    allow_downgrade: bool = False,
    timeout_s: float = 1800.0,
    max_failures: int = 5,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> None:
    """Lead a garment on UDP or on a serial line to an image, over as many tries as it takes.

    Args:
        uri: ``udp:HOST[:DATA_PORT:CONTROL_PORT]`` or ``uart:DATA_PATH,CONTROL_PATH[@BAUD]``.
        image: What shall run; check its signature first.
        allow_downgrade: Whether an older version may be sent.
        timeout_s: Longest time for all of it.
        max_failures: Links in a row on which the garment did not answer.
        on_progress: Called with every step.

    Raises:
        ImageError: If the garment runs a newer version.
        UpdateError: If it does not answer, refused the image or went back to the old one.
    """
    from smpclient.exceptions import SMPClientException

    updater = Updater(image, allow_downgrade=allow_downgrade, on_progress=on_progress)
    n_failures, reason = 0, ""
    try:
        async with asyncio.timeout(timeout_s):
            while n_failures < max_failures:
                transport, address = _line_transport(uri)
                try:
                    if await updater.step(transport, address=address):
                        return
                    n_failures = 0
                except (TimeoutError, OSError, SMPClientException) as error:
                    n_failures += 1
                    reason = str(error) or type(error).__name__
                finally:
                    with contextlib.suppress(Exception):
                        await transport.disconnect()
                await asyncio.sleep(_AGAIN_S)
    except TimeoutError as error:
        raise UpdateError(f"the update was not done within {timeout_s:g} s") from error
    raise UpdateError(f"the garment at {uri} does not answer: {reason}")


def _line_transport(uri: str) -> tuple[Any, str]:
    """Transport of smpclient for a URI, and the address that it connects to."""
    kind, _, rest = uri.partition(":")
    if kind == "udp":
        host, *ports = rest.split(":")
        if len(ports) not in (0, 2) or not host or not all(port.isdigit() for port in ports):
            raise UpdateError(f"{uri!r} is no address; wanted udp:HOST or udp:HOST:DATA:CONTROL")
        return _udp_transport(int(ports[1]) if ports else _CONTROL_PORT), host
    paths, _, baud = rest.partition("@")
    if paths.count(",") != 1 or (baud and not baud.isdigit()):
        raise UpdateError(f"{uri!r} is no line; wanted uart:DATA_PATH,CONTROL_PATH[@BAUD]")
    from smpclient.transport.serial import SMPSerialTransport

    return SMPSerialTransport(baudrate=int(baud or _BAUD)), paths.split(",")[1]


def _udp_transport(port: int) -> Any:
    from smpclient.transport.udp import SMPUDPTransport

    class PortedTransport(SMPUDPTransport):
        """The client names no port, so the transport knows it."""

        async def connect(self, address: str, timeout_s: float, port: int = port) -> None:
            await super().connect(address, timeout_s, port)

    return PortedTransport()
