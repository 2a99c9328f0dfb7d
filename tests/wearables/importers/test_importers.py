"""Recordings of other programs come in whole: values, times, gaps, markers."""

import json
import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearables.errors import SessionError
from wearables.sessions import Session, SubjectInfo, verify_here
from wearables.sessions.importers import import_recording
from wearables.sessions.importers.counts import quantize, ucum
from wearables.sessions.importers.placing import find_runs
from wearables.sessions.importers.recording import (
    ForeignChannel,
    ForeignRecording,
    ForeignStream,
    even_times_s,
)
from wearables.sessions.importers.write import write_recording

P = SubjectInfo(id="P1")


def come_in(path, tmp_path, **options):
    out = tmp_path / "in.h5"
    report = import_recording(path, out, subject=P, **options)
    assert not verify_here(out).is_damaged
    return report, Session.open(out)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_numbers_come_back_within_the_stated_error(values):
    numbers = np.array(values, dtype=np.float64)
    found = quantize(numbers)
    back = (found.counts - found.offset) * found.step
    slack = 1e-12 * max(1.0, np.abs(numbers).max())
    assert np.abs(back - numbers).max() <= found.error * 1.0001 + slack
    assert np.abs(found.counts).max() < 2**31


def test_decimal_texts_are_exact():
    found = quantize(np.array([0.1, -2.35, 17.0]))
    assert (found.step, found.error, found.counts.tolist()) == (0.01, 0.0, [10, -235, 1700])
    assert quantize(np.array([7.0, -1.0])).step == 1
    with pytest.raises(SessionError, match="cannot be kept"):
        quantize(np.array([-1.7e308, 1.7e308]))


def test_units():
    assert ucum(" µV ") == ("uV", True)
    assert ucum("degC") == ("K", True)
    assert ucum("S") == ("S", True)
    assert ucum("uS") == ("uS", True)
    assert ucum("Microvolts") == ("uV", True)
    assert ucum("us")[1] is False
    assert ucum("furlong") == ("1", False)


def test_runs_find_one_missing_sample_and_bear_jitter():
    times = np.delete(even_times_s(100, 50.0), [40, 60, 61])
    assert [(r.index, r.stop - r.start) for r in find_runs(times, 50.0)] == [
        (0, 40), (41, 19), (62, 38),
    ]  # fmt: skip
    rng = np.random.default_rng(1)
    jittered = np.sort(even_times_s(1000, 250.0) + rng.uniform(0, 0.01, 1000))
    assert len(find_runs(jittered, 250.0)) == 1
    late = np.concatenate([jittered, jittered + 20.0])
    assert [r.index for r in find_runs(late, 250.0)][1] == pytest.approx(5000, abs=15)
    back = np.concatenate([even_times_s(50, 50.0), even_times_s(50, 50.0)])
    assert [(r.boot, r.index) for r in find_runs(back, 50.0)] == [(1, 0), (2, 0)]
    assert find_runs(np.zeros(0), 50.0) == []


def test_jitter_of_stamps_does_not_reach_the_samples(tmp_path):
    rng = np.random.default_rng(6)
    even = even_times_s(3000, 100.02)
    jittered = even + rng.uniform(0, 0.004, 3000)
    one = stream(values=np.zeros((3000, 2)), time_s=jittered, rate_hz=100.0)
    report = write_recording(ForeignRecording(streams=(one,)), tmp_path / "a.h5", subject=P)
    with Session.open(tmp_path / "a.h5") as session:
        block = session.streams["s"].read()
    late_s = block.time_s - even
    assert not any("nominal" in note for note in report.notes)
    # The mean of the jitter cannot be known; its spread must be gone.
    assert np.ptp(late_s) < 1e-3
    assert np.abs(late_s).max() < 0.005


def test_a_wrong_nominal_rate_is_told(tmp_path):
    one = stream(values=np.zeros((300, 2)), time_s=even_times_s(300, 90.0), rate_hz=100.0)
    report = write_recording(ForeignRecording(streams=(one,)), tmp_path / "a.h5", subject=P)
    assert "the stamps say 90 Hz, the nominal rate is 100 Hz" in " ".join(report.notes)


def build_csv(tmp_path, text, mapping, **write):
    path, toml = tmp_path / "r.csv", tmp_path / "m.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(**write))
    toml.write_text(mapping)
    return path, toml


MAP = """
[time]
column = "t"
unit = "ms"
[marker]
column = "what"
[[stream]]
name = "imu"
rate_hz = 100
[[stream.channel]]
column = "ax"
unit = "m/s^2"
kind = "acc"
[[stream.channel]]
column = "temp"
name = "skin"
unit = "degC"
"""


