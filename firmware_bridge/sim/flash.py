"""A NOR flash that obeys the rules of a real one, and may lose power at any byte."""

import mmap
from pathlib import Path

from firmware_bridge.errors import FrameError

DEFAULT_SECTOR_BYTES = 4096


class PowerCutError(Exception):
    """Power went away; what was stored so far stays."""


class NorFlash:
    """Bytes that can only be cleared bit by bit, and set a sector at a time.

    Attributes:
        sector_bytes: Size of a sector.
        n_sectors: How many of them.
        budget_bytes: Bytes that may still be programmed or erased before power fails; nothing
            for a supply that holds.
    """

    def __init__(
        self,
        *,
        n_sectors: int,
        sector_bytes: int = DEFAULT_SECTOR_BYTES,
        budget_bytes: int | None = None,
        file: Path | None = None,
    ) -> None:
        """Make a blank flash, or map a file that keeps its cells when the process is killed."""
        self.sector_bytes = sector_bytes
        self.n_sectors = n_sectors
        self.budget_bytes = budget_bytes
        n_bytes = sector_bytes * n_sectors
        self._cells: bytearray | mmap.mmap
        if file is None:
            self._cells = bytearray(b"\xff" * n_bytes)
            return
        if not file.exists():
            file.write_bytes(b"\xff" * n_bytes)
        with file.open("r+b") as opened:
            self._cells = mmap.mmap(opened.fileno(), n_bytes)

    def read(self, address: int, size: int) -> bytes:
        """Read bytes."""
        return bytes(self._cells[address : address + size])

    def program(self, address: int, data: bytes) -> None:
        """Clear bits, byte after byte.

        Raises:
            PowerCutError: When the budget ends within the data.
            FrameError: If a bit would have to be set, which a driver reports as a violation.
        """
        for i, byte in enumerate(data):
            if byte & ~self._cells[address + i] & 0xFF:
                raise FrameError(f"flash cell {address + i} is not blank, and is written")
            self._spend()
            self._cells[address + i] = byte

    def erase(self, sector: int) -> None:
        """Set every bit of a sector, byte after byte.

        Raises:
            PowerCutError: When the budget ends within the sector.
        """
        low = sector * self.sector_bytes
        for address in range(low, low + self.sector_bytes):
            self._spend()
            self._cells[address] = 0xFF

    def _spend(self) -> None:
        if self.budget_bytes is None:
            return
        if self.budget_bytes <= 0:
            raise PowerCutError("power failed")
        self.budget_bytes -= 1
