"""Check a session file: is everything there that it says is there?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wearables.errors import SessionError
from wearables.sessions import layout
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

_PRIVATE = ("name", "birth_date", "address", "email", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What `verify` found.

    Attributes:
        findings: One sentence each.
        is_damaged: Whether the file contradicts itself or cannot be read.
        n_stored: Samples in the file, by stream.
        n_lost: Samples in open gap rows, by stream.
    """

    findings: tuple[str, ...]
    is_damaged: bool
    n_stored: dict[str, int]
    n_lost: dict[str, int]

    @property
    def exit_code(self) -> int:
        """0 clean, 1 damaged, 3 loss found."""
        if self.is_damaged:
            return 1
        return 3 if any(self.n_lost.values()) else 0

    @property
    def verdict(self) -> str:
        """The same in words."""
        return {0: "clean", 1: "damaged", 3: "sound, with losses"}[self.exit_code]

    def to_json(self) -> dict[str, Any]:
        """Report for a program."""
        return {
            "verdict": self.verdict,
            "findings": list(self.findings),
            "n_stored": self.n_stored,
            "n_lost": self.n_lost,
        }


def verify(path: Path) -> VerifyReport:
    """Check a session file; damage is a finding, never an exception."""
    try:
        with Session.open(path) as session:
            return _verify_open(session)
    except (SessionError, OSError, KeyError, ValueError) as error:
        return VerifyReport(findings=(str(error),), is_damaged=True, n_stored={}, n_lost={})


def _verify_open(session: Session) -> VerifyReport:
    notes: list[str] = []
    damage: list[str] = []
    if session.state == layout.STATE_RECORDING:
        notes.append(f"state is {session.state}: the recorder did not close the file")
    private = sorted(set(session.subject) & set(_PRIVATE))
    if private:
        notes.append(f"subject has {', '.join(private)}: only a pseudonym belongs here")
    streams = session.streams
    for name, stream in streams.items():
        damage += [f"stream {name}: {text}" for text in _stream_damage(stream, session.state)]
        for gap in stream.gaps:
            open_samples = gap.n_samples - gap.n_filled
            if open_samples:
                notes.append(
                    f"stream {name}: {open_samples} samples missing from index "
                    f"{gap.first_index} at {gap.start_s:.3f} s ({gap.cause.name.lower()})"
                )
    return VerifyReport(
        findings=tuple(damage + notes),
        is_damaged=bool(damage),
        n_stored={name: stream.n_stored for name, stream in streams.items()},
        n_lost={name: stream.n_lost for name, stream in streams.items()},
    )


def _stream_damage(stream: StreamReader, state: str) -> list[str]:
    """Contradictions within one stream."""
    damage: list[str] = []
    times = np.zeros(stream.n_rows, dtype=np.int64)
    for frame in stream.frames:
        row, n = int(frame["row"]), int(frame["n"])
        if row + n > stream.n_rows:
            damage.append(f"a frame at row {row} ends beyond the last row {stream.n_rows}")
            continue
        times[row : row + n] += 1
    if (times > 1).any():
        damage.append(f"row {int(np.argmax(times > 1))} was written by two frames")
    inside = np.zeros(stream.n_rows, dtype=bool)
    for segment in stream.segments:
        inside[int(segment["row0"]) : int(segment["row0"] + segment["n_rows"])] = True
    missing = int((inside & (times == 0)).sum())
    if state != layout.STATE_RECORDING and missing != stream.n_lost:
        damage.append(f"{missing} rows are missing, the gap table says {stream.n_lost}")
    stream.counts(0, stream.n_rows)
    return damage
