"""The knee angle follows strain on the wearer's own scale."""

import numpy as np
import pytest

from wearables.activity.angle import TwoPoses, train_knee_angle
from wearables.errors import ModelError

RATE_HZ = 50.0


def wearer(seed):
    """Bends of a made-up knee, three sensors with gains, rests and a backlash of their own."""
    rng = np.random.default_rng(seed)
    t = np.arange(1500) / RATE_HZ
    angle = np.radians(5 + 80 * np.clip(np.sin(2 * np.pi * t / 4), 0, 1))
    gain, rest = np.exp(0.3 * rng.normal(size=3)), rng.uniform(0.1, 0.9, 3)
    strain = rest + gain * (angle[:, None] ** np.array([1.0, 1.3, 0.8]))
    strain += 0.01 * rng.normal(size=strain.shape)
    poses = TwoPoses(
        rest=rest + gain * angle.min() ** np.array([1.0, 1.3, 0.8]),
        bent=rest + gain * angle.max() ** np.array([1.0, 1.3, 0.8]),
        rest_rad=float(angle.min()), bent_rad=float(angle.max()),
    )  # fmt: skip
    return strain, angle, poses


def test_two_poses_are_enough_for_a_stranger():
    model = train_knee_angle([wearer(i) for i in range(3)], rate_hz=RATE_HZ, n_trees=10)
    strain, angle, poses = wearer(9)
    error = model.angle_rad(strain, poses) - angle
    assert np.degrees(np.sqrt(np.mean(error**2))) < 3


def test_a_deaf_sensor_does_no_harm():
    model = train_knee_angle([wearer(i) for i in range(3)], rate_hz=RATE_HZ, n_trees=10)
    strain, angle, poses = wearer(9)
    dead = strain.copy()
    dead[:, 2] = 0.5
    flat = TwoPoses(
        rest=np.r_[poses.rest[:2], 0.5], bent=np.r_[poses.bent[:2], 0.5],
        rest_rad=poses.rest_rad, bent_rad=poses.bent_rad,
    )  # fmt: skip
    error = model.angle_rad(dead, flat) - angle
    assert np.degrees(np.sqrt(np.mean(error**2))) < 25
    assert np.isfinite(model.angle_rad(dead, flat)).all()


def test_poses_that_are_the_same_are_refused():
    with pytest.raises(ModelError, match="at least 5"):
        TwoPoses(rest=np.zeros(3), bent=np.ones(3), rest_rad=0.1, bent_rad=0.12)
