"""Rehearsed repetitions: labelled windows that answer as the fit of real lines says."""

import numpy as np
import pytest

from muslin.twin.replay.rehearsal import Bout, LineFit, answered, rehearse
from muslin.twin.replay.strain_angle import StrainCurve

CURVE = StrainCurve(
    angle_rad=np.radians(np.linspace(0, 110, 8)),
    strain=np.linspace(0, 1, 8)[:, None] * np.array([0.5, 0.25]),
)
GAIN = np.array([5.0, 2.0])


def test_ideal_lines_reach_their_gain_at_ninety_degrees():
    for saturation in (np.inf, 0.2):
        said = answered(CURVE, np.radians([0.0, 90.0]), LineFit(gain=GAIN, saturation=saturation))
        np.testing.assert_allclose(said, [[0, 0], GAIN], atol=1e-9)


def test_a_line_that_saturates_has_most_of_its_answer_early():
    at = np.radians([45.0])
    straight = answered(CURVE, at, LineFit(gain=GAIN))
    bent = answered(CURVE, at, LineFit(gain=GAIN, saturation=0.15))
    assert straight[0, 0] == pytest.approx(2.5, rel=0.01)
    assert bent[0, 0] > 3.5


def test_windows_are_labelled_and_differ():
    bouts = {"curl": Bout(far_deg=90), "sit": Bout(far_deg=5, start_deg=90)}
    fit = LineFit(gain=GAIN, noise=0.005)
    values, names = rehearse(
        CURVE, bouts, fit, n_each=4, n_samples=580, rate_hz=100.0, rng=np.random.default_rng(1)
    )
    assert values.shape == (8, 580, 2)
    assert names == ["curl"] * 4 + ["sit"] * 4
    rise = values[:, 200:400, 0].mean(axis=1) - values[:, :20, 0].mean(axis=1)
    assert (rise[:4] > 0).all()
    assert (rise[4:] < 0).all()
    again, _ = rehearse(
        CURVE, bouts, fit, n_each=4, n_samples=580, rate_hz=100.0, rng=np.random.default_rng(1)
    )
    np.testing.assert_array_equal(values, again)
    assert np.abs(np.diff(values[:4], axis=0)).max(axis=(1, 2)).min() > 0.1
