"""Parts of the studio: wire, strips' clock, sessions, project file, workers."""

import asyncio
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.events import Sampled
from firmware_bridge.timesync import Exchange
from muslin.errors import InputError
from muslin.studio import choices, pages
from muslin.studio.child import Child
from muslin.studio.library import Library, envelope
from muslin.studio.mesh_bytes import pack_arrays, unpack_arrays
from muslin.studio.pipe import pack, read_message
from muslin.studio.project import Project, load_project, open_folders, save_project
from muslin.studio.sockets import QUEUE_SIZE, Listener
from muslin.studio.tap import LiveTap
from muslin.studio.wire import Kind, pack_json, pack_samples, unpack
from muslin.wearer import demo_schema
from wearables.events import Exchanged

TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60)


@given(n=st.integers(0, 40), n_channels=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_frames_come_back_as_they_were_packed(n, n_channels, seed):
    values = np.random.default_rng(seed).normal(size=(n, n_channels)).astype(np.float32)
    message = (
        pack_samples(values, number=7, first_s=1.25, rate_hz=50.0)
        + pack_json({"type": "tick", "text": "ä"}, kind=Kind.STATE)
        + pack_samples(np.tile(values, 2), number=8, first_s=0, rate_hz=1, kind=Kind.ENVELOPE)
    )
    samples, state, pairs = unpack(message)
    np.testing.assert_array_equal(samples.values, values)
    assert (samples.number, samples.first_s, samples.rate_hz) == (7, 1.25, 50.0)
    assert state.content == {"type": "tick", "text": "ä"}
    assert pairs.values.shape[0] == n


def test_a_message_that_ends_too_soon_is_named():
    message = pack_samples(np.zeros((3, 2)), number=1, first_s=0, rate_hz=1)
    for cut in (10, len(message) - 1):
        with pytest.raises(ValueError, match="at"):
            list(unpack(message[:cut]))


@given(n=st.integers(1, 500), points=st.integers(10, 60), seed=st.integers(0, 2**32 - 1))
def test_an_envelope_holds_every_extreme(n, points, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 2))
    values[rng.random(n) < 0.2] = np.nan
    folded, n_folded = envelope(values, points)
    assert len(folded) <= points
    assert len(folded) == -(-n // n_folded)
    for i, pair in enumerate(folded):
        own = values[i * n_folded : (i + 1) * n_folded]
        if np.isnan(own).all():
            assert np.isnan(pair).all()
        else:
            np.testing.assert_array_equal(pair[::2], np.nanmin(own, axis=0))
            np.testing.assert_array_equal(pair[1::2], np.nanmax(own, axis=0))


def sampled(first_index, device_us, host_ns, *, n=25, **more):
    return Sampled(
        stream_id=3, boot=1, first_index=first_index, device_us=device_us,
        counts=np.full((n, 1), 80), flags=0, host_ns=host_ns, epoch=1, **more,
    )  # fmt: skip


def frames_of(tap):
    return [frame for part in tap.take().frames for frame in unpack(part)]


def test_strips_stand_on_the_clock_of_the_shortest_round_trip():
    tap = LiveTap(demo_schema(), 0, start_ns=0)
    exchange = Exchange(
        t1_host_ns=10_000_000_000, t2_device_us=4_001_000, t3_device_us=4_001_000,
        t4_host_ns=10_002_000_000, dither_us=0,
    )  # fmt: skip
    tap.feed(Exchanged(exchange=exchange, epoch=1, boot=1))
    tap.feed(sampled(0, 5_000_000, 11_900_000_000))
    (frame,) = frames_of(tap)
    assert frame.first_s == pytest.approx(11.0)
    np.testing.assert_allclose(frame.values, 1.0)  # 80 counts of 0.0125 %


def test_a_lost_frame_leaves_a_hole_and_late_ones_do_not_move_the_strip():
    tap = LiveTap(demo_schema(), 0, start_ns=0)
    tap.feed(sampled(0, 0, 1_000_000_000))
    tap.feed(sampled(50, 1_000_000, 2_000_000_000))
    tap.feed(sampled(25, 500_000, 2_100_000_000))
    tap.feed(sampled(25, 500_000, 2_200_000_000, backfilled=True))
    first, second = frames_of(tap)
    assert second.first_s - first.first_s == pytest.approx(1.0)


def test_a_slow_browser_loses_the_oldest_samples_and_no_state():
    listener = Listener(socket=None)
    for i in range(QUEUE_SIZE + 3):
        listener.put(bytes([i]))
    listener.put(b"state", is_urgent=True)
    assert listener.n_dropped == 3
    assert listener._waiting[0] == bytes([3])
    assert list(listener._urgent) == [b"state"]


def test_arrays_of_a_fit_come_back(tmp_path):
    arrays = {"points": np.arange(12.0).reshape(4, 3), "faces": np.arange(6).reshape(2, 3)}
    content, back = unpack_arrays(pack_arrays({"title": "größe"}, arrays))
    assert content == {"title": "größe"}
    np.testing.assert_array_equal(back["points"], arrays["points"])
    np.testing.assert_array_equal(back["faces"], arrays["faces"])


@given(subject=TEXT, task=TEXT, size=st.integers(-3, 3), stature=st.floats(1, 300))
def test_the_project_file_says_what_was_kept(subject, task, size, stature):
    project = Project(subject=subject, task=task, size=size, measures_cm={"stature": stature})
    content = tomllib.loads(project.to_toml())
    assert content["subject"] == subject
    assert content["task"] == task
    assert content["size"] == size
    assert content["measures_cm"]["stature"] == pytest.approx(stature, rel=1e-5)


def test_the_project_is_remembered_and_a_broken_file_is_named(tmp_path):
    folders = open_folders(tmp_path / "project")
    assert load_project(folders) == Project()
    save_project(folders, Project(pattern="leggings"))
    assert load_project(folders).pattern == "leggings"
    (folders.top / "project.toml").write_text("pattern = [", encoding="utf-8")
    with pytest.raises(InputError, match=r"project\.toml"):
        load_project(folders)


def test_presets_rise_with_the_percentile():
    for by_percentile in choices.presets().values():
        assert by_percentile["p5"].keys() == by_percentile["p95"].keys()
        for name, low in by_percentile["p5"].items():
            assert low < by_percentile["p50"][name] < by_percentile["p95"][name]


def test_without_browser_libraries_the_studio_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "VENDOR", tmp_path)
    with pytest.raises(InputError, match="make web"):
        pages.load_page()


