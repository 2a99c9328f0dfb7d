"""Exports are read back with the field's own readers, gaps included."""

import csv
import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.events import LossCause, Lost, Marker, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import SessionError
from wearables.sessions import Session, SessionWriter, SubjectInfo
from wearables.sessions.annotate import annotate
from wearables.sessions.export import FORMATS, export_session
from wearables.sessions.importers import import_recording

N, GAP = 400, (150, 190)


def build(path, *, bits=16, gap=True, rate_hz=100.0, kind="acc"):
    channels = tuple(
        ChannelSchema(
            name=f"acc_{axis}", unit="m/s2", bits=bits, signed=True, scale=0.001, offset=0,
            kind=kind,
        )
        for axis in "xyz"
    )  # fmt: skip
    stream = StreamSchema(
        id=1, name="imu", rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    writer = SessionWriter(path, schema, subject=SubjectInfo(id="P-1"), title="free walk")
    zero_ns = writer.anchor_host_ns
    for index in range(0, N, 10):
        if gap and GAP[0] <= index < GAP[1]:
            continue
        rows = np.arange(index, index + 10)
        writer.write(
            Sampled(
                stream_id=1, boot=1, first_index=index, device_us=round(index * 1e6 / rate_hz),
                counts=np.stack([rows, -rows, 7 * rows], axis=1), flags=0,
                host_ns=zero_ns + round(index * 1e9 / rate_hz), epoch=1,
            )
        )  # fmt: skip
    if gap:
        writer.write(
            Lost(
                stream_id=1, boot=1, first_index=GAP[0], n_samples=GAP[1] - GAP[0],
                cause=LossCause.RADIO, host_ns=1, epoch_before=1, epoch_after=1,
            )
        )  # fmt: skip
    writer.write(Marker(host_ns=zero_ns + 10**9, kind="marker", text="Sprünge", source="user"))
    writer.close()


@pytest.fixture
def exported(tmp_path):
    def run(to, **settings):
        path = tmp_path / "s.h5"
        build(path, **settings)
        with Session.open(path) as session:
            paths = export_session(session, tmp_path / "out", to=to)
            sidecar = json.loads(paths[-1].read_text(encoding="utf-8"))
            assert sidecar["session_id"] == session.session_id
            return paths, session.streams["imu"].read()

    return run


def test_csv(exported):
    paths, block = exported("csv")
    with paths[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["time_s", "index", "acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2"]
    values = np.array([[float(cell or "nan") for cell in row] for row in rows[1:]])
    np.testing.assert_allclose(values[:, 0], block.time_s, atol=1e-6)
    np.testing.assert_array_equal(values[:, 2:], block.values)
    assert rows[1 + GAP[0]][2:] == ["", "", ""]


def test_parquet(exported):
    pandas = pytest.importorskip("pandas")
    paths, block = exported("parquet")
    frame = pandas.read_parquet(paths[0])
    np.testing.assert_array_equal(frame["acc_z_m_s2"].to_numpy(), block.values[:, 2])
    assert (~frame["valid"]).sum() == GAP[1] - GAP[0]


@pytest.mark.parametrize("gap", [True, False])
def test_xdf(exported, gap):
    pyxdf = pytest.importorskip("pyxdf")
    paths, block = exported("xdf", gap=gap)
    (imu, markers), _ = pyxdf.load_xdf(paths[0])
    stored = np.isfinite(block.values[:, 0])
    np.testing.assert_allclose(imu["time_stamps"], block.time_s[stored], atol=1e-4)
    np.testing.assert_array_equal(imu["time_series"], block.values[stored])
    assert markers["time_series"] == [["marker: Sprünge"]]


@pytest.mark.parametrize(("bits", "ending"), [(16, ".edf"), (24, ".bdf")])
def test_edf(exported, bits, ending):
    edfio = pytest.importorskip("edfio")
    paths, block = exported("edf", bits=bits)
    assert paths[0].suffix == ending
    read = edfio.read_edf if bits == 16 else edfio.read_bdf
    edf = read(paths[0])
    stored = np.isfinite(block.values[:, 0])
    for i, signal in enumerate(edf.signals):
        assert signal.sampling_frequency == 100
        np.testing.assert_allclose(signal.data[:N][stored], block.values[stored, i], atol=0.001)
        assert (signal.data[:N][~stored] == signal.data.min()).all()
    texts = {note.text: note for note in edf.annotations}
    assert texts["BAD_gap imu"].duration == pytest.approx(0.4, abs=1e-3)
    assert "marker: Sprünge" in texts


@pytest.mark.parametrize("bits", [16, 24])
def test_mne_reads_what_edfio_wrote(exported, bits):
    mne = pytest.importorskip("mne")
    paths, block = exported("edf", bits=bits)
    read = mne.io.read_raw_edf if bits == 16 else mne.io.read_raw_bdf
    raw = read(paths[0], preload=True, verbose="error")
    assert raw.info["sfreq"] == 100
    stored = np.isfinite(block.values[:, 0])
    values = raw.get_data().T[:N]
    for i in range(3):
        np.testing.assert_allclose(values[stored, i], block.values[stored, i], atol=0.001)
    found = {note["description"]: note for note in raw.annotations}
    start = np.flatnonzero(~stored)[0] / 100
    gap = found["BAD_gap imu"]
    assert (gap["onset"], gap["duration"]) == pytest.approx((start, 0.4), abs=1e-3)
    assert "marker: Sprünge" in found
    # What mne makes of it: epochs that touch the gap are rejected.
    cut = raw.get_data(reject_by_annotation="omit")
    assert cut.shape[1] == pytest.approx(raw.n_times - 40, abs=2)


def test_an_edf_of_ours_comes_back_with_its_gap(exported, tmp_path):
    pytest.importorskip("edfio")
    paths, block = exported("edf")
    report = import_recording(paths[0], tmp_path / "back.h5", subject=SubjectInfo(id="P-1"))
    n_padded = 100  # the file is filled up to a whole second
    assert sum(report.n_lost.values()) == GAP[1] - GAP[0]
    with Session.open(report.path) as session:
        (stream,) = session.streams.values()
        back = stream.read()
        (gap,) = stream.gaps
        assert gap.first_index == GAP[0]
        assert gap.n_samples == GAP[1] - GAP[0]
    assert N <= back.n_samples <= N + n_padded
    np.testing.assert_allclose(back.values[:N], block.values, atol=0.001)


def test_edf_refuses_a_broken_rate(exported):
    with pytest.raises(SessionError, match="whole number"):
        exported("edf", rate_hz=62.5)


def test_bids(exported):
    paths, block = exported("bids")
    names = [path.name for path in paths]
    stem = "sub-P1_task-freewalk_tracksys-imu"
    for name in (f"{stem}_motion.tsv", f"{stem}_motion.json", f"{stem}_channels.tsv",
                 "sub-P1_scans.tsv", "dataset_description.json", "participants.tsv"):  # fmt: skip
        assert name in names
    motion = paths[names.index(f"{stem}_motion.tsv")]
    values = np.genfromtxt(motion, missing_values="n/a", delimiter="\t")
    np.testing.assert_array_equal(values[:, :3], block.values)
    channels = paths[names.index(f"{stem}_channels.tsv")].read_text(encoding="utf-8").split("\n")
    assert channels[1].split("\t")[:3] == ["acc_x", "x", "ACCEL"]
    assert len(channels) == 6


def test_the_three_files_of_a_tracking_system_speak_of_the_same_channels(exported):
    paths, block = exported("bids")
    (about,) = [path for path in paths if path.name.endswith("_motion.json")]
    facts = json.loads(about.read_text(encoding="utf-8"))
    (motion,) = [path for path in paths if path.name.endswith("_motion.tsv")]
    width = len(motion.read_text(encoding="utf-8").split("\n")[0].split("\t"))
    (channels,) = [path for path in paths if path.name.endswith("_channels.tsv")]
    lines = channels.read_text(encoding="utf-8").splitlines()
    head, *rows = csv.reader(lines, delimiter="\t")
    assert head[:5] == ["name", "component", "type", "tracked_point", "units"]
    assert facts["MotionChannelCount"] == len(rows) == width == len(block.channels) + 1
    assert facts["TrackedPointsCount"] == len({row[3] for row in rows} - {"n/a"}) == 1
    assert {row[3] for row in rows if row[2] == "ACCEL"} == {facts["TrackingSystemName"]}
    for kind in ("ACCEL", "LATENCY"):
        assert facts[f"{kind}ChannelCount"] == sum(row[2] == kind for row in rows)


def test_what_is_no_motion_becomes_a_physiological_recording(exported):
    paths, block = exported("bids", kind="ecg")
    names = [path.name for path in paths]
    stem = "sub-P1_task-freewalk_recording-imu_physio"
    with gzip.open(paths[names.index(f"{stem}.tsv.gz")], "rt") as file:
        values = np.genfromtxt(file, missing_values="n/a", delimiter="\t")
    np.testing.assert_array_equal(values[:, :3], block.values)
    stored = np.isfinite(block.values[:, 0])
    facts = json.loads(paths[names.index(f"{stem}.json")].read_text(encoding="utf-8"))
    assert facts["Columns"] == [*block.channels, "time"]
    times_s = facts["StartTime"] + np.arange(len(values)) / facts["SamplingFrequency"]
    np.testing.assert_allclose(values[stored, 3], times_s[stored], atol=1e-3)
    assert not [name for name in names if "_motion" in name]


@pytest.mark.parametrize("kind", ["acc", "ecg"])
def test_bids_keeps_the_rules_of_the_layout(exported, tmp_path, missing, kind):
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if validator is None:
        missing("the package bids-validator-deno is not installed")
    exported("bids", kind=kind)
    done = subprocess.run(
        [validator, str(tmp_path / "out"), "--format", "json"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    issues = json.loads(done.stdout)["issues"]["issues"]
    errors = [(i["code"], i.get("location")) for i in issues if i["severity"] == "error"]
    assert errors == []


def test_mcap(exported):
    reader = pytest.importorskip("mcap.reader")
    paths, block = exported("mcap")
    values, gaps = [], []
    with paths[0].open("rb") as file:
        for _, channel, message in reader.make_reader(file).iter_messages():
            data = json.loads(message.data)
            if channel.topic == "imu":
                values += data["values"]
            if channel.topic == "imu/gaps":
                gaps.append(data["n_samples"])
    np.testing.assert_array_equal(values, block.values[np.isfinite(block.values[:, 0])])
    assert gaps == [40]


def test_what_is_missing_is_said(exported, monkeypatch):
    assert set(FORMATS) == {"bids", "csv", "edf", "mcap", "parquet", "xdf"}
    with pytest.raises(SessionError, match="known are bids"):
        exported("wav")
    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(SessionError, match=r"pip install 'muslin\[edf\]'"):
        exported("edf")


def test_remarks_and_the_clock_go_along(tmp_path):
    edfio = pytest.importorskip("edfio")
    build(tmp_path / "s.h5")
    annotate(tmp_path / "s.h5", author="mk", text="strap slipped", start_s=1.5, duration_s=0.5)
    for start_s in (-0.1, 99.0):
        with pytest.raises(SessionError, match="lasts from 0 to"):
            annotate(tmp_path / "s.h5", author="mk", text="late", start_s=start_s)
    with Session.open(tmp_path / "s.h5") as session:
        (remark,) = session.annotations
        assert (remark.source, remark.text, remark.duration_s) == ("mk", "strap slipped", 0.5)
        assert [note.text for note in session.notes] == ["Sprünge", "strap slipped"]
        path, sidecar = export_session(session, tmp_path / "out", to="edf")
    notes = {note.text: note for note in edfio.read_edf(path).annotations}
    assert notes["annotation: strap slipped"].duration == pytest.approx(0.5)
    facts = json.loads(sidecar.read_text(encoding="utf-8"))
    assert facts["annotations"][0]["time_s"] == pytest.approx(1.5)
    assert facts["software"] == "muslin"
    assert [clock["boot"] for clock in facts["clocks"]] == [1]
    assert facts["streams"]["imu"]["lost_s"] == pytest.approx(0.4)
