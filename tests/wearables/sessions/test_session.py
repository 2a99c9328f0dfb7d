"""A session file holds every sample or says that it is missing."""

import asyncio
import importlib
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SessionError
from wearables.events import Exchanged, LinkClosed, LinkOpened
from wearables.sessions import Session, SessionWriter, SubjectInfo, record, verify_here
from wearables.sessions.layout import raw_dtype
from wearables.sessions.units import si_factor

OFFSET_S = 50.0
RATE_HZ = 100.0


def garment(bits=12, *, signed=False, unit="%", scale=0.0125):
    channels = tuple(
        ChannelSchema(
            name=name, unit=unit, bits=bits, signed=signed, scale=scale, offset=100.0, kind="strain"
        )
        for name in ("left", "right")
    )
    stream = StreamSchema(
        id=3, name="strain", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=500, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="v", name="band", hw="h", schema=1, streams=(stream,))


def counts(index, n):
    rows = np.arange(index, index + n)
    return np.stack([rows % 4000, (7 * rows) % 4000], axis=1).astype(np.int64)


def sampled(index, n, *, boot=1, anchor_ns=0, backfilled=False):
    device_us = round(index / RATE_HZ * 1e6)
    return Sampled(
        stream_id=3, boot=boot, first_index=index, device_us=device_us, counts=counts(index, n),
        flags=0, host_ns=anchor_ns + device_us * 1000, epoch=1, backfilled=backfilled,
    )  # fmt: skip


def lost(index, n, *, boot=1):
    return Lost(
        stream_id=3, boot=boot, first_index=index, n_samples=n, cause=LossCause.RADIO,
        host_ns=5, epoch_before=1, epoch_after=1,
    )  # fmt: skip


def exchange(at_s, *, host0_ns):
    host_ns = host0_ns + round(at_s * 1e9)
    device_us = round(at_s * 1e6)
    return Exchanged(
        exchange=Exchange(
            t1_host_ns=host_ns - 5_000_000, t2_device_us=device_us, t3_device_us=device_us,
            t4_host_ns=host_ns + 5_000_000, dither_us=0,
        ),
        epoch=1, boot=1,
    )  # fmt: skip


def write(path, events, *, schema=None, compress=True):
    writer = SessionWriter(path, schema or garment(), subject=SubjectInfo(id="P1"))
    for event in events:
        writer.write(event)
    writer.close(compress=compress)


@pytest.mark.parametrize("compress", [True, False])
def test_what_was_written_is_read_in_si(tmp_path, compress):
    path = tmp_path / "s.h5"
    write(path, [sampled(0, 60), sampled(60, 40)], compress=compress)
    with Session.open(path) as session:
        stream = session.streams["strain"]
        block = stream.read()
        np.testing.assert_allclose(block.values, (counts(0, 100) - 100) * 0.0125 * 0.01)
        assert block.channels == ("left_1", "right_1")
        assert (session.state, session.subject["id"]) == ("closed", "P1")
        assert stream.rate_hz == pytest.approx(100.0)
        assert (stream.n_stored, stream.n_lost, stream.coverage()) == (100, 0, 1.0)
        np.testing.assert_array_equal(stream.counts(0, 100), counts(0, 100))
        assert session.duration_s == pytest.approx(0.99)
    assert verify_here(path).verdict == "clean"


def test_a_gap_is_missing_and_nothing_is_made_up(tmp_path):
    path = tmp_path / "s.h5"
    write(path, [sampled(0, 40), sampled(50, 50), lost(40, 10)])
    with Session.open(path) as session:
        stream = session.streams["strain"]
        (gap,) = stream.gaps
        assert (gap.first_index, gap.n_samples, gap.cause) == (40, 10, LossCause.RADIO)
        assert gap.stop_s - gap.start_s == pytest.approx(0.1)
        block = stream.read()
        missing = np.isnan(block.values).all(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(missing), np.arange(40, 50))
        first, second = stream.read_runs()
        assert (first.first_index, first.n_samples) == (0, 40)
        assert (second.first_index, second.n_samples) == (50, 50)
        assert all(np.isfinite(run.values).all() for run in stream.blocks(seconds=0.13))
        assert stream.coverage() == pytest.approx(0.9)
    report = verify_here(path)
    assert (report.exit_code, report.n_lost) == (3, {"strain": 10})
    assert "10 samples missing" in report.findings[0]


