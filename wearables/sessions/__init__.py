"""Session files: write, read, verify. The only room that knows HDF5."""

from wearables.sessions.reader import Session, StreamReader
from wearables.sessions.recording import RecordSummary, record
from wearables.sessions.timeline import Gap, SessionMarker
from wearables.sessions.verify import VerifyReport, verify
from wearables.sessions.writer import SessionWriter, SubjectInfo

__all__ = [
    "Gap",
    "RecordSummary",
    "Session",
    "SessionMarker",
    "SessionWriter",
    "StreamReader",
    "SubjectInfo",
    "VerifyReport",
    "record",
    "verify",
]
