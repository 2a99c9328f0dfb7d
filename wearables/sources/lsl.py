"""LSL both ways: an outlet for any source, and LSL streams as a source (optional: pylsl).

Stamps are explicit: the host time at which a sample was measured, never that of the push. LSL
itself cannot see the delay of a radio.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.events import Damaged, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import LinkError
from wearables.events import Event, Exchanged, LinkClosed, LinkOpened
from wearables.profiles.indexing import Indexer
from wearables.profiles.profile import Reading

MARKERS = "markers"
_POLL_S = 0.02
_CLOCK_READS = 5
_RECLOCK_NS = 60_000_000_000
_WHOLE = {"int8": 8, "int16": 16, "int32": 32}
# Room above the largest value of the first samples before 32 bits are full.
_HEADROOM = 1000.0
_FIRST_S = 0.5
_ALL = 1000


def require_pylsl() -> Any:
    """The package pylsl.

    Raises:
        LinkError: If it, or the library below it, is missing.
    """
    try:
        return import_module("pylsl")
    except (ImportError, RuntimeError, OSError) as error:
        raise LinkError("LSL needs the package pylsl: pip install pylsl") from error


def lsl_minus_host_s(pylsl: Any) -> float:
    """LSL clock minus the host's monotonic clock, best of five pairs."""
    best_ns, offset_s = 1 << 62, 0.0
    for _ in range(_CLOCK_READS):
        before_ns = time.monotonic_ns()
        lsl_s = float(pylsl.local_clock())
        after_ns = time.monotonic_ns()
        if after_ns - before_ns < best_ns:
            best_ns = after_ns - before_ns
            offset_s = lsl_s - (before_ns + after_ns) * 0.5e-9
    return offset_s


class LslOutlet:
    """Sends events to LSL: one stream each, and one of markers that also tells gaps and links."""

    def __init__(self, schema: GarmentSchema, *, source_id: str = "", name: str = "") -> None:
        """Announce the streams.

        Args:
            schema: The garment.
            source_id: What tells it from others of its kind; its name if nothing is said.
            name: What its streams are called by; its model if nothing is said.

        Raises:
            LinkError: If pylsl is missing.
        """
        self._lsl = require_pylsl()
        self._schema = schema
        self._name = name or schema.name
        source_id = source_id or self._name
        self._outlets = {s.id: self._make(s, f"{source_id}-{s.name}") for s in schema.streams}
        info = self._lsl.StreamInfo(
            f"{self._name} {MARKERS}", "Markers", 1, 0, "string", f"{source_id}-{MARKERS}"
        )
        self._marks = self._lsl.StreamOutlet(info)
        self._delays_ns: dict[int, int] = {}
        self._offset_s = lsl_minus_host_s(self._lsl)
        self._clocked_ns = time.monotonic_ns()

    def _make(self, stream: StreamSchema, source_id: str) -> Any:
        info = self._lsl.StreamInfo(
            f"{self._name} {stream.name}", stream.channels[0].kind,
            len(stream.channels), stream.rate_hz, "double64", source_id,
        )  # fmt: skip
        items = info.desc().append_child("channels")
        for channel in stream.channels:
            item = items.append_child("channel")
            item.append_child_value("label", channel.name)
            item.append_child_value("unit", channel.unit)
            item.append_child_value("type", channel.kind)
            if channel.site is not None:
                item.append_child_value("site", channel.site)
        return self._lsl.StreamOutlet(info)

    def push(self, event: Event) -> None:
        """Send an event; what was backfilled is too late for a live stream and is left out."""
        if time.monotonic_ns() - self._clocked_ns > _RECLOCK_NS:
            self._offset_s = lsl_minus_host_s(self._lsl)
            self._clocked_ns = time.monotonic_ns()
        match event:
            case Sampled():
                if not event.backfilled:
                    self._push_samples(event)
            case Lost():
                name = self._schema.stream(event.stream_id).name
                text = f"{event.n_samples} samples of {name}: {event.cause.name.lower()}"
                self._mark("gap", text, event.host_ns)
            case LinkOpened():
                self._mark("link", f"link {event.epoch} is up", event.host_ns)
            case LinkClosed():
                self._mark("link", f"link {event.epoch} ended: {event.reason}", event.host_ns)
            case Marker():
                self._mark(event.kind, event.text, event.host_ns)
            case Damaged() | Status() | Exchanged():
                pass

    def _push_samples(self, event: Sampled) -> None:
        stream = self._schema.stream(event.stream_id)
        n = len(event.counts)
        # The least delay seen brings device time to the host; the radio's own delay stays.
        delay_ns = event.host_ns - event.device_us * 1000
        self._delays_ns[event.boot] = min(delay_ns, self._delays_ns.get(event.boot, delay_ns))
        first_s = (event.device_us * 1000 + self._delays_ns[event.boot]) * 1e-9
        stamps = self._offset_s + first_s + np.arange(n) / stream.rate_hz
        scale = np.array([channel.scale for channel in stream.channels])
        offset = np.array([channel.offset for channel in stream.channels])
        values = (event.counts - offset) * scale
        self._outlets[stream.id].push_chunk(values.tolist(), stamps.tolist())

    def _mark(self, kind: str, text: str, host_ns: int) -> None:
        self._marks.push_sample([f"{kind}: {text}"], host_ns * 1e-9 + self._offset_s)


