"""More closed forms: bias strip, unequal bending, a cone, energy in a step, rigid motion."""

from dataclasses import replace

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape
from fitting.drape.cascade import build_engine
from fitting.drape.relax import relax

TIGHT = DrapeSettings(
    n_steps_soft=0, self_collision=False, cg_tolerance=1e-4, cg_cap=3000,
    rest_displacement_m=1e-6, rest_velocity_m_s=1e-6,
)  # fmt: skip


def turned(uv, angle_rad):
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return uv @ np.array([[c, -s], [s, c]])


def in_order(engine):
    return engine.x[np.argsort(engine.rest.order)]


def test_a_bias_strip_stretches_by_the_compliance_along_it():
    """Strain is F (S11 + S22 + 2 S12 + 1/G) / 4 at 45 degrees, for small strain."""
    uv, faces = shapes.sheet(25, 7, 0.02)
    along, across, coupling, shear, force = 500.0, 200.0, 100.0, 60.0, 0.05
    cloth = shapes.make_cloth(
        np.c_[uv[:, 1], -uv[:, 0], np.zeros(len(uv))], faces, turned(uv, np.pi / 4)[faces]
    )
    load = np.zeros((len(uv), 3))
    for at, sign in ((0.0, 1.0), (uv[:, 0].max(), -1.0)):
        row = np.flatnonzero(uv[:, 0] == at)
        row = row[np.argsort(uv[row, 1])]
        half = np.diff(uv[row, 1]) / 2
        load[row, 1] = sign * force * (np.r_[half, 0] + np.r_[0, half])
    fabric = shapes.fabric(
        tensile_warp_n_m=along, tensile_weft_n_m=across, tensile_coupling_n_m=coupling,
        shear_n_m_rad=shear,
    )  # fmt: skip
    engine = build_engine(
        cloth, None, [fabric], settings=replace(TIGHT, gravity_m_s2=0.0), load_n=load
    )
    relax(engine)
    x = in_order(engine)
    S = np.linalg.inv([[along, coupling], [coupling, across]])
    want = force * (S[0, 0] + S[1, 1] + 2 * S[0, 1] + 1 / shear) / 4
    ends = (0.3, 0.7)
    rows = [np.abs(uv[:, 0] / uv[:, 0].max() - e) < 0.03 for e in ends]
    flat = uv[rows[1], 0].mean() - uv[rows[0], 0].mean()
    got = (x[rows[0], 1].mean() - x[rows[1], 1].mean()) / flat - 1
    assert got == pytest.approx(want, rel=1e-3)


def stiffness_ratio(n, bending_n_m, angle_deg, *, weft_factor=1.0):
    """Bending stiffness read from Peirce's chord angle, over the one along the strip."""
    along = bending_n_m
    c = (along / (0.2 * 9.81)) ** (1 / 3)
    edge = 2 * c / n
    uv, faces = shapes.sheet(n + 2, 4, edge)
    cloth = shapes.make_cloth(
        np.c_[uv[:, 0], np.zeros(len(uv)), uv[:, 1]], faces,
        turned(uv, np.radians(angle_deg))[faces], pinned=np.flatnonzero(uv[:, 0] < 1.2 * edge),
    )  # fmt: skip
    warp, weft = (along, along * weft_factor) if angle_deg < 90 else (along * weft_factor, along)
    fabric = shapes.fabric(
        area_density_kg_m2=0.2, bending_warp_n_m=warp, bending_weft_n_m=weft,
        bending_twist_n_m=(warp + weft) / 4, tensile_coupling_n_m=0.0,
    )  # fmt: skip
    engine = build_engine(cloth, None, [fabric], settings=TIGHT)
    relax(engine)
    x = in_order(engine)
    tip = x[uv[:, 0] == uv[:, 0].max()].mean(axis=0)
    angle = np.arctan2(-tip[1], tip[0] - edge)
    return np.cos(angle / 2) / np.tan(angle)


@pytest.mark.parametrize("bending_n_m", [1e-6, 1e-5, 2.5e-5, 1.1e-4, 1e-3])
def test_peirce_holds_for_bending_from_silk_to_canvas(bending_n_m):
    assert stiffness_ratio(24, bending_n_m, 0) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("angle_deg", "weft_factor"), [(45, 1.0), (90, 1.0), (90, 3.0), (0, 3.0)])
