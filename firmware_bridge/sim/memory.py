"""What a virtual garment remembers: its flash log, with a table of where each frame starts."""

import contextlib
from collections import deque
from collections.abc import Sequence

import numpy as np

from firmware_bridge.flash_log import Flash, FlashLog
from firmware_bridge.packet import Frame
from firmware_bridge.sim.flash import NorFlash, PowerCutError

_WAITING_FRAMES = 16


class Memory:
    """Stored frames, found by stream, boot and index.

    A flash that needs `write_us` for a frame lets frames wait in RAM; what finds that queue full is
    not stored.
    """

    def __init__(self, flash: Flash, *, write_us: int = 0) -> None:
        self._flash = flash
        self._write_us = write_us
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._free_us = 0
        self._log = FlashLog(flash)
        self._n_erases = -1
        self._frames: dict[tuple[int, int], list[tuple[int, int, bytes]]] = {}
        # The same frames, the oldest first.
        self._order: deque[tuple[tuple[int, int], bytes]] = deque()
        self._read()

    @property
    def used_bytes(self) -> int:
        """Bytes of the log in use."""
        return self._log.used_bytes

    def _read(self) -> None:
        """Build the table from the flash, after mounting."""
        self._n_erases = self._log.n_erases
        for data in self._log.frames():
            self._note(data)

    def _note(self, data: bytes) -> None:
        frame = Frame.from_bytes(data)
        key = (frame.stream_id, frame.session)
        self._frames.setdefault(key, []).append((frame.first_index, frame.n_samples, data))
        self._order.append((key, data))

    def _forget_erased(self) -> None:
        """Drop what was in the sector that was erased: all before the oldest that is still there.

        Reading a large log anew for each sector would hold up the garment.
        """
        self._n_erases = self._log.n_erases
        oldest = next(self._log.frames(), None)
        while self._order and self._order[0][1] != oldest:
            key, _ = self._order.popleft()
            self._frames[key].pop(0)
            if not self._frames[key]:
                del self._frames[key]

    def take(self, data: bytes, at_us: int) -> bool:
        """Take a frame that closed at a device time; returns whether it will be stored."""
        if self._write_us == 0:
            self._store(data)
            return True
        self.settle(at_us)
        if len(self._waiting) >= _WAITING_FRAMES:
            return False
        self._free_us = max(self._free_us, at_us) + self._write_us
        self._waiting.append((self._free_us, data))
        return True

    def settle(self, at_us: int) -> None:
        """Let the flash do its work until a device time."""
        while self._waiting and self._waiting[0][0] <= at_us:
            self._store(self._waiting.popleft()[1])

    def tear(self, frames: Sequence[bytes], *, rng: np.random.Generator) -> None:
        """Lose power at a random byte of the record that is being written."""
        waiting = [data for _, data in self._waiting] + list(frames)
        self._waiting.clear()
        if not waiting or not isinstance(self._flash, NorFlash):
            return
        self._flash.budget_bytes = int(rng.integers(0, len(waiting[0]) + 2))
        with contextlib.suppress(PowerCutError):
            self._store(waiting[0])
        self._flash.budget_bytes = None

    def extents(self, stream_id: int) -> list[tuple[int, int, int]]:
        """Boot, first index, index after the last, of what is stored of a stream."""
        return [
            (session, rows[0][0], max(index + n for index, n, _ in rows))
            for (key, session), rows in sorted(self._frames.items())
            if key == stream_id
        ]

    def _store(self, data: bytes) -> None:
        self._log.append(data)
        if self._log.n_erases != self._n_erases:
            self._forget_erased()
        self._note(data)

    def has(self, data: bytes) -> bool:
        """Whether a frame is stored."""
        frame = Frame.from_bytes(data)
        rows = self._frames.get((frame.stream_id, frame.session), [])
        return any(stored == data for _, _, stored in rows)

    def oldest(self, stream_id: int, session: int) -> int | None:
        """First index that is still there; nothing if the boot is gone."""
        rows = self._frames.get((stream_id, session))
        return rows[0][0] if rows else None

    def find(self, stream_id: int, session: int, start: int, stop: int) -> list[bytes]:
        """Frames that hold any sample of ``[start, stop)``."""
        rows = self._frames.get((stream_id, session), [])
        return [data for index, n, data in rows if index < stop and start < index + n]
