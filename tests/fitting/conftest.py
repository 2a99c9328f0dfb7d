"""Bodies and garments that several tests share; built once a run."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fitting.body import body_from_measurements, read_measurements
from fitting.drape import Drape

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def demo_measures():
    """Tape measures and sex of the demo's wearer."""
    return read_measurements(ROOT / "assets" / "body" / "demo.toml")


@pytest.fixture(scope="session")
def demo_fit(demo_measures):
    """The demo's body with its residuals."""
    measures, sex = demo_measures
    return body_from_measurements(measures, sex=sex)


@pytest.fixture(scope="session")
def demo_body(demo_fit):
    """The demo's body."""
    return demo_fit.body


@pytest.fixture(scope="session")
def resting():
    """Make a drape result that says a cloth is at rest where it is."""

    def make(positions_m, contact_force_n=None, *, converged=True):
        n = len(positions_m)
        force = np.zeros(n) if contact_force_n is None else contact_force_n
        values = {field.name: 0 for field in dataclasses.fields(Drape)}
        values |= {
            "positions_m": positions_m, "contact_force_n": force, "anchors_m": positions_m,
            "converged": converged, "cause": "at rest", "residual": 0.0,
        }  # fmt: skip
        return Drape(**values)

    return make