def test_peirce_holds_in_every_direction_and_for_unequal_stiffness(angle_deg, weft_factor):
    ratio = stiffness_ratio(24, 2.5e-5, angle_deg, weft_factor=weft_factor)
    assert ratio == pytest.approx(1, abs=0.05)


def test_a_disc_without_a_sector_closes_to_a_cone():
    """The sine of the half angle is 1 - alpha / 2 pi."""
    alpha, rings, n = np.radians(60), 8, 40
    radii = np.linspace(0, 0.1, rings + 1)[1:]
    share = (2 * np.pi - alpha) / (2 * np.pi)
    sine = share
    at, flat = [(0.0, 0.0, 0.0)], {}
    for r in radii:
        for k in range(n):
            t = 2 * np.pi * k / n
            height = -0.6 * r * np.sqrt(1 - sine**2)
            at.append((r * share * np.cos(t), height, r * share * np.sin(t)))

    def polar(ring, k):
        t = share * 2 * np.pi * k / n
        return (radii[ring] * np.cos(t), radii[ring] * np.sin(t))

    faces, uv = [], []
    for k in range(n):
        m = k + 1
        faces.append((0, 1 + k, 1 + m % n))
        uv.append(((0.0, 0.0), polar(0, k), polar(0, m)))
        for ring in range(rings - 1):
            a, b = 1 + ring * n, 1 + (ring + 1) * n
            faces += [(a + k, b + k, b + m % n), (a + k, b + m % n, a + m % n)]
            uv += [
                (polar(ring, k), polar(ring + 1, k), polar(ring + 1, m)),
                (polar(ring, k), polar(ring + 1, m), polar(ring, m)),
            ]
    del flat
    cloth = shapes.make_cloth(np.array(at), np.array(faces), np.array(uv), pinned=[0])
    fabric = shapes.fabric(
        bending_warp_n_m=1e-8, bending_weft_n_m=1e-8, bending_twist_n_m=5e-9,
        tensile_warp_n_m=500.0, tensile_weft_n_m=500.0, tensile_coupling_n_m=0.0,
        shear_n_m_rad=250.0,
    )  # fmt: skip
    engine = build_engine(cloth, None, [fabric], settings=replace(TIGHT, gravity_m_s2=0.0))
    relax(engine)
    x = in_order(engine)
    rim = x[1 + (rings - 1) * n :] - x[0]
    middle = rim.mean(axis=0)
    axis = middle / np.linalg.norm(middle)
    along = rim @ axis
    off = np.linalg.norm(rim - along[:, None] * axis, axis=1)
    got = (off / np.linalg.norm(rim, axis=1)).mean()
    assert got == pytest.approx(sine, rel=0.01)


def test_energy_never_rises_within_a_step():
    uv, faces = shapes.sheet(12, 12, 0.02)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.104), half[1] - uv[:, 1]]
    body = shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1, n=3))
    engine = build_engine(
        shapes.make_cloth(at, faces, uv), body, [shapes.fabric()], settings=DrapeSettings()
    )
    for _ in range(30):
        seen, energy = [], engine.energy

        def watch(*arguments, energy=energy, seen=seen):
            seen.append(energy(*arguments))
            return seen[-1]

        type(engine).energy, kept = (lambda self, *a, watch=watch: watch(*a)), type(engine).energy
        record = engine.step()
        type(engine).energy = kept
        assert seen[-1] <= seen[0] + 1e-9 * abs(seen[0]) or record.fraction < 0.1


def test_moving_and_turning_the_scene_about_gravity_changes_nothing():
    uv, faces = shapes.sheet(9, 9, 0.02)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.104), half[1] - uv[:, 1]]
    v, f = shapes.ellipsoid(0.1, 0.1, 0.1, n=3)
    t = np.radians(90)
    R = np.array([[np.cos(t), 0, np.sin(t)], [0, 1, 0], [-np.sin(t), 0, np.cos(t)]])
    shift = np.array([0.5, 0.25, -1.0])
    fabric = shapes.fabric(friction_skin=0.8)
    first, second = (
        drape(
            shapes.make_cloth(p, faces, uv), shapes.body_of(b, f), [fabric],
            rng=np.random.default_rng(0),
        )
        for p, b in ((at, v), (at @ R.T + shift, v @ R.T + shift))
    )  # fmt: skip
    back = (second.positions_m - shift) @ R
    assert np.linalg.norm(back - first.positions_m, axis=1).mean() < 1e-3
