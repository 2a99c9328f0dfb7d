"""A live stream reaches an operator as the recorded one does; trouble is left out and counted."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.schema import ChannelSchema, StreamSchema
from firmware_bridge.timesync import Exchange
from wearables.events import Exchanged, LossCause, Lost, SampleBlock, Sampled
from wearables.signals import Butterworth
from wearables.signals.operator import run
from wearables.sources import Feed, stream_channels

RATE_HZ = 100.0
START_NS = 5_000_000_000
SCHEMA = StreamSchema(
    id=3, name="imu", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=100, store=True,
    channels=tuple(
        ChannelSchema(name=name, unit=unit, bits=16, signed=True, scale=0.5, offset=10.0, kind=kind)
        for name, unit, kind in (("acc_x", "[g]", "acc"), ("gyr_x", "deg/s", "gyr"))
    ),
)  # fmt: skip
COUNTS = np.random.default_rng(4).integers(-900, 900, (400, 2))


def frame(first, stop, *, boot=1, backfilled=False, delay_ns=20_000_000, stream_id=3):
    device_us = round(first / RATE_HZ * 1e6)
    return Sampled(
        stream_id=stream_id, boot=boot, first_index=first, device_us=device_us,
        counts=COUNTS[first:stop], flags=0, host_ns=START_NS + device_us * 1000 + delay_ns,
        epoch=1, backfilled=backfilled,
    )  # fmt: skip


def lowpass():
    return Butterworth(band="lowpass", cutoff_hz=10.0, rate_hz=RATE_HZ)


def fed(events, **settings):
    operator = lowpass()
    feed = Feed(SCHEMA, operator, start_ns=START_NS, **settings)
    found = [block for event in events for block in feed(event)]
    return [*found, *feed.flush()], feed


def expected(parts):
    """The same from blocks in SI, as a recorded session gives them."""
    factor = 0.5 * np.array([9.80665, np.pi / 180])
    blocks = [
        SampleBlock(
            stream="imu", first_index=a, time_s=np.arange(a, b) / RATE_HZ,
            values=(COUNTS[a:b] - 10.0) * factor, channels=stream_channels(SCHEMA),
        )
        for a, b in parts
    ]  # fmt: skip
    return run(lowpass(), blocks)


def joined(blocks):
    return np.concatenate([block.values for block in blocks])


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 399), max_size=8, unique=True))
def test_any_frames_of_a_live_stream_give_what_the_file_gives(cuts):
    edges = [0, *sorted(cuts), 400]
    found, feed = fed([frame(a, b) for a, b in itertools.pairwise(edges)])
    np.testing.assert_allclose(joined(found), joined(expected([(0, 400)])), rtol=1e-12)
    assert found[0].channels == ("acc_x_m_s2", "gyr_x_rad_s")
    assert (feed.n_samples, feed.n_missing, feed.n_late) == (400, 0, 0)


def test_a_gap_in_the_index_is_told_to_the_operator():
    lost = Lost(
        stream_id=3, boot=1, first_index=120, n_samples=80, cause=LossCause.RADIO, host_ns=0,
        epoch_before=1, epoch_after=1,
    )  # fmt: skip
    found, feed = fed([frame(0, 120), lost, frame(200, 400)])
    np.testing.assert_allclose(joined(found), joined(expected([(0, 120), (200, 400)])), rtol=1e-12)
    assert feed.n_missing == 80


def test_what_comes_late_or_twice_or_of_another_stream_is_left_out():
    events = [
        frame(0, 100), frame(50, 90), frame(120, 200), frame(100, 120, backfilled=True),
        frame(0, 9, stream_id=4), frame(200, 400),
    ]  # fmt: skip
    found, feed = fed(events)
    assert found[0].first_index == 0
    assert len(joined(found)) == 380
    assert (feed.n_late, feed.n_missing) == (60, 20)


def test_a_new_boot_starts_the_operator_anew():
    found, feed = fed([frame(0, 200), frame(0, 150, boot=2)])
    again = joined(expected([(0, 150)]))
    np.testing.assert_allclose(joined(found)[200:], again, rtol=1e-12)
    assert feed.n_missing == 0


def test_stamps_follow_the_exchange_with_the_shortest_round_trip():
    """A frame that waited 20 ms lies where the garment's clock puts it."""
    exchange = Exchange(
        t1_host_ns=START_NS - 1_000_000, t2_device_us=0, t3_device_us=0,
        t4_host_ns=START_NS + 1_000_000, dither_us=0,
    )  # fmt: skip
    found, _ = fed([frame(0, 100), Exchanged(exchange=exchange, epoch=1, boot=1), frame(100, 400)])
    assert found[0].time_s[0] == pytest.approx(0.02)
    assert found[-1].time_s[0] == pytest.approx(1.0)


def test_columns_are_picked_by_place():
    found, _ = fed([frame(0, 400)], columns=(1,))
    assert found[0].channels == ("gyr_x_rad_s",)
    np.testing.assert_allclose(
        joined(found)[:, 0], joined(expected([(0, 400)]))[:, 1], rtol=1e-12
    )  # fmt: skip
