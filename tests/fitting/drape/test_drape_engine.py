"""The engine's derivatives, honesty, determinism and errors."""

import subprocess
import sys
from dataclasses import replace

import igl
import ipctk
import numpy as np
import pytest
import shapes
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.drape import DrapeSettings, drape
from fitting.drape.account import seam_gap
from fitting.drape.audit import crossing_pairs, penetration
from fitting.drape.cascade import build_engine
from fitting.drape.sdf import build_tree, signed_distance
from fitting.drape.selfcontact import SelfContact
from fitting.errors import DrapeError


def rng():
    return np.random.default_rng(5)


def sphere_case(*, n=16, edge=0.02):
    uv, faces = shapes.sheet(n, n, edge)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.104), half[1] - uv[:, 1]]
    return shapes.make_cloth(at, faces, uv), shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1, n=3))


@pytest.fixture(scope="module")
def draped():
    cloth, body = sphere_case()
    fabric = shapes.fabric(friction_skin=0.5)
    return cloth, body, fabric, drape(cloth, body, [fabric], rng=rng())


def test_a_cloth_on_a_sphere_comes_to_rest_outside_it(draped):
    _, _, _, d = draped
    assert d.converged, d.cause
    assert d.cause == "at rest"
    assert d.n_inside == 0
    assert d.penetration_max_m < 1e-3
    assert d.intersections_cloth_cloth == 0
    assert d.contact_force_n.sum() > 0
    assert d.displacement_mean_m < 5e-4
    assert d.velocity_rms_m_s < 1e-3


def test_contact_carries_the_weight(draped):
    cloth, _, fabric, d = draped
    weight = 9.81 * fabric.area_density_kg_m2 * (cloth.rest_uv_m.max((0, 1)).prod())
    assert d.contact_force_n.sum() > 0.8 * weight


def test_the_same_run_gives_the_same_bits(draped):
    cloth, body, fabric, d = draped
    again = drape(cloth, body, [fabric], rng=rng())
    assert np.array_equal(again.positions_m, d.positions_m)
    assert (again.n_steps, again.n_cg, again.seed) == (d.n_steps, d.n_cg, d.seed)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"cg_cap": 5, "self_collision": False}, "cap of 5"),
     ({"step_max_s": 1e-4, "step_first_s": 1e-4}, "time step"),
     ({"velocity_kept": 0.0, "step_max_s": 0.1}, "time step")],
)  # fmt: skip
def test_what_is_only_slow_is_not_called_rest(draped, changes, word):
    cloth, body, fabric, _ = draped
    chosen = DrapeSettings(n_steps_max=90, **changes)
    d = drape(cloth, body, [fabric], settings=chosen, rng=rng())
    assert not d.converged
    assert word in d.cause


def test_too_few_steps_say_still_moving(draped):
    cloth, body, fabric, _ = draped
    calls = []
    chosen = DrapeSettings(n_steps_max=12, step_first_s=0.3)
    d = drape(
        cloth, body, [fabric], settings=chosen, rng=rng(),
        progress=lambda step, speed: calls.append((step, speed)),
    )  # fmt: skip
    assert not d.converged
    assert "still moving" in d.cause
    assert len(calls) == d.n_steps == 12


def test_a_deep_start_is_not_converged_when_no_depth_is_allowed(draped):
    cloth, body, fabric, _ = draped
    chosen = DrapeSettings(penetration_max_m=-1.0)
    d = drape(cloth, body, [fabric], settings=chosen, rng=rng())
    assert not d.converged
    assert "inside the body" in d.cause


def test_gradient_is_the_slope_of_the_energy():
    cloth, body = sphere_case(n=6)
    chosen = DrapeSettings(layer_m=0.01)
    engine = build_engine(cloth, body, [shapes.fabric()], settings=chosen)
    random = np.random.default_rng(1)
    engine.x += random.normal(scale=2e-3, size=engine.x.shape)
    engine.x[:, 1] -= 0.004
    engine.anchor = engine.x + random.normal(scale=2e-4, size=engine.x.shape)
    engine.look_around()
    assert (engine.force > 0).any()
    assert (engine.touch.planes[:, 3] < 0.01).any()
    grip = engine.rest.friction * engine.force
    gradient = engine.static_gradient()
    x, step = engine.x.copy(), 1e-7
    for i, d in random.integers(0, (len(x), 3), (25, 2)):
        hi, lo = x.copy(), x.copy()
        hi[i, d] += step
        lo[i, d] -= step
        slope = (engine.energy(hi, grip) - engine.energy(lo, grip)) / (2 * step)
        assert slope == pytest.approx(gradient[i, d], rel=1e-4, abs=1e-4 * np.abs(gradient).max())


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_inner_forces_sum_to_zero_and_rigid_motion_costs_nothing(seed):
    random = np.random.default_rng(seed)
    uv, faces = shapes.sheet(6, 6, 0.02)
    at = np.c_[uv, np.zeros(len(uv))]
    chosen = DrapeSettings(gravity_m_s2=0.0, self_collision=False)
    engine = build_engine(
        shapes.make_cloth(at, faces, uv), None, [shapes.fabric()], settings=chosen
    )
    at = engine.x.copy()
    R, _ = np.linalg.qr(random.normal(size=(3, 3)))
    assert abs(engine.energy(at @ R.T + random.normal(size=3), np.zeros(len(at)))) < 1e-12
    engine.x += random.normal(scale=3e-3, size=engine.x.shape)
    gradient = engine.static_gradient()
    assert np.abs(gradient.sum(axis=0)).max() < 1e-10 * np.abs(gradient).sum()


