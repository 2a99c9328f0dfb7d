"""Signals of one kind for every operator, and ways to cut them."""

import itertools

import numpy as np
import pytest

from wearables.events import SampleBlock


def make_block(values, *, first=0, rate_hz=100.0, channels=None, quality=None):
    values = np.atleast_2d(np.asarray(values, dtype=np.float64).T).T
    return SampleBlock(
        stream="s",
        first_index=first,
        time_s=(first + np.arange(len(values))) / rate_hz,
        values=values,
        channels=channels or tuple(f"c{i}" for i in range(values.shape[1])),
        quality=quality,
    )


def cut(whole, cuts):
    """Pieces of a block at positions, empty ones included."""
    edges = [0, *sorted(min(c, whole.n_samples) for c in cuts), whole.n_samples]
    return [whole.part(a, b) for a, b in itertools.pairwise(edges)]


def make_ecg(seconds, *, rate_hz=250.0, per_minute=70.0, noise=0.01, seed=0):
    """A row of QRS complexes and T waves in millivolts, with the true times of the R peaks."""
    rng = np.random.default_rng(seed)
    intervals = 60 / per_minute * (1 + 0.05 * rng.normal(size=int(seconds * 4)))
    peaks = 0.5 + np.cumsum(intervals)
    peaks = peaks[peaks < seconds - 0.5]
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    values = 0.1 * np.sin(2 * np.pi * 0.3 * time_s) + rng.normal(0, noise, time_s.size)
    for peak in peaks:
        for shift, height, width in ((0, 1.0, 0.012), (0.03, -0.25, 0.012), (0.28, 0.25, 0.05)):
            values += height * np.exp(-((time_s - peak - shift) ** 2) / (2 * width**2))
    return values, peaks


@pytest.fixture(scope="session")
def block():
    return make_block


@pytest.fixture(scope="session")
def pieces():
    return cut


@pytest.fixture(scope="session")
def ecg():
    return make_ecg
