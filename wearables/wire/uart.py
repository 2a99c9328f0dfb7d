"""A garment on two serial lines: frames in COBS on one, control in console lines on the other.

Each line is read by a thread of its own, since not every platform can wait for a serial line
otherwise; bytes are handed to the event loop as they come.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

from firmware_bridge.console import ConsoleReader, encode_console
from firmware_bridge.framing import CobsReader
from wearables.errors import LinkError

UART = "uart"
BAUD = 1_000_000
FRAME_BYTES = 244
_READ_S, _WRITE_S, _JOIN_S = 0.1, 2.0, 2.0


def parse_uart(uri: str) -> tuple[str, str, int]:
    """Data path, control path and speed of ``uart:DATA_PATH,SMP_PATH[@BAUD]``.

    Raises:
        LinkError: If it is none.
    """
    paths, _, speed = uri.removeprefix(f"{UART}:").partition("@")
    data_path, _, smp_path = paths.partition(",")
    speed = speed or str(BAUD)
    if data_path and smp_path and "," not in smp_path and speed.isdigit() and int(speed):
        return data_path, smp_path, int(speed)
    raise LinkError(f"garment {uri!r} is not understood; wanted uart:DATA_PATH,SMP_PATH[@BAUD]")


class _Line:
    """One open serial line."""

    def __init__(self, path: str, baud: int, on_lost: Callable[[], None]) -> None:
        import serial

        self._errors = (serial.SerialException, OSError, TypeError)
        try:
            self._port: Any = serial.Serial(path, baud, timeout=_READ_S, write_timeout=_WRITE_S)
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkError(f"serial line {path} cannot be opened: {error}") from error
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, take: Callable[[bytes], None]) -> None:
        """Drop what stands in the line and read on."""
        self._port.reset_input_buffer()
        self._thread = threading.Thread(target=self._read, args=(take,), daemon=True)
        self._thread.start()

    def _read(self, take: Callable[[bytes], None]) -> None:
        while not self._ending.is_set():
            try:
                data = self._port.read(max(1, self._port.in_waiting))
            except self._errors:
                # An unplugged line; pyserial raises a TypeError when it is closed meanwhile.
                if not self._ending.is_set():
                    self._tell(self._on_lost)
                return
            if data:
                self._tell(take, data)

    def _tell(self, callback: Callable[..., None], *arguments: bytes) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closing
            self._loop.call_soon_threadsafe(callback, *arguments)

    async def write(self, data: bytes) -> None:
        """Write all of it."""
        try:
            await asyncio.to_thread(self._port.write, data)
        except self._errors as error:
            raise LinkError(f"serial line cannot be written: {error}") from error

    def close(self) -> None:
        """End the reader and close."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        self._port.close()


class UartChannel:
    """Both planes of a garment on two lines."""

    def __init__(self, data: _Line, control: _Line) -> None:
        self._data, self._control = data, control
        self._frames, self._messages = CobsReader(), ConsoleReader()

    @property
    def max_write_size(self) -> int:
        """Size of the largest frame."""
        return FRAME_BYTES

    async def open(
        self, on_data: Callable[[bytes], None], on_control: Callable[[bytes], None]
    ) -> None:
        """Read both lines."""

        def take_data(data: bytes) -> None:
            for frame in self._frames(data):
                on_data(frame)

        def take_control(data: bytes) -> None:
            for message in self._messages(data):
                on_control(message)

        self._data.start(take_data)
        self._control.start(take_control)

    async def write_control(self, message: bytes) -> None:
        """Send one message."""
        await self._control.write(encode_console(message))

    async def read_info(self) -> None:
        """The control plane has to be asked."""

    def rssi_dbm(self) -> None:
        """There is no radio."""


@contextlib.asynccontextmanager
async def uart_channel(
    uri: str, *, on_lost: Callable[[], None], on_found: Callable[[str, int | None], None]
) -> AsyncGenerator[UartChannel]:
    """Open both lines.

    Raises:
        LinkError: If the URI or a line cannot be used.
    """
    data_path, smp_path, baud = parse_uart(uri)
    data = _Line(data_path, baud, on_lost)
    try:
        control = _Line(smp_path, baud, on_lost)
        try:
            on_found(data_path, None)
            yield UartChannel(data, control)
        finally:
            await asyncio.to_thread(control.close)
    finally:
        await asyncio.to_thread(data.close)
