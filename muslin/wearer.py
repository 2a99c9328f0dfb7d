"""What the demo's virtual garment measures: recorded people, and one synthetic strain line.

Wrist acceleration and rotation come from BasicMotions test cases, the pulse from a heartpy
recording. The chest strain is computed, and named so wherever it appears.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import TruthMarker
from muslin.errors import InputError

ACTIVITIES = ("Standing", "Walking", "Running", "Badminton")
STRAIN_RATE_HZ = 50.0
BREATHS_PER_MINUTE = 15.0
PULSE_RATE_HZ = 117.0
# Before this the recording shows the sensor being put on: noise, then seven seconds of nothing.
PULSE_START_S = 60.0


def demo_schema() -> GarmentSchema:
    """The demo's garment: wrist IMU, finger pulse, chest strain."""

    def channel(
        name: str, unit: str, bits: int, scale: float, kind: str, site: str
    ) -> ChannelSchema:
        return ChannelSchema(
            name=name, unit=unit, bits=bits, signed=bits == 16, scale=scale, offset=0.0,
            kind=kind, site=site,
        )  # fmt: skip

    acc = [channel(f"acc_{a}", "m/s2", 16, 0.002, "acc", "right wrist") for a in "xyz"]
    gyr = [channel(f"gyr_{a}", "rad/s", 16, 0.002, "gyr", "right wrist") for a in "xyz"]
    pulse = channel("ppg", "{count}", 12, 1.0, "ppg", "finger")
    strain = channel("chest_synthetic", "%", 12, 0.0125, "strain", "chest")
    return GarmentSchema(
        vendor="org.muslin",
        name="demo-shirt",
        hw="virtual",
        schema=1,
        streams=(
            _stream(1, "imu", 10.0, 800, (*acc, *gyr)),
            _stream(2, "ppg", PULSE_RATE_HZ, 400, (pulse,)),
            _stream(3, "strain", STRAIN_RATE_HZ, 500, (strain,)),
        ),
    )


def _stream(
    number: int, name: str, rate_hz: float, latency_ms: int, channels: tuple[ChannelSchema, ...]
) -> StreamSchema:
    return StreamSchema(
        id=number, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=latency_ms,
        store=True, channels=channels,
    )  # fmt: skip


def demo_replay(
    assets: Path, *, seconds_per_activity: float, rng: np.random.Generator
) -> tuple[GarmentSchema, dict[int, NDArray[np.int64]], list[TruthMarker]]:
    """Put the demo's recording together.

    Args:
        assets: Folder of the data that ships.
        seconds_per_activity: How long each of the four activities lasts.
        rng: Chooses the test cases and the strain's noise.

    Returns:
        Schema, raw counts by stream id, and the true activities.

    Raises:
        InputError: If the recordings are missing.
    """
    folder = assets / "recordings"
    try:
        with np.load(folder / "basicmotions_test.npz", allow_pickle=False) as data:
            cases, labels = data["cases"], data["labels"]
        with np.load(folder / "heartpy_ppg.npz", allow_pickle=False) as data:
            worn = round(PULSE_START_S * PULSE_RATE_HZ)
            pulse = np.roll(data["counts"].astype(np.int64), -worn)
    except OSError as error:
        raise InputError(f"the demo's recordings are missing in {folder}: {error}") from error
    n = max(1, round(seconds_per_activity * 10))
    parts, markers = [], []
    for i, activity in enumerate(ACTIVITIES):
        own = rng.permutation(np.flatnonzero(labels == activity))
        whole = np.concatenate([cases[case] for case in own])
        parts.append(np.resize(whole, (n, 6)))
        markers.append(TruthMarker(i * n / 10, "activity", activity))
    motion = np.concatenate(parts)
    duration_s = len(motion) / 10
    counts = {
        1: np.clip(np.rint(motion / 0.002), -32768, 32767).astype(np.int64),
        2: np.resize(pulse, (round(duration_s * PULSE_RATE_HZ), 1)),
        3: _strain(duration_s, rng)[:, None],
    }
    return demo_schema(), counts, markers


def _strain(duration_s: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Synthetic chest strain: breathing with a wandering rate, drift and noise, in counts."""
    n = round(duration_s * STRAIN_RATE_HZ)
    time_s = np.arange(n) / STRAIN_RATE_HZ
    wander = 1 + 0.05 * np.sin(2 * np.pi * time_s / 37.0)
    phase = 2 * np.pi * np.cumsum(BREATHS_PER_MINUTE / 60 * wander) / STRAIN_RATE_HZ
    percent = 12.0 + 2.5 * np.sin(phase) + 0.02 * time_s + rng.normal(0, 0.015, n)
    return np.clip(np.rint(percent / 0.0125), 0, 4095).astype(np.int64)
