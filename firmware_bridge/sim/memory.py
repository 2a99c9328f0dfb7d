"""What a virtual garment remembers: its flash log, with a table of where each frame starts."""

from firmware_bridge.flash_log import Flash, FlashLog
from firmware_bridge.packet import Frame


class Memory:
    """Stored frames, found by stream, boot and index."""

    def __init__(self, flash: Flash) -> None:
        self._log = FlashLog(flash)
        self._n_erases = -1
        self._frames: dict[tuple[int, int], list[tuple[int, int, bytes]]] = {}
        self._read()

    @property
    def used_bytes(self) -> int:
        """Bytes of the log in use."""
        return self._log.used_bytes

    def _read(self) -> None:
        """Build the table from the flash, after mounting and after a sector was erased."""
        self._n_erases = self._log.n_erases
        self._frames = {}
        for data in self._log.frames():
            self._note(data)

    def _note(self, data: bytes) -> None:
        frame = Frame.from_bytes(data)
        rows = self._frames.setdefault((frame.stream_id, frame.session), [])
        rows.append((frame.first_index, frame.n_samples, data))

    def store(self, data: bytes) -> None:
        """Write a frame."""
        self._log.append(data)
        if self._log.n_erases != self._n_erases:
            self._read()
        else:
            self._note(data)

    def oldest(self, stream_id: int, session: int) -> int | None:
        """First index that is still there; nothing if the boot is gone."""
        rows = self._frames.get((stream_id, session))
        return rows[0][0] if rows else None

    def find(self, stream_id: int, session: int, start: int, stop: int) -> list[bytes]:
        """Frames that hold any sample of ``[start, stop)``."""
        rows = self._frames.get((stream_id, session), [])
        return [data for index, n, data in rows if index < stop and start < index + n]
