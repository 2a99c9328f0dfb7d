"""A clock that is off, scatters or was hardly asked is named; a good or a short one is not."""

import dataclasses

import numpy as np
import pytest

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.events import Exchanged, Sampled
from wearables.sessions import Session, SessionWriter, SubjectInfo, verify_here
from wearables.sessions.clocks import ClockFacts, clock_facts

GOOD = ClockFacts(
    boot=1, method="line", n_exchanges=40, offset_s=3.0, drift_ppm=37.0, drift_sd_ppm=2.0,
    rms_residual_s=0.3e-3, duration_s=1200.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rms_residual_s": 3e-3}, "scatter by 3.0 ms, wanted at most 2 ms"),
        ({"drift_ppm": -150.0}, "runs -150 ppm"),
        ({"n_exchanges": 5}, "5 exchanges in 1200 s, wanted 3 every 600 s"),
    ],
)
def test_what_is_worse_than_it_should_be_is_named(change, words):
    (doubt,) = dataclasses.replace(GOOD, **change).doubts
    assert words in doubt


@pytest.mark.parametrize(
    "change",
    [
        {},
        # Of seconds nobody can tell a drift.
        {"drift_ppm": -690.0, "drift_sd_ppm": 620.0, "duration_s": 3.0},
        {"drift_ppm": 690.0, "drift_sd_ppm": None, "duration_s": 3.0},
        {"n_exchanges": 0, "rms_residual_s": None, "drift_sd_ppm": None},
    ],
)
def test_what_cannot_be_told_is_no_doubt(change):
    facts = dataclasses.replace(GOOD, **change)
    assert facts.doubts == ()
    assert str(facts)


def written(path, *, drift_ppm, n_exchanges):
    channel = ChannelSchema(name="a", unit="1", bits=16, signed=True, scale=1, offset=0, kind="acc")
    stream = StreamSchema(
        id=1, name="imu", rate_hz=10.0, rates_hz=(10.0,), max_latency_ms=100, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    with SessionWriter(path, schema, subject=SubjectInfo(id="P")) as writer:
        for i in range(60):
            at_us = i * 10_000_000
            counts = np.full((100, 1), i)
            writer.write(
                Sampled(
                    stream_id=1, boot=4, first_index=100 * i, device_us=at_us, counts=counts,
                    flags=0, host_ns=at_us * 1000, epoch=1,
                )
            )  # fmt: skip
        for i in range(n_exchanges):
            host_ns = i * 10**10
            device_us = round(host_ns * 1e-3 * (1 + drift_ppm * 1e-6)) + 5_000_000
            exchange = Exchange(
                t1_host_ns=host_ns - 10**6, t2_device_us=device_us, t3_device_us=device_us,
                t4_host_ns=host_ns + 10**6, dither_us=0,
            )  # fmt: skip
            writer.write(Exchanged(exchange=exchange, epoch=1, boot=4))
    return path


def test_a_session_tells_its_clock_and_verify_its_doubts(tmp_path):
    with Session.open(written(tmp_path / "s.h5", drift_ppm=40.0, n_exchanges=50)) as session:
        (facts,) = clock_facts(session)
    assert (facts.boot, facts.n_exchanges, facts.doubts) == (4, 50, ())
    assert facts.drift_ppm == pytest.approx(40.0, abs=0.5)
    assert facts.duration_s == pytest.approx(590.0)
    assert not verify_here(tmp_path / "s.h5").findings
    findings = verify_here(written(tmp_path / "t.h5", drift_ppm=300.0, n_exchanges=2)).findings
    assert any("2 exchanges in 590 s" in text for text in findings)
    report = verify_here(written(tmp_path / "u.h5", drift_ppm=300.0, n_exchanges=50))
    assert any("runs +300 ppm" in text for text in report.findings)
    assert report.exit_code == 0


def test_without_an_exchange_the_facts_say_so(tmp_path):
    with Session.open(written(tmp_path / "s.h5", drift_ppm=0.0, n_exchanges=0)) as session:
        (facts,) = clock_facts(session)
    assert facts.rms_residual_s is None
    assert facts.doubts == ()
    assert "late by the radio" in str(facts)
