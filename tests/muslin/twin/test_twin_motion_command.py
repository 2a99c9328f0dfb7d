"""`muslin twin simulate` and `replay` as a newcomer types them; the round through the twin."""

import asyncio
import json
import socket
import threading

import numpy as np
import pytest

from firmware_bridge.schema_toml import garment_from_toml
from firmware_bridge.sim import read_replay, sim_process
from muslin.analyze import analyze
from muslin.cli import run_command
from muslin.folders import assets_folder
from muslin.simulate import DoorSettings, replay_file_of
from muslin.synthetic import is_synthetic, synthetic_schema
from muslin.twin.signals.predict import Prediction
from muslin.twin.signals.simulated import stream_prediction
from wearables.ble import GarmentSource, SupervisorSettings
from wearables.sessions import Session, SubjectInfo, record

GARMENT = """
[device]
vendor = "org.example"
name = "knee-sleeve-10"
hw = "twin"
schema = 1
[[stream]]
id = 1
name = "imu"
rate_hz = 10.0
[[stream.channel]]
name = ["acc_x", "acc_y", "acc_z"]
kind = "acc"
unit = "m/s2"
bits = 16
signed = true
scale = 0.002
[[stream.channel]]
name = ["gyr_x", "gyr_y", "gyr_z"]
kind = "gyr"
unit = "rad/s"
bits = 16
signed = true
scale = 0.002
[[stream]]
id = 2
name = "strain"
rate_hz = 50.0
[[stream.channel]]
name = ["S1", "S2", "S3", "S4", "S5"]
kind = "strain"
unit = "1"
bits = 16
signed = true
scale = 0.0005
"""


