"""muslin record: the check before the start, the view, several garments, markers, sources."""

import asyncio
import json
import os
import pty
import socket
import time

import numpy as np
import pytest
from rich.console import Console

import muslin.recording.preflight as preflight
import muslin.recording.run as recordings
from firmware_bridge.events import LossCause, Lost, Sampled, Status
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.cli import run_command
from muslin.errors import InputError
from muslin.folders import garments_of
from muslin.record import result_of, session_paths
from muslin.recording.keys import keys_to
from muslin.recording.panel import RecordingPanel, Watched, quality_bar, sparkline
from muslin.recording.preflight import Limits
from muslin.recording.run import MarkerDoors, run_recordings
from muslin.recording.study import read_study
from wearables.events import LinkClosed, LinkOpened
from wearables.sessions import Session
from wearables.sessions.catalogue import catalogue
from wearables.sources import Controls, Monitor

SCHEMA = GarmentSchema(
    vendor="v", name="shirt", hw="h", schema=1,
    streams=tuple(
        StreamSchema(
            id=i, name=name, rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
            channels=(ChannelSchema(name=f"{name}_x", unit="1", bits=16, signed=True, scale=1.0,
                                    offset=0.0, kind="acc"),),
        )
        for i, name in ((1, "imu"), (2, "ecg"))
    ),
)  # fmt: skip
STUDY = read_study(None, subject="P1", task="walk")


def sampled(stream_id, index, host_ns=None):
    return Sampled(
        stream_id=stream_id, boot=1, first_index=index, device_us=index * 10_000,
        counts=np.arange(index, index + 10)[:, None], flags=0,
        host_ns=time.monotonic_ns() if host_ns is None else host_ns, epoch=1,
    )  # fmt: skip


def status(battery_pct):
    return Status(
        host_ns=0, battery_pct=battery_pct, producer_lost=0, frames_dropped=0, log_used_b=0
    )


def lost(n):
    return Lost(
        stream_id=1, boot=1, first_index=10, n_samples=n, cause=LossCause.RADIO, host_ns=0,
        epoch_before=1, epoch_after=1,
    )  # fmt: skip


class Live:
    """A source that sends until it is stopped."""

    schema = SCHEMA
    n_overflow = 0
    rssi_dbm = -50

    def __init__(self, *, battery_pct=80.0, streams=(1, 2), n_rounds=10_000):
        self.is_stopped = False
        self._battery_pct = battery_pct
        self._streams = streams
        self._n_rounds = n_rounds

    async def __aiter__(self):
        yield LinkOpened(epoch=1, boot=1, host_ns=time.monotonic_ns(), mtu=247)
        yield status(self._battery_pct)
        for i in range(self._n_rounds):
            for number in self._streams:
                yield sampled(number, 10 * i)
            if self.is_stopped:
                break
            await asyncio.sleep(0.002)
        yield LinkClosed(epoch=1, host_ns=time.monotonic_ns(), reason="stopped")

    async def stop(self):
        self.is_stopped = True


def record_live(sources, tmp_path, *, limits=None, **settings):
    pairs = [(source, tmp_path / f"{i}.h5") for i, source in enumerate(sources)]
    limits = limits or Limits(duration_s=0.2)
    return asyncio.run(run_recordings(pairs, study=STUDY, limits=limits, **settings))


def test_several_garments_are_recorded_side_by_side(tmp_path):
    outcome = record_live([Live(), Live()], tmp_path)
    assert [summary.path.name for summary in outcome.summaries] == ["0.h5", "1.h5"]
    for summary in outcome.summaries:
        assert summary.n_stored["imu"] == summary.n_stored["ecg"] > 0
        with Session.open(summary.path) as session:
            assert (session.title, session.protocol) == ("walk", {"task": "walk"})
            assert session.state == "closed"


@pytest.mark.parametrize(
    ("source", "limits", "words"),
    [
        (Live(battery_pct=4), Limits(), "battery holds 4 %, at least 10 % are needed"),
        (Live(), Limits(required=("ppg",)), "required stream 'ppg' is missing; there are imu, ecg"),
        (Live(streams=(1,), n_rounds=30), Limits(required=("ecg",)), "'ecg' sends nothing"),
        (Live(), Limits(duration_s=1e15), "MB free"),
    ],
)
def test_what_cannot_end_well_is_not_started(tmp_path, source, limits, words):
    with pytest.raises(InputError, match=words):
        record_live([source], tmp_path, limits=limits)
    assert source.is_stopped
    assert list(tmp_path.iterdir()) == []


def test_a_forced_start_only_warns(tmp_path, capsys):
    limits = Limits(duration_s=0.1, force=True)
    outcome = record_live([Live(battery_pct=4)], tmp_path, limits=limits)
    assert outcome.summaries[0].n_stored["imu"] > 0
    assert "warning: battery holds 4 %" in capsys.readouterr().err