def test_csv_with_a_gap_a_hole_and_markers(tmp_path):
    rows = ["\ufefft,ax,temp,what"]
    for i in range(50):
        if not 20 <= i < 25:
            cell = "" if i == 30 else f"{i / 100}"
            rows.append(f"{1000 + i * 10},{cell},31.5,{'walk' if i < 10 else 'run'},extra")
    path, toml = build_csv(tmp_path, "\r\n".join(rows), MAP)
    report, session = come_in(path, tmp_path, mapping=toml)
    assert report.n_stored == {"imu": 44}
    assert report.n_lost == {"imu": 6}
    assert any("more cells" in note for note in report.notes)
    assert any("no number in some channels" in note for note in report.notes)
    with session:
        block = session.streams["imu"].read()
        assert block.channels == ("ax_m_s2", "skin_k")
        assert np.flatnonzero(np.isnan(block.values[:, 0])).tolist() == [20, 21, 22, 23, 24, 30]
        assert block.values[40] == pytest.approx([0.40, 304.65])
        assert np.allclose(block.time_s, np.arange(50) / 100, atol=1e-6)
        assert [(m.time_s, m.text) for m in session.markers] == [
            (pytest.approx(0.0), "walk"), (pytest.approx(0.1), "run"),
        ]  # fmt: skip


def test_csv_of_other_habits(tmp_path):
    text = "junk line\n1,5;0,25\n1,75;é\n".encode("latin-1")
    mapping = """
[file]
delimiter = ";"
decimal = ","
header = false
skip_rows = 1
start_utc = 2024-05-01T10:00:00
[[stream]]
name = "s"
rate_hz = 4
[[stream.channel]]
column = 1
name = "a"
site = "left wrist"
"""
    path, toml = build_csv(tmp_path, text, mapping)
    report, session = come_in(path, tmp_path, mapping=toml)
    assert any("Latin-1" in note for note in report.notes)
    assert any("only nominal" in note for note in report.notes)
    with session:
        stream = session.streams["s"]
        assert stream.read().values[:, 0].tolist() == [1.5, 1.75]
        assert session.created_utc.startswith("2024-05-01T10:00:00")
        utc = stream.time_s(np.array([0]), base="utc")[0]
        assert utc == pytest.approx(datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp())


def test_csv_with_iso_times_and_events_of_their_own_time(tmp_path):
    text = "t,x\n2024-05-01T10:00:00.5,1\n2024-05-01T10:00:01,2\nbad,3\n2024-05-01T10:00:04,4\n"
    mapping = """
[time]
column = "t"
unit = "iso"
[[stream]]
name = "e"
[[stream.channel]]
column = "x"
"""
    path, toml = build_csv(tmp_path, text, mapping)
    report, session = come_in(path, tmp_path, mapping=toml)
    assert any("1 rows have no time stamp" in note for note in report.notes)
    with session:
        stream = session.streams["e"]
        values = stream.physical(stream.counts(0, 3))
        assert values == pytest.approx(np.array([[1, 0], [2, 0.5], [4, 3.5]]))
        assert session.created_utc.startswith("2024-05-01T10:00:00.5")
        assert session.duration_s == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("mapping", "match"),
    [
        ("[time", "cannot be read"),
        ("[file]\nwhat = 1", "has 'what'; known are"),
        ("file = 3", "no table"),
        ("[file]\ndelimiter = ';;'", "one character"),
        ("[file]\nencoding = 'x'", "encoding 'x'"),
        ("[time]\ncolumn = 'zzz'", "column 'zzz' is not in the file, which has t, ax"),
        ("[time]\ncolumn = 9", "beyond the last"),
        ("[time]\ncolumn = 't'\nunit = 'min'", "unit of time is 'min'"),
        ("[time]\ncolumn = 'ax'\nunit = 'iso'", "holds no time"),
        ("[time]\ncolumn = 't'", "no .*stream"),
        ("[[stream]]\nname = 1", "has no name"),
        ("[[stream]]\nname = 's'", "needs rate_hz"),
        ("[[stream]]\nname = 's'\nrate_hz = -1", "above 0"),
        ("[[stream]]\nname = 's'\nrate_hz = 1", "no .*channel"),
        ("[[stream]]\nname = 's'\nrate_hz = 1\n[[stream.channel]]\nx = 1", "needs column"),
        ("[[stream]]\nname='s'\nrate_hz=1\n[[stream.channel]]\ncolumn='ax'\nscale='a'", "scale"),
        ("[[stream]]\nname='s'\nrate_hz=1\n[[stream.channel]]\ncolumn='ax'\nscale=0", "is 0"),
        ("[[stream]]\nname='s'\nrate_hz=1\n[[stream.channel]]\ncolumn='ax'\nunit='m/sec^2'",
         r"m\.toml: stream 's': unit of channel 'ax' is 'm/sec\^2', wanted one of UCUM: m/s2"),
        ("[file]\nstart_utc = 'x'\n[[stream]]\nname='s'\nrate_hz=1\n[[stream.channel]]\n"
         "column='ax'", "start_utc 'x'"),
    ],
)  # fmt: skip
def test_wrong_mappings_are_told(tmp_path, mapping, match):
    path, toml = build_csv(tmp_path, "t,ax\n1,2\n2,3\n", mapping)
    with pytest.raises(SessionError, match=match):
        import_recording(path, tmp_path / "o.h5", subject=P, mapping=toml)