def fails(capsys, *arguments):
    """Run a command that must end with exit code 2; returns what it said."""
    assert run_command([str(word) for word in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["knee_sleeve"], "give --out FILE or --stream"),
        (["knee_sleeve", "--motion", "fly", "-o", "a.h5"], "none of walk"),
        (["knee_sleeve", "--motion", "gone.bvh", "-o", "a.h5"], "does not exist"),
        (["knee_sleeve", "--keys", "0", "-o", "a.h5"], "key poses"),
        (["knee_sleeve", "--duration", "0", "-o", "a.h5"], "outside 1"),
        (["knee_sleeve", "--stream", "radio"], "known are ble"),
        (["sock", "-o", "a.h5"], "is no block"),
        (["tshirt", "-o", "a.h5"], "no sensors file"),
    ],
)
def test_what_cannot_be_predicted_is_said(options, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in fails(capsys, "twin", "simulate", *options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["gone.h5"], "does not exist"),
        (["notes.h5"], "not an HDF5 file"),
        (["notes.h5", "--bent", "0"], "outside 5"),
        (["notes.h5", "--garment", "sock"], "is no block"),
        (["notes.h5", "--stream", "radio"], "known are ble"),
    ],
)
def test_what_cannot_be_replayed_is_said(options, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.h5").write_text("no session", encoding="utf-8")
    assert words in fails(capsys, "twin", "replay", *options)


def test_a_file_that_is_there_is_not_written_over(capsys, tmp_path):
    path = tmp_path / "a.h5"
    path.write_text("mine", encoding="utf-8")
    assert "exists" in fails(capsys, "twin", "simulate", "knee_sleeve", "-o", path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_prediction_is_a_garment_to_record(tmp_path, monkeypatch):
    """A second of it over UDP: the recorder finds every count, and the label."""
    # Over a line only silence tells that the recorder has gone; it need not be 20 s here.
    monkeypatch.setattr("firmware_bridge.sim.outlet._ASKED_S", 2.0)
    schema = synthetic_schema(garment_from_toml(GARMENT), "a test")
    rng = np.random.default_rng(0)
    counts = {
        stream.id: rng.integers(-900, 900, (round(stream.rate_hz), len(stream.channels)))
        for stream in schema.streams
    }
    said = Prediction(schema=schema, counts=counts, markers=(), felt={}, notes=())
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    data, control = (one.getsockname()[1] for one in sockets)
    for one in sockets:
        one.close()
    path = tmp_path / "s.h5"

    # The recorder is there first: it asks again soon, and ends by itself.
    patience = SupervisorSettings(operation_timeout_s=0.5)

    async def listen():
        async with GarmentSource(
            f"udp:127.0.0.1:{data}:{control}", settings=patience, duration_s=2.0
        ) as source:
            await record(source, path, subject=SubjectInfo(id="P01"))

    recorder = threading.Thread(target=lambda: asyncio.run(listen()))
    recorder.start()
    door = DoorSettings(kind="udp", port=data, control_port=control)
    assert stream_prediction(said, door=door, seed=1, idle_s=0.5) == 0
    recorder.join(timeout=20)
    assert not recorder.is_alive()
    with Session.open(path) as opened:
        for stream in schema.streams:
            reader = opened.streams[stream.name]
            np.testing.assert_array_equal(reader.counts(0, reader.n_rows), counts[stream.id])
            assert all(is_synthetic(c) for c in opened.schema.stream_named(stream.name).channels)


@pytest.fixture(scope="module")
def sensors(tmp_path_factory):
    """The knee sleeve with a module whose channels and rate an activity model knows."""
    folder = tmp_path_factory.mktemp("sleeve")
    text = (assets_folder() / "twin" / "knee_sleeve.sensors.toml").read_text(encoding="utf-8")
    path = folder / "sleeve.sensors.toml"
    path.write_text(text.replace("knee_sleeve.garment.toml", "sleeve.garment.toml"))
    (folder / "sleeve.garment.toml").write_text(GARMENT, encoding="utf-8")
    return path


async def _record(replay, path, door):
    async with sim_process(replay, door=door) as uri, GarmentSource(uri) as source:
        await record(source, path, subject=SubjectInfo(id="P01"))


async def _record_both(first, second):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_record(*first))
        tasks.create_task(_record(*second))


@pytest.mark.slow(seconds=35)
def test_a_session_goes_through_the_twin_unchanged(sensors, tmp_path, capsys):
    """Recorded, replayed through the twin, streamed, recorded again: as good as a direct replay.

    Counts are equal bit for bit, so steps, postures, labels and quality are the same.
    """
    predicted, first = tmp_path / "a.npz", tmp_path / "first.h5"
    code = run_command(
        ["twin", "simulate", "knee_sleeve", "--sensors", str(sensors), "--motion", "squat",
         "--duration", "12.5", "--keys", "4", "-o", str(predicted)]
    )  # fmt: skip
    assert code == 0
    asyncio.run(_record(predicted, first, "udp"))
    capsys.readouterr()
    code = run_command(
        ["twin", "replay", str(first), "--sensors", str(sensors), "--both-sides", "--bent", "75",
         "--frames", "4", "--out", str(tmp_path / "twin"), "--json"]
    )  # fmt: skip
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lines"]["S3"]["correlation"] > 0.95
    twin, direct = tmp_path / "through.h5", tmp_path / "direct.h5"
    plain = replay_file_of(first, tmp_path)
    asyncio.run(
        _record_both((tmp_path / "twin" / "replay.npz", twin, "udp"), (plain, direct, "ble"))
    )
    sent = read_replay(predicted)
    with Session.open(twin) as a, Session.open(direct) as b, Session.open(first) as c:
        for stream in sent.schema.streams:
            wanted = sent.counts[stream.id]
            for session in (a, b, c):
                reader = session.streams[stream.name]
                np.testing.assert_array_equal(reader.counts(0, reader.n_rows), wanted)
        assert set(a.streams) == {*b.streams, "twin"}
    _same_analysis(twin, direct)


def _same_analysis(twin, direct):
    a, b = (analyze(path).to_json() for path in (twin, direct))
    assert a["activity"]["labels"] == b["activity"]["labels"]
    assert len(a["activity"]["labels"]) > 0
    np.testing.assert_allclose(a["activity"]["probabilities"], b["activity"]["probabilities"],
                               atol=1e-5)  # fmt: skip
    for key in ("n_steps", "n_beats", "n_breaths", "breathing_source", "posture_refused"):
        assert a[key] == b[key], key
    assert len(a["postures"]) == len(b["postures"])
    for name, stream in b["streams"].items():
        own = a["streams"][name]
        assert own["is_synthetic"]
        for key in ("n_stored", "n_lost", "coverage", "channels", "doubts"):
            assert own[key] == stream[key], (name, key)
        assert own["quality_mean"] == pytest.approx(stream["quality_mean"], abs=1e-6)
