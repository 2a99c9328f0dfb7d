"""Closed forms that the engine must meet."""

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape
from fitting.drape.bending import bending_matrix
from fitting.drape.cascade import build_engine
from fitting.drape.relax import relax

TIGHT = {"n_steps_soft": 0, "self_collision": False, "cg_tolerance": 1e-4, "cg_cap": 3000,
         "rest_displacement_m": 1e-6, "rest_velocity_m_s": 1e-6}  # fmt: skip


def hang(uv):
    return np.c_[uv[:, 1], -uv[:, 0], np.zeros(len(uv))]


@pytest.mark.parametrize(
    ("coupling", "warp", "weft"), [(0.0, 0.02, 0.0), (100.0, 0.2 / 9, -0.1 / 9)]
)
def test_an_end_load_gives_the_strains_of_the_stiffness_matrix(coupling, warp, weft):
    uv, faces = shapes.sheet(17, 7, 0.02)
    cloth = shapes.make_cloth(hang(uv), faces, uv)
    load = np.zeros((len(uv), 3))
    for at, sign in ((0.0, 1.0), (uv[:, 0].max(), -1.0)):
        row = np.flatnonzero(uv[:, 0] == at)
        row = row[np.argsort(uv[row, 1])]
        half = np.diff(uv[row, 1]) / 2
        load[row, 1] = sign * 10.0 * (np.r_[half, 0] + np.r_[0, half])
    fabric = shapes.fabric(
        tensile_warp_n_m=500.0, tensile_weft_n_m=200.0, tensile_coupling_n_m=coupling
    )
    settings = DrapeSettings(**TIGHT, gravity_m_s2=0.0)
    engine = build_engine(cloth, None, [fabric], settings=settings, load_n=load)
    relax(engine)
    flat = uv[faces][:, 1:] - uv[faces][:, :1]
    x = engine.x[np.argsort(engine.rest.order)]
    F = np.linalg.solve(flat, x[faces[:, 1:]] - x[faces[:, :1]])
    got_warp, got_weft = np.linalg.norm(F, axis=2).T - 1
    middle = np.abs(uv[faces][..., 0].mean(axis=1) - uv[:, 0].max() / 2) < 0.06
    assert got_warp[middle].mean() == pytest.approx(warp, rel=1e-6)
    assert got_weft[middle].mean() == pytest.approx(weft, rel=1e-6, abs=1e-9)


def droop_ratio(n):
    """Bending stiffness that Peirce reads from the droop, over the one put in."""
    c = 0.1
    edge = 2 * c / n
    uv, faces = shapes.sheet(n + 2, 4, edge)
    cloth = shapes.make_cloth(
        np.c_[uv[:, 0], np.zeros(len(uv)), uv[:, 1]], faces, uv,
        pinned=np.flatnonzero(uv[:, 0] < 1.2 * edge),
    )  # fmt: skip
    bending = 0.2 * 9.81 * c**3
    fabric = shapes.fabric(
        area_density_kg_m2=0.2, bending_warp_n_m=bending, bending_weft_n_m=bending,
        bending_twist_n_m=bending / 2, tensile_coupling_n_m=0.0,
    )  # fmt: skip
    engine = build_engine(cloth, None, [fabric], settings=DrapeSettings(**TIGHT))
    relax(engine)
    x = engine.x[np.argsort(engine.rest.order)]
    tip = x[uv[:, 0] == uv[:, 0].max()].mean(axis=0)
    angle = np.arctan2(-tip[1], tip[0] - edge)
    return np.cos(angle / 2) / np.tan(angle)


def test_a_cantilever_droops_as_peirce_says_and_better_on_a_finer_mesh():
    coarse, fine = droop_ratio(12), droop_ratio(24)
    assert fine == pytest.approx(1, abs=0.06)
    assert abs(1 - fine) < abs(1 - coarse) < 0.12


@pytest.mark.parametrize("seed", [0, 1])
def test_bending_energy_of_a_quadratic_surface_is_exact(seed):
    rng = np.random.default_rng(seed)
    uv, faces = shapes.sheet(9, 8, 0.02)
    inner = (np.abs(uv - uv.max(axis=0) / 2) < uv.max(axis=0) / 2 - 1e-3).all(axis=1)
    uv[inner] += rng.uniform(-2e-3, 2e-3, (inner.sum(), 2))
    stiffness = np.array([3e-6, 5e-6, 2e-6])
    Q = bending_matrix(faces, uv[faces], np.tile(stiffness, (len(faces), 1)), len(uv))
    ku, kv, kuv = rng.normal(size=3)
    z = 0.5 * ku * uv[:, 0] ** 2 + 0.5 * kv * uv[:, 1] ** 2 + kuv * uv.prod(axis=1)
    edges = np.diff(uv[faces], axis=1)
    area = 0.5 * np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]).sum()
    expected = 0.5 * area * (stiffness @ [ku**2, kv**2, 4 * kuv**2])
    assert 0.5 * z @ Q @ z == pytest.approx(expected, rel=1e-9)
    flat = uv @ rng.normal(size=2) + 1.0
    assert abs(flat @ Q @ flat) < 1e-15


def test_bending_crosses_a_seam_with_other_coordinates():
    """Each triangle keeps its own chart; turning one panel's chart changes nothing isotropic."""
    uv, faces = shapes.sheet(9, 8, 0.02)
    corners = uv[faces]
    other = corners[..., 0].mean(axis=1) > 0.08
    turned = corners.copy()
    turned[other] = corners[other] @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + 3.0
    stiffness = np.tile([2e-6, 2e-6, 1e-6], (len(faces), 1))
    z = uv[:, 0] ** 2 - uv[:, 1] ** 2
    a = z @ bending_matrix(faces, corners, stiffness, len(uv)) @ z
    b = z @ bending_matrix(faces, turned, stiffness, len(uv)) @ z
    assert a == pytest.approx(b, rel=1e-9)


@pytest.mark.parametrize(("slope_deg", "slides"), [(15.7, False), (17.7, True)])
def test_cloth_on_an_incline_sticks_below_the_friction_angle(slope_deg, slides):
    tilt = np.radians(slope_deg)
    uv, faces = shapes.sheet(9, 9, 0.02)
    R = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    at = np.c_[uv[:, 0], np.full(len(uv), 1.2e-3), -uv[:, 1]] @ R.T
    plane = shapes.body_of(*shapes.box((-3, -0.5, -1), (1, 0, 1), tilt=tilt))
    settings = DrapeSettings(n_steps_max=120, n_steps_soft=0, self_collision=False)
    cloth = shapes.make_cloth(at, faces, uv)
    d = drape(cloth, plane, [shapes.fabric()], settings=settings, rng=np.random.default_rng(0))
    gone = np.linalg.norm(d.positions_m - at, axis=1).mean()
    assert d.converged is not slides
    assert gone > 0.01 if slides else gone < 1.5e-3