def test_a_late_frame_fills_its_gap(tmp_path):
    path = tmp_path / "s.h5"
    write(path, [sampled(0, 40), sampled(50, 50), lost(40, 10), sampled(40, 10, backfilled=True)])
    with Session.open(path) as session:
        stream = session.streams["strain"]
        assert stream.gaps[0].n_filled == 10
        assert stream.n_lost == 0
        assert np.isfinite(stream.read().values).all()
    assert verify_here(path).verdict == "clean"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    fates=st.lists(st.sampled_from("slf"), min_size=1, max_size=30), per_frame=st.integers(1, 40)
)
def test_stored_and_gaps_tile_the_index(tmp_path, fates, per_frame):
    """Every sample that the garment took is in the file or in a gap row, exactly once."""
    path = tmp_path / "s.h5"
    events, late = [], []
    for i, fate in enumerate(fates):
        if fate == "s":
            events.append(sampled(i * per_frame, per_frame))
        else:
            events.append(lost(i * per_frame, per_frame))
        if fate == "f":
            late.append(sampled(i * per_frame, per_frame, backfilled=True))
    write(path, events + late, compress=False)
    with Session.open(path) as session:
        stream = session.streams["strain"]
        stored = stream.stored_rows()
        expected = np.repeat([fate != "l" for fate in fates], per_frame)
        np.testing.assert_array_equal(stored, expected)
        assert stream.n_stored + stream.n_lost == len(fates) * per_frame
        values = stream.counts(0, stream.n_rows)
        np.testing.assert_array_equal(values[stored], counts(0, len(expected))[stored])
    assert not verify_here(path).is_damaged


def test_a_reboot_starts_a_segment_of_its_own(tmp_path):
    path = tmp_path / "s.h5"
    write(path, [sampled(0, 30), sampled(0, 30, boot=2), lost(30, 5, boot=2)])
    with Session.open(path) as session:
        stream = session.streams["strain"]
        assert list(stream.segments["boot"]) == [1, 2]
        assert stream.segments["row0"][1] >= 30
        assert (stream.n_stored, stream.n_lost) == (60, 5)
        assert len(stream.read_runs()) == 2
    assert not verify_here(path).is_damaged


def test_times_come_from_the_exchanges(tmp_path):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, garment(), subject=SubjectInfo(id="P1"))
    host0_ns = writer.anchor_host_ns
    writer.write(LinkOpened(epoch=1, boot=1, host_ns=host0_ns, mtu=247))
    for at_s in range(0, 60, 2):
        writer.write(exchange(float(at_s), host0_ns=host0_ns))
    for i in range(60):
        writer.write(sampled(i * 100, 100, anchor_ns=host0_ns))
    mark = Marker(host_ns=0, kind="activity", text="Walking", source="device", device_us=7_000_000)
    writer.write(mark)
    writer.write(Marker(host_ns=host0_ns + 10**9, kind="marker", text="hop", source="user"))
    writer.write(
        Status(host_ns=1, battery_pct=80.0, producer_lost=0, frames_dropped=2, log_used_b=0)
    )
    writer.write(Damaged(reason="cut", host_ns=3, epoch=1))
    writer.write(LinkClosed(epoch=1, host_ns=host0_ns + 60, reason="stopped"))
    writer.close()
    with Session.open(path) as session:
        stream = session.streams["strain"]
        rows = np.array([0, 1000, 5999])
        np.testing.assert_allclose(stream.time_s(rows), rows / RATE_HZ, atol=1e-6)
        np.testing.assert_allclose(stream.time_s(rows, base="device"), rows / RATE_HZ, atol=1e-9)
        utc_s = stream.time_s(rows, base="utc")
        assert abs(utc_s[0] - session.anchor_utc_ns * 1e-9) < 1e-3
        hop, walk = session.markers
        assert (hop.text, hop.time_s) == ("hop", pytest.approx(1.0))
        assert (walk.text, walk.time_s) == ("Walking", pytest.approx(7.0, abs=1e-6))
        assert stream.read(10.0, 12.0).n_samples == 200
        assert stream.coverage(90.0, 91.0) != stream.coverage(90.0, 91.0)
        assert session.epochs["reason"][0] == b"stopped"
        assert session.epochs["n_damaged"][0] == 1
        assert session.status["frames_dropped"][0] == 2
        assert len(session.exchanges) == 30


