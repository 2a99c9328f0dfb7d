"""Session files: write, read, verify. The only room that knows HDF5."""

from wearables.sessions.calibration import Calibration
from wearables.sessions.device_reader import DeviceReader
from wearables.sessions.guarded import check_readable, describe_file, recover, verify
from wearables.sessions.reader import Session
from wearables.sessions.recording import RecordSummary, Take, record, record_all
from wearables.sessions.recover import RecoverReport, recover_here
from wearables.sessions.stream_reader import StreamReader
from wearables.sessions.subject import SubjectInfo
from wearables.sessions.timeline import Gap, SessionMarker
from wearables.sessions.verify import VerifyReport, verify_here
from wearables.sessions.writer import SessionWriter

__all__ = [
    "Calibration",
    "DeviceReader",
    "Gap",
    "RecordSummary",
    "RecoverReport",
    "Session",
    "SessionMarker",
    "SessionWriter",
    "StreamReader",
    "SubjectInfo",
    "Take",
    "VerifyReport",
    "check_readable",
    "describe_file",
    "record",
    "record_all",
    "recover",
    "recover_here",
    "verify",
    "verify_here",
]
