"""What was recorded survives a kill, a full disk, a removed file; `recover` brings it back."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Marker, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SessionError
from wearables.events import Exchanged, LinkClosed, LinkOpened
from wearables.sessions import Session, SessionWriter, SubjectInfo, recover_here, verify_here
from wearables.sessions.journal import journal_path, read_journal

SUBJECT = SubjectInfo(id="P7", birth_year=1990)


def schema():
    channels = tuple(
        ChannelSchema(name=n, unit="mV", bits=16, signed=True, scale=0.1, offset=0, kind="ecg")
        for n in ("a", "b")
    )
    stream = StreamSchema(
        id=2, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))


def frame(index, n=10, *, boot=1, backfilled=False):
    rows = np.arange(index, index + n)
    return Sampled(
        stream_id=2, boot=boot, first_index=index, device_us=index * 10_000,
        counts=np.stack([rows, -rows], axis=1).astype(np.int64), flags=0,
        host_ns=index * 10_000_000, epoch=1, backfilled=backfilled,
    )  # fmt: skip


def lost(index, n):
    return Lost(
        stream_id=2, boot=1, first_index=index, n_samples=n, cause=LossCause.RADIO,
        host_ns=7, epoch_before=1, epoch_after=1,
    )  # fmt: skip


def everything():
    stamps = Exchange(t1_host_ns=1, t2_device_us=2, t3_device_us=3, t4_host_ns=4, dither_us=0)
    return [
        LinkOpened(epoch=1, boot=1, host_ns=1, mtu=247),
        *(frame(i) for i in range(0, 200, 10)),
        lost(200, 20),
        frame(220),
        frame(200, backfilled=True),
        Marker(host_ns=9, kind="marker", text="hüpf", source="user"),
        Status(host_ns=8, battery_pct=5.0, producer_lost=0, frames_dropped=0, log_used_b=0),
        Damaged(reason="crc", host_ns=8, epoch=1),
        Exchanged(exchange=stamps, epoch=1, boot=1),
        LinkClosed(epoch=1, host_ns=99, reason="lost"),
    ]


def abandon(path, events):
    """Record and stop without a close, as a kill does after the last flush."""
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    for event in events:
        writer.write(event)
    writer.__exit__(ValueError, ValueError(), None)


def test_the_journal_holds_every_event(tmp_path):
    abandon(tmp_path / "s.h5", everything())
    journal = read_journal(journal_path(tmp_path / "s.h5"))
    assert journal.n_damaged == 0
    assert journal.head["subject"]["id"] == "P7"
    assert journal.schemas == {"garment": schema()}
    assert {device for device, _ in journal.events} == {"garment"}
    for (_, got), sent in zip(journal.events, everything(), strict=True):
        if isinstance(sent, Sampled):
            np.testing.assert_array_equal(got.counts, sent.counts)
            assert (got.first_index, got.backfilled) == (sent.first_index, sent.backfilled)
        else:
            assert got == sent


@pytest.mark.parametrize("keep", [True, False])
def test_the_journal_goes_after_a_sound_close(tmp_path, keep):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    writer.write(frame(0))
    writer.close(keep_journal=keep)
    assert journal_path(path).exists() is keep


@pytest.mark.parametrize("file", ["sound", "cut", "missing", "no journal"])
def test_recover_brings_all_back(tmp_path, file):
    path = tmp_path / "s.h5"
    abandon(path, everything())
    with Session.open(path) as session:
        session_id = session.session_id
    if file == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    if file == "missing":
        path.unlink()
    if file == "no journal":
        journal_path(path).unlink()
    report = recover_here(path)
    methods = {"sound": "completed", "no journal": "salvaged"}
    assert report.method == methods.get(file, "rebuilt")
    assert report.n_stored == {"ecg": 220}
    assert report.lost_s == {"ecg": pytest.approx(0.1)}
    assert report.to_json()["n_damaged_records"] == 0
    with Session.open(report.path) as session:
        stream = session.streams["ecg"]
        assert (session.session_id, session.state) == (session_id, "recovered")
        assert session.subject["birth_year"] == 1990
        assert [mark.text for mark in session.markers] == ["hüpf"]
        stored = stream.stored_rows()
        np.testing.assert_array_equal(stream.counts(0, 230)[stored, 0], np.flatnonzero(stored))
        assert (len(session.exchanges), len(session.status)) == (1, 1)
    assert not verify_here(report.path).is_damaged
    with pytest.raises(SessionError, match="exists"):
        recover_here(path)


def test_records_after_the_last_flush_come_from_the_journal(tmp_path):
    path = tmp_path / "s.h5"
    abandon(path, everything())
    extra = tmp_path / "more.h5"
    abandon(extra, [*everything(), frame(230), frame(240)])
    journal_path(extra).replace(journal_path(path))
    report = recover_here(path)
    assert (report.method, report.n_stored) == ("completed", {"ecg": 240})


def test_a_damaged_journal_gives_every_intact_record(tmp_path):
    path = tmp_path / "s.h5"
    abandon(path, [frame(i) for i in range(0, 1000, 10)])
    journal = journal_path(path)
    whole = journal.read_bytes()
    path.write_bytes(b"")
    rng = np.random.default_rng(3)
    for trial in range(20):
        data = bytearray(whole[: rng.integers(800, len(whole))])
        data[rng.integers(700, len(data))] ^= 1 << rng.integers(8)
        journal.write_bytes(data)
        report = recover_here(path, tmp_path / f"r{trial}.h5")
        content = read_journal(journal)
        assert report.n_damaged_records == content.n_damaged >= 1
        assert report.n_stored["ecg"] == 10 * len(content.events)
        assert not verify_here(report.path).is_damaged


def test_nothing_left_is_said_in_a_sentence(tmp_path):
    (tmp_path / "s.h5").write_bytes(b"nothing")
    with pytest.raises(SessionError, match="nothing can be recovered"):
        recover_here(tmp_path / "s.h5")
    journal_path(tmp_path / "s.h5").write_bytes(b"x\0y\0")
    with pytest.raises(SessionError, match="no descriptor"):
        read_journal(journal_path(tmp_path / "s.h5"))


def test_a_killed_recorder_loses_at_most_a_second(tmp_path):
    script = Path(__file__).parents[3] / "benchmarks" / "session_crash.py"
    command = [sys.executable, str(script), "--trials", "5", "--json", "--seed", "4"]
    environment = os.environ | {"PYTHONPATH": str(script.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert '"opens_plain": 5, "verify_clean": 5' in done.stdout


FULL = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sessions_recover import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with SessionWriter(Path(sys.argv[1]), schema(), subject=SUBJECT) as writer:
        for i in range(0, 10**6, 10):
            writer.write(frame(i))
            if i % 5000 == 0:
                writer.flush()
            print(i + 10, flush=True)
except SessionError as error:
    print(error, file=sys.stderr)
    sys.exit(9)
"""


