"""MCAP with JSON messages: a topic per stream, and beside it a topic of its gaps."""

import json
from pathlib import Path
from typing import Any

from wearables.sessions.export.sidecar import describe_stream, require, write_sidecar
from wearables.sessions.reader import Session

MESSAGE_S = 1.0
_SCHEMA = json.dumps({"type": "object"}).encode()


def write_mcap(session: Session, folder: Path) -> list[Path]:
    """Write ``<session>.mcap``: messages of up to a second that never cross a gap.

    Raises:
        SessionError: If mcap is not installed.
    """
    writers = require("mcap.writer", "mcap")
    path = folder / f"{session.file_name}.mcap"
    with path.open("wb") as file:
        writer = writers.Writer(file)
        writer.start(profile="", library="muslin")
        schema = writer.register_schema(name="muslin", encoding="jsonschema", data=_SCHEMA)
        for name, stream in session.streams.items():
            topic = writer.register_channel(name, "json", schema)
            for block in stream.blocks(seconds=MESSAGE_S):
                message = {
                    "first_index": block.first_index,
                    "channels": block.channels,
                    "time_s": block.time_s.tolist(),
                    "values": block.values.tolist(),
                }
                _add(writer, session, topic, float(block.time_s[0]), message)
            topic = writer.register_channel(f"{name}/gaps", "json", schema)
            for gap in describe_stream(stream)["gaps"]:
                _add(writer, session, topic, gap["start_s"], gap)
        topic = writer.register_channel("markers", "json", schema)
        for mark in session.notes:
            message = {
                "kind": mark.kind,
                "text": mark.text,
                "time_s": mark.time_s,
                "duration_s": mark.duration_s,
                "source": mark.source,
            }
            _add(writer, session, topic, mark.time_s, message)
        writer.finish()
    return [path, write_sidecar(session, folder / f"{session.file_name}.json")]


def _add(writer: Any, session: Session, topic: int, time_s: float, message: object) -> None:
    at_ns = session.anchor_utc_ns + round(time_s * 1e9)
    data = json.dumps(message).encode()
    writer.add_message(channel_id=topic, log_time=at_ns, data=data, publish_time=at_ns)
