"""The drapemeter against closed forms, and with the engine."""

import dataclasses

import numpy as np
import pytest
import trimesh

from fitting.cloth import load_fabric
from fitting.fit.drapemeter import (
    DISC_RADIUS_M,
    PUBLISHED_RANGE,
    SUPPORT_RADIUS_M,
    bending_length_m,
    cusick,
    disc,
    drape_coefficient,
    node_directions,
    shadow_radius_m,
)

TURN = 2 * np.pi * np.arange(360) / 360


def test_a_board_keeps_its_whole_shadow_and_a_rag_none():
    assert drape_coefficient(np.full(360, DISC_RADIUS_M)) == pytest.approx(1.0)
    assert drape_coefficient(np.full(360, SUPPORT_RADIUS_M)) == pytest.approx(0.0)


def test_areas_are_those_of_the_standard():
    shadow = np.full(360, np.sqrt(500e-4 / np.pi))
    assert drape_coefficient(shadow) == pytest.approx((500 - 254.5) / (706.9 - 254.5), abs=1e-3)


@pytest.mark.parametrize("n_folds", [3, 5, 8])
def test_folds_are_counted(n_folds):
    shadow = 0.12 + 0.01 * np.cos(n_folds * TURN + 0.4)
    nodes = node_directions(shadow)
    assert len(nodes) == n_folds
    np.testing.assert_allclose(shadow[nodes], 0.13, atol=2e-4)
    ripples = np.random.default_rng(0).normal(size=360) * 2e-4
    assert len(node_directions(np.full(360, 0.14) + ripples)) == 0


def test_the_shadow_of_a_ball_is_a_circle():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.13)
    radius = shadow_radius_m(np.array(ball.vertices), np.array(ball.faces))
    np.testing.assert_allclose(radius, 0.13, rtol=3e-3)


def test_the_disc_follows_both_circles():
    cloth = disc(edge_length_m=0.01, rng=np.random.default_rng(0))
    radius = np.linalg.norm(cloth.flat_uv_m, axis=1)
    assert radius.max() == pytest.approx(DISC_RADIUS_M)
    assert radius[cloth.pinned].max() == pytest.approx(SUPPORT_RADIUS_M)
    a, b = (cloth.rest_uv_m[:, i] - cloth.rest_uv_m[:, 0] for i in (1, 2))
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2
    assert area == pytest.approx(np.pi * DISC_RADIUS_M**2, rel=2e-3)


def test_bending_length_is_that_of_peirce():
    # FAST: B = 9.81e-12 W c^3 with W in g/m2 and c in mm.
    fabric = load_fabric("cotton_jersey")
    stiffness = (fabric.bending_warp_n_m + fabric.bending_weft_n_m) / 2
    length_mm = bending_length_m(fabric) * 1000
    grams = fabric.area_density_kg_m2 * 1000
    assert 9.81e-12 * grams * length_mm**3 == pytest.approx(stiffness, rel=1e-9)


@pytest.mark.slow
def test_stiffer_cloth_keeps_more_of_its_shadow():
    jersey = load_fabric("cotton_jersey")
    tests = []
    for factor in (0.3, 4.0):
        names = ("bending_warp_n_m", "bending_weft_n_m", "bending_twist_n_m")
        card = dataclasses.replace(
            jersey, **{name: factor * getattr(jersey, name) for name in names}
        )
        tests.append(cusick(card, edge_length_m=0.014))
    coefficients = [test.coefficient for test in tests]
    assert coefficients == sorted(coefficients)
    assert PUBLISHED_RANGE[0] < coefficients[0] < coefficients[-1] < PUBLISHED_RANGE[1]
    assert all(test.drape.converged for test in tests)
    assert 3 <= tests[1].n_nodes <= tests[0].n_nodes