class LslSource:
    """LSL streams as a source; those of texts become markers. A context manager.

    Whole numbers stay as they are. Floats become 32-bit integers with a step that leaves a
    thousand times the range of the first half second, unless `steps` names one by channel.

    Attributes:
        match: Predicate of LSL, such as ``type='EEG'``; all streams if empty.
        steps: Size of one count by the name of a channel.
    """

    def __init__(
        self, match: str = "", *, wait_s: float = 2.0, steps: Mapping[str, float] | None = None
    ) -> None:
        self.match = match
        self.steps = dict(steps or {})
        self._wait_s = wait_s
        self._lsl: Any = None
        self._inlets: list[tuple[Any, StreamSchema | None]] = []
        self._first: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64]]]] = {}
        self._corrections_s: dict[Any, float] = {}
        self._schema: GarmentSchema | None = None
        self._stopping = asyncio.Event()

    @property
    def schema(self) -> GarmentSchema:
        """Streams and channels."""
        if self._schema is None:
            raise LinkError("the LSL streams are known only once the source is open")
        return self._schema

    async def stop(self) -> None:
        """Ask for the end; iterate on until it comes."""
        self._stopping.set()

    async def __aenter__(self) -> Self:
        """Find the streams and listen to their first half second.

        Raises:
            LinkError: If pylsl is missing or no stream of numbers was found.
        """
        self._lsl = require_pylsl()
        found = await asyncio.to_thread(self._resolve)
        heads = [await asyncio.to_thread(self._open, info) for info in found]
        await asyncio.sleep(_FIRST_S)
        for inlet, info in heads:
            is_text = info.channel_format() == self._lsl.cf_string
            schema = None if is_text else self._describe(inlet, info)
            self._inlets.append((inlet, schema))
        streams = tuple(schema for _, schema in self._inlets if schema is not None)
        if not streams:
            self._close()
            raise LinkError(f"no LSL stream of numbers was found for {self.match or 'any'!r}")
        self._schema = GarmentSchema(
            vendor="lsl", name="lsl", hw="unknown", schema=1, streams=streams
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        for inlet, _ in self._inlets:
            inlet.close_stream()
        self._inlets.clear()

    def _resolve(self) -> Sequence[Any]:
        if self.match:
            # Asking for fewer would end with the first that answers.
            return self._lsl.resolve_bypred(self.match, _ALL, self._wait_s)
        return self._lsl.resolve_streams(self._wait_s)

    def _open(self, found: Any) -> tuple[Any, Any]:
        """Inlet of a stream, and all that it says of itself."""
        inlet = self._lsl.StreamInlet(found)
        try:
            info = inlet.info(self._wait_s)
            inlet.open_stream(self._wait_s)
            # Stamps of another computer are brought to this one's clock.
            self._corrections_s[inlet] = inlet.time_correction(self._wait_s)
        except RuntimeError as error:  # pylsl's own TimeoutError and LostError
            inlet.close_stream()
            raise LinkError(
                f"LSL stream {found.name()!r} was announced and does not answer; it may have ended"
            ) from error
        return inlet, info

    def _describe(self, inlet: Any, info: Any) -> StreamSchema:
        number = 1 + sum(schema is not None for _, schema in self._inlets)
        name = f"{info.name()}_{number}".replace("/", "_")
        rows, stamps = inlet.pull_chunk(0.0)
        first = np.array(rows, dtype=np.float64).reshape(len(stamps), info.channel_count())
        self._first[name] = [(first, np.array(stamps))]
        kinds = {
            self._lsl.cf_int8: "int8",
            self._lsl.cf_int16: "int16",
            self._lsl.cf_int32: "int32",
        }
        bits = _WHOLE.get(kinds.get(info.channel_format(), ""))
        rate_hz = info.nominal_srate() or 1.0
        channels: list[ChannelSchema] = []
        for i, (label, unit) in enumerate(_labels(info)):
            largest = float(np.abs(first[:, i]).max(initial=0)) or 1.0
            step = 10.0 ** np.ceil(np.log10(largest * _HEADROOM / 2**31))
            channels.append(
                ChannelSchema(
                    name=label, unit=unit or "1", bits=bits or 32, signed=True,
                    scale=self.steps.get(label, 1.0 if bits else float(step)), offset=0.0,
                    kind=info.type().lower() or "other",
                )
            )  # fmt: skip
        return StreamSchema(
            id=number, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=1000,
            store=False, channels=tuple(channels),
        )  # fmt: skip

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield samples and markers until `stop`."""
        origin_ns = time.monotonic_ns()
        index = Indexer(self.schema, origin_ns=origin_ns)
        is_last = False
        while not is_last:
            is_last = self._stopping.is_set()
            for inlet, stream in self._inlets:
                for event in self._pull(inlet, stream, index):
                    yield event
            if not is_last:
                await asyncio.sleep(_POLL_S)

    def _pull(self, inlet: Any, stream: StreamSchema | None, index: Indexer) -> list[Event]:
        rows, stamps = inlet.pull_chunk(0.0)
        now_ns = time.monotonic_ns()
        # Of an outlet that is away the last one holds.
        with contextlib.suppress(RuntimeError):
            self._corrections_s[inlet] = inlet.time_correction(_POLL_S)
        shift_s = self._corrections_s[inlet] - lsl_minus_host_s(self._lsl)
        if stream is None:
            return [
                Marker(
                    host_ns=round((stamp + shift_s) * 1e9), kind="marker", text=" ".join(row),
                    source="program",
                )
                for row, stamp in zip(rows, stamps, strict=True)
            ]  # fmt: skip
        chunks = self._first.pop(stream.name, [])
        if stamps:
            chunks.append((np.array(rows, dtype=np.float64), np.array(stamps)))
        events: list[Event] = []
        for values, times_s in chunks:
            if times_s.size:
                device_us = round((float(times_s[0]) + shift_s) * 1e6)
                reading = _reading(stream, values, device_us)
                events += index(reading, host_ns=now_ns, epoch=1)
        return events


def _labels(info: Any) -> list[tuple[str, str]]:
    """Name and unit of each channel, as far as the stream says."""
    item = info.desc().child("channels").child("channel")
    found: list[tuple[str, str]] = []
    for i in range(info.channel_count()):
        label = item.child_value("label") if not item.empty() else ""
        unit = item.child_value("unit") if not item.empty() else ""
        names = {name for name, _ in found}
        plain = f"channel_{i + 1}"
        found.append((label if label and label not in names else plain, unit))
        item = item.next_sibling("channel")
    return found


def _reading(stream: StreamSchema, values: NDArray[np.float64], device_us: int) -> Reading:
    scale = np.array([channel.scale for channel in stream.channels])
    # What is no number becomes too large for the channel, so that the index tells of it.
    counts = np.nan_to_num(np.rint(values / scale), nan=2.0**40, posinf=2.0**40, neginf=-(2.0**40))
    counts = np.clip(counts, -(2.0**40), 2.0**40)
    return Reading(stream=stream.name, counts=counts.astype(np.int64), device_us=device_us)
