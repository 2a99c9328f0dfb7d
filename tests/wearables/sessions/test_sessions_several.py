"""Several garments in one session file: one clock, names of their own, all that sessions can do."""

import asyncio
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.errors import SessionError
from wearables.events import Exchanged, LinkClosed, LinkOpened, Marker
from wearables.sessions import (
    Calibration,
    Session,
    SessionWriter,
    SubjectInfo,
    Take,
    record_all,
    verify_here,
)
from wearables.sessions.align import align, align_sessions
from wearables.sessions.annotate import annotate
from wearables.sessions.catalogue import facts_of
from wearables.sessions.clocks import clock_facts
from wearables.sessions.export import FORMATS, export_session
from wearables.sessions.journal import journal_path
from wearables.sessions.reader import split_device
from wearables.sessions.recover import recover_here
from wearables.sessions.shared_event import event_lag
from wearables.sessions.stored_events import StoredEvents

RATES_HZ = {"left": 100.0, "right": 50.0}
# What each garment's clock said when the host's said 0.
OFFSETS_US = {"left": 5_000_000, "right": 9_000_000}
PERSON = SubjectInfo(id="P")
SECONDS = 4


def garment(name):
    channels = tuple(
        ChannelSchema(name=f"acc_{axis}", unit="m/s2", bits=16, signed=True, scale=0.01, offset=0.0,
                      kind="acc")
        for axis in "xyz"
    )  # fmt: skip
    rate_hz = RATES_HZ[name]
    stream = StreamSchema(
        id=1, name="imu", rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=300, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="v", name=f"{name} sock", hw="1", schema=1, streams=(stream,))


SCHEMAS = {name: garment(name) for name in RATES_HZ}


def counts_of(name):
    """A shake at 2 s on both, the same in the world."""
    time_s = np.arange(round(SECONDS * RATES_HZ[name])) / RATES_HZ[name]
    pulse = np.exp(-(((time_s - 2.0) / 0.05) ** 2)) * 3000
    noise = np.random.default_rng(len(name)).integers(-5, 6, (time_s.size, 3))
    return np.rint(np.stack([pulse + 100, 0.5 * pulse, 0 * pulse], axis=1)).astype(int) + noise


def events_of(name):
    """Frames of ten samples, of the right one the sixth lost; exchanges; markers."""
    rate_hz, counts = RATES_HZ[name], counts_of(name)
    yield LinkOpened(epoch=1, boot=1, host_ns=0, mtu=247)
    for t_ns in range(0, SECONDS * 10**9, 10**8):
        us = t_ns // 1000 + OFFSETS_US[name]
        exchange = Exchange(t1_host_ns=t_ns - 2_000_000, t2_device_us=us, t3_device_us=us,
                            t4_host_ns=t_ns + 2_000_000, dither_us=0)  # fmt: skip
        yield Exchanged(exchange=exchange, epoch=1, boot=1)
    for first in range(0, len(counts), 10):
        host_ns = round((first + 10) / rate_hz * 1e9)
        if name == "right" and first == 50:
            yield Lost(stream_id=1, boot=1, first_index=50, n_samples=10, cause=LossCause.RADIO,
                       host_ns=host_ns, epoch_before=1, epoch_after=1)  # fmt: skip
            continue
        us = round(first / rate_hz * 1e6) + OFFSETS_US[name]
        yield Sampled(
            stream_id=1, boot=1, first_index=first, device_us=us,
            counts=counts[first : first + 10], flags=0, host_ns=host_ns, epoch=1,
        )  # fmt: skip
    yield Marker(host_ns=10**9, kind="marker", text="sit", source="user", device_us=None)
    us = 3 * 10**6 + OFFSETS_US[name]
    yield Marker(host_ns=31 * 10**8, kind="button", text=name, source="device", device_us=us)
    yield LinkClosed(epoch=1, host_ns=SECONDS * 10**9, reason="stopped")


def write(path, **settings):
    writer = SessionWriter(path, SCHEMAS, subject=PERSON, title="walk", start_host_ns=0, **settings)
    for name in SCHEMAS:
        for event in events_of(name):
            writer.write(event, device=name)
    return writer


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "s.h5").close()
    return tmp_path / "s.h5"


def test_streams_of_several_garments_stand_on_one_clock(path):
    with Session.open(path) as session:
        assert list(session.streams) == ["left/imu", "right/imu"]
        assert session.committed == {"left/imu": 40, "right/imu": 19}
        for name, stream in session.streams.items():
            block = stream.read()
            np.testing.assert_allclose(block.time_s[np.nanargmax(block.values[:, 0])], 2, atol=1e-3)
            assert stream.garment.key == name.partition("/")[0]
        assert session.streams["right/imu"].n_lost == 10
        # A person's marker is told to each garment and stands in the file once.
        marks = [(round(m.time_s, 3), m.text) for m in session.markers]
        assert marks == [(1.0, "sit"), (3.0, "left"), (3.0, "right")]
        assert session.garment_names == "left sock, right sock"


