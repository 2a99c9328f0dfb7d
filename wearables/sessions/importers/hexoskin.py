"""Folders that the Hexoskin shirt's site exports: WAV files of counts, CSV files of events.

Counts: acceleration 1/256 g, intervals 1/256 s. The site gives no volts for its ECG, no litres for
its belts, so these stay counts. Some WAV headers overstate their length.
"""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError
from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignRecording,
    ForeignStream,
    even_times_s,
)

_HEADER_SIZE = 44
_GROUPS = {"ECG": "ecg", "respiration": "respiration", "acceleration": "acc"}
_SKIPPED = ("statistics",)
_ACC_G = 1 / 256
_TICK_S = 1 / 256
_UNITS = {"heart_rate": "bpm", "breathing_rate": "bpm", "cadence": "bpm"}


def read_hexoskin(path: Path) -> ForeignRecording:
    """Read a folder.

    Raises:
        SessionError: If it holds no WAV file, or one that cannot be read.
    """
    waves = sorted(file for file in path.iterdir() if file.suffix.lower() == ".wav")
    if not waves:
        raise SessionError(f"folder {path} holds no WAV file, so it is no Hexoskin export")
    notes: list[str] = []
    streams = _wave_streams(waves, notes)
    for file in sorted(path.iterdir()):
        if file.suffix.lower() == ".csv" and file.stem not in _SKIPPED:
            stream = _event_stream(file)
            if stream is None:
                notes.append(f"{file.name} holds no events in two columns and was left out")
            else:
                streams.append(stream)
    about = _about(path / "info.json", notes)
    stamp = about.get("timestamp")
    devices = about.get("devices") or ["shirt"]
    return ForeignRecording(
        streams=tuple(streams),
        start_utc=datetime.fromtimestamp(float(stamp), UTC) if stamp else None,
        vendor="com.hexoskin",
        device=str(devices[0]),
        notes=tuple(notes),
    )


def _about(path: Path, notes: list[str]) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        notes.append(f"info.json cannot be read ({type(error).__name__})")
        return {}
    return content if isinstance(content, dict) else {}


def read_wave(path: Path) -> tuple[float, NDArray[np.int16]]:
    """Rate and 16-bit samples of a plain one-channel WAV, however long its header says it is.

    Raises:
        SessionError: If it is another kind of file.
    """
    data = path.read_bytes()
    head = data[:_HEADER_SIZE]
    is_plain = len(head) == _HEADER_SIZE and head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt "
    if not is_plain or head[36:40] != b"data" or head[22:24] != b"\1\0" or head[34:36] != b"\20\0":
        raise SessionError(f"{path} is not a plain 16-bit WAV file of one channel")
    rate_hz = int.from_bytes(head[24:28], "little")
    if not rate_hz:
        raise SessionError(f"{path} states a rate of 0 Hz")
    body = data[_HEADER_SIZE:]
    said = int.from_bytes(head[40:44], "little")
    body = body[: min(said, len(body)) // 2 * 2]
    return float(rate_hz), np.frombuffer(body, dtype="<i2")


def _wave_streams(paths: list[Path], notes: list[str]) -> list[ForeignStream]:
    """Files of one sensor and length share a stream; all others have their own."""
    groups: dict[tuple[str, float, int], list[tuple[str, NDArray[np.int16]]]] = {}
    for path in paths:
        rate_hz, samples = read_wave(path)
        if not samples.size:
            notes.append(f"{path.name} is empty and was left out")
            continue
        group = _GROUPS.get(path.stem.split("_")[0], path.stem)
        groups.setdefault((group, rate_hz, samples.size), []).append((path.stem, samples))
    names: dict[str, int] = {}
    streams: list[ForeignStream] = []
    for (group, rate_hz, n), files in groups.items():
        names[group] = names.get(group, 0) + 1
        name = group if names[group] == 1 else f"{group}_{names[group]}"
        channels = tuple(_wave_channel(stem, group) for stem, _ in files)
        values = np.stack([samples for _, samples in files], axis=1).astype(np.float64)
        streams.append(
            ForeignStream(
                name=name, channels=channels, values=values, rate_hz=rate_hz,
                time_s=even_times_s(n, rate_hz),
            )
        )  # fmt: skip
    return streams


def _wave_channel(stem: str, group: str) -> ForeignChannel:
    if group == "acc":
        return ForeignChannel(name=f"acc_{stem[-1].lower()}", unit="g", kind="acc", scale=_ACC_G)
    if stem == "activity":
        return ForeignChannel(name=stem, unit="g", kind="activity", scale=_ACC_G)
    kind = group if group in _GROUPS.values() else "other"
    return ForeignChannel(name=stem.lower(), unit=_UNITS.get(stem, "counts"), kind=kind)


def _event_stream(path: Path) -> ForeignStream | None:
    """Events with their times; a value that is no number is none."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2 or len(rows[0]) != 2 or not rows[0][0].lower().startswith("time"):
        return None
    try:
        table = np.array([[float(cell) for cell in row] for row in rows[1:] if row])
    except ValueError:
        return None
    if table.ndim != 2 or table.shape[1] != 2 or not np.isfinite(table).all(axis=1).any():
        return None
    table = table[np.isfinite(table).all(axis=1)]
    is_interval = "[s/256]" in rows[0][1]
    channel = ForeignChannel(
        name=path.stem.lower(),
        unit="s" if is_interval else "counts",
        kind="rr" if is_interval else "other",
        scale=_TICK_S if is_interval else 1.0,
    )
    return ForeignStream(
        name=f"{path.stem}_events".lower() if path.stem == "step" else path.stem.lower(),
        channels=(channel,), values=table[:, 1:], time_s=table[:, 0], rate_hz=None,
    )  # fmt: skip