def test_clipped_values_are_known(tmp_path):
    path = tmp_path / "s.h5"
    event = sampled(0, 10)
    event.counts[4, 1] = 4095
    write(path, [event])
    with Session.open(path) as session:
        clipped = session.streams["strain"].clipped()
    assert clipped[4, 1]
    assert clipped[1:, 0].sum() == 0


@pytest.mark.parametrize("what", ["missing", "text", "truncated", "foreign", "newer", "gutted"])
def test_what_is_no_session_is_said_in_a_sentence(tmp_path, what):
    path = tmp_path / "s.h5"
    words = {"missing": "does not exist", "text": "not an HDF5", "truncated": "truncated",
             "foreign": "not a session", "newer": "layout 9", "gutted": "damaged"}  # fmt: skip
    if what == "text":
        path.write_text("hello", encoding="utf-8")
    elif what == "foreign":
        h5py.File(path, "w").close()
    elif what != "missing":
        write(path, [sampled(0, 50)])
    if what == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if what == "newer":
        with h5py.File(path, "a") as file:
            file.attrs["format_version"] = np.array([9, 0], dtype=np.int32)
    if what == "gutted":
        with h5py.File(path, "a") as file:
            del file["devices"]
    with pytest.raises(SessionError, match=words[what]):
        Session.open(path)
    assert verify_here(path).exit_code == 1


def test_contradictions_are_found(tmp_path):
    path = tmp_path / "s.h5"
    write(path, [sampled(0, 50), lost(50, 5)], compress=False)
    with h5py.File(path, "a") as file:
        stream = file["devices/garment/streams/strain"]
        stream["gaps"].resize((0,))
        frames = stream["frames"]
        frames.resize((3,))
        frames[1], frames[2] = frames[0], frames[0]
        row = frames[2]
        row["row"] = 9000
        frames[2] = row
        file["subject"].attrs["email"] = "x"
    report = verify_here(path)
    text = " ".join(report.findings)
    assert report.is_damaged
    for words in ("two frames", "beyond the last row", "only a pseudonym", "gap table says 0"):
        assert words in text
    assert report.to_json()["verdict"] == "damaged"
    with h5py.File(path, "a") as file:
        file.attrs["state"] = "recording"
    report = verify_here(path)
    assert "did not close" in " ".join(report.findings)
    assert not report.is_damaged, "the two frames that were added lie behind the last commit"
    with h5py.File(path, "a") as file:
        file["committed"][...] = 3
    report = verify_here(path)
    text = " ".join(report.findings)
    assert report.is_damaged
    for words in ("two frames", "beyond the last row", "did not close"):
        assert words in text


unreadable = importlib.import_module("wearables.sessions.verify")._unreadable

KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_session import garment, lost, sampled
from wearables.sessions import SessionWriter, SubjectInfo
writer = SessionWriter(Path(sys.argv[1]), garment(), subject=SubjectInfo(id="P1"))
i = 0
while True:
    writer.write(lost(i * 20, 20) if i % 7 == 3 else sampled(i * 20, 20))
    i += 1
    if i % 5 == 0:
        writer.flush()
        print(i, flush=True)