def test_a_weak_link_is_a_warning(tmp_path):
    taken = [sampled(1, 0), lost(90), status(50)]
    refusals, warnings = preflight.check(
        SCHEMA, taken, folder=tmp_path, limits=Limits(), rssi_dbm=-95
    )
    assert refusals == []
    said = " ".join(warnings)
    for words in ("'ecg' has sent nothing yet", "-95 dBm", "90 % of the first samples"):
        assert words in said


def test_a_disk_that_fills_up_ends_the_recording_with_a_marker(tmp_path, monkeypatch, capsys):
    room = iter([10**12, 10**12])
    usage = type("Usage", (), {})

    def disk_usage(_path):
        found = usage()
        found.free = next(room, 1000)
        return found

    monkeypatch.setattr(recordings.shutil, "disk_usage", disk_usage)
    monkeypatch.setattr(recordings, "_DISK_LOOK_S", 0.05)
    outcome = record_live([Live()], tmp_path, limits=Limits())
    assert "nearly full" in capsys.readouterr().err
    with Session.open(outcome.summaries[0].path) as session:
        assert "the disk is nearly full" in [mark.text for mark in session.markers]
        assert session.state == "closed"


def test_markers_come_in_over_udp(tmp_path, capsys):
    async def run():
        source = Live()
        running = run_recordings(
            [(source, tmp_path / "s.h5")], study=STUDY, limits=Limits(duration_s=0.6),
            doors=MarkerDoors(udp_port=0),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            task = group.create_task(running)
            said = ""
            while "UDP port" not in said:
                await asyncio.sleep(0.01)
                said += capsys.readouterr().err
            port = int(said.rsplit(" ", 1)[1])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"stimulus", ("127.0.0.1", port))
        return task.result()

    asyncio.run(run())
    with Session.open(tmp_path / "s.h5") as session:
        assert [mark.text for mark in session.markers] == ["stimulus"]


async def test_keys_come_one_by_one(monkeypatch):
    near, far = pty.openpty()
    with os.fdopen(far, "r") as terminal:
        monkeypatch.setattr("muslin.recording.keys.sys.stdin", terminal)
        seen = []
        with keys_to(seen.append) as has_keyboard:
            assert has_keyboard
            os.write(near, b"m")
            for _ in range(100):
                await asyncio.sleep(0.005)
                if seen:
                    break
        assert seen == ["m"]
    os.close(near)


def test_keys_mark_pause_and_stop():
    controls, asked = Controls(), []
    controls.attach(Live())
    stopping = type("Stopping", (), {"ask": lambda self: asked.append(1)})()
    for key in "m3ppq0x":
        recordings._on_key(key, controls, stopping)
    assert controls.last_marker is not None
    assert controls.last_marker.text == "resumed"
    assert asked == [1]


