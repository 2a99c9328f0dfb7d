"""Activities of garments that are worn now, of sessions, and of folders of them."""

import asyncio
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.sim import sim_process, write_replay
from muslin.analyze import analyze
from muslin.cli import run_command
from muslin.folders import assets_folder
from muslin.wearer import demo_replay


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """Two seconds of each of four activities."""
    path = tmp_path_factory.mktemp("garment") / "replay.npz"
    schema, counts, markers = demo_replay(
        assets_folder(), seconds_per_activity=2.0, rng=np.random.default_rng(7)
    )
    write_replay(path, schema, counts, markers)
    return path


class Garment:
    """A virtual garment on UDP while a command runs in this process."""

    def __init__(self, replay: Path, **settings):
        self._replay, self._settings = replay, settings
        self.uri = ""
        self._ready, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self):
        async with sim_process(self._replay, door="udp", **self._settings) as self.uri:
            self._ready.set()
            await asyncio.to_thread(self._done.wait, 60)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(30)
        return self.uri

    def __exit__(self, *_):
        self._done.set()
        self._thread.join(30)


@pytest.fixture(scope="module")
def recorded(replay, tmp_path_factory):
    """The same garment as a session."""
    out = tmp_path_factory.mktemp("sessions") / "a.h5"
    with Garment(replay) as uri:
        assert run_command(["record", "--garment", uri, "--duration", "0", "--out", str(out)]) == 0
    return out


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_live_garment_gives_the_answers_of_its_session(replay, recorded, capsys):
    with Garment(replay) as uri:
        assert run_command(["classify", "--garment", uri, "--json"]) == 0
    live = lines(capsys.readouterr().out)
    assert run_command(["classify", str(recorded), "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)["windows"]
    assert [one["label"] for one in live] == [one["label"] for one in stored]
    assert len(live) >= 8
    assert {"Standing", "Walking", "Running", "Badminton"} & {one["label"] for one in live}
    times = [one["time_s"] for one in live]
    assert times == sorted(times)


def test_lines_for_people_say_when_what_and_why(replay, capsys):
    with Garment(replay, loss=0.4, seed=3) as uri:
        assert run_command(["classify", "--garment", uri, "--stream", "imu"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "samples are missing" in said.err
    assert "missing samples" in said.err
    assert "every" in said.err


def test_a_duration_ends_a_source_that_goes_on(replay, capsys):
    with Garment(replay) as uri:
        assert run_command(["classify", "--garment", uri, "--duration", "3.5", "--json"]) in (0, 3)
    assert 0 < len(lines(capsys.readouterr().out)) < 10


def test_a_folder_gets_one_row_a_session(recorded, tmp_path, capsys):
    (tmp_path / "a.h5").write_bytes(recorded.read_bytes())
    (tmp_path / "b.h5").write_bytes(b"no session")
    assert run_command(["classify", str(tmp_path), "--json"]) == 1
    good, bad = json.loads(capsys.readouterr().out)["sessions"]
    assert (good["failed"], len(good["windows"]) >= 8) == ("", True)
    assert "b.h5" in bad["failed"]
    assert run_command(["classify", str(tmp_path)]) == 1
    assert "windows" in capsys.readouterr().err


def test_a_session_is_told_as_counts(recorded, capsys):
    assert run_command(["classify", str(recorded)]) == 0
    assert "Activity of imu" in capsys.readouterr().err


def test_analysis_takes_the_stream_that_a_model_wants(recorded):
    model = assets_folder() / "models" / "basicmotions.safetensors"
    given, shipped = analyze(recorded, model=model).activity, analyze(recorded).activity
    assert (given.stream, given.labels) == (shipped.stream, shipped.labels)
    assert given.stream == "imu"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "name either a session"),
        (["x.h5", "--garment", "sim:"], "name either a session"),
        (["absent.h5"], "does not exist"),
        (["."], "holds no session file"),
        (["--garment", "replay:absent.h5"], "does not exist"),
        (["--garment", "sim:", "--model", "absent.safetensors"], "does not exist"),
        (["--garment", "sim:", "--duration", "-1"], "not a time to listen"),
        (["--garment", "sim:", "--patience", "0"], "patience of 0 s"),
        (["--garment", "sim:", "--loss", "3"], "a share, not per cent"),
        (["--garment", "carrier-pigeon:"], "carrier-pigeon"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["classify", *words]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_a_net_is_nobodys_own(recorded, capsys):
    assert run_command(["classify", str(recorded), "--personal", str(recorded)]) == 2
    assert "cannot be made personal" in capsys.readouterr().err


def test_a_stream_that_does_not_fit_is_named(replay, recorded, capsys):
    assert run_command(["classify", str(recorded), "--stream", "ppg"]) == 2
    assert "ppg lacks acc_x_m_s2" in capsys.readouterr().err
    with Garment(replay) as uri:
        assert run_command(["classify", "--garment", uri, "--stream", "absent"]) == 2
    assert "no stream is called 'absent'" in capsys.readouterr().err
