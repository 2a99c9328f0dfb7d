"""Scan, import, replay and record-device as a person runs them."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import muslin.ingest as ingest
from firmware_bridge.events import LossCause, Lost, Marker, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import read_replay
from muslin.cli.ingest import app
from muslin.errors import Exit, InputError
from wearables.ble import FoundDevice
from wearables.errors import LinkError, SessionError, SignalError
from wearables.profiles import known_profiles
from wearables.sessions import Session, SessionWriter, SubjectInfo
from wearables.sources import ReplaySource


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def build(path, *, hole=(20, 30), n=100):
    channel = ChannelSchema(
        name="x", unit="[g]", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"
    )
    streams = tuple(
        StreamSchema(
            id=i, name=f"s{i}", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
            channels=(channel,),
        )
        for i in (1, 2)
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=streams)
    with SessionWriter(path, schema, subject=SubjectInfo(id="P"), journal=False) as writer:
        zero = writer.anchor_host_ns
        for start in range(0, n, 10):
            for i in (1, 2):
                if i == 2 and hole[0] <= start < hole[1]:
                    writer.write(
                        Lost(
                            stream_id=2, boot=1, first_index=start, n_samples=10, host_ns=zero,
                            cause=LossCause.RADIO, epoch_before=1, epoch_after=1,
                        )
                    )  # fmt: skip
                    continue
                writer.write(
                    Sampled(
                        stream_id=i, boot=1, first_index=start, device_us=start * 10_000,
                        counts=np.arange(start, start + 10)[:, None] * i, flags=0,
                        host_ns=zero + start * 10**7, epoch=1,
                    )
                )  # fmt: skip
        writer.write(Marker(host_ns=zero + 5 * 10**8, kind="m", text="hi", source="user"))


def test_import_of_a_csv(tmp_path):
    (tmp_path / "w.csv").write_text("t,x\n0,1\n1,2\n3,4\n")
    (tmp_path / "w.toml").write_text(
        "[time]\ncolumn = 't'\n[[stream]]\nname = 's'\nrate_hz = 1\n"
        "[[stream.channel]]\ncolumn = 'x'\n"
    )
    out = tmp_path / "w.h5"
    done = run("import", tmp_path / "w.csv", "--map", tmp_path / "w.toml", "--out", out, "--json")
    assert done.exit_code == Exit.INCOMPLETE
    assert json.loads(done.stdout)["n_lost"] == {"s": 1}
    again = run("import", tmp_path / "w.csv", "--map", tmp_path / "w.toml", "--out", out)
    assert isinstance(again.exception, SessionError)
    assert "exists" in str(again.exception)


def test_import_of_a_real_shirt(shared_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("import", shared_data / "hexoskin" / "001", "--subject", "P001")
    assert done.exit_code == Exit.DONE
    assert "ECG_II.wav is empty" in done.output
    with Session.open(tmp_path / "001.h5") as session:
        assert session.subject["id"] == "P001"


def test_replay_as_garment_takes_the_longest_part_of_all_streams(tmp_path):
    build(tmp_path / "s.h5")
    with Session.open(tmp_path / "s.h5") as session:
        start_s, counts = ingest.unbroken_counts(session)
    assert start_s == pytest.approx(0.3)
    assert counts[1][:, 0].tolist() == list(range(30, 100))
    assert counts[2][:, 0].tolist() == list(range(60, 200, 2))
    build(tmp_path / "t.h5", hole=(0, 100))
    with Session.open(tmp_path / "t.h5") as session, pytest.raises(InputError, match="no part"):
        ingest.unbroken_counts(session)


def test_replay_as_garment_serves_what_was_recorded(tmp_path, monkeypatch):
    build(tmp_path / "s.h5")
    seen = {}

    class FakeProcess:
        def __init__(self, path, *, serial):
            seen["replay"] = read_replay(path)
            assert serial == 1

        async def __aenter__(self):
            return "tcp-client:127.0.0.1:5"

        async def __aexit__(self, *exception):
            return None

    monkeypatch.setattr("firmware_bridge.sim.sim_process", FakeProcess)
    done = run("replay", tmp_path / "s.h5", "--duration", "0.01")
    assert done.exit_code == Exit.DONE
    assert "tcp-client:127.0.0.1:5" in done.output
    assert seen["replay"].markers[0].text == "hi"
    assert len(seen["replay"].counts[1]) == 70


def test_replay_to_lsl(tmp_path, monkeypatch):
    build(tmp_path / "s.h5")
    pushed = []

    class Outlet:
        def __init__(self, schema, *, name):
            self.schema = schema
            assert name == ""

        push = staticmethod(pushed.append)

    monkeypatch.setattr("wearables.sources.lsl.LslOutlet", Outlet)
    done = run("replay", tmp_path / "s.h5", "--to", "lsl", "--speed", "50")
    assert done.exit_code == Exit.DONE
    assert sum(isinstance(event, Sampled) for event in pushed) == 19
    done = run("replay", tmp_path / "s.h5", "--to", "lsl", "--speed", "0.1", "--duration", "0.1")
    assert done.exit_code == Exit.DONE


def test_record_device_stores_what_comes(tmp_path, monkeypatch):
    build(tmp_path / "s.h5")

    class Sensor(ReplaySource):
        def __init__(self, radio, **settings):
            super().__init__(tmp_path / "s.h5")
            self.profiles = settings["profiles"]

    monkeypatch.setattr("wearables.profiles.source.ProfileSource", Sensor)
    words = ["record-device", "--profile", "heart_rate", "--markers", "0", "--out"]
    done = run(*words, tmp_path / "o.h5", "--json")
    assert done.exit_code == Exit.INCOMPLETE
    assert json.loads(done.stdout)["n_stored"] == {"s1": 100, "s2": 90}
    done = run(*words, tmp_path / "p.h5")
    assert "recording heart_rate of n" in done.output


def test_scan_names_what_it_sees(monkeypatch):
    strap = FoundDevice(
        address="AA", name="Strap", rssi_dbm=-50, serial=None,
        service_uuids=(known_profiles()["heart_rate"].service_uuid,),
    )  # fmt: skip
    lamp = FoundDevice(address="BB", name="", rssi_dbm=-60, serial=None, service_uuids=())
    shirt = FoundDevice(address="CC", name="Shirt", rssi_dbm=-70, serial=7, service_uuids=())

    async def scan(_uri, *, timeout_s):
        return [strap, lamp, shirt]

    monkeypatch.setattr("wearables.ble.scanning.scan", scan)
    done = run("scan", "--radio", "sim:")
    assert done.exit_code == Exit.DONE
    assert "Strap  heart_rate" in done.output
    assert "garment 00000007" in done.output
    assert "BB" not in done.output
    assert "BB" in run("scan", "--radio", "sim:", "--all").output


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["replay", "none.h5"], "does not exist"),
        (["replay", "s.h5", "--to", "x"], "target 'x'"),
        (["replay", "s.h5", "--speed", "0"], "wanted above 0"),
        (["replay", "s.h5", "--speed", "2"], "plays at speed 1"),
        (["scan", "--duration", "0"], "outside"),
        (["scan", "--radio", "x:"], "radio 'x:' is not known"),
        (["scan", "--radio", "tcp-client:127.0.0.1:1"], "radio"),
        (["record-device", "--duration", "-1"], "not a time"),
        (["record-device", "--out", "."], "is a folder"),
        (["record-device", "--profile", "x"], "profile 'x'"),
        (["record-device", "--radio", "tcp-client:127.0.0.1:1"], "radio"),
        (["import", "none.edf"], "does not exist"),
        (["import", "s.h5"], "no known kind"),
    ],
)
def test_wrong_words_are_one_sentence(tmp_path, monkeypatch, words, match):
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "s.h5")
    done = run(*words)
    assert isinstance(done.exception, InputError | SessionError | SignalError | LinkError)
    assert match in str(done.exception)


def test_scan_of_empty_air():
    done = run("scan", "--radio", "sim:", "--duration", "0.2", "--json")
    assert done.exit_code == Exit.FAILED
    assert json.loads(done.stdout) == {"devices": [], "n_others": 0}
