"""The file under a recording's HDF5: a full disk never reaches the HDF5 library.

HDF5 that meets a failed write cannot close its file any more and takes the process down at exit.
Here a failed write is kept as `error` and told at the next flush; later writes go nowhere, and
the journal holds what they would have said.
"""

import io
from pathlib import Path


class RecordingFile:
    """A new file for h5py's file-object driver, locked against plain readers."""

    def __init__(self, path: Path) -> None:
        self._raw = io.FileIO(path, "w+")
        self.error: OSError | None = None
        _lock(self._raw.fileno())

    def fileno(self) -> int:
        """Descriptor, for fsync."""
        return self._raw.fileno()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Place."""
        return self._raw.tell()

    def read(self, n_bytes: int = -1) -> bytes:
        """Read up to a number of bytes; h5py knows a file object by this."""
        return self._raw.read(n_bytes) or b""

    def readinto(self, buffer: memoryview) -> int:
        """Read; what is beyond the end is zero."""
        view = memoryview(buffer).cast("B")
        n_read = self._raw.readinto(view) or 0
        view[n_read:] = bytes(len(view) - n_read)
        return len(view)

    def write(self, data: bytes | memoryview) -> int:
        """Write all of it, or remember why not."""
        view = memoryview(data).cast("B")
        n_bytes = len(view)
        try:
            while view and self.error is None:
                view = view[self._raw.write(view) :]
        except OSError as error:
            self.error = error
        return n_bytes

    def truncate(self, size: int | None = None) -> int:
        """Set the length, or remember why not."""
        try:
            if self.error is None:
                return self._raw.truncate(size)
        except OSError as error:
            self.error = error
        return size or 0

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Close and unlock."""
        self._raw.close()


def _lock(descriptor: int) -> None:
    """Keep plain readers out, as HDF5 does itself; Windows has no such lock."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