def test_a_session_that_is_no_session_is_listed_and_not_opened(tmp_path):
    (tmp_path / "notes.h5").write_bytes(b"nothing")
    library = Library(tmp_path)
    (row,) = library.rows()
    assert row["state"] == "unreadable"
    with pytest.raises(ValueError, match="HDF5"):
        library.describe(row["id"])
    with pytest.raises(InputError, match="catalogue"):
        library.path_of("notes")


async def test_a_pipe_message_comes_back_and_an_end_is_none():
    reader = asyncio.StreamReader()
    reader.feed_data(pack({"a": 1}, b"xyz"))
    reader.feed_eof()
    assert await read_message(reader) == ({"a": 1}, b"xyz")
    assert await read_message(reader) is None


async def test_a_pipe_message_that_is_too_long_is_refused():
    reader = asyncio.StreamReader()
    reader.feed_data(b"\xff" * 8)
    with pytest.raises(ValueError, match="above"):
        await read_message(reader)


async def test_a_worker_that_dies_is_told(monkeypatch, tmp_path):
    (tmp_path / "dying.py").write_text("raise SystemExit(4)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = asyncio.Event()
    child = Child("dying", deliver=lambda content, body: None)
    child.ended = ended.set
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        await child.start(group)
        await ended.wait()
    assert not child.is_running
