"""Bytes of the reference signals, with the noise that such sensors have, in 244-byte frames."""

import numpy as np
import pytest

from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.schema import ChannelSchema, StreamSchema

N = 12_000


def bytes_per_value(counts, bits, *, signed):
    low = -(1 << (bits - 1)) if signed else 0
    counts = np.clip(np.rint(counts), low, low + (1 << bits) - 1).astype(np.int64)
    channels = tuple(
        ChannelSchema(
            name=f"c{i}", unit="1", bits=bits, signed=signed, scale=1, offset=0, kind="acc"
        )
        for i in range(counts.shape[1])
    )
    stream = StreamSchema(
        id=1, name="s", rate_hz=200.0, rates_hz=(200.0,), max_latency_ms=60_000, store=True,
        channels=channels,
    )  # fmt: skip
    encoder = FrameEncoder(stream, session=1, size=244)
    frames = [encoder.push(row, device_us=i) for i, row in enumerate(counts.tolist())]
    return sum(len(f) for f in [*frames, encoder.finish()] if f) / counts.size


def test_strain_takes_two_thirds_of_a_byte():
    """Eight channels of 12 bit at 100 Hz, breathing, 1.2 counts of noise."""
    rng, time_s = np.random.default_rng(1), np.arange(N) / 100
    breath = 1500 + 400 * np.sin(2 * np.pi * 0.25 * time_s[:, None] + np.arange(8))
    assert bytes_per_value(breath + rng.normal(0, 1.2, (N, 8)), 12, signed=False) <= 0.65


def test_motion_takes_less_than_a_byte_and_a_fifth():
    """Six channels of 16 bit at 200 Hz, a slow walk, a usual sensor's noise at 4 g, 1000 deg/s."""
    rng, time_s = np.random.default_rng(2), np.arange(N) / 200
    gait = 2 * np.pi * 1.4 * time_s[:, None]
    phases = rng.uniform(0, 2 * np.pi, (3, 6))
    wave = sum(np.sin(k * gait + phases[k - 1]) / k for k in (1, 2, 3))
    size = np.r_[np.full(3, 0.2 * 8192), np.full(3, 60 * 32.768)]
    noise = np.r_[np.full(3, 230e-6 * 10 * 8192), np.full(3, 0.015 * 10 * 32.768)]
    counts = wave * size + rng.normal(0, 1, (N, 6)) * noise
    assert bytes_per_value(counts, 16, signed=True) <= 1.17


def test_a_heart_takes_a_byte_and_a_half(shared_data):
    """Record 208 at 500 Hz in 24 bit of 0.5 uV, with 1.5 uV of noise."""
    path = shared_data / "mitbih" / "208.dat"
    if not path.exists():
        pytest.skip("record 208 is not there")
    raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)[: 3 * N].reshape(-1, 3).astype(np.int64)
    first = raw[:, 0] | (raw[:, 1] & 0x0F) << 8
    millivolts = (np.where(first > 2047, first - 4096, first) - 1024) / 200
    at = np.arange(0, len(millivolts) - 1, 360 / 500)
    volts_uv = np.interp(at, np.arange(len(millivolts)), millivolts) * 1000
    noisy = volts_uv + np.random.default_rng(3).normal(0, 1.5, len(volts_uv))
    assert bytes_per_value(noisy[:, None] / 0.5, 24, signed=True) <= 1.55
