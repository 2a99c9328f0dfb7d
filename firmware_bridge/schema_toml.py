"""Read a garment's TOML."""

import tomllib
from collections.abc import Mapping
from typing import Any, cast

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema import OPTIONAL_KEYS, ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.schema_values import as_integer, as_number, as_text, as_truth


def garment_from_toml(text: str) -> GarmentSchema:
    """Read a garment.

    Raises:
        SchemaError: If a key is missing or impossible; the message names it.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"garment TOML cannot be read: {error}") from error
    return garment_from_tables(content)


def garment_from_tables(content: Mapping[str, Any]) -> GarmentSchema:
    """Build a garment from parsed TOML.

    Raises:
        SchemaError: If a key is missing or impossible; the message names it.
    """
    device = table_of(content, "device", "the file")
    tables = tables_of(content, "stream", "the file")
    return GarmentSchema(
        vendor=as_text(*found(device, "vendor", "[device]")),
        name=as_text(*found(device, "name", "[device]")),
        hw=as_text(*found(device, "hw", "[device]")),
        schema=as_integer(*found(device, "schema", "[device]")),
        streams=tuple(stream_from_table(table) for table in tables),
    )


def stream_from_table(table: Mapping[str, Any]) -> StreamSchema:
    """Build a stream from its table, or raise what is wrong with it."""
    where = f"[[stream]] {table.get('name', '?')!r}"
    rate_hz = as_number(*found(table, "rate_hz", where))
    rates_hz: object = table.get("rates_hz", [rate_hz])
    if not isinstance(rates_hz, list):
        raise SchemaError(f"{where}: rates_hz is {rates_hz!r}, wanted a list of rates")
    return StreamSchema(
        id=as_integer(*found(table, "id", where)),
        name=as_text(*found(table, "name", where)),
        rate_hz=rate_hz,
        rates_hz=tuple(as_number(r, f"{where}: rates_hz") for r in cast("list[object]", rates_hz)),
        max_latency_ms=as_integer(table.get("max_latency_ms", 500), f"{where}: max_latency_ms"),
        store=as_truth(table.get("store", True), f"{where}: store"),
        channels=tuple(
            channel
            for entry in tables_of(table, "channel", where)
            for channel in channels_from_table(entry, where)
        ),
    )


def channels_from_table(entry: Mapping[str, Any], where: str) -> list[ChannelSchema]:
    """One table describes one channel, or several that differ in their names only."""
    inside = f"{where} channel {entry.get('name', '?')!r}"
    names, _ = found(entry, "name", inside)
    optional = {
        key: as_text(entry[key], f"{inside}: {key}")
        for key in OPTIONAL_KEYS.values()
        if key in entry
    }
    return [
        ChannelSchema(
            name=as_text(name, f"{inside}: name"),
            unit=as_text(*found(entry, "unit", inside)),
            bits=as_integer(*found(entry, "bits", inside)),
            signed=as_truth(*found(entry, "signed", inside)),
            scale=as_number(*found(entry, "scale", inside)),
            offset=as_number(entry.get("offset", 0.0), f"{inside}: offset"),
            kind=as_text(*found(entry, "kind", inside)),
            **optional,
        )
        for name in (cast("list[object]", names) if isinstance(names, list) else [names])
    ]


def table_of(content: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    """A table of a table, or a sentence."""
    value = content.get(key)
    if not isinstance(value, dict):
        raise SchemaError(f"{where} has no [{key}] table", key=key)
    return cast("Mapping[str, Any]", value)


def tables_of(content: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    """A list of tables, or a sentence."""
    value: object = content.get(key, [])
    rows = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(row, dict) for row in rows):
        raise SchemaError(f"{where}: {key} is {value!r}, wanted [[{key}]] tables", key=key)
    return cast("list[Mapping[str, Any]]", rows)


def found(table: Mapping[str, Any], key: str, where: str) -> tuple[object, str]:
    """Value of a key, and the words that tell where it stood."""
    if key not in table:
        raise SchemaError(f"{where} has no key {key!r}", key=key)
    return table[key], f"{where}: {key}"
