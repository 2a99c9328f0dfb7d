"""Gait events at the lower back, on the walking model of Alexander & Jayes 1980."""

import numpy as np
import pytest

from wearables.errors import SignalError
from wearables.events import SampleBlock
from wearables.signals import run
from wearables.signals.motion import TrunkGait, gait_cycles

G = 9.80665
RATE_HZ = 100.0


def walk(*, stride_s=1.1, duty=0.62, shape=0.35, n_steps=24, rate_hz=RATE_HZ):
    """Upward acceleration of a body on two feet, and when each foot meets and leaves the ground.

    The force of a foot is a cosine arch over its stance less `shape` times its third harmonic.
    """
    time_s = np.arange(round((n_steps * stride_s / 2 + 3) * rate_hz)) / rate_hz
    stance_s = duty * stride_s
    contacts = 1.5 + np.arange(n_steps) * stride_s / 2
    force = np.zeros_like(time_s)
    for contact in contacts:
        phase = np.pi * (time_s - contact - stance_s / 2) / stance_s
        force += np.where(np.abs(phase) <= np.pi / 2, np.cos(phase) - shape * np.cos(3 * phase), 0)
    mean = 4 * stance_s / np.pi * (1 + shape / 3) / stride_s
    stands = (time_s < contacts[1]) | (time_s > contacts[-2] + stance_s)
    up = np.where(stands, 0.0, G * (force / mean - 1))
    return time_s, up, contacts, contacts + stance_s


def block(time_s, acc):
    return SampleBlock(
        stream="imu", first_index=0, time_s=time_s, values=acc, channels=("x", "y", "z")
    )


def events(time_s, up, axis=(0.0, 0.0, 1.0)):
    acc = (G + up)[:, None] * np.asarray(axis)
    rate_hz = 1 / (time_s[1] - time_s[0])
    return run(TrunkGait(rate_hz=rate_hz), [block(time_s, acc)])


@pytest.mark.parametrize(("stride_s", "duty"), [(0.95, 0.60), (1.1, 0.62), (1.3, 0.64)])
def test_events_keep_the_promised_distance_from_the_model(stride_s, duty):
    time_s, up, contacts, toe_offs = walk(stride_s=stride_s, duty=duty)
    found = events(time_s, up)
    assert abs(len(found) - len(contacts)) <= 3
    late = [f.contact_s - contacts[np.abs(contacts - f.contact_s + 0.05).argmin()] for f in found]
    assert 0.02 < np.median(late[2:-2]) < 0.11
    cycles = gait_cycles(found)[2:-3]
    assert np.median([c.stride_s for c in cycles]) == pytest.approx(stride_s, abs=0.006)
    assert np.median([c.step_s for c in cycles]) == pytest.approx(stride_s / 2, abs=0.006)
    stance_s = np.median([c.stance_s for c in cycles])
    assert stance_s == pytest.approx(toe_offs[0] - contacts[0], abs=0.08)
    assert all(c.swing_s + c.stance_s == pytest.approx(c.stride_s) for c in cycles)
    assert all(0 < c.double_support_s < c.stance_s for c in cycles)


def test_it_does_not_matter_how_the_sensor_sits():
    time_s, up, _, _ = walk()
    upright = [c.contact_s for c in events(time_s, up)]
    tilted = [c.contact_s for c in events(time_s, up, axis=(0.6, -0.48, 0.64))]
    np.testing.assert_allclose(upright, tilted, atol=1e-9)


def test_who_stands_makes_no_contacts():
    time_s, up, _, _ = walk()
    noise = 0.05 * np.random.default_rng(0).normal(size=len(up))
    assert events(time_s, noise) == []


def test_no_stride_leads_over_a_gap():
    time_s, up, _, _ = walk()
    acc = (G + up)[:, None] * np.array([0.0, 0.0, 1.0])
    acc[700:760] = np.nan
    found = run(TrunkGait(rate_hz=RATE_HZ), [block(time_s, acc)])
    assert not any(7.0 < c.contact_s < 7.6 for c in found)
    assert sum(c.is_first for c in found) == 2
    for cycle in gait_cycles(found):
        assert not cycle.start_s < 7.0 < cycle.start_s + cycle.stride_s


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(SignalError, match="40 Hz"):
        TrunkGait(rate_hz=25.0)
    with pytest.raises(SignalError, match="three axes"):
        TrunkGait(rate_hz=100.0, columns=(0, 1))