@pytest.mark.parametrize("unit", ["mm[Hg]", "{tap}", "us", "°C", "g", "Microvolts", ""])
def test_units_of_ucum_and_common_symbols_are_taken(tmp_path, unit):
    mapping = "[[stream]]\nname='s'\nrate_hz=1\n[[stream.channel]]\ncolumn='ax'\n"
    path, toml = build_csv(tmp_path, "t,ax\n1,2\n2,3\n", f"{mapping}unit='{unit}'\n")
    report = import_recording(path, tmp_path / "o.h5", subject=P, mapping=toml)
    assert report.n_stored == {"s": 2}


def test_wrong_files_are_told(tmp_path):
    def refused(path, match, **options):
        with pytest.raises(SessionError, match=match):
            import_recording(path, tmp_path / "o.h5", subject=P, **options)

    refused(tmp_path / "none.edf", "does not exist")
    for name in ("x.edf", "x.xdf", "x.csv", "x.abc"):
        (tmp_path / name).write_bytes(b"rubbish" * 60)
    refused(tmp_path / "x.edf", "neither EDF nor BDF")
    refused(tmp_path / "x.xdf", "'XDF:'")
    refused(tmp_path / "x.csv", "needs a mapping")
    refused(tmp_path / "x.csv", "is no file", mapping=tmp_path / "none.toml")
    refused(tmp_path / "x.abc", "no known kind")
    refused(tmp_path / "x.abc", "needs a folder", kind="hexoskin")
    refused(tmp_path, "no WAV file")
    refused(tmp_path, "needs a file", kind="edf")
    path, toml = build_csv(tmp_path, "t,ax\n", MAP)
    refused(path, "no rows", mapping=toml)
    (tmp_path / "head.edf").write_bytes(b"0".ljust(252) + b"2".ljust(4))
    refused(tmp_path / "head.edf", "header of")


def stream(**changes):
    fields = {
        "name": "s", "channels": (ForeignChannel(name="a"), ForeignChannel(name="a")),
        "values": np.zeros((3, 2)), "time_s": np.arange(3.0), "rate_hz": 1.0,
    }  # fmt: skip
    return ForeignStream(**{**fields, **changes})


def test_recordings_that_make_no_sense_are_told(tmp_path):
    with pytest.raises(SessionError, match="shape"):
        stream(values=np.zeros((2, 2)))
    with pytest.raises(SessionError, match="no number"):
        stream(time_s=np.array([0, 1, np.nan]))
    with pytest.raises(SessionError, match="rate of"):
        stream(rate_hz=0.0)
    empty = ForeignRecording(streams=(stream(values=np.full((3, 2), np.nan)),))
    with pytest.raises(SessionError, match="0 streams"):
        write_recording(empty, tmp_path / "a.h5", subject=P)
    twice = ForeignRecording(streams=(stream(), stream()))
    with pytest.raises(SessionError, match="repeat"):
        write_recording(twice, tmp_path / "a.h5", subject=P)
    one = ForeignRecording(streams=(stream(), stream(name="t", values=np.full((3, 2), np.nan))))
    report = write_recording(one, tmp_path / "a.h5", subject=P)
    assert any("t is empty" in note for note in report.notes)
    assert json.dumps(report.to_json())
    with Session.open(tmp_path / "a.h5") as session:
        assert session.streams["s"].channel_names == ("a", "a_2")
    with pytest.raises(SessionError, match="exists"):
        write_recording(one, tmp_path / "a.h5", subject=P)


def wave(path, samples, rate, *, said=None, head=b"WAVEfmt "):
    body = np.asarray(samples, "<i2").tobytes()
    size = len(body) if said is None else said
    path.write_bytes(
        b"RIFF" + struct.pack("<I", size + 36) + head
        + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data"
        + struct.pack("<I", size) + body
    )  # fmt: skip


