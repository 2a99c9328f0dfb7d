"""XDF and EDF, beside the field's own readers and writers."""

import contextlib
import struct
import warnings
from datetime import UTC, datetime

import numpy as np
import pytest

from wearables.errors import SessionError
from wearables.sessions import Session, SubjectInfo, verify_here
from wearables.sessions.export import export_session
from wearables.sessions.importers import import_recording
from wearables.sessions.importers.edf import read_edf
from wearables.sessions.importers.xdf import read_xdf
from wearables.sessions.importers.xdf_chunks import read_chunks

P = SubjectInfo(id="P1")


def chunk(tag, content):
    return struct.pack("<BIH", 4, len(content) + 2, tag) + content


def head(number, **fields):
    desc = fields.pop("desc", "")
    text = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    xml = f"<?xml version='1.0'?><info>{text}<desc>{desc}</desc></info>"
    return chunk(2, struct.pack("<I", number) + xml.encode())


def samples(number, stamps, values, dtype="<f4"):
    body = b""
    for stamp, row in zip(stamps, values, strict=True):
        body += b"\0" if stamp is None else b"\x08" + struct.pack("<d", stamp)
        body += np.asarray(row, dtype).tobytes()
    return chunk(3, struct.pack("<IBI", number, 4, len(stamps)) + body)


def texts(number, rows):
    body = b""
    for stamp, text in rows:
        data = text.encode()
        body += b"\x08" + struct.pack("<dBI", stamp, 4, len(data)) + data
    return chunk(3, struct.pack("<IBB", number, 1, len(rows)) + body)


def offset(number, at, value):
    return chunk(4, struct.pack("<Idd", number, at, value))


CHANNELS = (
    "<channels><channel><label>ax</label><unit>g</unit><type>ACC</type></channel>"
    "<channel><label>ay</label><unit>g</unit></channel></channels>"
)


@pytest.fixture
def xdf(tmp_path):
    n = 200
    stamps = 5000.0 + np.arange(n) / 100
    values = np.stack([np.sin(np.arange(n) / 9), np.arange(n) / 64], axis=1).astype("<f4")
    parts = [
        b"XDF:",
        chunk(1, b"<info><datetime>2024-05-01T10:00:00+0200</datetime></info>"),
        head(1, name="imu", type="IMU", channel_count=2, nominal_srate=100,
             channel_format="float32", desc=CHANNELS),
        head(2, name="marks", type="Markers", channel_count=1, nominal_srate=0,
             channel_format="string"),
        chunk(5, bytes(16)),
        samples(1, stamps[:100], values[:100]),
        texts(2, [(5000.5, "stärt"), (5001.0, "stop")]),
        offset(1, 5000.0, 0.25), offset(1, 5001.0, 0.25), offset(1, 5001.5, 99.0),
        offset(1, 5002.0, 0.25),
        samples(1, [stamps[100], *[None] * 99], values[100:]),
        chunk(6, struct.pack("<I", 1) + b"<info/>"),
    ]  # fmt: skip
    path = tmp_path / "r.xdf"
    path.write_bytes(b"".join(parts))
    return path, values


def test_xdf_values_times_and_markers(xdf, tmp_path):
    path, values = xdf
    report = import_recording(path, tmp_path / "o.h5", subject=P)
    assert verify_here(tmp_path / "o.h5").exit_code == 0
    assert report.n_stored == {"imu": 200}
    with Session.open(tmp_path / "o.h5") as session:
        block = session.streams["imu"].read()
        assert block.channels == ("ax_m_s2", "ay_m_s2")
        assert np.allclose(block.values, 9.80665 * values, atol=1e-8)
        assert np.allclose(np.diff(block.time_s), 0.01, atol=1e-7)
        marks = session.markers
        assert [m.text for m in marks] == ["stärt", "stop"]
        assert marks[0].time_s - block.time_s[0] == pytest.approx(0.25, abs=1e-5)
        assert session.created_utc.startswith("2024-05-01T08:00:00")


