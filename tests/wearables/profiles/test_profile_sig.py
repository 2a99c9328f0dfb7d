import numpy as np
import pytest

from firmware_bridge.events import Damaged
from wearables.profiles import (
    HeartRate,
    RunningCadence,
    decode_battery_pct,
    decode_heart_rate,
    decode_running,
)

AT = {"host_ns": 5, "epoch": 2}


@pytest.mark.parametrize(
    ("data", "rate", "contact", "energy_j", "rr_s"),
    [
        ("0048", 72, None, None, ()),
        ("012c01", 300, None, None, ()),
        ("0648", 72, True, None, ()),
        ("0448", 72, False, None, ()),
        ("092c01e803", 300, None, 1e6, ()),
        ("104840035203", 72, None, None, (0.8125, 850 / 1024)),
        ("1f4801100040035203", 328, True, 16e3, (0.8125, 850 / 1024)),
    ],
)
def test_heart_rate_vectors(data, rate, contact, energy_j, rr_s):
    expected = HeartRate(rate_bpm=rate, has_contact=contact, energy_j=energy_j, rr_s=rr_s)
    assert decode_heart_rate(bytes.fromhex(data), **AT) == expected


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("070002b45000e8030000", (2.0, 180, 0.8, 100.0, True)),
        ("00000150", (1.0, 80, None, None, False)),
    ],
)
def test_running_vectors(data, fields):
    names = ("speed_m_s", "cadence_per_min", "stride_m", "distance_m", "is_running")
    expected = RunningCadence(**dict(zip(names, fields, strict=True)))
    assert decode_running(bytes.fromhex(data), **AT) == expected


def test_battery():
    assert decode_battery_pct(b"\x57", **AT) == 87
    assert isinstance(decode_battery_pct(b"\x65", **AT), Damaged)


@pytest.mark.parametrize("decode", [decode_heart_rate, decode_running, decode_battery_pct])
def test_empty_and_trailing_bytes_are_damage(decode):
    for data in (b"", b"\x00" * 7):
        found = decode(data, **AT)
        assert isinstance(found, Damaged)
        assert (found.host_ns, found.epoch) == (5, 2)
        assert f"{len(data)} bytes" in found.reason


@pytest.mark.parametrize("decode", [decode_heart_rate, decode_running, decode_battery_pct])
def test_noise_never_raises(decode):
    rng = np.random.default_rng(7)
    for _ in range(5000):
        decode(rng.bytes(int(rng.integers(0, 24))), **AT)
