"""What a garment sends: streams, channels, units. One TOML, one deterministic CBOR descriptor.

physical = (raw - offset) * scale, in the channel's UCUM unit.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import cbor2

from firmware_bridge.errors import SchemaError

DESCRIPTOR_VERSION = 1
MAX_BITS = 32


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
    """

    name: str
    unit: str
    bits: int
    signed: bool
    scale: float
    offset: float
    kind: str
    site: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise SchemaError(f"channel {self.name!r}: bits is {self.bits}, wanted 1 to 32")
        if self.scale == 0:
            raise SchemaError(f"channel {self.name!r}: scale is 0, so every value would be 0")

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
            raise SchemaError(f"{where}: id is {self.id}, wanted 1 to 255")
        if not self.channels:
            raise SchemaError(f"{where}: no channel; at least one is needed")
        if self.rate_hz <= 0 or self.rate_hz not in self.rates_hz:
            raise SchemaError(f"{where}: rate_hz is {self.rate_hz:g}, not among {self.rates_hz}")
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise SchemaError(f"{where}: channel names repeat: {', '.join(names)}")


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
        sites = [
            [stream.id, i, channel.site]
            for stream in self.streams
            for i, channel in enumerate(stream.channels)
            if channel.site is not None
        ]
        if sites:
            content[4] = sites
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
            sites = {(row[0], row[1]): str(row[2]) for row in content.get(4, [])}
            streams = tuple(_stream_from_list(row, sites) for row in content[3])
            return cls(vendor=vendor, name=name, hw=hw, schema=int(content[2]), streams=streams)
        except SchemaError:
            raise
        except (cbor2.CBORDecodeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise SchemaError(f"descriptor of {len(data)} bytes cannot be read: {error}") from error

    def sha256(self) -> bytes:
        """Digest of the descriptor, 32 bytes."""
        return hashlib.sha256(self.to_cbor()).digest()

    @classmethod
    def from_toml(cls, text: str) -> "GarmentSchema":
        """Read the garment's TOML.

        Raises:
            SchemaError: If a key is missing or impossible; the message names it.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SchemaError(f"garment TOML cannot be read: {error}") from error
        device = _table(content, "device", "the file")
        streams = tuple(_stream_from_table(table) for table in content.get("stream", []))
        return cls(
            vendor=str(_key(device, "vendor", "[device]")),
            name=str(_key(device, "name", "[device]")),
            hw=str(_key(device, "hw", "[device]")),
            schema=int(_key(device, "schema", "[device]")),
            streams=streams,
        )


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


def _stream_from_list(row: list[Any], sites: Mapping[tuple[int, int], str]) -> StreamSchema:
    stream_id, name, rate_hz, rates_hz, max_latency_ms, store, channels = row
    return StreamSchema(
        id=stream_id,
        name=name,
        rate_hz=float(rate_hz),
        rates_hz=tuple(float(rate) for rate in rates_hz),
        max_latency_ms=int(max_latency_ms),
        store=bool(store),
        channels=tuple(
            ChannelSchema(
                name=c[0],
                unit=c[1],
                bits=abs(c[2]),
                signed=c[2] < 0,
                scale=float(c[3]),
                offset=float(c[4]),
                kind=c[5],
                site=sites.get((stream_id, i)),
            )
            for i, c in enumerate(channels)
        ),
    )


def _table(content: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = content.get(key)
    if not isinstance(value, dict):
        raise SchemaError(f"{where} has no [{key}] table")
    return cast("Mapping[str, Any]", value)


def _key(table: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise SchemaError(f"{where} has no key {key!r}")
    return table[key]


def _stream_from_table(table: Mapping[str, Any]) -> StreamSchema:
    where = f"[[stream]] {table.get('name', '?')!r}"
    rate_hz = float(_key(table, "rate_hz", where))
    channels: list[ChannelSchema] = []
    for entry in table.get("channel", []):
        inside = f"{where} channel {entry.get('name', '?')!r}"
        names = _key(entry, "name", inside)
        channels.extend(
            ChannelSchema(
                name=str(name),
                unit=str(_key(entry, "unit", inside)),
                bits=int(_key(entry, "bits", inside)),
                signed=bool(_key(entry, "signed", inside)),
                scale=float(_key(entry, "scale", inside)),
                offset=float(entry.get("offset", 0.0)),
                kind=str(_key(entry, "kind", inside)),
                site=entry.get("site"),
            )
            for name in (cast("list[Any]", names) if isinstance(names, list) else [names])
        )
    return StreamSchema(
        id=int(_key(table, "id", where)),
        name=str(_key(table, "name", where)),
        rate_hz=rate_hz,
        rates_hz=tuple(float(rate) for rate in table.get("rates_hz", [rate_hz])),
        max_latency_ms=int(table.get("max_latency_ms", 500)),
        store=bool(table.get("store", True)),
        channels=tuple(channels),
    )