def test_distance_agrees_with_libigl():
    v, f = shapes.ellipsoid(0.2, 0.1, 0.15, n=3)
    v = v * (1 + 0.2 * np.sin(20 * v[:, :1]))
    points = np.random.default_rng(2).uniform(-0.3, 0.3, (500, 3))
    phi, normal, face = signed_distance(build_tree(v, f), points)
    want, _, _, _ = igl.signed_distance(
        points, v, f, sign_type=igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL
    )
    np.testing.assert_allclose(phi, want, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-9)
    assert face.max() < len(f)


def test_distance_on_the_surface_has_the_faces_normal():
    v, f = shapes.box((0, 0, 0), (1, 1, 1))
    phi, normal, _ = signed_distance(build_tree(v, f), np.array([[0.3, 1.0, 0.4]]))
    assert phi[0] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(normal[0], (0, 1, 0), atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.floats(0.02, 0.6))
def test_crossings_agree_with_ipctk(seed, size):
    random = np.random.default_rng(seed)
    v = (random.uniform(size=(20, 1, 3)) + size * random.normal(size=(20, 3, 3))).reshape(-1, 3)
    f = np.arange(60).reshape(-1, 3)
    mesh = ipctk.CollisionMesh(v, ipctk.edges(f), f)
    assert (len(crossing_pairs(v, f)) > 0) == ipctk.has_intersections(mesh, v)


def test_close_pairs_hold_the_gap_of_two_sheets():
    uv, faces = shapes.sheet(5, 5, 0.02)
    n = len(uv)
    x = np.concatenate([np.c_[uv, np.zeros(n)], np.c_[uv + 0.003, np.full(n, 0.004)]])
    both = np.concatenate([faces, faces + n])
    touch = SelfContact(x, both, layer_m=0.003, reach_m=0.003)
    touch.look(x)
    assert set(np.unique(touch.split)) == {1, 2}
    across = (touch.vertices >= n).any(axis=1) & (touch.vertices < n).any(axis=1)
    assert touch.planes[across, 3].min() == pytest.approx(0.004, rel=1e-9)
    np.testing.assert_allclose(touch.weights.sum(axis=1), 0, atol=1e-12)


def test_two_sheets_dropped_on_each_other_never_cross():
    uv, faces = shapes.sheet(8, 8, 0.02)
    n = len(uv)
    half = uv.max(axis=0) / 2
    low = np.c_[uv[:, 0] - half[0], np.full(n, 0.004), half[1] - uv[:, 1]]
    at = np.concatenate([low, low + np.array([0.004, 0.012, 0.003])])
    both = np.concatenate([faces, faces + n])
    cloth = shapes.make_cloth(at, both, np.concatenate([uv, uv]))
    plane = shapes.body_of(*shapes.ellipsoid(0.05, 0.05, 0.05, centre=(0, -0.05, 0), n=3))
    d = drape(
        cloth, plane, [shapes.fabric(friction_skin=0.8)],
        settings=DrapeSettings(n_steps_max=90), rng=rng(),
    )  # fmt: skip
    assert d.intersections_cloth_cloth == 0
    above = d.positions_m[n:, 1].mean() - d.positions_m[:n, 1].mean()
    assert above > 2e-4


def test_penetration_sees_an_edge_that_dips_between_dry_vertices():
    v, f = shapes.ellipsoid(0.05, 0.05, 0.05, n=3)
    x = np.array([(-0.04, 0.045, 0.0), (0.04, 0.045, 0.0), (0.0, 0.1, 0.0)])
    depth, n_inside, _ = penetration(
        build_tree(v, f), x, np.array([[0, 1, 2]]), np.array([[0, 1], [0, 2], [1, 2]])
    )
    assert n_inside == 0
    assert depth == pytest.approx(0.005, abs=5e-4)


def test_seam_gap_is_measured_between_the_two_sides():
    cloth, _ = sphere_case(n=4)
    sewn = replace(cloth, seam_pairs=np.array([[0, 1]]))
    assert seam_gap(sewn, cloth.positions_m) == pytest.approx(0.02)
    assert seam_gap(cloth, cloth.positions_m) == 0.0


def test_a_gaping_seam_is_not_converged(draped):
    cloth, body, fabric, _ = draped
    sewn = replace(cloth, seam_pairs=np.array([[0, 1]]))
    d = drape(sewn, body, [fabric], rng=rng())
    assert not d.converged
    assert "gape" in d.cause


def test_vertices_that_do_not_fit_the_triangles_are_named(draped):
    cloth, body, fabric, _ = draped
    lonely = np.concatenate([cloth.positions_m, [[9.0, 9.0, 9.0]]])
    cases = [
        ({"faces": cloth.faces + 999}, "the cloth has"),
        ({"positions_m": lonely}, "no triangle"),
    ]
    for changes, words in cases:
        with pytest.raises(DrapeError, match=words):
            drape(replace(cloth, **changes), body, [fabric], rng=rng())


def test_a_body_that_is_not_finite_is_refused(draped):
    cloth, body, fabric, _ = draped
    bad = body.vertices_m.copy()
    bad[0] = np.inf
    with pytest.raises(DrapeError, match="vertex 0 of the body"):
        drape(cloth, replace(body, vertices_m=bad), [fabric], rng=rng())


def test_importing_the_package_loads_no_numba():
    code = "import sys, fitting.drape, fitting.fit; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
