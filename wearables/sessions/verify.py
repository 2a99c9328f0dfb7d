"""Check a session file: is everything there that it says is there?

This looks in the own process, where a damaged file may hang the HDF5 library for ever; `guarded.py`
looks from outside, with a time limit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import FirmwareBridgeError
from wearables.errors import WearablesError
from wearables.sessions import layout
from wearables.sessions.clocks import clock_facts
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader

BLOCK_ROWS = 1 << 18
_DAMAGE = (
    OSError, KeyError, ValueError, RuntimeError, TypeError, IndexError, AttributeError,
    ArithmeticError, MemoryError,
)  # fmt: skip
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

    @classmethod
    def unreadable(cls, sentence: str) -> "VerifyReport":
        """Report of a file of which nothing can be said but why."""
        return cls(findings=(sentence,), is_damaged=True, n_stored={}, n_lost={})


def verify_here(path: Path) -> VerifyReport:
    """Check a session file that is known to be whole enough for the HDF5 library to come back.

    Damage is a finding, never an exception. On a file of unknown state use `verify`.
    """
    try:
        with Session.open(path) as session:
            return _verify_open(session)
    except (WearablesError, FirmwareBridgeError, *_DAMAGE) as error:
        return VerifyReport.unreadable(
            str(error) or f"the file cannot be read ({type(error).__name__})"
        )


def _verify_open(session: Session) -> VerifyReport:
    notes: list[str] = []
    damage: list[str] = []
    if session.state == layout.STATE_RECORDING:
        notes.append(f"state is {session.state}: the recorder did not close the file")
    private = sorted(set(session.subject) & set(_PRIVATE))
    if private:
        notes.append(f"subject has {', '.join(private)}: only a pseudonym belongs here")
    damage += _device_damage(session)
    streams = session.streams
    for name, stream in streams.items():
        damage += [f"stream {name}: {text}" for text in _stream_damage(stream, session)]
        broken, cut = _unreadable(stream, session)
        damage += [f"stream {name}: {text}" for text in broken]
        notes += [f"stream {name}: {text}" for text in cut]
        for gap in stream.gaps:
            open_samples = gap.n_samples - gap.n_filled
            if gap.n_samples == 0:
                notes.append(
                    f"stream {name}: an unknown number of samples missing from index "
                    f"{gap.first_index}, {gap.start_s:.3f} to {gap.stop_s:.3f} s "
                    f"({gap.cause.name.lower()})"
                )
            elif open_samples:
                notes.append(
                    f"stream {name}: {open_samples} samples missing from index "
                    f"{gap.first_index} at {gap.start_s:.3f} s ({gap.cause.name.lower()})"
                )
    if not damage:
        notes += [doubt for clock in clock_facts(session) for doubt in clock.doubts]
    return VerifyReport(
        findings=tuple(damage + notes),
        is_damaged=bool(damage),
        n_stored={name: stream.n_stored for name, stream in streams.items()},
        n_lost={name: stream.n_lost for name, stream in streams.items()},
    )


def _device_damage(session: Session) -> list[str]:
    """Contradictions of the descriptor, the commit counters and the clock exchanges."""
    damage: list[str] = []
    for device in session.devices.values():
        who = "the garment" if len(session.devices) == 1 else device.key
        if device.descriptor_sha256 != device.schema.sha256().hex():
            damage.append(f"the descriptor of {who} does not match its hash")
        rows = device.exchanges
        if (rows["t4_host_ns"] < rows["t1_host_ns"]).any():
            damage.append(f"a clock exchange of {who} ends before it starts")
    for name, n_frames in session.committed.items():
        stream = session.streams.get(name)
        if stream is None or n_frames > len(stream.frames):
            damage.append(f"stream {name}: {n_frames} frames were committed and are not all there")
    return damage


def _committed_frames(stream: StreamReader, session: Session) -> NDArray[Any]:
    """Frames that must be whole: all of a closed file, those of the last flush of an open one.

    A kill in the middle of a flush leaves tables that are ahead of each other; what lies beyond the
    commit counters is not promised, and the journal has it.
    """
    if session.state == layout.STATE_RECORDING and stream.name in session.committed:
        return stream.frames[: session.committed[stream.name]]
    return stream.frames


def _stream_damage(stream: StreamReader, session: Session) -> list[str]:
    """Contradictions within one stream."""
    segments, frames = stream.segments, _committed_frames(stream, session)
    is_open = session.state == layout.STATE_RECORDING
    stops = (segments["row0"] + segments["n_rows"]).astype(np.int64)
    n_rows = int(stops.max(initial=0))
    start = frames["row"].astype(np.int64)
    end = start + frames["n"]
    if n_rows != stream.n_rows and not (
        is_open and end.max(initial=0) <= min(n_rows, stream.n_rows)
    ):
        return [f"the segments end at row {n_rows}, the samples at row {stream.n_rows}"]
    n_rows = min(n_rows, stream.n_rows)
    order = np.argsort(segments["row0"])
    if (segments["row0"][order][1:].astype(np.int64) < stops[order][:-1]).any():
        return ["two segments overlap"]
    outside = (start < 0) | (end > n_rows)
    damage: list[str] = []
    if outside.any():
        row = int(start[np.argmax(outside)])
        damage.append(f"a frame at row {row} ends beyond the last row {n_rows}")
        frames, start, end = frames[~outside], start[~outside], end[~outside]
    damage += _frame_damage(frames, segments)
    times = np.cumsum(
        np.bincount(start, minlength=n_rows + 1) - np.bincount(end, minlength=n_rows + 1)
    )[:-1]
    if (times > 1).any():
        damage.append(f"row {int(np.argmax(times > 1))} was written by two frames")
    inside = np.zeros(n_rows, dtype=bool)
    for segment in segments:
        inside[int(segment["row0"]) : int(segment["row0"] + segment["n_rows"])] = True
    missing = int((inside & (times == 0)).sum())
    if not is_open and missing != stream.n_lost:
        damage.append(f"{missing} rows are missing, the gap table says {stream.n_lost}")
    return damage


def _unreadable(stream: StreamReader, session: Session) -> tuple[list[str], list[str]]:
    """What cannot be read: damage, and what a kill in the middle of a flush left half-written.

    The library writes the index of a new block before the block, so a killed recorder may leave
    an index that points behind the end of the file. That is beyond what was committed.
    """
    sure = stream.n_rows
    if session.state == layout.STATE_RECORDING:
        frames = _committed_frames(stream, session)
        sure = int((frames["row"].astype(np.int64) + frames["n"]).max(initial=0))
    for row in range(0, stream.n_rows, BLOCK_ROWS):
        stop = min(row + BLOCK_ROWS, stream.n_rows)
        try:
            stream.counts(row, min(stop, max(sure, row)))
        except _DAMAGE as error:
            return [f"samples from row {row} cannot be read: {error}"], []
        try:
            stream.counts(row, stop)
        except _DAMAGE:
            text = f"rows from {sure} on were cut short by the end; the journal has them"
            return [], [f"{text}: muslin repair"]
    return [], []


def _frame_damage(frames: NDArray[Any], segments: NDArray[Any]) -> list[str]:
    """Frames that lie in no segment, or whose row and index disagree."""
    row, index = frames["row"].astype(np.int64), frames["index"].astype(np.int64)
    placed = np.zeros(len(frames), dtype=bool)
    for segment in segments:
        row0, index0 = int(segment["row0"]), int(segment["index0"])
        own = (frames["boot"] == segment["boot"]) & (row >= row0)
        own &= row + frames["n"] <= row0 + int(segment["n_rows"])
        placed |= own & (row - row0 == index - index0)
    if placed.all():
        return []
    first = int(np.argmin(placed))
    return [f"the frame of index {index[first]} does not lie where its segment puts it"]
