"""Damage is found and said, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.events import Exchanged
from wearables.sessions import SessionWriter, SubjectInfo, verify_here

STREAM = "devices/garment/streams/ecg"


def test_corrupted_files_never_crash():
    script = Path(__file__).parents[3] / "benchmarks" / "session_damage.py"
    done = subprocess.run(
        [sys.executable, str(script), "--files", "40", "--json"], capture_output=True, text=True,
        check=True, env=os.environ | {"PYTHONPATH": str(script.parents[1])},
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert (result["files"], result["crashes"], result["hangs"]) == (40, 0, 0), done.stderr


@pytest.fixture
def sound(tmp_path):
    channel = ChannelSchema(
        name="a", unit="mV", bits=16, signed=True, scale=0.1, offset=0, kind="ecg"
    )
    stream = StreamSchema(
        id=2, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    path = tmp_path / "s.h5"
    writer = SessionWriter(path, schema, subject=SubjectInfo(id="P"))
    stamps = Exchange(t1_host_ns=1, t2_device_us=2, t3_device_us=3, t4_host_ns=4, dither_us=0)
    writer.write(Exchanged(exchange=stamps, epoch=1, boot=1))
    for boot in (1, 2):
        for i in range(0, 100, 10):
            writer.write(
                Sampled(
                    stream_id=2, boot=boot, first_index=i, device_us=i * 10_000,
                    counts=np.full((10, 1), i), flags=0, host_ns=i * 10_000_000, epoch=1,
                )
            )  # fmt: skip
    writer.close(compress=False)
    assert verify_here(path).exit_code == 0
    return path


def change(file, table, row, field, value):
    values = file[table][row]
    values[field] = value
    file[table][row] = values


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda f: f["committed"].__setitem__(0, 999), "committed"),
        (lambda f: f["devices/garment/descriptor"].attrs.__setitem__("sha256", "00"), "hash"),
        (lambda f: change(f, "devices/garment/exchanges", 0, "t4_host_ns", 0), "before it starts"),
        (lambda f: change(f, f"{STREAM}/segments", 1, "row0", 50), "samples at row"),
        (lambda f: change(f, f"{STREAM}/segments", 0, "n_rows", 16400), "overlap"),
        (lambda f: change(f, f"{STREAM}/frames", 3, "index", 31), "where its segment puts it"),
        (lambda f: f[f"{STREAM}/frames"].resize((19,)), "rows are missing"),
    ],
)
def test_every_contradiction_has_a_sentence(sound, edit, words):
    with h5py.File(sound, "a") as file:
        edit(file)
    report = verify_here(sound)
    assert report.exit_code == 1
    assert words in " ".join(report.findings)
