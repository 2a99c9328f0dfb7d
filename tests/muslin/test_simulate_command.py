"""`muslin simulate` serves a garment that `muslin record` finds, and plays sessions again."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from muslin.cli import run_command
from wearables.sessions import Session

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
    ],
)
def test_what_cannot_be_simulated_is_said(options, words, capsys):
    assert run_command(["simulate", *options]) == 2
    assert words in capsys.readouterr().err