def test_one_garment_of_several_reads_as_if_it_were_alone(path):
    with Session.open(Path(f"{path}#right")) as session:
        assert list(session.streams) == ["imu"]
        assert session.schema == SCHEMAS["right"]
        assert session.committed == {"imu": 19}
        assert [mark.text for mark in session.markers] == ["sit", "right"]
        assert (session.name, session.file_name) == ("s/right", "s-right")
        assert session.place == Path(f"{path}#right")
        assert len(session.exchanges) == 40
        assert session.epochs["reason"].tolist() == [b"stopped"]
        assert session.clock(1).n_used > 0
    with Session.open(path, device="left") as session:
        assert session.only.key == "left"
    with Session.open(path) as session:
        assert [view.name for view in session.views] == ["s/left", "s/right"]
        with pytest.raises(
            SessionError, match=r"several garments \(left, right\); name one: .*#left"
        ):
            _ = session.schema
    with pytest.raises(SessionError, match="holds no garment 'hat'; it holds left, right"):
        Session.open(Path(f"{path}#hat"))


def test_a_file_may_have_the_sign_in_its_name(path):
    odd = path.with_name("a#b.h5")
    shutil.copyfile(path, odd)
    assert split_device(odd) == (odd, "")
    assert split_device(Path(f"{odd}#left")) == (odd, "left")
    assert split_device(path.with_name("none.h5")) == (path.with_name("none.h5"), "")


def test_verify_and_clocks_name_the_garment(path):
    report = verify_here(path)
    assert report.exit_code == 3
    assert report.n_lost == {"left/imu": 0, "right/imu": 10}
    with Session.open(path) as session:
        names = [clock.name for clock in clock_facts(session)]
    assert names == ["clock of left, boot 1", "clock of right, boot 1"]
    with h5py.File(path, "r+") as file:
        file["devices/right/descriptor"].attrs["sha256"] = "00"
        table = file["devices/left/exchanges"]
        row = table[0]
        row["t4_host_ns"] = -(10**12)
        table[0] = row
    findings = " ".join(verify_here(path).findings)
    assert "descriptor of right does not match" in findings
    assert "exchange of left ends before it starts" in findings


@pytest.mark.parametrize("method", ["completed", "rebuilt", "salvaged"])
def test_repair_brings_back_every_garment(tmp_path, method):
    fits = (
        Calibration(channel="left/imu/acc_x", kind="affine", numbers=(0.0, 2.0)),
        Calibration(channel="imu/acc_y", kind="affine", numbers=(0.0, 3.0)),
    )
    path = tmp_path / "s.h5"
    write(path, calibrations=fits).close(keep_journal=True)
    wanted = tmp_path / "wanted.h5"
    shutil.copyfile(path, wanted)
    if method == "rebuilt":
        path.write_bytes(path.read_bytes()[:5000])
    if method == "salvaged":
        journal_path(path).unlink()
    report = recover_here(path)
    assert report.method == method
    assert report.lost_s == {"left/imu": 0.0, "right/imu": 0.2}
    with Session.open(report.path) as found, Session.open(wanted) as truth:
        assert found.markers == truth.markers
        assert [len(d.calibrations) for d in found.devices.values()] == [2, 1]
        for name, stream in truth.streams.items():
            again = found.streams[name].read()
            np.testing.assert_array_equal(again.values, stream.read().values)
            np.testing.assert_array_equal(again.time_s, stream.read().time_s)


def test_a_garment_whose_description_is_damaged_does_not_take_the_others_along(path, tmp_path):
    with h5py.File(path, "r+") as file:
        file["devices/left/descriptor"][:4] = 0
    assert verify_here(path).is_damaged
    report = recover_here(path, tmp_path / "new.h5")
    assert report.n_stored == {"imu": 190}
    with Session.open(report.path) as session:
        assert list(session.devices) == ["right"]


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_every_export_tells_garments_apart(path, tmp_path, kind):
    with Session.open(path) as session:
        made = export_session(session, tmp_path / kind, to=kind)
    assert len(set(made)) == len(made)
    if kind == "csv":
        left, right = (list(csv.reader(made[i].read_text().splitlines())) for i in (0, 1))
        assert [made[i].name for i in (0, 1)] == ["s_left-imu.csv", "s_right-imu.csv"]
        assert (len(left), len(right)) == (401, 201)
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if kind == "bids" and validator is not None:
        done = subprocess.run(
            [validator, str(tmp_path / kind), "--format", "json"], capture_output=True, check=False
        )
        issues = json.loads(done.stdout)["issues"]["issues"]
        assert [i["code"] for i in issues if i["severity"] == "error"] == []
    if kind == "edf":
        edfio = pytest.importorskip("edfio")
        labels = [signal.label for signal in edfio.read_edf(made[0]).signals]
        assert labels[0] == "left acc_x"
        assert len(set(labels)) == 6


