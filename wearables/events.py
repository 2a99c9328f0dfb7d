"""What flows through the sensor half: events from a source, and blocks of samples in SI units."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SignalError


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOpened:
    """A radio link came up; its number is the epoch of everything it carries."""

    epoch: int
    boot: int
    host_ns: int
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClosed:
    """A radio link ended; ``reason`` is a short word: stopped, lost, silent, terminated."""

    epoch: int
    host_ns: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """A two-way clock exchange, kept in the file for later fits."""

    exchange: Exchange
    epoch: int
    boot: int


Event = Sampled | Lost | Damaged | Marker | Status | LinkOpened | LinkClosed | Exchanged


class Source(Protocol):
    """Anything that yields events: a garment, a replayed session, a foreign sensor."""

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels; known once the source is open."""
        ...

    def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events until the source ends."""
        ...

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBlock:
    """Consecutive samples of one stream on a common clock.

    Attributes:
        stream: Name of the stream.
        first_index: Sample index of the first row.
        time_s: Session time of each sample, ascending, shape (n_samples,).
        values: Signal in SI units, NaN where nothing was measured, shape (n_samples, n_channels).
        channels: One name per column, unit included: ``("acc_x_m_s2", ...)``.
        quality: 0 to 1 for each row, shape (n_samples,); None where nobody judged.
    """

    stream: str
    first_index: int
    time_s: NDArray[np.float64]
    values: NDArray[np.float64]
    channels: tuple[str, ...]
    quality: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        expected = (self.time_s.size, len(self.channels))
        if self.time_s.ndim != 1 or self.values.shape != expected:
            raise SignalError(
                f"values have shape {self.values.shape}; "
                f"{self.time_s.size} times and {len(self.channels)} channels need {expected}"
            )
        if self.quality is not None and self.quality.shape != self.time_s.shape:
            raise SignalError(
                f"quality has shape {self.quality.shape}; {self.time_s.size} rows need one each"
            )

    def part(self, start: int, stop: int) -> "SampleBlock":
        """Rows ``[start, stop)`` as a block of their own."""
        return SampleBlock(
            stream=self.stream,
            first_index=self.first_index + start,
            time_s=self.time_s[start:stop],
            values=self.values[start:stop],
            channels=self.channels,
            quality=None if self.quality is None else self.quality[start:stop],
        )

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.time_s.size


__all__ = [
    "Damaged", "Event", "Exchanged", "LinkClosed", "LinkOpened", "LossCause", "Lost", "Marker",
    "SampleBlock", "Sampled", "Source", "Status",
]  # fmt: skip
