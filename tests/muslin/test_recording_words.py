"""What a new user gets to read from the commands of recording: one sentence, exit 2."""

import h5py
import pytest

from muslin.cli import run_command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scan", "--radio", "tcp-client:nohost"], "wanted tcp-client:HOST:PORT"),
        (["scan", "--radio", "tcp-client:127.0.0.1:1"], "nobody answers there"),
        (["scan", "--radio", "usb:77"], "no such dongle"),
        (["scan", "--radio", "serial:/dev/none"], "no such file or directory"),
        (["scan", "--radio", "blah:"], "must start with one of os:"),
        (["record", "--out", "."], "is a folder; a file name is needed"),
        (["record", "--garment", "sim:#zz"], "is not hexadecimal"),
        (["repair", "none.h5"], "does not exist, nor does its journal none.h5.journal"),
        (["repair", "text.h5"], "is no HDF5 file, and no journal text.h5.journal helps"),
        (["sessions", "text.h5"], "is a file; a folder of sessions is needed"),
        (["replay", "empty.h5", "--duration", "-1"], "duration of -1 s is not a time to play"),
        (["replay", "empty.h5"], "not a session of Muslin"),
        (["info", "text.h5#left"], "is not an HDF5 file"),
        (["info", "none.h5#left"], "session file none.h5 does not exist"),
    ],
)
def test_wrong_inputs_are_said_in_a_sentence(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.h5").write_text("hello")
    h5py.File(tmp_path / "empty.h5", "w").close()
    assert run_command(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