def test_garments_of_one_file_are_aligned_and_share_an_event(path):
    with Session.open(path) as session:
        grid = align(list(session.streams.values()), rate_hz=50.0)
        assert set(grid.values) == {"left/imu", "right/imu"}
        peaks = [int(np.nanargmax(values[:, 0])) for values in grid.values.values()]
        assert peaks[0] == peaks[1]
        left, right = session.views
        lag = event_lag(left, right, at_s=2.0, span_s=0.8)
        assert lag.is_sure
        assert abs(lag.lag_s) < 2e-3
        both = align_sessions(session.views, rate_hz=50.0)
        assert set(both.values) == {"s/left/imu", "s/right/imu"}


def test_remarks_and_the_catalogue_know_the_whole_file(path):
    annotate(path, author="mk", text="slipped", start_s=1.5)
    with Session.open(Path(f"{path}#left")) as session:
        assert [remark.text for remark in session.annotations] == ["slipped"]
    with Session.open(recover_here(path).path) as repaired:
        assert [remark.text for remark in repaired.annotations] == ["slipped"]
    facts = facts_of(path)
    assert (facts["garment"], facts["streams"]) == ("left sock, right sock", "left/imu,right/imu")


def test_arrivals_alone_place_samples_late_by_what_the_radio_took(path):
    """The exchanges are exact here, and every frame arrives when its last sample was taken."""
    with Session.open(Path(f"{path}#left")) as session:
        exact_s = session.streams["imu"].read().time_s
    with Session.open(Path(f"{path}#left")) as session:
        session.only.place_by_arrival()
        late_s = session.streams["imu"].read().time_s - exact_s
        assert session.only.clock(1).method == "bounds"
    np.testing.assert_allclose(late_s, 10 / RATES_HZ["left"], atol=1e-3)


def test_each_garment_can_be_replayed(path):
    with StoredEvents(Path(f"{path}#left")) as stored:
        events = list(stored)
    assert sum(len(event.counts) for event in events if isinstance(event, Sampled)) == 400
    assert [e.text for e in events if isinstance(e, Marker)] == ["sit", "left"]
    with pytest.raises(SessionError, match="name one"):
        StoredEvents(path)


class Played:
    """A source of prepared events."""

    def __init__(self, name, *, breaks_after=None):
        self.schema = SCHEMAS[name]
        self._events = list(events_of(name))
        self._breaks_after = breaks_after

    async def __aiter__(self):
        for i, event in enumerate(self._events):
            if i == self._breaks_after:
                raise SessionError("the source broke")
            yield event
            await asyncio.sleep(0)

    async def stop(self):
        """Ends by itself."""


def takes_of(path, sources, names=("left", "right")):
    return [
        Take(source=source, path=path, subject=PERSON, device=name, about={"start_host_ns": 0})
        for source, name in zip(sources, names, strict=True)
    ]


async def test_sources_share_a_file(tmp_path, path):
    out = tmp_path / "r.h5"
    (summary,) = await record_all(takes_of(out, [Played("left"), Played("right")]))
    assert summary.n_stored == {"left/imu": 400, "right/imu": 190}
    with Session.open(out) as session, Session.open(path) as truth:
        assert session.markers == truth.markers
        for name, stream in session.streams.items():
            np.testing.assert_array_equal(stream.read().values, truth.streams[name].read().values)


async def test_a_source_that_breaks_leaves_the_other_its_file(tmp_path):
    out = tmp_path / "r.h5"
    with pytest.raises(SessionError, match="the source broke"):
        await record_all(takes_of(out, [Played("left", breaks_after=60), Played("right")]))
    with Session.open(out) as session:
        assert session.state == "closed"
        assert session.streams["right/imu"].n_stored == 190
        assert 0 < session.streams["left/imu"].n_stored < 400


@pytest.mark.parametrize("names", [("left", "left"), ("left", "")])
async def test_garments_of_one_file_need_names(tmp_path, names):
    sources = [Played("left"), Played("right")]
    with pytest.raises(SessionError, match="need names that differ"):
        await record_all(takes_of(tmp_path / "r.h5", sources, names))


def test_an_event_of_nobody_is_refused(tmp_path):
    with SessionWriter(tmp_path / "s.h5", SCHEMAS, subject=PERSON) as writer:
        event = next(events_of("left"))
        for name in ("", "hat"):
            with pytest.raises(SessionError, match="is of left, right"):
                writer.write(event, device=name)


def test_a_calibration_of_no_channel_is_refused(tmp_path):
    fit = Calibration(channel="hat/imu/acc_x", kind="affine", numbers=(0.0, 1.0))
    with pytest.raises(SessionError, match="the garment has imu/acc_x"):
        SessionWriter(tmp_path / "s.h5", SCHEMAS, subject=PERSON, calibrations=(fit,))


def test_a_journal_whose_list_of_garments_is_damaged_still_gives_their_samples(tmp_path):
    path = tmp_path / "s.h5"
    write(path).close(keep_journal=True)
    path.unlink()
    journal = journal_path(path)
    data = bytearray(journal.read_bytes())
    data[data.index(b"devices") + 8] ^= 1  # The header's checksum is wrong now.
    journal.write_bytes(data)
    report = recover_here(path, tmp_path / "new.h5")
    assert report.n_damaged_records == 1
    assert report.n_stored["garment-2/imu"] == 190
