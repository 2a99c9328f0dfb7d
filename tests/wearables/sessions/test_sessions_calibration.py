"""Calibrations are kept in the file and applied on reading; raw counts stay."""

import numpy as np
import pytest

from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import SessionError
from wearables.sessions import (
    Calibration,
    Session,
    SessionWriter,
    SubjectInfo,
    recover_here,
    verify_here,
)
from wearables.sessions.calibration import read_calibrations


def schema():
    channels = tuple(
        ChannelSchema(name=n, unit="mV", bits=16, signed=True, scale=0.5, offset=0, kind="ecg")
        for n in ("a", "b", "c")
    )
    stream = StreamSchema(
        id=2, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))


FITS = (
    Calibration(channel="ecg/a", kind="affine", numbers=(1.0, 2.0), date_utc="2026-01-01"),
    Calibration(channel="ecg/b", kind="table", numbers=(0, 0, 10, 100)),
    Calibration(channel="ecg/a", kind="poly", numbers=(0.0, 0.0, 3.0)),
)


def write(path, *, close=True):
    writer = SessionWriter(
        path, schema(), subject=SubjectInfo(id="P", dominant_side="left"), calibrations=FITS,
        protocol={"task": "walk", "operator": "mk"},
    )  # fmt: skip
    counts = np.repeat(np.arange(-5, 25)[:, None], 3, axis=1)
    writer.write(
        Sampled(
            stream_id=2, boot=1, first_index=0, device_us=0, counts=counts, flags=0, host_ns=0,
            epoch=1,
        )
    )  # fmt: skip
    if close:
        writer.close()
    else:
        writer.__exit__(ValueError, ValueError(), None)


def check(path):
    with Session.open(path) as session:
        stream = session.streams["ecg"]
        values_mv = stream.read().values * 1000
        plain = np.arange(-5, 25) * 0.5
        np.testing.assert_allclose(values_mv[:, 0], 3 * plain**2)
        np.testing.assert_allclose(values_mv[:, 1], np.clip(plain, 0, 10) * 10)
        np.testing.assert_allclose(values_mv[:, 2], plain)
        np.testing.assert_array_equal(stream.counts(0, 30)[:, 0], np.arange(-5, 25))
        assert stream.physical_range(1) == (0.0, 100.0)
        assert session.calibrations == FITS
        assert session.protocol == {"task": "walk", "operator": "mk"}
        assert session.subject["dominant_side"] == "left"


def test_the_newest_calibration_of_a_channel_is_applied(tmp_path):
    write(tmp_path / "s.h5")
    check(tmp_path / "s.h5")
    assert verify_here(tmp_path / "s.h5").verdict == "clean"


@pytest.mark.parametrize("damage", ["none", "file", "journal"])
def test_recover_keeps_calibrations_and_protocol(tmp_path, damage):
    path = tmp_path / "s.h5"
    write(path, close=False)
    if damage == "file":
        path.write_bytes(b"")
    if damage == "journal":
        (tmp_path / "s.h5.journal").unlink()
    check(recover_here(path).path)


@pytest.mark.parametrize(
    ("kind", "numbers", "words"),
    [
        ("spline", (1,), "known are affine"),
        ("affine", (1,), "1 numbers"),
        ("poly", (), "0 numbers"),
        ("table", (0, 0, 0, 1), "rising"),
        ("affine", (1, float("nan")), "not finite"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_said(kind, numbers, words):
    with pytest.raises(SessionError, match=words):
        Calibration(channel="ecg/a", kind=kind, numbers=numbers)


def test_a_calibration_of_no_channel_is_said(tmp_path):
    stray = Calibration(channel="ecg/z", kind="affine", numbers=(0, 1))
    with pytest.raises(SessionError, match="the garment has ecg/a"):
        SessionWriter(
            tmp_path / "s.h5", schema(), subject=SubjectInfo(id="P"), calibrations=(stray,)
        )


def test_calibrations_are_read_from_toml(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(
        '[[calibration]]\nchannel = "ecg/a"\nkind = "affine"\nnumbers = [1, 2]\n'
        'date_utc = "2026-01-01"\n',
        encoding="utf-8",
    )
    assert read_calibrations(path) == FITS[:1]
    for text, words in (("[[", "cannot be read"), ("[[calibration]]\nchannel = 'x'\n", "needs")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SessionError, match=words):
            read_calibrations(path)