def test_a_full_disk_loses_nothing_recorded_before(tmp_path):
    path = tmp_path / "s.h5"
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": str(here.parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(here)],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr
    assert "cannot be written any more" in done.stderr
    assert done.stderr.count("\n") == 1
    n_sent = int(done.stdout.split()[-1])
    report = recover_here(path)
    # What waited for the next batch of 100 ms is all that may be missing.
    assert report.n_stored["ecg"] > 0.5 * n_sent
    assert not verify_here(report.path).is_damaged


def test_a_removed_file_is_noticed_and_comes_back(tmp_path):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    writer.write(frame(0))
    path.unlink()
    with pytest.raises(SessionError, match=r"removed or replaced.*muslin repair"):
        writer.flush()
    writer.__exit__(ValueError, ValueError(), None)
    assert recover_here(path).n_stored == {"ecg": 10}


def test_a_folder_that_takes_no_file_is_said(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SessionError, match="cannot be created"):
        SessionWriter(tmp_path / "file" / "s.h5", schema(), subject=SUBJECT)


def test_a_write_that_fails_is_one_sentence(tmp_path, monkeypatch):
    writer = SessionWriter(tmp_path / "s.h5", schema(), subject=SUBJECT)
    writer.write(frame(0))

    def refuse(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("wearables.sessions.journal.os.write", refuse)
    with pytest.raises(SessionError, match="no space left on device"):
        writer.flush()
    writer.__exit__(ValueError, ValueError(), None)


def test_a_step_of_the_wall_clock_moves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    real = time.time_ns
    monkeypatch.setattr("wearables.sessions.writer.time.time_ns", lambda: real() + 3600 * 10**9)
    for i in range(0, 100, 10):
        writer.write(frame(i))
    writer.close()
    with h5py.File(path, "r") as file:
        assert b"wall clock moved by 3600" in file["log"]["text"][-1]
    with Session.open(path) as session:
        assert np.diff(session.streams["ecg"].read().time_s) == pytest.approx(0.01)


def test_an_older_boot_may_be_backfilled_after_a_reboot(tmp_path):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    n_chunk = 16384
    for event in (frame(0), frame(0, boot=2), frame(10, n_chunk, backfilled=True)):
        writer.write(event)
    writer.close()
    with Session.open(path) as session:
        stream = session.streams["ecg"]
        # The first segment grows until the second one; the rest of the frame lies behind it.
        n_first = int(stream.segments["row0"][1])
        assert list(stream.segments["index0"]) == [0, 0, n_first]
        row0 = int(stream.segments["row0"][2])
        assert stream.counts(row0, row0 + 1)[0, 0] == n_first
        device_s = stream.time_s(np.array([row0]), base="device")
        assert device_s == pytest.approx(n_first / 100)
    assert not verify_here(path).is_damaged


def test_losses_across_segments_are_filled_where_they_were_told(tmp_path):
    """A segment that another one follows grows to its limit; the rest lies in a third one."""
    path = tmp_path / "s.h5"
    n_chunk = 16384
    events = [frame(0, 20), frame(0, 20, boot=2), lost(20, n_chunk + 100)]
    for index in (n_chunk + 40, n_chunk - 10, 20, n_chunk + 20):
        n = {20: n_chunk - 30}.get(index, 20 if index > n_chunk else 30)
        events.append(frame(index, n, backfilled=True))
    with SessionWriter(path, schema(), subject=SUBJECT) as writer:
        for event in events:
            writer.write(event)
    with Session.open(path) as session:
        stream = session.streams["ecg"]
        assert stream.n_lost == 60
        for segment in stream.segments:
            rows = slice(int(segment["row0"]), int(segment["row0"] + segment["n_rows"]))
            stored = stream.stored_rows(rows.start, rows.stop)
            want = int(segment["index0"]) + np.flatnonzero(stored)
            np.testing.assert_array_equal(stream.counts(rows.start, rows.stop)[stored, 0], want)
    assert verify_here(path).exit_code == 3


def test_a_close_that_fails_is_told_once(tmp_path):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SUBJECT)
    writer.write(frame(0))
    writer.close(compress=False)
    writer.__exit__(ValueError, ValueError(), None)
    assert not verify_here(path).is_damaged


def test_damaged_letters_of_a_title_are_replaced(tmp_path):
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema(), subject=SubjectInfo(id="P7"), title="Lauf im Garten")
    writer.write(frame(0))
    writer.close()
    path.write_bytes(path.read_bytes().replace(b"im Garten", b"\xf5m Garten"))
    with Session.open(recover_here(path).path) as session:
        assert session.title == "Lauf ?m Garten"


def test_links_and_the_shared_id_survive_without_a_journal(tmp_path):
    path = tmp_path / "s.h5"
    with SessionWriter(path, schema(), subject=SUBJECT, recording_id="both") as writer:
        for event in everything():
            writer.write(event)
    with Session.open(path) as session:
        links = session.epochs[["epoch", "boot", "open_host_ns", "close_host_ns", "mtu"]]
    with Session.open(recover_here(path).path) as session:
        assert session.recording_id == "both"
        kept = session.epochs[["epoch", "boot", "open_host_ns", "close_host_ns", "mtu"]]
        np.testing.assert_array_equal(kept, links)
        assert session.epochs["reason"].tolist() == [b"lost"]
