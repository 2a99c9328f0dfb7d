"""Holds, bands, curves, layers, moving bodies and batches."""

from dataclasses import replace

import ipctk
import numpy as np
import pytest
import shapes

from fitting.drape import (
    Band,
    DrapeSettings,
    Hold,
    Job,
    drape,
    drape_batch,
    drape_sequence,
    wear_together,
)
from fitting.drape.cascade import Scene, as_levels, build_engine, make_engine
from fitting.drape.fixings import Fixings
from fitting.errors import DrapeError

FREE = DrapeSettings(n_steps_soft=1, soft_stiffness=1.0, self_collision=False)


def rng():
    return np.random.default_rng(0)


def sheet(n=9, edge=0.02, height=0.104):
    uv, faces = shapes.sheet(n, n, edge)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), height), half[1] - uv[:, 1]]
    return shapes.make_cloth(at, faces, uv)


def ball(centre=(0, 0, 0), radius=0.1):
    return shapes.body_of(*shapes.ellipsoid(radius, radius, radius, centre=centre, n=3))


def test_holds_carry_the_weight_and_say_so():
    uv, faces = shapes.sheet(9, 5, 0.02)
    cloth = shapes.make_cloth(np.c_[uv[:, 1], -uv[:, 0], np.zeros(len(uv))], faces, uv)
    top = np.flatnonzero(uv[:, 0] == 0)
    fabric = shapes.fabric()
    d = drape(cloth, None, [fabric], settings=FREE, holds=[Hold(vertices=top)], rng=rng())
    assert d.converged, d.cause
    weight = 9.81 * fabric.area_density_kg_m2 * uv.max(axis=0).prod()
    assert d.hold_force_n[:, 1].sum() == pytest.approx(weight, rel=1e-2)
    assert (d.hold_force_n[np.setdiff1d(np.arange(len(uv)), top)] == 0).all()


def test_slope_and_stiffness_of_bands_seams_and_curves_are_those_of_the_energy():
    cloth = sheet(6)
    flat, uv = cloth.flat_uv_m, cloth.flat_uv_m
    edge = np.flatnonzero(uv[:, 1] == uv[:, 1].min())
    chain = edge[np.argsort(flat[edge, 0])]
    fabric = shapes.fabric(curve_warp=((0.0, 0.0), (0.05, 20.0), (0.1, 90.0)))
    elastic = Band(vertices=chain, rest_length_m=0.06, stiffness_n=5.0)
    scene = Scene(
        garment=as_levels(cloth), fabrics=[fabric], tree=None, fixings=Fixings(bands=(elastic,)),
        settings=replace(FREE, seam_stiffness_n=10.0),
    )  # fmt: skip
    engine = make_engine(scene)
    assert (engine.rest.pull_n > 0).sum() == len(chain) - 1
    engine.x *= 1.08
    engine.x += rng().normal(scale=5e-4, size=engine.x.shape)
    gradient, grip, step = engine.static_gradient(), np.zeros(len(engine.x)), 1e-7
    rows = np.argsort(engine.rest.order)
    picks = [*rows[chain], *rng().integers(0, len(engine.x), 8)]
    for i in picks:
        hi, lo = engine.x.copy(), engine.x.copy()
        hi[i, 0] += step
        lo[i, 0] -= step
        slope = (engine.energy(hi, grip) - engine.energy(lo, grip)) / (2 * step)
        assert slope == pytest.approx(gradient[i, 0], rel=1e-4, abs=1e-5)


def test_a_curve_gives_the_strain_it_was_measured_with():
    uv, faces = shapes.sheet(9, 5, 0.02)
    cloth = shapes.make_cloth(
        np.c_[uv[:, 1], -uv[:, 0], np.zeros(len(uv))],
        faces,
        uv,
        pinned=np.flatnonzero(uv[:, 0] == 0),
    )
    row = np.flatnonzero(uv[:, 0] == uv[:, 0].max())
    row = row[np.argsort(uv[row, 1])]
    half = np.diff(uv[row, 1]) / 2
    load = np.zeros((len(uv), 3))
    load[row, 1] = -50.0 * (np.r_[half, 0] + np.r_[0, half])
    fabric = shapes.fabric(
        curve_warp=((0.0, 0.0), (0.1, 20.0), (0.2, 50.0), (0.3, 120.0)), tensile_coupling_n_m=0.0
    )
    from fitting.drape.relax import relax

    engine = build_engine(
        cloth, None, [fabric], settings=replace(FREE, gravity_m_s2=0.0), load_n=load
    )
    relax(engine)
    x = engine.x[np.argsort(engine.rest.order)]
    assert -x[row, 1].mean() == pytest.approx(1.2 * uv[:, 0].max(), rel=5e-3)


def band(vertices, *, rest_length_m=1.0):
    return Band(vertices=np.array(vertices), rest_length_m=rest_length_m, stiffness_n=1.0)


