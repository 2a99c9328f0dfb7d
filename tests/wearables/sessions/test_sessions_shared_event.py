"""Two sessions that felt one event tell how far their clocks are apart."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.cli import run_command
from wearables.errors import SessionError
from wearables.events import LossCause, Lost, Sampled
from wearables.sessions import Session, SessionWriter, SubjectInfo, recover_here, verify_here
from wearables.sessions.clock_fits import add_fit
from wearables.sessions.shared_event import event_lag


def felt(time_s):
    """A shake in one direction, over gravity: what a sensor at rest beside another feels."""
    shake = 4 * np.exp(-(((time_s - 5.0) / 0.3) ** 2)) * np.sin(2 * np.pi * 6 * (time_s - 5.0))
    return 9.81 + shake


def write(path, *, late_s=0.0, rate_hz=100.0, hole=None, still=False, kind="acc"):
    """Ten seconds of one garment whose clock is late, turned against the other one."""
    channels = tuple(
        ChannelSchema(
            name=f"acc_{axis}", unit="m/s2", bits=24, signed=True, scale=1e-4, offset=0, kind=kind
        )
        for axis in "xyz"
    )
    stream = StreamSchema(
        id=1, name="imu", rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    turn = np.array([0.48, 0.6, 0.64])
    with SessionWriter(path, schema, subject=SubjectInfo(id="P"), start_host_ns=0) as writer:
        for first in range(0, round(10 * rate_hz), 10):
            time_s = (first + np.arange(10)) / rate_hz
            if hole is not None and hole[0] <= time_s[0] < hole[1]:
                writer.write(
                    Lost(
                        stream_id=1, boot=1, first_index=first, n_samples=10,
                        cause=LossCause.RADIO, host_ns=1, epoch_before=1, epoch_after=1,
                    )
                )  # fmt: skip
                continue
            length = np.full(10, 9.81) if still else felt(time_s - late_s)
            counts = np.rint(np.outer(length, turn) * 1e4).astype(np.int64)
            us = round(first / rate_hz * 1e6)
            writer.write(
                Sampled(
                    stream_id=1, boot=1, first_index=first, device_us=us, counts=counts, flags=0,
                    host_ns=us * 1000, epoch=1,
                )
            )  # fmt: skip
    return path


@pytest.mark.parametrize("late_s", [0.0, 0.0123, -0.2])
@pytest.mark.parametrize("rate_hz", [100.0, 64.0])
def test_the_lag_is_found_to_a_fraction_of_a_sample(tmp_path, late_s, rate_hz):
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5", late_s=late_s, rate_hz=rate_hz)
    with Session.open(tmp_path / "a.h5") as one, Session.open(tmp_path / "b.h5") as two:
        lag = event_lag(one, two, at_s=5.0)
        back = event_lag(two, one, at_s=5.0 + late_s)
    # Straight lines between samples bend a shake of 6 Hz a little.
    assert lag.lag_s == pytest.approx(late_s, abs=5e-4)
    assert back.lag_s == pytest.approx(-late_s, abs=5e-4)
    assert lag.correlation > 0.99
    assert lag.is_sure
    assert 0.01 < lag.width_s < 0.2


def test_what_cannot_be_compared_is_a_sentence(tmp_path):
    write(tmp_path / "a.h5")
    write(tmp_path / "hole.h5", hole=(4.8, 5.2))
    write(tmp_path / "still.h5", still=True)
    write(tmp_path / "other.h5", kind="strain")
    with Session.open(tmp_path / "a.h5") as one:
        for name, words in (("hole", "has a gap"), ("still", "did not move"),
                            ("other", "no stream of acceleration")):  # fmt: skip
            with (
                Session.open(tmp_path / f"{name}.h5") as two,
                pytest.raises(SessionError, match=words),
            ):
                event_lag(one, two, at_s=5.0)
        with pytest.raises(SessionError, match="or ends"):
            event_lag(one, one, at_s=9.9)


def test_the_command_tells_the_lag_and_shifts_only_if_accepted(tmp_path, capsys):
    files = [str(write(tmp_path / "a.h5")), str(write(tmp_path / "b.h5", late_s=0.05))]
    out = tmp_path / "grid.npz"
    words = ["align", *files, "--rate", "100", "--out", str(out)]

    def apart():
        with np.load(out) as grid:
            a, b = (np.linalg.norm(grid[f"{name}/imu"], axis=1) for name in "ab")
            return np.nanmax(np.abs(a - b))

    assert run_command([*words, "--event", "5"]) == 0
    assert "+50.0" in capsys.readouterr().err
    assert apart() > 1
    assert run_command([*words, "--event", "5", "--accept"]) == 0
    assert "accepted" in capsys.readouterr().err
    assert apart() < 0.2
    # What was accepted holds from now on, and what the recorder found is still there.
    assert run_command([*words, "--event", "5"]) == 0
    assert re.search(r"comes [+-]0\.\d\d ms late", capsys.readouterr().err)
    assert apart() < 0.2
    with h5py.File(files[1]) as file:
        assert set(file["devices/garment/clock"]) == {"final", "tap"}
        assert file["devices/garment/clock"].attrs["current"] == "tap"
    report = recover_here(Path(files[1]))
    with Session.open(report.path) as repaired, Session.open(Path(files[1])) as session:
        assert repaired.clock(1).method == session.clock(1).method == "tap"
        times = [s.streams["imu"].read().time_s for s in (repaired, session)]
        np.testing.assert_array_equal(*times)
    assert run_command([*words, "--accept"]) == 2
    assert "--accept needs an event" in capsys.readouterr().err
    assert run_command(["align", files[0], "--rate", "50", "--event", "5", "--out", str(out)]) == 2
    assert "at least two garments" in capsys.readouterr().err


def test_fits_are_added_beside_each_other(tmp_path):
    path = write(tmp_path / "a.h5")
    with Session.open(path) as session:
        first_s = session.streams["imu"].time_s(np.array([0]))
    assert [add_fit(path, name="tap", shift_s=0.25) for _ in range(2)] == ["tap", "tap-2"]
    with Session.open(path) as session:
        np.testing.assert_allclose(session.streams["imu"].time_s(np.array([0])), first_s + 0.5)
    assert verify_here(path).exit_code == 0
    with h5py.File(path, "r+") as file:
        file["devices/garment/clock"].attrs["current"] = "final"
    with Session.open(path) as session:
        np.testing.assert_array_equal(session.streams["imu"].time_s(np.array([0])), first_s)
    for name in ("", "final", "a/b"):
        with pytest.raises(SessionError, match="cannot be called"):
            add_fit(path, name=name, shift_s=0.0)
    with h5py.File(path, "r+") as file:
        file.attrs["state"] = "recording"
    with pytest.raises(SessionError, match="was not closed"):
        add_fit(path, name="tap", shift_s=0.0)
