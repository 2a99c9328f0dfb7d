"""A stream of a live source, handed to an operator in SI, as it comes.

The same samples give the same results as from the recorded session; only their stamps are those
known at the moment. What comes out of a garment's log, or twice, is too late and left out.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from firmware_bridge.schema import StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.events import Event, Exchanged, SampleBlock, Sampled
from wearables.sessions.units import si_factor, si_name

if TYPE_CHECKING:
    from wearables.signals.operator import Operator

Out = TypeVar("Out")


class LiveClock:
    """Garment time to host time of one boot, as well as it is known.

    The clock exchange with the shortest round trip so far decides; before there is one, the least
    delay of a frame. So a frame that came late still lies where it belongs.
    """

    def __init__(self) -> None:
        self._rtt_ns = math.inf
        self._offset_ns: int | None = None

    def exchange(self, exchange: Exchange) -> None:
        """Take a two-way exchange; the shortest round trip decides."""
        device_ns = (exchange.t3_device_us - exchange.t2_device_us) * 1000
        rtt_ns = exchange.t4_host_ns - exchange.t1_host_ns - device_ns
        if rtt_ns <= self._rtt_ns:
            self._rtt_ns = rtt_ns
            middle_ns = (exchange.t1_host_ns + exchange.t4_host_ns) // 2
            self._offset_ns = (
                middle_ns - (exchange.t2_device_us + exchange.t3_device_us) * 1000 // 2
            )

    def host_ns(self, device_us: int, arrival_ns: int) -> int:
        """Host time of a device time that arrived just now."""
        if math.isinf(self._rtt_ns):
            delay_ns = arrival_ns - device_us * 1000
            self._offset_ns = (
                delay_ns if self._offset_ns is None else min(delay_ns, self._offset_ns)
            )
        return device_us * 1000 + (self._offset_ns or 0)


def stream_channels(schema: StreamSchema) -> tuple[str, ...]:
    """Names of a stream's channels with their SI unit.

    Raises:
        SessionError: If a unit is not known.
    """
    return tuple(si_name(channel.name, channel.unit) for channel in schema.channels)


class Feed(Generic[Out]):
    """Turns the events of one stream into blocks for an operator; give it every event.

    Attributes:
        n_samples: Samples handed on.
        n_missing: Samples that the index shows to be missing.
        n_late: Samples that came too late, or twice.
    """

    def __init__(
        self, schema: StreamSchema, operator: "Operator[Out]", *,
        columns: Sequence[int] | None = None, start_ns: int,
    ) -> None:  # fmt: skip
        """Prepare the conversion.

        Args:
            schema: The stream.
            operator: What its blocks go to.
            columns: Channels that the operator sees, in its order; all if nothing is said.
            start_ns: Host time that stamps count from.
        """
        self._schema, self._operator, self._start_ns = schema, operator, start_ns
        self._columns = list(range(len(schema.channels)) if columns is None else columns)
        own = [schema.channels[i] for i in self._columns]
        names = stream_channels(schema)
        self._names = tuple(names[i] for i in self._columns)
        self._scale = np.array([float(c.scale) * si_factor(c.unit) for c in own])
        self._offset = np.array([float(c.offset) for c in own])
        self._clocks: dict[int, LiveClock] = {}
        # Boot and index that the next frame starts with, or later.
        self._next: tuple[int, int] | None = None
        self.n_samples = self.n_missing = self.n_late = 0

    def __call__(self, event: Event) -> list[Out]:
        """Take in an event; returns what the operator is certain of now."""
        if isinstance(event, Exchanged):
            self._clocks.setdefault(event.boot, LiveClock()).exchange(event.exchange)
        if not isinstance(event, Sampled) or event.stream_id != self._schema.id:
            return []
        if event.backfilled or (
            self._next is not None and (event.boot, event.first_index) < self._next
        ):
            self.n_late += len(event.counts)
            return []
        results = self._before(event)
        self._next = (event.boot, event.first_index + len(event.counts))
        self.n_samples += len(event.counts)
        return [*results, *self._operator(self._block(event))]

    def _before(self, event: Sampled) -> list[Out]:
        """What lies between the last frame and this one: nothing, a gap, or a new boot."""
        if self._next is None:
            return []
        boot, expected = self._next
        if event.boot != boot:
            results = list(self._operator.flush())
            self._operator.reset()
            return results
        n_missing = event.first_index - expected
        self.n_missing += n_missing
        return list(self._operator.gap(n_missing)) if n_missing else []

    def _block(self, event: Sampled) -> SampleBlock:
        clock = self._clocks.setdefault(event.boot, LiveClock())
        first_s = (clock.host_ns(event.device_us, event.host_ns) - self._start_ns) * 1e-9
        counts = event.counts[:, self._columns].astype(np.float64)
        return SampleBlock(
            stream=self._schema.name,
            first_index=event.first_index,
            time_s=first_s + np.arange(len(counts)) / self._schema.rate_hz,
            values=(counts - self._offset) * self._scale,
            channels=self._names,
        )

    def flush(self) -> list[Out]:
        """The source has ended; returns what was still waiting."""
        return list(self._operator.flush())
