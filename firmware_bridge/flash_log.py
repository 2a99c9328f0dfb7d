"""Frames in a ring of flash sectors, written so that power may fail at any byte.

NOR rules: erasing a sector sets every bit, programming clears bits. A sector starts with a u32
magic and a u32 sequence number; the number is programmed first, so that a torn header is never
valid. A record is a u16 length and the frame, the length programmed after the frame. When the ring
is full the oldest sector is erased. Frames are the bytes of the radio, so that backfill is replay.
"""

import struct
from collections.abc import Iterator
from typing import Protocol

from firmware_bridge.errors import FrameError
from firmware_bridge.packet import CRC_SIZE, MIN_SIZE, crc16

MAGIC = 0x474C3101
HEADER_BYTES = 8
LENGTH_BYTES = 2
_BLANK = 0xFF
_BLANK_LENGTH = 0xFFFF
_U16, _U32 = struct.Struct("<H"), struct.Struct("<I")


class Flash(Protocol):
    """A NOR flash; addresses in bytes.

    Attributes:
        sector_bytes: Size of what is erased at once.
        n_sectors: How many of them.
    """

    sector_bytes: int
    n_sectors: int

    def read(self, address: int, size: int) -> bytes:
        """Read bytes."""
        ...

    def program(self, address: int, data: bytes) -> None:
        """Clear bits: what is stored becomes the old value AND the data."""
        ...

    def erase(self, sector: int) -> None:
        """Set every bit of a sector."""
        ...


class FlashLog:
    """Append frames, read them back after a reboot.

    Attributes:
        n_erases: Sectors erased since mounting.
    """

    def __init__(self, flash: Flash) -> None:
        """Mount what the flash holds; writes nothing."""
        if flash.n_sectors < 2:
            raise FrameError(f"flash log has {flash.n_sectors} sectors, at least 2 are needed")
        self._flash = flash
        self.n_erases = 0
        # Sectors that hold frames, oldest first: sequence number, sector.
        self._ring: list[tuple[int, int]] = sorted(self._headers())
        self._end = flash.sector_bytes
        if self._ring:
            end, is_torn = self._scan_end(self._ring[-1][1])
            # Bits under a torn tail cannot be set again, so writing goes on in the next sector.
            self._end = flash.sector_bytes if is_torn else end

    @property
    def capacity_bytes(self) -> int:
        """Bytes that records can take before the oldest are erased."""
        room = self._flash.sector_bytes - HEADER_BYTES
        return room * (self._flash.n_sectors - 1)

    @property
    def used_bytes(self) -> int:
        """Bytes in sectors that hold frames, the newest up to its end."""
        if not self._ring:
            return 0
        return (len(self._ring) - 1) * self._flash.sector_bytes + self._end

    def _headers(self) -> Iterator[tuple[int, int]]:
        for sector in range(self._flash.n_sectors):
            head = self._flash.read(sector * self._flash.sector_bytes, HEADER_BYTES)
            if _U32.unpack_from(head)[0] == MAGIC:
                yield _U32.unpack_from(head, 4)[0], sector

    def _scan_end(self, sector: int) -> tuple[int, bool]:
        """Where the next record would start, and whether a record was torn there."""
        data = self._flash.read(sector * self._flash.sector_bytes, self._flash.sector_bytes)
        at = HEADER_BYTES
        while at + LENGTH_BYTES <= len(data):
            (length,) = _U16.unpack_from(data, at)
            if not _is_plausible(length, at, len(data)):
                break
            at += LENGTH_BYTES + length
        return at, any(byte != _BLANK for byte in data[at:])

    def append(self, frame: bytes) -> None:
        """Store a frame; it is safe once this returns.

        Raises:
            FrameError: If it does not fit into a sector.
        """
        need = LENGTH_BYTES + len(frame)
        if not MIN_SIZE <= len(frame) <= self._flash.sector_bytes - HEADER_BYTES - LENGTH_BYTES:
            raise FrameError(
                f"frame of {len(frame)} bytes does not fit into a sector of "
                f"{self._flash.sector_bytes} bytes"
            )
        if not self._ring or self._end + need > self._flash.sector_bytes:
            self._open_sector()
        address = self._ring[-1][1] * self._flash.sector_bytes + self._end
        # An end that moves first keeps a failed write from being written over.
        self._end += need
        self._flash.program(address + LENGTH_BYTES, frame)
        self._flash.program(address, _U16.pack(len(frame)))

    def _open_sector(self) -> None:
        sequence, last = self._ring[-1] if self._ring else (0, -1)
        sector = (last + 1) % self._flash.n_sectors
        address = sector * self._flash.sector_bytes
        self._ring = [entry for entry in self._ring if entry[1] != sector]
        content = self._flash.read(address, self._flash.sector_bytes)
        if any(byte != _BLANK for byte in content):
            # A sector whose erase is cut short must not look whole.
            self._flash.program(address, bytes(4))
            self._flash.erase(sector)
            self.n_erases += 1
        self._flash.program(address + 4, _U32.pack(sequence + 1 & 0xFFFFFFFF))
        self._flash.program(address, _U32.pack(MAGIC))
        self._ring.append((sequence + 1, sector))
        self._end = HEADER_BYTES

    def frames(self) -> Iterator[bytes]:
        """Frames whose checksum is right, oldest first, by the sequence of their sectors."""
        for sequence, sector in list(self._ring):
            if (sequence, sector) not in self._ring:
                continue  # Erased by a frame that was stored meanwhile.
            yield from self._sector_frames(sector)

    def _sector_frames(self, sector: int) -> Iterator[bytes]:
        data = self._flash.read(sector * self._flash.sector_bytes, self._flash.sector_bytes)
        at = HEADER_BYTES
        while at + LENGTH_BYTES <= len(data):
            (length,) = _U16.unpack_from(data, at)
            if not _is_plausible(length, at, len(data)):
                return
            frame = data[at + LENGTH_BYTES : at + LENGTH_BYTES + length]
            at += LENGTH_BYTES + length
            if length >= MIN_SIZE and crc16(frame[:-CRC_SIZE]) == _U16.unpack(frame[-2:])[0]:
                yield frame


def _is_plausible(length: int, at: int, size: int) -> bool:
    return length not in (0, _BLANK_LENGTH) and at + LENGTH_BYTES + length <= size
