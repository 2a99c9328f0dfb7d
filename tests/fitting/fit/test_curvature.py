"""Laplace's law from curvature and tension alone, against closed forms."""

import numpy as np
import pytest
import trimesh
from tubes import N_ROUND, tube

from fitting.body import Body
from fitting.cloth import load_fabric
from fitting.fit import fit_map
from fitting.fit.curvature import laplace_pressure_pa, shape_operators
from fitting.fit.summary import weighted_quantile

KNIT = load_fabric("compression_knit")


def test_a_ball_is_round_in_every_direction():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.2)
    shape = shape_operators(np.array(ball.vertices), np.array(ball.faces))
    values = np.linalg.eigvalsh(shape)
    np.testing.assert_allclose(values[:, 0], 0.0, atol=1e-9)
    # Twelve vertices of the mesh have five neighbours instead of six; round them it is 6 %.
    off = np.abs(values[:, 1:] * 0.2 - 1)
    assert np.median(off) < 0.02
    assert off.max() < 0.06
    pressure = laplace_pressure_pa(np.broadcast_to(50.0 * np.eye(3), shape.shape), shape)
    assert np.median(pressure) == pytest.approx(2 * 50 / 0.2, rel=0.01)


@pytest.mark.parametrize("radius_m", [0.03, 0.06, 0.15])
@pytest.mark.parametrize("n_high", [12, 40])
def test_a_stretched_tube_presses_as_laplace_says(resting, radius_m, n_high):
    """p = T / r within two per cent, whatever the mesh."""
    cloth = tube(radius_m, rest_radius_m=radius_m / 1.2, n_high=n_high)
    skin = tube(0.99 * radius_m, rest_radius_m=radius_m, y0=0.5, height_m=1.2)
    body = Body(
        vertices_m=skin.positions_m, faces=skin.faces, joints_m={}, landmarks_m={}, levels_m={},
        vertex_region=np.full(len(skin.positions_m), 3), pose="a",
    )  # fmt: skip
    force = np.ones(len(cloth.positions_m))
    fit = fit_map(cloth, resting(cloth.positions_m, force), body, (KNIT,))
    # Tension per length of the draped cloth; the tube keeps its height, so it is the flat one.
    tension_n_m = KNIT.tensile_weft_n_m * fit.strain_weft.mean()
    inner = np.arange(len(cloth.positions_m)) // N_ROUND
    inner = (inner > 1) & (inner < n_high - 2)
    assert np.median(fit.laplace_pa[inner]) == pytest.approx(tension_n_m / radius_m, rel=0.02)


def test_hollows_and_hanging_cloth_do_not_press(resting):
    cloth = tube(0.1, rest_radius_m=0.08)
    body = Body(
        vertices_m=cloth.positions_m * 0.9, faces=cloth.faces, joints_m={}, landmarks_m={},
        levels_m={}, vertex_region=np.full(len(cloth.positions_m), 3), pose="a",
    )  # fmt: skip
    hanging = fit_map(cloth, resting(cloth.positions_m), body, (KNIT,))
    assert (hanging.laplace_pa == 0).all()


def test_a_weighted_quantile_counts_area_not_triangles():
    values, weights = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 98.0])
    assert weighted_quantile(values, weights, 0.5) == pytest.approx(3.0, abs=0.03)
    doubled = np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 1.0, 49.0, 49.0])
    assert weighted_quantile(*doubled, 0.95) == pytest.approx(3.0)
