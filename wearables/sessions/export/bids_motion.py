"""Motion-BIDS 1.10: one tracking system for each stream of motion; gaps are ``n/a`` cells.

Streams without any motion channel (ECG, PPG, strain) become physiological recordings beside them.

Source: bids-specification.readthedocs.io, modality "Motion".
"""

import re
from pathlib import Path

import numpy as np

from wearables.sessions.export.bids_physio import write_physio
from wearables.sessions.export.sidecar import write_facts, write_sidecar
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

_TYPES = {"acc": "ACCEL", "gyr": "GYRO", "mag": "MAGN", "quat": "ORNT"}


def write_bids(session: Session, folder: Path) -> list[Path]:
    """Write a data set of one subject; its task is the session's title."""
    subject = "sub-" + _label(str(session.subject["id"]))
    base = f"{subject}_task-{_label(session.title or 'recording')}"
    moving = {name for name, stream in session.streams.items() if set(stream.kinds) & set(_TYPES)}
    kind = "motion" if moving else "beh"
    place = folder / subject / kind
    place.mkdir(parents=True, exist_ok=True)
    made_by = [{"Name": "Muslin", "Version": session.software.removeprefix("muslin ")}]
    paths = [write_facts(folder / "dataset_description.json", {**_DATASET, "GeneratedBy": made_by})]
    paths.append(_text(folder / "README", _README.format(session.session_id)))
    paths.append(_table(folder / "participants.tsv", [["participant_id"], [subject]]))
    scans = [["filename", "acq_time"]]
    for name, stream in session.streams.items():
        if name in moving:
            stem = f"{base}_tracksys-{_label(name)}"
            paths += _write_stream(session, stream, place, stem)
            scans.append([f"{kind}/{stem}_motion.tsv", session.created_utc[:19]])
            continue
        stem = f"{base}_recording-{_label(name)}"
        paths += write_physio(session, stream, place / stem)
        scans.append([f"{kind}/{stem}_physio.tsv.gz", session.created_utc[:19]])
    paths.append(_table(folder / subject / f"{subject}_scans.tsv", scans))
    rows = [["onset", "duration", "trial_type", "value"]]
    rows += [
        [f"{mark.time_s:.6f}", f"{mark.duration_s:.6f}", mark.kind, mark.text]
        for mark in session.notes
    ]
    paths.append(_table(place / f"{base}_events.tsv", rows))
    paths.append(write_facts(place / f"{base}_events.json", _EVENTS))
    # What is not of BIDS has its place below `sourcedata`.
    source = folder / "sourcedata"
    source.mkdir(exist_ok=True)
    return [*paths, write_sidecar(session, source / f"{session.file_name}.json")]


_DATASET = {"Name": "Muslin session", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
_EVENTS = {
    "trial_type": {"Description": "Kind of the marker or remark"},
    "value": {"Description": "What it says"},
}
_README = (
    "Exported from session {}.\n\nCells n/a were never measured; the latency column is the time.\n"
)
_COUNTED = ("ACCEL", "GYRO", "MAGN", "ORNT", "MISC", "LATENCY")


def _label(text: str) -> str:
    """Letters and digits only, as entities of file names must be."""
    return re.sub(r"[^a-zA-Z0-9]", "", text) or "x"


def _write_stream(session: Session, stream: StreamReader, folder: Path, stem: str) -> list[Path]:
    block = stream.read()
    rows = np.flatnonzero(np.isfinite(block.time_s))
    lines = []
    for i in rows:
        cells = ["n/a" if np.isnan(value) else repr(float(value)) for value in block.values[i]]
        lines.append([*cells, f"{block.time_s[i]:.6f}"])
    channels = [["name", "component", "type", "tracked_point", "units", "sampling_frequency"]]
    for name, kind, unit in zip(stream.channel_names, stream.kinds, block.channels, strict=True):
        component = name[-1] if name[-1] in "xyz" else "n/a"
        suffix = unit.removeprefix(name + "_")
        # A stream is what one sensor measures in one place.
        point = stream.name if kind in _TYPES else "n/a"
        row = [name, component, _TYPES.get(kind, "MISC"), point, suffix]
        channels.append([*row, f"{stream.nominal_rate_hz:g}"])
    channels.append(["latency", "n/a", "LATENCY", "n/a", "s", f"{stream.nominal_rate_hz:g}"])
    kinds = [row[2] for row in channels[1:]]
    facts = {
        "Manufacturer": stream.garment.schema.vendor,
        "ManufacturersModelName": stream.garment.schema.name,
        **{f"{kind}ChannelCount": kinds.count(kind) for kind in _COUNTED},
        "TaskName": session.title or "recording",
        "SamplingFrequency": stream.nominal_rate_hz,
        "SamplingFrequencyEffective": stream.rate_hz,
        "TrackingSystemName": stream.name,
        "TrackedPointsCount": 1,
        "MotionChannelCount": len(stream.channels) + 1,
        "MissingValues": "n/a",
        "RecordingDuration": rows.size / stream.nominal_rate_hz,
    }
    return [
        _table(folder / f"{stem}_motion.tsv", lines),
        write_facts(folder / f"{stem}_motion.json", facts),
        _table(folder / f"{stem}_channels.tsv", channels),
    ]


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _table(path: Path, rows: list[list[str]]) -> Path:
    text = "".join("\t".join(cell.replace("\t", " ") for cell in row) + "\n" for row in rows)
    return _text(path, text)
