"""Sessions of the project's folder for the page: by catalogue id, never by path."""

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from muslin.folders import readable_session
from muslin.studio.wire import Kind, pack_samples

MAX_POINTS = 20_000
_PER_PIXEL = 2


class Library:
    """The sessions of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, Path] = {}
        # Files that were read once by a child, by their size and time.
        self._readable: dict[Path, tuple[int, int]] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Catalogue, newest first."""
        from wearables.sessions.catalogue import catalogue

        rows = []
        for row in catalogue(self._folder):
            number = hashlib.sha256(row.path.encode()).hexdigest()[:16]
            self._paths[number] = self._folder / row.path
            told = {**row.to_json(), "id": number, "name": Path(row.path).stem}
            rows.append({key: told[key] for key in told if key != "path"})
        return sorted(rows, key=lambda row: str(row["start_utc"]), reverse=True)

    def path_of(self, number: str) -> Path:
        """Where a session lies.

        Raises:
            InputError: If the catalogue has none of this id.
        """
        if number not in self._paths:
            self.rows()
        if number not in self._paths:
            raise InputError("no session of this id is in the catalogue")
        return self._paths[number]

    def readable_path_of(self, number: str) -> Path:
        """The same, once it is known that reading it will come back.

        Raises:
            InputError: If the catalogue has none of this id.
            UnreadableError: If the HDF5 library hangs or crashes on it.
        """
        path = self.path_of(number)
        about = path.stat()
        version = (about.st_size, about.st_mtime_ns)
        if self._readable.get(path) != version:
            self._readable[readable_session(path)] = version
        return path

    def describe(self, number: str) -> dict[str, Any]:
        """Streams, gaps and markers of a session."""
        from wearables.sessions import Session

        with Session.open(self.readable_path_of(number)) as session:
            return {
                "id": number,
                "name": self.path_of(number).stem,
                "garment": session.garment_names,
                "subject": str(session.subject["id"]),
                "start_utc": session.created_utc,
                "duration_s": session.duration_s,
                "state": session.state,
                "streams": [_stream(i, s) for i, s in enumerate(session.streams.values())],
                "markers": [
                    {"time_s": m.time_s, "kind": m.kind, "text": m.text} for m in session.markers
                ],
            }

    def samples(
        self, number: str, *, stream: int, span_s: tuple[float, float], points: int
    ) -> bytes:
        """One stream of a time range as a wire frame: samples, or least and largest per pixel.

        Raises:
            InputError: If the stream or range cannot be used.
        """
        from wearables.sessions import Session
        from wearables.sessions.units import si_factor

        from_s, to_s = span_s
        if not (math.isfinite(from_s) and math.isfinite(to_s) and from_s < to_s):
            raise InputError(f"range from {from_s:g} to {to_s:g} s is none")
        points = min(max(points, 10), MAX_POINTS)
        with Session.open(self.readable_path_of(number)) as session:
            readers = list(session.streams.values())
            if not 0 <= stream < len(readers):
                raise InputError(f"stream {stream} is not there; the session has {len(readers)}")
            block = readers[stream].read(from_s, to_s)
            # The page speaks the garment's own units, as the strips did while it was recorded.
            values = block.values / np.array([si_factor(unit) for unit in readers[stream].units])
            first_s = float(block.time_s[0]) if block.n_samples else from_s
            rate_hz = readers[stream].rate_hz
        if len(values) <= _PER_PIXEL * points:
            return pack_samples(values, number=stream, first_s=first_s, rate_hz=rate_hz)
        folded, n_folded = envelope(values, points)
        return pack_samples(
            folded, number=stream, first_s=first_s, rate_hz=rate_hz / n_folded, kind=Kind.ENVELOPE
        )


def envelope(values: NDArray[np.float64], points: int) -> tuple[NDArray[np.float64], int]:
    """Least and largest value of every so many samples.

    Args:
        values: Samples, shape (n, n_channels); NaN where nothing was measured.
        points: How many pairs are wanted at most.

    Returns:
        Pairs, shape (n_pairs, 2 * n_channels), least and largest of a channel side by side, NaN
        where nothing of a pair was measured; and how many samples each covers.
    """
    n, n_channels = values.shape
    n_folded = -(-n // points)
    padded = np.full((-(-n // n_folded) * n_folded, n_channels), np.nan)
    padded[:n] = values
    folds = padded.reshape(-1, n_folded, n_channels)
    is_empty = np.isnan(folds).all(axis=1)
    least = np.where(np.isnan(folds), np.inf, folds).min(axis=1)
    largest = np.where(np.isnan(folds), -np.inf, folds).max(axis=1)
    least[is_empty] = largest[is_empty] = np.nan
    return np.stack([least, largest], axis=2).reshape(-1, 2 * n_channels), n_folded


def _stream(number: int, reader: Any) -> dict[str, Any]:
    gaps = [
        [gap.start_s, gap.stop_s, gap.cause.name.lower()]
        for gap in reader.gaps
        if gap.is_open and math.isfinite(gap.start_s)
    ]
    return {
        "number": number,
        "name": reader.name,
        "rate_hz": reader.rate_hz,
        "channels": list(reader.channel_names),
        "units": list(reader.units),
        "n_stored": reader.n_stored,
        "n_lost": reader.n_lost,
        "gaps": gaps[:2000],
    }
