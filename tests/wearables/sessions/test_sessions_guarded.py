"""A file on which the HDF5 library hangs or crashes is one sentence after the limit."""

import numpy as np
import pytest

from firmware_bridge.events import Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import SessionError, UnreadableError
from wearables.sessions import (
    Session,
    SessionWriter,
    SubjectInfo,
    check_readable,
    child,
    describe_file,
    guarded,
    recover,
    recover_here,
    verify,
    verify_here,
)  # fmt: skip
from wearables.sessions.catalogue import catalogue

LOOPS = "import time\nwhile True:\n    time.sleep(0.05)\n"
CRASHES = "import sys\nsys.stderr.write('free(): invalid pointer\\n')\nsys.exit(7)\n"
HALF_WRITES = "import sys\nopen(sys.argv[-1], 'w').close()\n" + LOOPS
COPIES_HANG = """
import runpy, sys
if sys.argv[2] == "verify":
    runpy.run_module("wearables.sessions.child", run_name="__main__")
""" + HALF_WRITES  # fmt: skip


def write(path, *, is_closed=True):
    channel = ChannelSchema(
        name="a", unit="mV", bits=16, signed=True, scale=0.1, offset=0, kind="ecg"
    )
    stream = StreamSchema(
        id=2, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    writer = SessionWriter(path, schema, subject=SubjectInfo(id="P"))
    for i in range(0, 100, 10):
        writer.write(
            Sampled(
                stream_id=2, boot=1, first_index=i, device_us=i * 10_000,
                counts=np.full((10, 1), i), flags=0, host_ns=i * 10_000_000, epoch=1,
            )
        )  # fmt: skip
    if is_closed:
        writer.close()
    else:
        writer.__exit__(ValueError, ValueError(), None)
    return path


@pytest.fixture
def put_child(tmp_path, monkeypatch):
    """Put another program in place of the child."""

    def put(text):
        (tmp_path / "other_child.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(guarded, "CHILD", "other_child")

    return put


def test_a_sound_file_gets_the_same_answer_from_outside(tmp_path):
    path = write(tmp_path / "s.h5")
    assert verify(path) == verify_here(path)
    assert describe_file(path) == child.answer("describe", path)
    report = recover(path)
    assert (report.method, report.n_stored) == ("salvaged", {"ecg": 100})
    here = recover_here(path, tmp_path / "t.h5").to_json()
    assert report.to_json() == here | {"path": str(report.path)}


def test_what_the_child_cannot_do_is_the_same_sentence(tmp_path):
    (tmp_path / "s.h5").write_bytes(b"nothing")
    assert verify(tmp_path / "s.h5") == verify_here(tmp_path / "s.h5")
    with pytest.raises(SessionError, match="nothing can be recovered"):
        recover(tmp_path / "s.h5")
    assert "not an HDF5 file" in child.answer("describe", tmp_path / "s.h5")["error"]
    assert child.answer("verify", tmp_path / "s.h5")["is_damaged"]


def test_a_loop_ends_at_the_limit_and_is_damage(tmp_path, put_child):
    put_child(LOOPS)
    path = write(tmp_path / "s.h5")
    report = verify(path, timeout_s=0.3)
    assert report.findings == (
        "unreadable: the HDF5 library did not come back within 0.3 s",
    )  # fmt: skip
    assert (report.exit_code, report.verdict) == (1, "damaged")
    with pytest.raises(UnreadableError, match=r"s\.h5 is unreadable: .* within 0.3 s"):
        describe_file(path, timeout_s=0.3)


def test_a_crash_is_told_with_its_last_words(tmp_path, put_child):
    put_child(CRASHES)
    report = verify(write(tmp_path / "s.h5"))
    assert report.findings == (
        "unreadable: its reader died with code 7: free(): invalid pointer",
    )  # fmt: skip


@pytest.mark.parametrize(("program", "limit_s"), [(LOOPS, 0.3), (COPIES_HANG, 3.0)])
def test_repair_goes_on_to_the_journal(tmp_path, put_child, program, limit_s):
    put_child(program)
    path = write(tmp_path / "s.h5", is_closed=False)
    report = recover(path, timeout_s=limit_s)
    assert (report.method, report.n_stored) == ("rebuilt", {"ecg": 100})
    assert not verify_here(report.path).is_damaged


def test_a_missing_file_is_rebuilt_without_a_child(tmp_path, put_child):
    put_child(CRASHES)
    path = write(tmp_path / "s.h5", is_closed=False)
    path.unlink()
    assert recover(path).method == "rebuilt"


def test_without_a_journal_the_hang_is_said_and_nothing_half_written_stays(tmp_path, put_child):
    put_child(HALF_WRITES)
    path = write(tmp_path / "s.h5")
    with pytest.raises(UnreadableError, match=r"within 0.5 s\) and no journal s.h5.journal helps"):
        recover(path, timeout_s=0.5)
    assert not (tmp_path / "s.recovered.h5").exists()


def test_a_file_with_blanked_root_attributes_is_judged_in_time(tmp_path):
    """HDF5 2.0 never comes back from reading them."""
    path = write(tmp_path / "s.h5")
    with Session.open(path) as session:
        session_id = session.session_id.encode()
    data = bytearray(path.read_bytes())
    place = data.index(session_id) - 24
    data[place : place + 512] = bytes(512)
    path.write_bytes(data)
    assert verify(path, timeout_s=3.0).exit_code == 1


HANGS_ON_B = """
import sys
from pathlib import Path
from wearables.sessions.child import list_facts
for path in map(Path, sys.argv[3:]):
    if path.name == "b.h5":
        while True:
            import time
            time.sleep(0.05)
    if path.name == "c.h5":
        sys.exit(7)
    list_facts([path])
"""


def test_a_listing_goes_on_after_a_file_that_hangs_and_one_that_crashes(
    tmp_path, put_child, monkeypatch
):
    put_child(HANGS_ON_B)
    monkeypatch.setattr(guarded, "START_S", 3.0)
    folder = tmp_path / "study"
    folder.mkdir()
    for name in "abcd":
        write(folder / f"{name}.h5")
    rows = catalogue(folder)
    assert [(row.path, row.state) for row in rows] == [
        ("a.h5", "closed"), ("b.h5", "unreadable"), ("c.h5", "unreadable"), ("d.h5", "closed"),
    ]  # fmt: skip
    assert all(row.size_b > 0 for row in rows)


def test_whoever_wants_to_read_here_is_warned_of_a_file_that_hangs(tmp_path, put_child):
    path = write(tmp_path / "s.h5")
    check_readable(path)
    # What is merely damaged is told by whoever reads it.
    (tmp_path / "t.h5").write_bytes(b"nothing")
    check_readable(tmp_path / "t.h5")
    put_child(LOOPS)
    with pytest.raises(UnreadableError, match=r"s\.h5 is unreadable: .* within 0.3 s"):
        check_readable(path, timeout_s=0.3)
