"""Every problem of a garment's TOML in one go, each with its line and key."""

import copy
import difflib
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema_toml import channels_from_table, garment_from_tables, stream_from_table
from firmware_bridge.ucum import is_ucum

_Path = tuple[str | int, ...]
# What stands in for a wrong value, so that the check can go on.
_STREAM: dict[str, Any] = {
    "id": 1, "name": "stream", "rate_hz": 100.0, "rates_hz": None, "max_latency_ms": 500,
    "store": True, "channel": None,
}  # fmt: skip
_CHANNEL: dict[str, Any] = {
    "name": "channel", "unit": "1", "bits": 16, "signed": False, "scale": 1.0, "offset": 0.0,
    "kind": "other", "site": "here", "calibration": "none", "axis": "x",
}  # fmt: skip
_DEVICE: dict[str, Any] = {"vendor": "org.example", "name": "garment", "hw": "1", "schema": 1}
# What people write, and what UCUM calls it.
_NOT_UCUM = {
    "bpm": "/min", "celsius": "Cel", "degC": "Cel", "°C": "Cel", "C": "Cel (C is coulomb)",
    "percent": "%", "°": "deg", "°/s": "deg/s", "dps": "deg/s", "degrees": "deg",
    "g": "[g] (g is gram)",
    "G": "[g]", "ohm": "Ohm", "sec": "s", "hz": "Hz",
    "m/s^2": "m/s2", "m/s²": "m/s2", "mmHg": "mm[Hg]", "": "1",
}  # fmt: skip
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s\"]+?)\s*\]")
_ENTRY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to change.

    Attributes:
        line: Line of the file, from 1.
        key: Key that is wrong, or missing there.
        text: What was found and what is wanted.
    """

    line: int
    key: str
    text: str


def check_toml(text: str) -> tuple[Problem, ...]:
    """List every problem of a garment's TOML; empty if it describes a garment."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        return (Problem(line=line, key="", text=f"this is not TOML: {error}"),)
    places = _places(text)
    return tuple(sorted(_problems(content, places), key=lambda p: (p.line, p.key)))


def _problems(content: dict[str, Any], places: dict[_Path, int]) -> Iterator[Problem]:
    content = copy.deepcopy(content)
    if isinstance(content.get("device"), dict):
        yield from _unknown(content["device"], ("device",), _DEVICE, places)
    whole: dict[str, Any] = {**content, "stream": []}
    for error in _mended(lambda: garment_from_tables(whole), whole.get("device"), _DEVICE):
        yield _problem(error, ("device",), places)
    streams: object = content.get("stream")
    if not isinstance(streams, list) or not streams:
        yield Problem(line=1, key="stream", text="there is no [[stream]]; at least one is needed")
        return
    first: dict[tuple[str, object], _Path] = {}
    for i, stream in enumerate(cast("list[object]", streams)):
        path: _Path = ("stream", i)
        if not isinstance(stream, dict):
            yield Problem(line=1, key="stream", text=f"{stream!r} is no table; write [[stream]]")
            continue
        table = cast("dict[str, Any]", stream)
        for key in ("id", "name"):
            other = first.setdefault((key, repr(table.get(key))), path)
            if other != path and key in table:
                text = f"{key} {table[key]!r} is that of the stream in line {places[other]} too"
                yield Problem(line=places.get((*path, key), 1), key=key, text=text)
        yield from _stream_problems(table, path, places)


def _stream_problems(
    table: dict[str, Any], path: _Path, places: dict[_Path, int]
) -> Iterator[Problem]:
    yield from _unknown(table, path, _STREAM, places)
    where = f"stream {table.get('name', '?')!r}"
    channels: object = table.get("channel", [])
    for i, channel in enumerate(
        cast("list[object]", channels if isinstance(channels, list) else [])
    ):
        inside: _Path = (*path, "channel", i)
        if not isinstance(channel, dict):
            continue
        entry = cast("dict[str, Any]", channel)
        yield from _unknown(entry, inside, _CHANNEL, places)
        unit: object = entry.get("unit")
        if isinstance(unit, str) and (unit in _NOT_UCUM or not is_ucum(unit)):
            wanted = _NOT_UCUM.get(unit, "such as m/s2, mV, kPa, or in braces {tap}")
            text = f"unit {unit!r} is not UCUM; wanted {wanted}"
            yield Problem(line=places.get((*inside, "unit"), 1), key="unit", text=text)
        entry = dict(entry)
        for error in _mended(partial(channels_from_table, entry, where), entry, _CHANNEL):
            yield _problem(error, inside, places)
        cast("list[object]", channels)[i] = entry
    table = dict(table)
    for error in _mended(partial(stream_from_table, table), table, _STREAM):
        yield _problem(error, path, places)


def _mended(
    build: Callable[[], object], table: object, defaults: dict[str, Any]
) -> Iterator[SchemaError]:
    """Errors of building from a table, which is mended after each until none is left."""
    for _ in range(2 * len(defaults) + 2):
        try:
            build()
        except SchemaError as error:
            yield error
            if not isinstance(table, dict) or error.key not in defaults:
                return
            fixed = cast("dict[str, Any]", table)
            fixed[error.key] = defaults[error.key]
            if error.key in ("rate_hz", "rates_hz"):
                fixed["rate_hz"], fixed["rates_hz"] = 100.0, [100.0]
            if error.key == "channel":
                fixed["channel"] = [_CHANNEL]
        else:
            return


def _problem(error: SchemaError, path: _Path, places: dict[_Path, int]) -> Problem:
    line = places.get((*path, error.key), places.get(path, 1))
    return Problem(line=line, key=error.key, text=str(error))


def _unknown(
    table: dict[str, Any], path: _Path, known: dict[str, Any], places: dict[_Path, int]
) -> Iterator[Problem]:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            line = places.get((*path, key), places.get(path, 1))
            yield Problem(line=line, key=key, text=f"key {key!r} is not known; {hint}")


def _places(text: str) -> dict[_Path, int]:
    """Line of every table and key; good for what people write, not for all of TOML."""
    places: dict[_Path, int] = {(): 1}
    counts: dict[_Path, int] = {}
    path: _Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            path = ()
            words = [word.strip().strip('"') for word in header[2].split(".")]
            for i, word in enumerate(words):
                path = (*path, word)
                is_new = header[1] == "[[" and i == len(words) - 1
                if is_new:
                    counts[path] = counts.get(path, -1) + 1
                if path in counts:
                    path = (*path, counts[path])
            places.setdefault(path, number)
        elif entry := _ENTRY.match(line):
            places.setdefault((*path, entry[1].strip('"')), number)
    return places