def test_xdf_agrees_with_pyxdf(xdf):
    pyxdf = pytest.importorskip("pyxdf")
    path, values = xdf
    # The wild clock measurement would bend pyxdf's line.
    path.write_bytes(path.read_bytes().replace(offset(1, 5001.5, 99.0), b""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    theirs = next(s for s in streams if s["info"]["name"] == ["imu"])
    (ours,) = read_xdf(path).streams
    assert np.array_equal(ours.values, theirs["time_series"])
    assert np.array_equal(ours.values, values)
    assert np.allclose(np.diff(ours.time_s), np.diff(theirs["time_stamps"]), atol=1e-6)


def test_cut_and_damaged_xdf_gives_what_is_there(xdf, tmp_path):
    data = xdf[0].read_bytes()
    rng = np.random.default_rng(4)
    path = tmp_path / "cut.xdf"
    path.write_bytes(data[: int(len(data) * 0.7)])
    found = read_xdf(path)
    assert found.streams[0].time_s.size == 100
    assert "cut off" in found.notes[0]
    for _ in range(150):
        broken = bytearray(data[: int(rng.integers(4, len(data)))])
        for at in rng.integers(4, len(broken) + 1, 3):
            if at < len(broken):
                broken[at] = rng.integers(0, 256)
        path.write_bytes(broken)
        with contextlib.suppress(SessionError):
            read_xdf(path)


def test_xdf_without_stamps_or_labels(tmp_path):
    path = tmp_path / "r.xdf"
    parts = [
        b"XDF:", chunk(1, b"<info><datetime>2024-05-01T10:00:00</datetime></info>"),
        head(1, name="a/b", channel_count=1, nominal_srate=10, channel_format="int16"),
        head(2, name="a/b", channel_count=1, nominal_srate=0, channel_format="int32"),
        head(3, name="none", channel_count=1, nominal_srate=1, channel_format="int8"),
        samples(1, [None] * 5, [[i] for i in range(5)], "<i2"),
        samples(2, [1.0, 3.0], [[7], [8]], "<i4"), offset(2, 1.0, 0.5),
    ]  # fmt: skip
    path.write_bytes(b"".join(parts))
    found = read_xdf(path)
    assert [s.name for s in found.streams] == ["a_b", "a_b_2"]
    assert found.streams[1].rate_hz is None
    assert found.start_utc == datetime(2024, 5, 1, 10, tzinfo=UTC)
    words = " ".join(found.notes)
    assert "only nominal" in words
    assert "no time zone" in words
    assert "none has no samples" in words
    assert found.streams[0].channels[0].name == "channel_1"
    path.write_bytes(b"XDF:" + chunk(2, b"\1\0\0\0<bad") + chunk(3, b"\7\0\0\0\1\1") + b"\7")
    assert len(read_chunks(path).notes) == 3


def test_what_was_exported_as_xdf_comes_back(xdf, tmp_path):
    import_recording(xdf[0], tmp_path / "o.h5", subject=P)
    with Session.open(tmp_path / "o.h5") as session:
        paths = export_session(session, tmp_path / "x", to="xdf")
        before = session.streams["imu"].read()
    import_recording(paths[0], tmp_path / "p.h5", subject=P)
    with Session.open(tmp_path / "p.h5") as session:
        assert np.allclose(session.streams["imu"].read().values, before.values, atol=1e-7)


def make_edf(path, *, rate=50, seconds=4, bdf=False):
    edfio = pytest.importorskip("edfio")
    n = rate * seconds
    signal, kind = (edfio.BdfSignal, edfio.Bdf) if bdf else (edfio.EdfSignal, edfio.Edf)
    values = np.round(100 * np.sin(np.arange(n) / 7), 1)
    signals = [
        signal(values, rate, label="ECG I", physical_dimension="uV", physical_range=(-200, 200)),
        signal(np.full(seconds, 36.5), 1, label="Temp", physical_dimension="degC",
               physical_range=(30, 45)),
    ]  # fmt: skip
    marks = [edfio.EdfAnnotation(1.5, None, "Sprung"), edfio.EdfAnnotation(2.0, 1.0, "Pause")]
    kind(signals, annotations=marks).write(path)
    return values


@pytest.mark.parametrize("bdf", [False, True])
def test_edf_values_and_annotations(tmp_path, bdf):
    path = tmp_path / ("r.bdf" if bdf else "r.edf")
    values = make_edf(path, bdf=bdf)
    report = import_recording(path, tmp_path / "o.h5", subject=P)
    assert not any(report.n_lost.values())
    with Session.open(tmp_path / "o.h5") as session:
        ecg, temp = session.streams["edf_50hz"], session.streams["edf_1hz"]
        step = 400 / (2 ** (24 if bdf else 16) - 1)
        assert np.abs(ecg.read().values[:, 0] * 1e6 - values).max() <= step
        assert np.abs(temp.read().values - 309.65).max() < 1e-3
        assert [(m.time_s, m.text) for m in session.markers] == [
            (pytest.approx(1.5), "Sprung"), (pytest.approx(2.0), "Pause"),
        ]  # fmt: skip


def test_edf_digits_agree_with_edfio(tmp_path):
    edfio = pytest.importorskip("edfio")
    make_edf(tmp_path / "r.edf")
    ours = {s.name: s for s in read_edf(tmp_path / "r.edf").streams}
    theirs = edfio.read_edf(tmp_path / "r.edf").signals
    assert np.array_equal(ours["edf_50hz"].values[:, 0], theirs[0].digital)
    channel = ours["edf_50hz"].channels[0]
    volts = (ours["edf_50hz"].values[:, 0] - channel.offset) * channel.scale
    assert np.allclose(volts, theirs[0].data)


def edf_bytes(onsets_s, *, start="01.05.24", n_tail=0):
    def cells(width, *words):
        return b"".join(word.encode().ljust(width) for word in words)

    top = cells(8, "0") + cells(80, "X", "X") + (start + "10.00.00").encode()
    top += cells(8, "768") + cells(44, "EDF+D") + cells(8, str(len(onsets_s)), "1")
    top += cells(4, "2")
    body = cells(16, "acc", "EDF Annotations") + cells(80, "", "") + cells(8, "g", "")
    body += cells(8, "-1", "-1") + cells(8, "1", "1") + cells(8, "-100", "-32768")
    body += cells(8, "100", "32767") + cells(80, "", "") + cells(8, "10", "15")
    body += cells(32, "", "")
    for i, onset in enumerate(onsets_s):
        body += np.arange(10 * i, 10 * i + 10, dtype="<i2").tobytes()
        body += f"+{onset}\x14\x14\0+{onset}\x14Ä\x14\0".encode().ljust(30, b"\0")
    return top + body + bytes(n_tail)


def test_discontinuous_edf_has_gaps(tmp_path):
    path = tmp_path / "d.edf"
    path.write_bytes(edf_bytes([0, 1, 4, 5], n_tail=7))
    report = import_recording(path, tmp_path / "o.h5", subject=P)
    assert report.n_stored == {"edf_10hz": 40}
    assert report.n_lost == {"edf_10hz": 20}
    assert report.n_markers == 4
    assert any("cut off" in note for note in report.notes)
    with Session.open(tmp_path / "o.h5") as session:
        values = session.streams["edf_10hz"].read().values[:, 0]
        assert np.isnan(values[20:40]).all()
        assert values[40] == pytest.approx(0.2 * 9.80665)
        assert session.created_utc.startswith("2024-05-01T10:00:00")


def test_odd_edf_headers(tmp_path):
    path = tmp_path / "d.edf"
    path.write_bytes(edf_bytes([0], start="xx.05.24"))
    assert read_edf(path).start_utc is None
    path.write_bytes(edf_bytes([0], start="01.05.85"))
    start = read_edf(path).start_utc
    assert start is not None
    assert start.year == 1985
    data = edf_bytes([0])
    flat = data.replace(b"-1      -1      1       1 ", b"1       -1      1       1 ")
    path.write_bytes(flat)
    with pytest.raises(SessionError, match="no physical range"):
        read_edf(path)
    path.write_bytes(data.replace(b"10      15      ", b"0       0       "))
    with pytest.raises(SessionError, match="holds no samples"):
        read_edf(path)
    rng = np.random.default_rng(2)
    for _ in range(150):
        broken = bytearray(data[: int(rng.integers(0, len(data)))])
        for at in rng.integers(0, len(data), 3):
            if at < len(broken):
                broken[at] = rng.integers(0, 256)
        path.write_bytes(broken)
        with contextlib.suppress(SessionError):
            read_edf(path)
