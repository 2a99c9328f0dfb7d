"""Files of every layout that was written open, and migrate to the newest one."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from muslin.cli import run_command
from wearables.errors import SessionError
from wearables.sessions import Session, layout, verify_here
from wearables.sessions.migrate import migrate

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "sessions").glob("layout_*.h5"))


def content(path):
    with Session.open(path) as session:
        stream = session.streams["ecg"]
        assert session.subject["birth_year"] == 1990
        assert [mark.text for mark in session.markers] == ["start"]
        assert (stream.n_stored, stream.n_lost) == (290, 10)
        return stream.read()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_layout_opens_and_migrates_without_a_change(tmp_path, path):
    before = content(path)
    report = migrate(path, tmp_path / "new.h5")
    after = content(report.path)
    np.testing.assert_array_equal(before.values, after.values)
    np.testing.assert_array_equal(before.time_s, after.time_s)
    assert report.new == layout.VERSION
    assert verify_here(report.path).exit_code == 3
    again = migrate(report.path)
    assert (again.path, again.old) == (report.path, layout.VERSION)


def test_the_command_says_what_it_did(tmp_path, capsys):
    out = tmp_path / "new.h5"
    assert run_command(["migrate", str(GOLDEN[0]), "--out", str(out)]) == 0
    assert "layout 1.2, was 1.0" in capsys.readouterr().err
    assert run_command(["migrate", str(out), "--json"]) == 0
    assert '"new"' in capsys.readouterr().out
    assert run_command(["migrate", str(out)]) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_what_cannot_be_migrated_is_said(tmp_path):
    out = tmp_path / "new.h5"
    migrate(GOLDEN[0], out)
    with pytest.raises(SessionError, match="exists"):
        migrate(GOLDEN[0], out)
    with h5py.File(out, "r+") as file:
        file.attrs["state"] = "recording"
    with pytest.raises(SessionError, match="muslin repair"):
        migrate(out)
    with h5py.File(out, "r+") as file:
        file.attrs["format_version"] = np.array([9, 0], dtype=np.int32)
    with pytest.raises(SessionError, match="session layout 9, this version reads 1"):
        migrate(out)
