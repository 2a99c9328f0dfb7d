"""What every export says beside the samples: origin, clock, and what is missing."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wearables.errors import SessionError
from wearables.sessions.clocks import clock_facts
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader
from wearables.sessions.timeline import SessionMarker


def describe(session: Session) -> dict[str, Any]:
    """Facts of a session, for a sidecar."""
    return {
        "session_id": session.session_id,
        "recording_id": session.recording_id,
        "created_utc": session.created_utc,
        "software": session.software,
        "state": session.state,
        "subject": session.subject["id"],
        "protocol": {name: str(value) for name, value in session.protocol.items()},
        "streams": {name: describe_stream(s) for name, s in session.streams.items()},
        "clocks": [clock.to_json() for clock in clock_facts(session)],
        "markers": [_mark(mark) for mark in session.markers],
        "annotations": [_mark(mark) for mark in session.annotations],
    }


def _mark(mark: SessionMarker) -> dict[str, Any]:
    return {
        "time_s": mark.time_s,
        "duration_s": mark.duration_s,
        "kind": mark.kind,
        "text": mark.text,
        "source": mark.source,
    }


def describe_stream(stream: StreamReader) -> dict[str, Any]:
    """Rates, channels and gaps of a stream."""
    return {
        "nominal_rate_hz": stream.nominal_rate_hz,
        "measured_rate_hz": stream.rate_hz,
        "channels": list(stream.channels),
        "n_stored": stream.n_stored,
        "lost_s": stream.n_lost / stream.nominal_rate_hz,
        "gaps": [
            {
                "start_s": gap.start_s,
                "stop_s": gap.stop_s,
                "n_samples": gap.n_samples,
                "n_filled": gap.n_filled,
                "cause": gap.cause.name.lower(),
            }
            for gap in stream.gaps
        ],
    }


def write_sidecar(session: Session, path: Path) -> Path:
    """Write the facts of a session as JSON."""
    return write_facts(path, describe(session))


def write_facts(path: Path, facts: Mapping[str, Any]) -> Path:
    """Write facts as indented JSON."""
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return path


def require(package: str, extra: str) -> Any:
    """Import an optional package, or say how to get it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        raise SessionError(
            f"this needs the package {name}: pip install 'muslin[{extra}]'"
        ) from error
