"""Catalogue, alignment, annotations, and the commands on top."""

import json

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.cli import files
from wearables.errors import SessionError
from wearables.sessions import Session, SessionWriter, SubjectInfo, verify_here
from wearables.sessions.align import align, align_sessions
from wearables.sessions.annotate import annotate
from wearables.sessions.catalogue import catalogue

RATES_HZ = {1: 100.0, 2: 25.0}


@pytest.fixture
def path(tmp_path):
    """Ten seconds of a 1 Hz sine in two streams; the fast one lacks a second."""
    channel = ChannelSchema(
        name="s", unit="1", bits=16, signed=True, scale=1e-4, offset=0, kind="strain"
    )
    streams = tuple(
        StreamSchema(
            id=key, name=f"s{key}", rate_hz=hz, rates_hz=(hz,), max_latency_ms=9, store=True,
            channels=(channel,),
        )
        for key, hz in RATES_HZ.items()
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="shirt", hw="h", schema=1, streams=streams)
    path = tmp_path / "a.h5"
    writer = SessionWriter(path, schema, subject=SubjectInfo(id="P"), title="walk")
    for key, hz in RATES_HZ.items():
        for i in range(0, int(10 * hz), 5):
            if key == 1 and 400 <= i < 500:
                continue
            times_s = np.arange(i, i + 5) / hz
            counts = np.rint(1e4 * np.sin(2 * np.pi * times_s)).astype(np.int64)[:, None]
            device_us = round(i / hz * 1e6)
            writer.write(
                Sampled(
                    stream_id=key, boot=1, first_index=i, device_us=device_us, counts=counts,
                    flags=0, host_ns=writer.anchor_host_ns + device_us * 1000, epoch=1,
                )
            )  # fmt: skip
    writer.write(
        Lost(
            stream_id=1, boot=1, first_index=400, n_samples=100, cause=LossCause.RADIO, host_ns=1,
            epoch_before=1, epoch_after=1,
        )
    )  # fmt: skip
    writer.close()
    return path


@pytest.mark.parametrize(("method", "atol"), [("polyphase", 0.03), ("linear", 0.01), ("hold", 0.3)])
def test_streams_meet_on_one_grid(path, method, atol):
    with Session.open(path) as session:
        result = align(list(session.streams.values()), rate_hz=50.0, method=method)
    true = np.sin(2 * np.pi * result.time_s)
    inner = slice(10, -10)
    for name in ("s1", "s2"):
        seen = result.is_measured[name][inner]
        error = np.abs(result.values[name][inner, 0] - true[inner])[seen]
        assert np.median(error) < atol
    assert result.is_measured["s2"].all()
    gap = ~result.is_measured["s1"]
    assert result.time_s[gap].min() == pytest.approx(4.0, abs=0.03)
    assert gap.sum() == pytest.approx(50, abs=2)


def test_align_says_what_it_cannot_do():
    for rate_hz, words in ((0.0, "above 0"), (5.0, "without samples")):
        with pytest.raises(SessionError, match=words):
            align([], rate_hz=rate_hz)


def test_the_catalogue_is_rebuilt_and_asked(path):
    (path.parent / "b.h5").write_bytes(b"broken")
    broken = catalogue(path.parent, where="state='unreadable'")
    assert [row.path for row in broken] == ["b.h5"]
    (row,) = catalogue(path.parent, where="task='walk' and coverage>0.9")
    assert (row.garment, row.streams, row.lost_s) == ("shirt", "s1,s2", pytest.approx(1.0))
    with pytest.raises(SessionError, match="columns are path"):
        catalogue(path.parent, where="colour=3")
    with pytest.raises(SessionError, match="does not exist"):
        catalogue(path / "x")


def test_remarks_touch_no_samples(path):
    before = verify_here(path)
    annotate(path, author="mk", text="schön", start_s=2.0, duration_s=1.0)
    annotate(path, author="mk", text="again", start_s=3.0)
    with h5py.File(path, "r") as file:
        rows = file["annotations/mk"][...]
    assert [row["text"].decode() for row in rows] == ["schön", "again"]
    assert rows["duration_ns"][0] == 10**9
    assert verify_here(path) == before
    with pytest.raises(SessionError, match="letters"):
        annotate(path, author="a/b", text="x", start_s=0)
    with pytest.raises(SessionError, match="negative"):
        annotate(path, author="a", text="x", start_s=0, duration_s=-1)
    with h5py.File(path, "r+") as file:
        file.attrs["state"] = "recording"
    with pytest.raises(SessionError, match="muslin repair"):
        annotate(path, author="a", text="x", start_s=0)


def test_the_commands(path):
    def run(*words):
        return CliRunner().invoke(files.app, [str(word) for word in words])

    out = path.parent / "out"
    assert json.loads(run("info", path, "--json").stdout)["state"] == "closed"
    assert run("info", path).exit_code == 0
    assert len(json.loads(run("sessions", path.parent, "--json").stdout)["sessions"]) == 1
    assert run("sessions", path.parent).exit_code == 0
    assert run("export", path, "--to", "csv", "--out", out).exit_code == 3
    assert run("export", path, "--to", "xdf", "--out", out, "--json").exit_code == 3
    assert run("align", path, "--rate", 20, "--out", out / "a.npz").exit_code == 0
    assert run("align", path, "--rate", 20, "--method", "x").exit_code != 0
    assert run("annotate", path, "hop", "--author", "mk", "--at", 1).exit_code == 0
    assert run("repair", path).exit_code == 3
    assert run("repair", path, "--out", out / "r.h5", "--json").exit_code == 3
    with np.load(out / "a.npz") as arrays:
        assert arrays["s1"].shape[0] == arrays["time_s"].size


@pytest.mark.parametrize("same_host", [True, False])
def test_sessions_of_several_garments_meet_on_one_grid(path, tmp_path, same_host):
    """The second file starts 1.5 s later on the same clock, or has another clock and UTC only."""
    other = tmp_path / "b.h5"
    other.write_bytes(path.read_bytes())
    shift_ns = 1_500_000_000
    with h5py.File(other, "r+") as file:
        own_ns = shift_ns if same_host else 10**15
        file.attrs["anchor_host_ns"] += own_ns
        file.attrs["anchor_utc_ns"] += shift_ns
        for stream in file["devices/garment/streams"].values():
            frames = stream["frames"][...]
            frames["host_ns"] += own_ns
            stream["frames"][...] = frames
    with Session.open(path) as one, Session.open(other) as two:
        found = align_sessions([one, two], rate_hz=25, method="linear")
    assert set(found.values) == {"a/s1", "a/s2", "b/s1", "b/s2"}
    assert found.time_s[0] == pytest.approx(1.5, abs=1e-6)
    late = np.sin(2 * np.pi * (found.time_s - 1.5))
    np.testing.assert_allclose(found.values["b/s2"][:, 0], late, atol=2e-3)
    out = tmp_path / "joined.npz"
    done = CliRunner().invoke(
        files.app, ["align", str(path), str(other), "--rate", "25", "--out", str(out)]
    )
    assert done.exit_code == 0
    assert "b/s2" in np.load(out)
