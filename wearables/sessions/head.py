"""What a session file says before its first sample: who, what, which garment, and the anchor."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from firmware_bridge.schema import GarmentSchema
from wearables.sessions import layout
from wearables.sessions.calibration import Calibration
from wearables.sessions.stream_writer import append_rows, make_table
from wearables.sessions.subject import SubjectInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known before the recording starts.

    Attributes:
        subject: Who wore the garment.
        title: What the session is about.
        software: Name and version of the recorder.
        protocol: Task, operator, place ..., as the study has it.
        calibrations: Corrections of channels, by device.
        start_host_ns: Where session time starts; now if nothing is said.
        origin: Root attributes of the session that this one was made from.
        recording_id: Shared by the files that are recorded together; empty for a lone one.
    """

    subject: SubjectInfo
    title: str = ""
    software: str = "muslin"
    protocol: Mapping[str, str] = field(default_factory=dict)
    calibrations: Mapping[str, tuple[Calibration, ...]] = field(default_factory=dict)
    start_host_ns: int | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    recording_id: str = ""


def write_root(file: Any, head: Head) -> None:
    """Write root attributes, subject, protocol and the tables of the time line."""
    attrs = file.attrs
    attrs["format"] = layout.FORMAT
    attrs["format_version"] = np.array(layout.VERSION, dtype=np.int32)
    attrs["session_id"] = str(uuid.uuid4())
    attrs["state"] = layout.STATE_RECORDING
    attrs["title"] = head.title
    attrs["software"] = head.software
    attrs["created_utc"] = datetime.now(UTC).isoformat()
    host_ns, utc_ns, width_ns = anchor()
    if head.start_host_ns is not None:
        host_ns, utc_ns = head.start_host_ns, utc_ns + head.start_host_ns - host_ns
    attrs["anchor_host_ns"], attrs["anchor_utc_ns"] = host_ns, utc_ns
    attrs["anchor_uncertainty_ns"] = width_ns
    if head.recording_id:
        attrs["recording_id"] = head.recording_id
    for name, value in head.origin.items():
        attrs[name] = value
    person = file.create_group("subject")
    for item in fields(head.subject):
        value = getattr(head.subject, item.name)
        if value is not None:
            person.attrs[item.name] = value
    protocol = file.create_group("protocol")
    for name, value in head.protocol.items():
        protocol.attrs[name] = value
    for name, dtype in layout.ROOT_TABLES.items():
        make_table(file, name, dtype)


def write_device(
    file: Any, key: str, schema: GarmentSchema, calibrations: tuple[Calibration, ...]
) -> Any:
    """Write a garment's descriptor, calibrations and tables; returns its group."""
    device = file.create_group(f"devices/{key}")
    device.attrs["vendor"], device.attrs["name"] = schema.vendor, schema.name
    device.attrs["hw"], device.attrs["driver"] = schema.hw, "gl"
    data = schema.to_cbor()
    descriptor = device.create_dataset("descriptor", data=np.frombuffer(data, dtype=np.uint8))
    descriptor.attrs["encoding"] = "cbor"
    descriptor.attrs["sha256"] = schema.sha256().hex()
    descriptor.attrs["schema"] = np.int32(schema.schema)
    for name, dtype in layout.DEVICE_TABLES.items():
        make_table(device, name, dtype)
    append_rows(device["calibrations"], [item.row(i) for i, item in enumerate(calibrations, 1)])
    return device


def write_committed(file: Any, names: Sequence[str]) -> None:
    """Write the counters of complete frames, ``device/stream`` each."""
    committed = file.create_dataset("committed", data=np.zeros(len(names), np.uint64))
    committed.attrs["streams"] = list(names)


def anchor() -> tuple[int, int, int]:
    """Pair both clocks, best of five: host_ns, utc_ns, width_ns."""
    best = (0, 0, 1 << 62)
    for _ in range(5):
        before_ns = time.monotonic_ns()
        utc_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if after_ns - before_ns < best[2]:
            best = ((before_ns + after_ns) // 2, utc_ns, after_ns - before_ns)
    return best
