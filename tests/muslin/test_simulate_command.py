"""`muslin simulate` serves a garment that `muslin record` finds, and plays sessions again."""

import json
import re
import socket
import subprocess
import sys

import numpy as np
import pytest

from firmware_bridge.sim import read_replay
from muslin.cli import run_command
from wearables.sessions import Session

MAPPING = """
[time]
column = "t"
unit = "s"
[[stream]]
name = "strain"
rate_hz = 50
[[stream.channel]]
column = "chest"
name = "chest"
unit = "Ohm"
kind = "strain"
"""
START = "import sys; from muslin.cli import main; main(sys.argv[1:])"


def recorded(out, *options):
    """Record a simulated garment in a process of its own; returns what it says it sent."""
    summary = out.with_suffix(".json")
    command = [sys.executable, "-c", START, "simulate", "--summary", str(summary), "--idle", "1",
               "--seed", "5", *options]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        said = ""
        while not (found := re.search(r"tcp-client:\S+", said)):
            line = p.stderr.readline()
            assert line, said
            said += line
        p.stdout.readline()
        code = run_command(["record", "--garment", found[0], "--duration", "0", "--out", str(out)])
        assert code in (0, 3)
        assert p.wait(timeout=20) == 0
    return said, json.loads(summary.read_text())


def test_a_recording_is_played_again_bit_for_bit(tmp_path):
    first, second = tmp_path / "a.h5", tmp_path / "b.h5"
    _, sent = recorded(first, "--seconds", "4", "--log-kib", "256", "--loss", "0.2")
    assert sent["finished"]
    said, _ = recorded(second, "--replay", str(first))
    assert "missing" not in said
    with Session.open(first) as a, Session.open(second) as b:
        for name, stream in a.streams.items():
            counts = stream.counts(0, stream.n_rows)
            assert stream.n_lost == 0
            assert stream.n_stored == next(
                s["produced"] for s in sent["streams"].values() if s["name"] == name
            )
            np.testing.assert_array_equal(counts, b.streams[name].counts(0, stream.n_rows))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--loss", "2"], "loss is 2"),
        (["--silence", "3-5"], "wanted START:STOP"),
        (["--interval-ms", "1"], "Bluetooth knows 7.5"),
        (["--port", "70000"], "port is 70000"),
        (["--seconds", "0"], "seconds is 0"),
        (["--replay", "nope.h5"], "does not exist"),
        (["--log-kib", "4"], "at least 8"),
        (["--pty", "--udp"], "exclude each other"),
        (["--outage", "5:2"], "later stop"),
        (["--brown-out", "now"], "wanted AT:FOR"),
        (["--overrun", "shoe:1:5"], "the garment has imu, ppg, strain"),
        (["--stuck", "imu:acc_w:1:5"], "imu has acc_x"),
        (["--stuck", "imu:1:5"], "wanted STREAM:CHANNEL:START:STOP"),
        (["--miss", "1"], "miss is 1"),
        (["--budget", "0"], "at least 1"),
        (["--supervision", "0"], "supervision is 0"),
        (["--drain", "-1"], "drain_frames_s is -1"),
    ],
)
def test_what_cannot_be_simulated_is_said(options, words, capsys):
    assert run_command(["simulate", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("door", "pattern"),
    [("--udp", r"udp:127\.0\.0\.1:\d+:\d+"), ("--pty", r"uart:/dev/\S+,/dev/\S+")],
)
def test_a_door_says_where_it_is_and_ends(door, pattern, tmp_path):
    summary = tmp_path / "s.json"
    command = [sys.executable, "-c", START, "simulate", door, "--port", "0", "--control-port", "0",
               "--seconds", "4", "--summary", str(summary)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        told = json.loads(p.stdout.readline())
        assert re.fullmatch(pattern, told["uri"])
        assert told["uri"] in p.stderr.readline()
        p.terminate()
        assert p.wait(timeout=20) == 0
    assert json.loads(summary.read_text())["session"] == 1


def test_a_port_that_is_taken_is_said(capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert run_command(["simulate", "--udp", "--port", port, "--seconds", "4"]) == 2
    assert "cannot be opened" in capsys.readouterr().err


def test_a_foreign_recording_is_played(tmp_path):
    """A table with a mapping beside it is a data set like any other."""
    from muslin.simulate import replay_file_of

    table = tmp_path / "walk.csv"
    rows = [f"{i / 50},{1000 + i % 7}" for i in range(200)]
    table.write_text("\n".join(["t,chest", *rows]))
    mapping = tmp_path / "walk.toml"
    mapping.write_text(MAPPING)
    played = read_replay(replay_file_of(table, tmp_path, mapping=mapping))
    stream = played.schema.streams[0]
    counts = played.counts[stream.id]
    assert (stream.name, counts.shape) == ("strain", (200, 1))
    channel = stream.channels[0]
    values = (counts[:, 0] - channel.offset) * channel.scale
    np.testing.assert_allclose(values, 1000 + np.arange(200) % 7, atol=0.01)
