"""The engine against closed forms: hanging strip, tight tube, and what it refuses."""

import dataclasses

import numpy as np
import pytest
import trimesh
from shapes import body_of, fabric, make_cloth, sheet, tube

from fitting.drape import DrapeSettings, drape
from fitting.errors import DrapeError

G = 9.81


def rng():
    return np.random.default_rng(0)


def strip(n_long=21, n_wide=5, edge=0.025):
    """A strip that hangs from its first row: u runs down."""
    uv, faces = sheet(n_long, n_wide, edge)
    positions = np.stack([uv[:, 1], -uv[:, 0], np.zeros(len(uv))], axis=1)
    return make_cloth(positions, faces, uv, pinned=np.flatnonzero(uv[:, 0] < 1e-9)), uv


FREE = DrapeSettings(n_steps_soft=1, soft_stiffness=1.0, self_collision=False)


def test_a_strip_stretches_under_its_own_weight():
    """Mean strain is rho g L / (2 C)."""
    cloth, uv = strip()
    soft = fabric(
        area_density_kg_m2=0.2, tensile_warp_n_m=10.0, tensile_weft_n_m=10.0,
        tensile_coupling_n_m=0.0, shear_n_m_rad=5.0,
    )  # fmt: skip
    result = drape(cloth, None, (soft,), settings=FREE, rng=rng())
    length_m = uv[:, 0].max()
    bottom = uv[:, 0] > length_m - 1e-9
    stretch_m = (cloth.positions_m - result.positions_m)[bottom, 1].mean()
    expected = 0.2 * G * length_m**2 / (2 * 10.0)
    assert stretch_m == pytest.approx(expected, rel=1e-3)
    assert result.converged


@pytest.mark.parametrize("radius_m", [0.03, 0.06, 0.15])
def test_a_tight_tube_presses_as_laplace_says(radius_m):
    """Pressure is tension over radius, away from the ends."""
    cylinder = trimesh.creation.cylinder(radius_m, 0.5, sections=160)
    cylinder = cylinder.subdivide_to_size(0.02)
    turned = np.array(cylinder.vertices)[:, [1, 2, 0]]
    body = body_of(turned, np.array(cylinder.faces))
    edge = radius_m / 8
    settings = DrapeSettings(gravity_m_s2=0.0, n_steps_soft=1, soft_stiffness=1.0,
                             self_collision=False)  # fmt: skip
    gap_m = 0.00025 + settings.margin_m
    positions, faces, uv = tube(
        radius_m + gap_m + 0.0005, 2 * radius_m, edge, flat_radius=(radius_m + gap_m) / 1.05
    )
    positions[:, 1] -= radius_m
    card = fabric(tensile_warp_n_m=300.0, tensile_weft_n_m=300.0, tensile_coupling_n_m=0.0)
    cloth = make_cloth(positions, faces, uv)
    result = drape(cloth, body, (card,), settings=settings, rng=rng())
    corners = result.positions_m[faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    middle = np.abs(result.positions_m[:, 1]) < 0.4 * radius_m
    per_vertex = np.bincount(faces.ravel(), np.repeat(area / 6, 3), minlength=len(positions))
    pressure = result.contact_force_n[middle].sum() / per_vertex[middle].sum()
    r = np.linalg.norm(result.positions_m[middle][:, [0, 2]], axis=1).mean()
    tension = 300.0 * (r / ((radius_m + gap_m) / 1.05) - 1)
    assert pressure == pytest.approx(tension / r, rel=0.05)
    assert result.n_inside == 0


def test_same_input_same_bits():
    cloth, _ = strip(9, 5)
    first, second = (drape(cloth, None, (fabric(),), settings=FREE, rng=rng()) for _ in range(2))
    np.testing.assert_array_equal(first.positions_m, second.positions_m)
    assert first.n_cg == second.n_cg


def test_a_solver_that_is_held_back_does_not_say_converged():
    cloth, _ = strip()
    capped = dataclasses.replace(FREE, cg_cap=2, n_steps_max=30)
    result = drape(cloth, None, (fabric(),), settings=capped, rng=rng())
    assert not result.converged
    assert result.cause != "at rest"


def test_slow_steps_do_not_count_as_rest():
    cloth, _ = strip(9, 5)
    slow = dataclasses.replace(FREE, step_first_s=1e-4, step_max_s=1e-4, n_steps_max=30)
    assert not drape(cloth, None, (fabric(),), settings=slow, rng=rng()).converged


def broken(cloth, **changes):
    return dataclasses.replace(cloth, **changes)


def test_impossible_input_names_its_place():
    cloth, _ = strip(9, 5)
    nan = cloth.positions_m.copy()
    nan[3] = np.nan
    flat = cloth.rest_uv_m.copy()
    flat[2] = flat[2, :1]
    twice = cloth.faces.copy()
    twice[1, 1] = twice[1, 0]
    cases = [
        (broken(cloth, positions_m=nan), "vertex 3 of panel"),
        (broken(cloth, rest_uv_m=flat), "triangle 2 of panel"),
        (broken(cloth, faces=twice), "uses one vertex twice"),
        (broken(cloth, rest_uv_m=cloth.rest_uv_m[:3]), "rest_uv_m has shape"),
        (broken(cloth, pinned=np.array([9999])), "pinned"),
        (broken(cloth, face_fabric=cloth.face_fabric + 5), "fabric"),
        (broken(cloth, faces=cloth.faces[:0], rest_uv_m=cloth.rest_uv_m[:0]), "no triangles"),
    ]
    for bad, said in cases:
        with pytest.raises(DrapeError, match=said):
            drape(bad, None, (fabric(),), settings=FREE, rng=rng())


@pytest.mark.parametrize(
    "changes",
    [{"tensile_coupling_n_m": 800.0}, {"area_density_kg_m2": 0.0}, {"friction_skin": -1.0}],
)
def test_impossible_fabrics_are_refused(changes):
    cloth, _ = strip(9, 5)
    with pytest.raises(DrapeError):
        drape(cloth, None, (fabric(**changes),), settings=FREE, rng=rng())


def test_open_bodies_and_unknown_devices_are_refused():
    cloth, _ = strip(9, 5)
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    open_body = body_of(np.array(ball.vertices), np.array(ball.faces)[:-3])
    with pytest.raises(DrapeError):
        drape(cloth, open_body, (fabric(),), settings=FREE, rng=rng())
    with pytest.raises(DrapeError, match="cpu"):
        drape(cloth, None, (fabric(),), settings=FREE, device="quantum", rng=rng())


@pytest.mark.parametrize("changes", [{"step_growth": 0.0}, {"n_steps_max": 0}])
def test_impossible_settings_are_refused(changes):
    with pytest.raises(DrapeError):
        DrapeSettings(**changes)