"""


class CutFile:
    """A stream whose samples from a row on cannot be read."""

    def __init__(self, stream, row):
        self.stream, self.row = stream, row

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def counts(self, row0, row1):
        if row1 > self.row:
            raise OSError("addr overflow")
        return self.stream.counts(row0, row1)


@pytest.mark.parametrize(("state", "word"), [("recording", "cut short"), ("closed", "cannot be")])
def test_a_block_cut_by_a_kill_is_no_damage_unless_it_was_committed(tmp_path, state, word):
    path = tmp_path / "s.h5"
    with SessionWriter(path, garment(), subject=SubjectInfo(id="P1")) as writer:
        for i in range(10):
            writer.write(sampled(i * 20, 20))
    with h5py.File(path, "a") as file:
        file.attrs["state"] = state
        file["committed"][...] = 6
    with Session.open(path) as session:
        broken, cut = unreadable(CutFile(session.streams["strain"], 150), session)
        assert bool(broken) == (state == "closed")
        assert word in (broken + cut)[0]
        broken, cut = unreadable(CutFile(session.streams["strain"], 100), session)
        assert broken


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_recorder_leaves_a_file_that_opens(tmp_path, seed):
    """After kill -9 the file opens plainly and every acknowledged sample is there."""
    path = tmp_path / "s.h5"
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", KILLED, str(path), here]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    n_lines = int(np.random.default_rng(seed).integers(1, 200))
    acknowledged = [process.stdout.readline() for _ in range(n_lines)][-1]
    time.sleep(0.001 * seed)
    process.kill()
    process.communicate()
    n_frames = int(acknowledged)
    with Session.open(path) as session:
        stream = session.streams["strain"]
        assert session.state == "recording"
        stored = stream.stored_rows()
        expected = np.repeat([i % 7 != 3 for i in range(n_frames)], 20)
        np.testing.assert_array_equal(stored[: len(expected)], expected)
        values = stream.counts(0, len(expected))
        np.testing.assert_array_equal(values[expected], counts(0, len(expected))[expected])
    assert not verify_here(path).is_damaged


class Listed:
    """A source that has its events in a list."""

    def __init__(self, events):
        self._events = events
        self.schema = garment()

    async def __aiter__(self):
        for event in self._events:
            await asyncio.sleep(0)
            yield event


async def test_recording_takes_everything_a_source_gives(tmp_path):
    events = [sampled(i * 10, 10) for i in range(200) if i != 50] + [lost(500, 10)]
    summary = await record(Listed(events), tmp_path / "s.h5", subject=SubjectInfo(id="P1"))
    assert (summary.n_stored, summary.n_lost) == ({"strain": 1990}, {"strain": 10})
    assert summary.n_events == 200


async def test_a_recorder_that_fails_ends_the_recording(tmp_path):
    foreign = Sampled(
        stream_id=99, boot=1, first_index=0, device_us=0, counts=counts(0, 1), flags=0, host_ns=0,
        epoch=1,
    )  # fmt: skip
    with pytest.raises(KeyError):
        await record(Listed([foreign] * 3), tmp_path / "s.h5", subject=SubjectInfo(id="P1"))
    with Session.open(tmp_path / "s.h5") as session:
        assert session.state == "recording"


@pytest.mark.parametrize(
    ("bits", "signed", "expected"),
    [(12, False, np.uint16), (8, True, np.int8), (16, True, np.int16), (24, True, np.int32)],
)
def test_raw_counts_take_the_smallest_type(bits, signed, expected):
    assert raw_dtype(bits, signed=signed) == expected


def test_an_unknown_unit_is_named():
    with pytest.raises(SessionError, match="furlong"):
        si_factor("furlong")
