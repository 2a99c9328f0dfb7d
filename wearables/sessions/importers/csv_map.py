"""CSV files with a mapping in TOML that says which column is what.

[file]                      # all optional: delimiter, encoding, header, skip_rows, start_utc,
delimiter = ","             # decimal
[time]                      # optional; without it every stream needs rate_hz
column = "t"
unit = "ms"                 # s, ms, us, ns or iso
[marker]                    # optional: a marker wherever the text of the column changes
column = "label"
[[stream]]
name = "imu"
rate_hz = 100               # without it each row keeps its own time
[[stream.channel]]
column = "ax"               # name in the header, or a number that counts from 1
name = "acc_x"              # then unit, kind, scale, offset, site
unit = "m/s2"               # of UCUM, or a common symbol for one: g, degC
kind = "acc"
"""

import csv
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.ucum import is_ucum
from wearables.errors import SessionError
from wearables.sessions.importers.counts import ucum
from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignMarker,
    ForeignRecording,
    ForeignStream,
    even_times_s,
)

_TIME_UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_FILE_KEYS = {"delimiter", "encoding", "header", "skip_rows", "start_utc", "decimal"}
_CHANNEL_KEYS = {"column", "name", "unit", "kind", "scale", "offset", "site"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    header: list[str]
    rows: list[list[str]]
    decimal: str

    def position(self, column: object, where: str) -> int:
        if isinstance(column, int) and not isinstance(column, bool) and column >= 1:
            if self.rows and column > max(len(row) for row in self.rows):
                raise SessionError(f"{where}: column {column} is beyond the last of the file")
            return column - 1
        if column in self.header:
            return self.header.index(str(column))
        known = ", ".join(self.header[:20]) or "no header"
        raise SessionError(f"{where}: column {column!r} is not in the file, which has {known}")

    def texts(self, position: int) -> list[str]:
        return [row[position].strip() if position < len(row) else "" for row in self.rows]

    def numbers(self, position: int) -> NDArray[np.float64]:
        return np.array([_number(text, self.decimal) for text in self.texts(position)])


def _number(text: str, decimal: str) -> float:
    try:
        value = float(text.replace(decimal, ".") if decimal != "." else text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def read_csv(path: Path, mapping: Path) -> ForeignRecording:
    """Read a file by its mapping.

    Raises:
        SessionError: If the mapping cannot be read or names what the file has not.
    """
    try:
        content = tomllib.loads(mapping.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SessionError(f"mapping {mapping} cannot be read: {error}") from error
    notes: list[str] = []
    settings = _section(content, "file", _FILE_KEYS, mapping)
    table = _read_table(path, settings, notes)
    if not table.rows:
        raise SessionError(f"{path} has no rows below its header")
    keep, time_s, zero_s = _time(content, table, mapping, notes)
    table = _Table(header=table.header, rows=[table.rows[i] for i in keep], decimal=table.decimal)
    entries = content.get("stream")
    if not isinstance(entries, list) or not entries:
        raise SessionError(f"mapping {mapping} has no [[stream]] table")
    streams = tuple(_stream(entry, table, time_s, mapping) for entry in entries)
    return ForeignRecording(
        streams=streams, markers=_markers(content, table, time_s, mapping),
        start_utc=_start(settings, zero_s, mapping), device="csv", notes=tuple(notes),
    )  # fmt: skip


def _section(content: Any, key: str, allowed: set[str], mapping: Path) -> dict[str, Any]:
    section = content.get(key, {})
    if not isinstance(section, dict):
        raise SessionError(f"mapping {mapping}: [{key}] is no table")
    unknown = sorted(set(section) - allowed)
    if unknown:
        known = ", ".join(sorted(allowed))
        raise SessionError(f"mapping {mapping}: [{key}] has {unknown[0]!r}; known are {known}")
    return section


def _read_table(path: Path, settings: dict[str, Any], notes: list[str]) -> _Table:
    data = path.read_bytes()
    encoding = str(settings.get("encoding", "utf-8-sig"))
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        notes.append(f"the file is not {encoding} and was read as Latin-1")
    except LookupError as error:
        raise SessionError(f"encoding {encoding!r} is not known") from error
    lines = text.splitlines()[int(settings.get("skip_rows", 0)) :]
    delimiter = str(settings.get("delimiter", ","))
    if len(delimiter) != 1:
        raise SessionError(f"delimiter is {delimiter!r}, wanted one character")
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    header = [cell.strip() for cell in rows.pop(0)] if settings.get("header", True) and rows else []
    n_longer = sum(len(row) > len(header) for row in rows) if header else 0
    if n_longer:
        notes.append(f"{n_longer} rows have more cells than the header; these were left out")
    return _Table(header=header, rows=rows, decimal=str(settings.get("decimal", ".")))


def _time(
    content: Any, table: _Table, mapping: Path, notes: list[str]
) -> tuple[list[int], NDArray[np.float64] | None, float | None]:
    """Rows with a stamp, their times from the first, and the first where it is absolute."""
    if "time" not in content:
        notes.append("the file has no time stamps; rates are only nominal")
        return list(range(len(table.rows))), None, None
    section = _section(content, "time", {"column", "unit"}, mapping)
    unit = section.get("unit", "s")
    position = table.position(section.get("column"), f"mapping {mapping}: [time]")
    if unit == "iso":
        raw = np.array([_iso_s(text) for text in table.texts(position)])
    elif unit in _TIME_UNITS_S:
        raw = table.numbers(position) * _TIME_UNITS_S[unit]
    else:
        known = ", ".join([*_TIME_UNITS_S, "iso"])
        raise SessionError(f"mapping {mapping}: unit of time is {unit!r}; known are {known}")
    keep = np.flatnonzero(np.isfinite(raw))
    if not keep.size:
        raise SessionError(f"column of time {section.get('column')!r} holds no time")
    if keep.size < raw.size:
        notes.append(f"{raw.size - keep.size} rows have no time stamp and were left out")
    zero_s = float(raw[keep].min())
    return keep.tolist(), raw[keep] - zero_s, zero_s if unit == "iso" else None


def _iso_s(text: str) -> float:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _start(settings: dict[str, Any], zero_s: float | None, mapping: Path) -> datetime | None:
    if "start_utc" not in settings:
        return None if zero_s is None else datetime.fromtimestamp(zero_s, UTC)
    value = settings["start_utc"]
    try:
        start = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise SessionError(f"mapping {mapping}: start_utc {value!r} is no ISO 8601 time") from error
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _stream(
    entry: Any, table: _Table, time_s: NDArray[np.float64] | None, mapping: Path
) -> ForeignStream:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise SessionError(f"mapping {mapping}: a [[stream]] has no name")
    where = f"mapping {mapping}: stream {entry['name']!r}"
    rate_hz = entry.get("rate_hz")
    if rate_hz is not None and (not isinstance(rate_hz, int | float) or not rate_hz > 0):
        raise SessionError(f"{where}: rate_hz is {rate_hz!r}, wanted a number above 0")
    if time_s is None:
        if rate_hz is None:
            raise SessionError(f"{where} needs rate_hz, since the mapping has no [time]")
        time_s = even_times_s(len(table.rows), float(rate_hz))
    items: Sequence[Any] = entry.get("channel", [])
    if not isinstance(items, list) or not items:
        raise SessionError(f"{where} has no [[stream.channel]] table")
    channels, columns = [], []
    for item in items:
        if not isinstance(item, dict) or set(item) - _CHANNEL_KEYS or "column" not in item:
            known = ", ".join(sorted(_CHANNEL_KEYS))
            raise SessionError(f"{where}: a channel needs column and may have only {known}")
        columns.append(table.numbers(table.position(item["column"], where)))
        rest = {key: value for key, value in item.items() if key != "column"}
        channels.append(_channel({"name": str(item["column"]), **rest}, where))
    return ForeignStream(
        name=entry["name"], channels=tuple(channels), values=np.stack(columns, axis=1),
        time_s=time_s, rate_hz=None if rate_hz is None else float(rate_hz),
    )  # fmt: skip


def _channel(values: dict[str, Any], where: str) -> ForeignChannel:
    for key, value in values.items():
        wanted = (int, float) if key in ("scale", "offset") else str
        if not isinstance(value, wanted):
            raise SessionError(f"{where}: {key} of channel {values['name']!r} is {value!r}")
    if values.get("scale", 1.0) == 0:
        raise SessionError(f"{where}: scale of channel {values['name']!r} is 0")
    # Files of other programs say what they like; a mapping is written for this one.
    unit = values.get("unit", "1")
    if not ucum(unit)[1] and not is_ucum(unit):
        raise SessionError(
            f"{where}: unit of channel {values['name']!r} is {unit!r}, wanted one of UCUM: m/s2, "
            "[g], deg/s, uV, Pa, %, {tap} for an annotation"
        )
    return ForeignChannel(**values)


def _markers(
    content: Any, table: _Table, time_s: NDArray[np.float64] | None, mapping: Path
) -> tuple[ForeignMarker, ...]:
    if "marker" not in content or time_s is None:
        return ()
    section = _section(content, "marker", {"column"}, mapping)
    texts = table.texts(table.position(section.get("column"), f"mapping {mapping}: [marker]"))
    before, found = "", []
    for text, at_s in zip(texts, time_s, strict=True):
        if text and text != before:
            found.append(ForeignMarker(time_s=float(at_s), text=text))
        before = text
    return tuple(found)
