"""A foreign recording in memory, whatever file it came from."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignChannel:
    """One channel: physical = (value - offset) * scale in the unit.

    Attributes:
        name: Name, unique in its stream.
        unit: Unit as the file writes it.
        kind: What it measures: acc, ecg ...
        scale: Units per number in the file.
        offset: Number of the physical zero.
        site: Place on the body, where known.
    """

    name: str
    unit: str = "1"
    kind: str = "other"
    scale: float = 1.0
    offset: float = 0.0
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignStream:
    """Channels that were sampled together.

    Attributes:
        name: Name.
        channels: One for each column.
        values: Numbers as in the file, NaN where nothing was measured, shape (n, n_channels).
        time_s: Time of each row since the start of the recording, shape (n,).
        rate_hz: Rate; nothing where samples come by the event.
    """

    name: str
    channels: tuple[ForeignChannel, ...]
    values: NDArray[np.float64]
    time_s: NDArray[np.float64]
    rate_hz: float | None

    def __post_init__(self) -> None:
        wanted = (self.time_s.size, len(self.channels))
        if self.values.shape != wanted:
            raise SessionError(
                f"stream {self.name!r} has values of shape {self.values.shape}, wanted {wanted}"
            )
        if not np.isfinite(self.time_s).all():
            raise SessionError(f"stream {self.name!r} has a time stamp that is no number")
        if self.rate_hz is not None and not 0 < self.rate_hz < np.inf:
            raise SessionError(f"stream {self.name!r} has a rate of {self.rate_hz} Hz")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMarker:
    """A remark on the recording's time line."""

    time_s: float
    text: str
    kind: str = "marker"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRecording:
    """All that a file or folder holds.

    Attributes:
        streams: Streams.
        markers: Remarks.
        start_utc: When second 0 was, with a time zone; nothing where the file does not say.
        vendor: Who made the recorder.
        device: What recorded it.
        notes: One sentence for each thing that was odd.
    """

    streams: tuple[ForeignStream, ...]
    markers: tuple[ForeignMarker, ...] = ()
    start_utc: datetime | None = None
    vendor: str = "unknown"
    device: str = "import"
    notes: tuple[str, ...] = field(default=())


def even_times_s(n: int, rate_hz: float, *, start_s: float = 0.0) -> NDArray[np.float64]:
    """Times of samples at a fixed rate, shape (n,)."""
    return start_s + np.arange(n) / rate_hz