def test_the_panel_shows_every_stream(tmp_path):
    monitor = Monitor(SCHEMA)
    monitor.feed(LinkOpened(epoch=1, boot=1, host_ns=0, mtu=247))
    monitor.feed(status(73))
    for i in range(20):
        monitor.feed(sampled(1, 10 * i))
    monitor.feed(lost(10))
    controls = Controls()
    controls.mark("jump")
    item = Watched(monitor=monitor, path=tmp_path / "s.h5", rssi_dbm=lambda: -61)
    panel = RecordingPanel([item], controls, duration_s=60)
    console = Console(width=140, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(panel.render())
        text = console.export_text()
    for words in ("shirt → s.h5", "link 1 up", "battery 73 %", "RSSI -61 dBm", "imu", "ecg_x",
                  "95.2 %", "last marker: jump", "m marker", "GB free", "of 60 s"):  # fmt: skip
        assert words in text
    assert not panel.has_lost_a_link()
    monitor.feed(LinkClosed(epoch=1, host_ns=0, reason="lost"))
    assert panel.has_lost_a_link()
    assert not panel.has_lost_a_link()


def test_shapes_in_block_letters():
    assert sparkline(np.arange(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.full(100, 3), width=4) == "▁▁▁▁"
    assert sparkline(np.zeros(0, dtype=int)) == ""
    assert quality_bar(0.5) == "██░░░  50 %"


def test_a_study_file_names_subject_protocol_and_calibrations(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[subject]\nid = "P9"\nbirth_year = 1990\n[protocol]\ntask = "sit"\noperator = "mk"\n'
        '[[calibration]]\nchannel = "imu/imu_x"\nkind = "affine"\nnumbers = [0, 2]\n',
        encoding="utf-8",
    )
    study = read_study(path, subject="", task="walk")
    assert (study.subject.id, study.subject.birth_year) == ("P9", 1990)
    assert study.protocol == {"task": "walk", "operator": "mk"}
    assert study.title == "walk"
    assert study.calibrations[0].numbers == (0, 2)
    path.write_text('[subject]\nname = "Jo"\n', encoding="utf-8")
    with pytest.raises(InputError, match="subject has name; known are id"):
        read_study(path, subject="")


def test_two_virtual_garments_by_the_command(tmp_path, capsys):
    out = tmp_path / "s.h5"
    words = ["record", "--garment", "sim:", "--garment", "sim:", "--duration", "1", "--loss", "0"]
    assert run_command([*words, "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["recordings"]
    assert [row["path"] for row in found] == [str(tmp_path / f"s-{i}.h5") for i in (1, 2)]
    assert all(row["n_stored"]["ppg"] > 0 for row in found)
    # The files know of each other, and share at least the time that was asked for.
    first, second = catalogue(tmp_path)
    assert first.recording == second.recording != ""
    grid = tmp_path / "grid.npz"
    both = [str(tmp_path / f"s-{i}.h5") for i in (1, 2)]
    assert run_command(["align", *both, "--rate", "50", "--out", str(grid)]) == 0
    with np.load(grid) as aligned:
        assert np.ptp(aligned["time_s"]) > 0.8
    capsys.readouterr()
    again = ["record", "--garment", f"replay:{tmp_path / 's-1.h5'}", "--no-live"]
    assert run_command([*again, "--duration", "0", "--out", str(out), "--json"]) == 0
    replayed = json.loads(capsys.readouterr().out)
    assert replayed["n_stored"] == found[0]["n_stored"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--garment", "os:#zz"], "is not hexadecimal"),
        (["--garment", "replay:none.h5"], "does not exist"),
        (["--garment", "udp:"], "is not understood"),
        (["--garment", "pigeon:"], "is not known"),
        (["--duration", "-1"], "negative"),
        (["--study", "none.toml"], "does not exist"),
    ],
)
def test_what_cannot_be_recorded_is_one_sentence(tmp_path, capsys, words, said):
    assert run_command(["record", *words, "--out", str(tmp_path / "s.h5")]) == 2
    assert said in capsys.readouterr().err


def test_several_garments_go_into_one_file(tmp_path):
    pairs = [(Live(), tmp_path / "both.h5") for _ in range(2)]
    outcome = asyncio.run(
        run_recordings(pairs, study=STUDY, limits=Limits(duration_s=0.2), devices=["left", "right"])
    )
    (summary,) = outcome.summaries
    assert set(summary.n_stored) == {"left/imu", "left/ecg", "right/imu", "right/ecg"}
    assert min(summary.n_stored.values()) > 0
    with Session.open(summary.path) as session:
        assert (session.recording_id, session.state) == ("", "closed")
        opened = [device.epochs["open_host_ns"][0] for device in session.devices.values()]
        assert session.anchor_host_ns == min(opened)
    told = result_of(summary)
    assert [row[0] for row in told.rows()][-1] == "clock of right, boot 1"


def test_garments_have_names_of_their_own(tmp_path):
    out = tmp_path / "p.h5"
    named = session_paths(out, ["left", ""])
    assert [path.name for path in named] == ["p-left.h5", "p-2.h5"]
    assert session_paths(out, [""]) == [out]
    with pytest.raises(InputError, match="would go into one file"):
        session_paths(out, ["a", "a"])


def test_names_in_one_file_must_differ(tmp_path, capsys):
    both = ["--garment", "a=sim:", "--garment", "a=sim:"]
    assert run_command(["record", *both, "--one-file", "--out", str(tmp_path / "s.h5")]) == 2
    assert "need names that differ: a, a" in capsys.readouterr().err


@pytest.mark.slow
def test_sessions_are_analysed_garment_by_garment(tmp_path, capsys):
    pairs = [(Live(), tmp_path / "both.h5") for _ in range(2)]
    running = run_recordings(
        pairs, study=STUDY, limits=Limits(duration_s=0.1), devices=["left", "right"]
    )
    asyncio.run(running)
    both = tmp_path / "both.h5"
    assert [path.name for path in garments_of(both)] == ["both.h5#left", "both.h5#right"]
    assert run_command(["analyze", str(both)]) == 0
    assert {path.name for path in tmp_path.glob("*.html")} == {"both-left.html", "both-right.html"}
    assert run_command(["analyze", str(both), "--out", str(tmp_path / "x.html")]) == 2
    err = capsys.readouterr().err
    assert f"name one: {both}#left" in err
    record_live([Live()], tmp_path)
    assert garments_of(tmp_path / "0.h5") == [tmp_path / "0.h5"]
