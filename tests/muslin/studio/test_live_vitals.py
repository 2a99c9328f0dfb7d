"""Heart and breath on the page while a garment is recorded."""

import numpy as np
import pytest

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.studio.live_vitals import LiveVitals

ECG_HZ, BELT_HZ = 250.0, 50.0


def schema(kinds, *, site="chest", rate_hz=ECG_HZ):
    channels = tuple(
        ChannelSchema(name=f"c{i}", unit="1", bits=16, signed=True, scale=1.0, offset=0.0,
                      kind=kind, site=site)
        for i, kind in enumerate(kinds)
    )  # fmt: skip
    stream = StreamSchema(
        id=1, name="s", rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="org.muslin", name="t", hw="v", schema=1, streams=(stream,))


def ecg(seconds, per_minute):
    t = np.arange(round(seconds * ECG_HZ)) / ECG_HZ
    phase = (t * per_minute / 60) % 1.0
    spike = np.exp(-(((phase - 0.5) * 60 / per_minute / 0.012) ** 2))
    return t, (1e-3 * spike + np.random.default_rng(0).normal(0, 1e-5, t.size))[:, None]


def feed(vitals, t, values, *, n=25, without=()):
    for first in range(0, len(t), n):
        if first not in without:
            vitals.feed(1, first, t[first : first + n], values[first : first + n])


def test_the_heart_rate_is_that_of_the_beats_and_fades_when_they_end():
    vitals = LiveVitals(schema(["ecg"]))
    assert vitals.rates(0.0) == {"heart": None}
    feed(vitals, *ecg(15, 72))
    assert vitals.rates(15.0)["heart"] == pytest.approx(72, abs=0.5)
    assert vitals.rates(30.0) == {"heart": None}


def test_lost_samples_make_no_long_beat():
    vitals = LiveVitals(schema(["ecg"]))
    feed(vitals, *ecg(20, 72), without=range(2500, 3000, 25))
    assert vitals.rates(20.0)["heart"] == pytest.approx(72, abs=0.5)


def test_a_belt_tells_breaths():
    vitals = LiveVitals(schema(["respiration"], rate_hz=BELT_HZ))
    t = np.arange(round(60 * BELT_HZ)) / BELT_HZ
    feed(vitals, t, np.sin(2 * np.pi * 15 / 60 * t)[:, None])
    assert vitals.rates(60.0)["breath"] == pytest.approx(15, abs=0.3)


def test_a_line_over_the_knee_does_not_breathe():
    assert LiveVitals(schema(["strain"], site="left knee")).rates(0.0) == {}
    assert LiveVitals(schema(["strain"], site="Chest")).rates(0.0) == {"breath": None}


def test_a_garment_that_starts_anew_is_measured_anew():
    vitals = LiveVitals(schema(["ecg"]))
    t, values = ecg(15, 72)
    feed(vitals, t, values)
    feed(vitals, t + 60, values)
    assert vitals.rates(75.0)["heart"] == pytest.approx(72, abs=0.5)


def test_a_stream_that_is_too_slow_shows_no_beat():
    assert LiveVitals(schema(["ecg"], rate_hz=20.0)).rates(0.0) == {}