@pytest.mark.parametrize(
    ("fixing", "words"),
    [
        ({"holds": [Hold(vertices=np.array([999]))]}, "outside 0 to"),
        ({"holds": [Hold(vertices=np.array([0]), stiffness_n_m=0.0)]}, "stiffness"),
        ({"holds": [Hold(vertices=np.array([0]), targets_m=np.zeros((2, 3)))]}, "targets"),
        ({"bands": [band([0, 1], rest_length_m=0.0)]}, "above 0"),
        ({"bands": [band([0, 40])]}, "no mesh edge"),
    ],
)  # fmt: skip
def test_impossible_fixings_are_refused(fixing, words):
    with pytest.raises(DrapeError, match=words):
        drape(sheet(), None, [shapes.fabric()], rng=rng(), **fixing)


def test_a_falling_curve_is_refused():
    fabric = shapes.fabric(curve_weft=((0.0, 0.0), (0.1, 5.0), (0.2, 4.0)))
    with pytest.raises(DrapeError, match="rise with the strain"):
        drape(sheet(), None, [fabric], rng=rng())


def test_two_garments_rest_on_each_other_without_crossing():
    inner, outer = shapes.nested(sheet(), 1), shapes.nested(sheet(height=0.112), 1)
    both = wear_together([inner, outer])
    assert both.finest.panel_names == ("1: front", "2: front")
    d = drape(both, ball(), [shapes.fabric(friction_skin=0.8)] * 2, rng=rng())
    fine = both.finest
    mesh = ipctk.CollisionMesh(fine.positions_m, ipctk.edges(fine.faces), fine.faces)
    assert not ipctk.has_intersections(mesh, d.positions_m)
    n = len(inner.finest.positions_m)
    radius = np.linalg.norm(d.positions_m, axis=1)
    assert radius[n:].mean() > radius[:n].mean()
    with pytest.raises(DrapeError, match="levels"):
        wear_together([inner, as_levels(sheet())])


def test_cloth_that_starts_crossed_and_stays_so_names_its_panels():
    one = sheet()
    across = replace(one, positions_m=one.positions_m[:, [0, 2, 1]] + np.array([0, 0.1, -0.1]))
    both = wear_together([as_levels(one), as_levels(across)])
    pinned = replace(both.finest, pinned=np.arange(len(both.finest.positions_m)))
    d = drape(pinned, None, [shapes.fabric()] * 2, settings=FREE, rng=rng())
    assert not d.converged
    assert d.intersections_cloth_cloth > 0
    assert "cross, first panel" in d.cause


def test_cloth_follows_a_body_that_moves_and_turns():
    cloth, body = sheet(n=12), ball()
    turn = np.radians(8)
    R = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    poses = [body]
    for _ in range(3):
        last = poses[-1].vertices_m
        poses.append(replace(body, vertices_m=last @ R.T + np.array([0.0, 0.01, 0.0])))
    fabric = shapes.fabric(friction_skin=0.8)
    drapes = list(drape_sequence(cloth, poses, [fabric], rng=rng(), frame_s=0.1))
    assert len(drapes) == 4
    first, last = drapes[0], drapes[-1]
    assert first.converged, first.cause
    assert last.converged, last.cause
    assert all(d.n_inside == 0 for d in drapes)
    assert all(d.intersections_cloth_cloth == 0 for d in drapes)
    R3 = np.linalg.matrix_power(R, 3)
    carried = first.positions_m @ R3.T + np.array([0.0, 0.03, 0.0])
    touching = first.contact_force_n > 0
    assert np.linalg.norm(last.positions_m - carried, axis=1)[touching].mean() < 2e-3


def test_a_sequence_of_other_bodies_is_refused():
    other = shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1, n=2))
    cases = [([], "at least one"), ([ball(), other], "other triangles")]
    for bodies, words in cases:
        with pytest.raises(DrapeError, match=words):
            next(drape_sequence(sheet(), bodies, [shapes.fabric()], rng=rng()))
    with pytest.raises(DrapeError, match="frame_s"):
        next(drape_sequence(sheet(), [ball()], [shapes.fabric()], frame_s=0.0, rng=rng()))


@pytest.mark.parametrize("n_processes", [1, 2])
def test_a_batch_gives_each_job_its_own_drape_or_reason(n_processes):
    settings = DrapeSettings(n_steps_max=4)
    bad = replace(sheet(), positions_m=np.full((len(sheet().positions_m), 3), np.nan))
    jobs = [
        Job(name="good", cloth=sheet(), body=ball(), fabrics=(shapes.fabric(),), settings=settings),
        Job(name="bad", cloth=bad, body=ball(), fabrics=(shapes.fabric(),), settings=settings),
    ]
    results = dict(drape_batch(jobs, n_processes=n_processes))
    want = drape(sheet(), ball(), [shapes.fabric()], settings=settings, rng=rng())
    np.testing.assert_array_equal(results["good"].positions_m, want.positions_m)
    assert isinstance(results["bad"], DrapeError)
