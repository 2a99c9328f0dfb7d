"""What a garment sends: streams, channels, units. One TOML, one deterministic CBOR descriptor.

physical = (raw - offset) * scale, in the channel's UCUM unit.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import cbor2

from firmware_bridge.errors import SchemaError

DESCRIPTOR_VERSION = 1
MAX_BITS = 32
# Keys of the descriptor that hold rows of stream, channel, text.
_OPTIONAL_KEYS = {4: "site", 5: "calibration", 6: "axis"}


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
            raise SchemaError(f"channel {self.name!r}: bits is {self.bits}, wanted 1 to 32")
        if not (math.isfinite(self.scale) and math.isfinite(self.offset)):
            raise SchemaError(
                f"channel {self.name!r}: scale {self.scale} and offset {self.offset} must be finite"
            )
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
        if not all(0 < rate_hz < math.inf for rate_hz in self.rates_hz):
            raise SchemaError(f"{where}: rates_hz are {self.rates_hz}, wanted above 0 and finite")
        if self.max_latency_ms < 1:
            raise SchemaError(f"{where}: max_latency_ms is {self.max_latency_ms}, wanted 1 or more")
        if self.rate_hz not in self.rates_hz:
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
        for key, name in _OPTIONAL_KEYS.items():
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
                (row[0], row[1], name): _text(row[2], f"{name} of stream {row[0]}")
                for key, name in _OPTIONAL_KEYS.items()
                for row in content.get(key, [])
            }
            return cls(
                vendor=_text(vendor, "vendor"),
                name=_text(name, "name"),
                hw=_text(hw, "hw"),
                schema=_integer(content[2], "schema"),
                streams=tuple(_stream_from_list(row, optional) for row in content[3]),
            )
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
        tables = _tables(content, "stream", "the file")
        return cls(
            vendor=_text(*_found(device, "vendor", "[device]")),
            name=_text(*_found(device, "name", "[device]")),
            hw=_text(*_found(device, "hw", "[device]")),
            schema=_integer(*_found(device, "schema", "[device]")),
            streams=tuple(_stream_from_table(table) for table in tables),
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


def _stream_from_list(row: list[Any], optional: Mapping[tuple[int, int, str], str]) -> StreamSchema:
    stream_id, name, rate_hz, rates_hz, max_latency_ms, store, channels = row
    where = f"stream {name!r}"
    return StreamSchema(
        id=_integer(stream_id, f"{where}: id"),
        name=_text(name, f"{where}: name"),
        rate_hz=_number(rate_hz, f"{where}: rate_hz"),
        rates_hz=tuple(_number(rate, f"{where}: rates_hz") for rate in rates_hz),
        max_latency_ms=_integer(max_latency_ms, f"{where}: max_latency_ms"),
        store=_truth(store, f"{where}: store"),
        channels=tuple(
            _channel_from_list(
                channel,
                where,
                {key: optional.get((stream_id, i, key)) for key in _OPTIONAL_KEYS.values()},
            )
            for i, channel in enumerate(channels)
        ),
    )


def _channel_from_list(
    row: list[Any], where: str, optional: Mapping[str, str | None]
) -> ChannelSchema:
    name, unit, bits, scale, offset, kind = row
    inside = f"{where}, channel {name!r}"
    bits = _integer(bits, f"{inside}: bits")
    return ChannelSchema(
        name=_text(name, f"{inside}: name"),
        unit=_text(unit, f"{inside}: unit"),
        bits=abs(bits),
        signed=bits < 0,
        scale=_number(scale, f"{inside}: scale"),
        offset=_number(offset, f"{inside}: offset"),
        kind=_text(kind, f"{inside}: kind"),
        **optional,
    )


def _stream_from_table(table: Mapping[str, Any]) -> StreamSchema:
    where = f"[[stream]] {table.get('name', '?')!r}"
    rate_hz = _number(*_found(table, "rate_hz", where))
    rates_hz: object = table.get("rates_hz", [rate_hz])
    if not isinstance(rates_hz, list):
        raise SchemaError(f"{where}: rates_hz is {rates_hz!r}, wanted a list of rates")
    return StreamSchema(
        id=_integer(*_found(table, "id", where)),
        name=_text(*_found(table, "name", where)),
        rate_hz=rate_hz,
        rates_hz=tuple(_number(r, f"{where}: rates_hz") for r in cast("list[object]", rates_hz)),
        max_latency_ms=_integer(table.get("max_latency_ms", 500), f"{where}: max_latency_ms"),
        store=_truth(table.get("store", True), f"{where}: store"),
        channels=tuple(
            channel
            for entry in _tables(table, "channel", where)
            for channel in _channels_from_table(entry, where)
        ),
    )


def _channels_from_table(entry: Mapping[str, Any], where: str) -> list[ChannelSchema]:
    """One table describes one channel, or several that differ in their names only."""
    inside = f"{where} channel {entry.get('name', '?')!r}"
    names, _ = _found(entry, "name", inside)
    optional = {
        key: _text(entry[key], f"{inside}: {key}")
        for key in _OPTIONAL_KEYS.values()
        if key in entry
    }
    return [
        ChannelSchema(
            name=_text(name, f"{inside}: name"),
            unit=_text(*_found(entry, "unit", inside)),
            bits=_integer(*_found(entry, "bits", inside)),
            signed=_truth(*_found(entry, "signed", inside)),
            scale=_number(*_found(entry, "scale", inside)),
            offset=_number(entry.get("offset", 0.0), f"{inside}: offset"),
            kind=_text(*_found(entry, "kind", inside)),
            **optional,
        )
        for name in (cast("list[object]", names) if isinstance(names, list) else [names])
    ]


def _table(content: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = content.get(key)
    if not isinstance(value, dict):
        raise SchemaError(f"{where} has no [{key}] table")
    return cast("Mapping[str, Any]", value)


def _tables(content: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    value: object = content.get(key, [])
    rows = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in rows):
        raise SchemaError(f"{where}: {key} is {value!r}, wanted [[{key}]] tables")
    return cast("list[Mapping[str, Any]]", rows)


def _found(table: Mapping[str, Any], key: str, where: str) -> tuple[object, str]:
    """Value of a key, and the words that tell where it stood."""
    if key not in table:
        raise SchemaError(f"{where} has no key {key!r}")
    return table[key], f"{where}: {key}"


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise SchemaError(f"{where} is {value!r}, wanted a text")
    return value


def _integer(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SchemaError(f"{where} is {value!r}, wanted an integer")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{where} is {value!r}, wanted a number")
    try:
        return float(value)
    except OverflowError as error:
        raise SchemaError(f"{where} is an integer too large for a number") from error


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise SchemaError(f"{where} is {value!r}, wanted true or false")
    return value