def test_a_hexoskin_folder(tmp_path):
    folder = tmp_path / "shirt"
    folder.mkdir()
    wave(folder / "ECG_I.wav", np.arange(512), 256)
    wave(folder / "ECG_II.wav", [], 256)
    for i, axis in enumerate("XYZ"):
        wave(folder / f"acceleration_{axis}.WAV", np.full(128, 256 * i), 64)
    wave(folder / "heart_rate.wav", [60, 61], 1, said=8)
    (folder / "RR_interval.csv").write_text("time [s],RR_interval [s/256](x)\n0.5,256\n1.5,nan\n")
    (folder / "device_position.csv").write_text("time [s],device_position [NA](x)\n")
    (folder / "step.csv").write_text("time [s],step [Step](x)\n0.5,one\n")
    report, session = come_in(folder, tmp_path)
    with session:
        acc = session.streams["acc"].read()
        assert acc.values[0] == pytest.approx([0, 9.80665, 19.6133])
        assert acc.channels == ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2")
        assert session.streams["ecg"].rate_hz == pytest.approx(256)
        assert session.streams["heart_rate"].n_stored == 2
        rr = session.streams["rr_interval"]
        assert rr.physical(rr.counts(0, 1))[0] == pytest.approx([1.0, 0.5])
    words = " ".join(report.notes)
    for part in ("ECG_II.wav is empty", "info.json cannot", "device_position.csv", "step.csv"):
        assert part in words
    (folder / "info.json").write_text('{"timestamp": 1667604589.0, "devices": ["HX"]}')
    import_recording(folder, tmp_path / "b.h5", subject=P)
    with Session.open(tmp_path / "b.h5") as session:
        assert session.created_utc.startswith("2022-11-04T23:29:49")
        assert session.schema.name == "HX"
    (folder / "info.json").write_text("[]")
    wave(folder / "bad.wav", [1], 1, head=b"WAVEjunk")
    with pytest.raises(SessionError, match="plain 16-bit"):
        import_recording(folder, tmp_path / "c.h5", subject=P)
    wave(folder / "bad.wav", [1], 0)
    with pytest.raises(SessionError, match="0 Hz"):
        import_recording(folder, tmp_path / "c.h5", subject=P)


def test_real_shirts_come_in(shared_data, tmp_path):
    folders = [path for path in (shared_data / "hexoskin").iterdir() if path.is_dir()]
    for folder in folders[:1]:
        report, session = come_in(folder, tmp_path)
        with session:
            n_bytes = (folder / "ECG_I.wav").stat().st_size - 44
            assert report.n_stored["ecg"] == n_bytes // 2
            assert not any(report.n_lost.values())
            acc = session.streams["acc"].read()
            at_rest = np.median(np.linalg.norm(acc.values, axis=1))
            assert at_rest == pytest.approx(9.81, rel=0.1)
            assert session.duration_s == pytest.approx(acc.time_s[-1], abs=5)


def test_real_sleeves_come_in(shared_data, tmp_path):
    paths = sorted((shared_data / "knit_sleeve" / "raw_sample").glob("*.csv"))
    for number, path in enumerate(paths):
        rows = path.read_text(encoding="utf-8-sig").splitlines()
        mapping = tmp_path / "m.toml"
        channels = "".join(
            f"[[stream.channel]]\ncolumn = 'S{i}'\nkind = 'strain'\n" for i in range(1, 6)
        )
        mapping.write_text(
            f"[time]\ncolumn = 'Time'\n[[stream]]\nname = 'strain'\nrate_hz = 100\n{channels}"
        )
        out = tmp_path / f"{number}.h5"
        report = import_recording(path, out, subject=P, mapping=mapping)
        assert not verify_here(out).is_damaged
        with Session.open(out) as session:
            block = session.streams["strain"].read()
            first = [float(cell) for cell in rows[1].split(",")[:5]]
            assert block.values[0] == pytest.approx(first, abs=1e-9)
            assert report.n_stored["strain"] + report.n_lost["strain"] == block.n_samples


def test_a_real_pulse_with_iso_stamps_comes_in(shared_data, tmp_path):
    path = shared_data / "heartpy_ppg" / "data3.csv"
    header = path.read_text().splitlines()[0].split(",")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        f"[time]\ncolumn = '{header[0]}'\nunit = 'iso'\n[[stream]]\nname = 'ppg'\n"
        f"rate_hz = 100\n[[stream.channel]]\ncolumn = '{header[1]}'\nkind = 'ppg'\n"
    )
    report, session = come_in(path, tmp_path, mapping=mapping)
    with session:
        assert report.n_stored["ppg"] == len(path.read_text().splitlines()) - 1
        assert session.streams["ppg"].rate_hz == pytest.approx(100.4, abs=0.1)
