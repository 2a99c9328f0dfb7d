"""What a garment sends: streams, channels, units. One TOML, one deterministic CBOR descriptor.

physical = (raw - offset) * scale, in the channel's UCUM unit.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema_values import as_integer, as_number, as_text, as_truth

DESCRIPTOR_VERSION = 1
MAX_BITS = 32
# Keys of the descriptor that hold rows of stream, channel, text.
OPTIONAL_KEYS = {4: "site", 5: "calibration", 6: "axis"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSchema:
    """One channel of a stream.

    Attributes:
        name: Name, unique in its stream.
        unit: UCUM unit of the physical value.
        bits: Width of the raw integer, 1..32.
        signed: Whether the raw integer is two's complement.
        scale: Physical units per count.
        offset: Count of the physical zero.
        kind: What it measures: acc, gyr, strain, ppg, ecg ...
        site: Place on the body, where stated.
        calibration: Id and date of the calibration, where stated.
        axis: Axis of the garment's frame that it measures along, where stated.
    """

    name: str
    unit: str
    bits: int
    signed: bool
    scale: float
    offset: float
    kind: str
    site: str | None = None
    calibration: str | None = None
    axis: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise SchemaError(
                f"channel {self.name!r}: bits is {self.bits}, wanted 1 to 32", key="bits"
            )
        if not (math.isfinite(self.scale) and math.isfinite(self.offset)):
            raise SchemaError(
                f"channel {self.name!r}: scale {self.scale}, offset {self.offset}, wanted finite",
                key="scale",
            )
        if self.scale == 0:
            raise SchemaError(
                f"channel {self.name!r}: scale is 0, so every value would be 0", key="scale"
            )

    @property
    def count_range(self) -> tuple[int, int]:
        """Smallest and largest raw integer."""
        if self.signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSchema:
    """Channels that are sampled together.

    Attributes:
        id: 1..255 on the wire.
        name: Name, unique in the garment.
        rate_hz: Nominal rate.
        rates_hz: Permitted rates.
        max_latency_ms: Longest wait before a frame is sent.
        store: Whether the garment keeps the stream in its flash log.
        channels: Channels in wire order.
    """

    id: int
    name: str
    rate_hz: float
    rates_hz: tuple[float, ...]
    max_latency_ms: int
    store: bool
    channels: tuple[ChannelSchema, ...]

    def __post_init__(self) -> None:
        where = f"stream {self.name!r}"
        if not 1 <= self.id <= 255:
            raise SchemaError(f"{where}: id is {self.id}, wanted 1 to 255", key="id")
        if not self.channels:
            raise SchemaError(f"{where}: no channel; at least one is needed", key="channel")
        if not all(0 < rate_hz < math.inf for rate_hz in self.rates_hz):
            raise SchemaError(
                f"{where}: rates_hz are {self.rates_hz}, wanted above 0 and finite", key="rates_hz"
            )
        if self.max_latency_ms < 1:
            raise SchemaError(
                f"{where}: max_latency_ms is {self.max_latency_ms}, wanted 1 or more",
                key="max_latency_ms",
            )
        if self.rate_hz not in self.rates_hz:
            raise SchemaError(
                f"{where}: rate_hz is {self.rate_hz:g}, not among {self.rates_hz}", key="rate_hz"
            )
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise SchemaError(f"{where}: channel names repeat: {', '.join(names)}", key="name")


@dataclass(frozen=True, slots=True, kw_only=True)
class GarmentSchema:
    """Everything a host must know to decode a garment.

    Attributes:
        vendor: Reverse domain of the maker.
        name: Model.
        hw: Hardware revision.
        schema: Number that rises with every change of meaning.
        streams: Streams, unique by id and by name.
    """

    vendor: str
    name: str
    hw: str
    schema: int
    streams: tuple[StreamSchema, ...]

    def __post_init__(self) -> None:
        for what, keys in (
            ("ids", [str(stream.id) for stream in self.streams]),
            ("names", [stream.name for stream in self.streams]),
        ):
            if len(set(keys)) != len(keys):
                raise SchemaError(f"garment {self.name!r}: stream {what} repeat: {', '.join(keys)}")

    def stream(self, stream_id: int) -> StreamSchema:
        """Find a stream by its number on the wire.

        Raises:
            SchemaError: If there is none.
        """
        for stream in self.streams:
            if stream.id == stream_id:
                return stream
        raise SchemaError(f"garment {self.name!r} has no stream {stream_id}")

    def stream_named(self, name: str) -> StreamSchema:
        """Find a stream by name.

        Raises:
            SchemaError: If there is none.
        """
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(stream.name for stream in self.streams)
        raise SchemaError(f"garment {self.name!r} has no stream {name!r}; it has {known}")

    def to_cbor(self) -> bytes:
        """Encode the descriptor, deterministic by RFC 8949 section 4.2."""
        streams = [_stream_to_list(stream) for stream in self.streams]
        content: dict[int, Any] = {
            0: DESCRIPTOR_VERSION,
            1: [self.vendor, self.name, self.hw],
            2: self.schema,
            3: streams,
        }
        for key, name in OPTIONAL_KEYS.items():
            rows = [
                [stream.id, i, getattr(channel, name)]
                for stream in self.streams
                for i, channel in enumerate(stream.channels)
                if getattr(channel, name) is not None
            ]
            if rows:
                content[key] = rows
        return cbor2.dumps(content, canonical=True)

    @classmethod
    def from_cbor(cls, data: bytes) -> "GarmentSchema":
        """Decode a descriptor.

        Raises:
            SchemaError: If it is not one, or of an unknown version.
        """
        try:
            content = cbor2.loads(data)
            _check_version(content[0])
            vendor, name, hw = content[1]
            optional = {
                (row[0], row[1], name): as_text(row[2], f"{name} of stream {row[0]}")
                for key, name in OPTIONAL_KEYS.items()
                for row in content.get(key, [])
            }
            return cls(
                vendor=as_text(vendor, "vendor"),
                name=as_text(name, "name"),
                hw=as_text(hw, "hw"),
                schema=as_integer(content[2], "schema"),
                streams=tuple(_stream_from_list(row, optional) for row in content[3]),
            )
        except SchemaError:
            raise
        except (cbor2.CBORDecodeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise SchemaError(f"descriptor of {len(data)} bytes cannot be read: {error}") from error

    def sha256(self) -> bytes:
        """Digest of the descriptor, 32 bytes."""
        return hashlib.sha256(self.to_cbor()).digest()


def _check_version(version: object) -> None:
    if version != DESCRIPTOR_VERSION:
        raise SchemaError(f"descriptor version is {version}, wanted {DESCRIPTOR_VERSION}")


def _stream_to_list(stream: StreamSchema) -> list[Any]:
    rates_hz = [float(rate) for rate in stream.rates_hz]
    channels = [_channel_to_list(channel) for channel in stream.channels]
    head = [stream.id, stream.name, float(stream.rate_hz), rates_hz]
    return [*head, stream.max_latency_ms, stream.store, channels]


def _channel_to_list(channel: ChannelSchema) -> list[Any]:
    bits = -channel.bits if channel.signed else channel.bits
    scale, offset = float(channel.scale), float(channel.offset)
    return [channel.name, channel.unit, bits, scale, offset, channel.kind]


def _stream_from_list(row: list[Any], optional: Mapping[tuple[int, int, str], str]) -> StreamSchema:
    stream_id, name, rate_hz, rates_hz, max_latency_ms, store, channels = row
    where = f"stream {name!r}"
    return StreamSchema(
        id=as_integer(stream_id, f"{where}: id"),
        name=as_text(name, f"{where}: name"),
        rate_hz=as_number(rate_hz, f"{where}: rate_hz"),
        rates_hz=tuple(as_number(rate, f"{where}: rates_hz") for rate in rates_hz),
        max_latency_ms=as_integer(max_latency_ms, f"{where}: max_latency_ms"),
        store=as_truth(store, f"{where}: store"),
        channels=tuple(
            _channel_from_list(
                channel,
                where,
                {key: optional.get((stream_id, i, key)) for key in OPTIONAL_KEYS.values()},
            )
            for i, channel in enumerate(channels)
        ),
    )


def _channel_from_list(
    row: list[Any], where: str, optional: Mapping[str, str | None]
) -> ChannelSchema:
    name, unit, bits, scale, offset, kind = row
    inside = f"{where}, channel {name!r}"
    bits = as_integer(bits, f"{inside}: bits")
    return ChannelSchema(
        name=as_text(name, f"{inside}: name"),
        unit=as_text(unit, f"{inside}: unit"),
        bits=abs(bits),
        signed=bits < 0,
        scale=as_number(scale, f"{inside}: scale"),
        offset=as_number(offset, f"{inside}: offset"),
        kind=as_text(kind, f"{inside}: kind"),
        **optional,
    )
