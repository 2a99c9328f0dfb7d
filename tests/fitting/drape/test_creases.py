"""Cloth in a crease of the body is pushed by both walls, and comes to rest there."""

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings
from fitting.drape.cascade import build_engine
from fitting.drape.relax import relax
from fitting.drape.walls import Walls


def groove(half_angle_deg, *, length=0.6, depth=0.1):
    """A closed block with a V-shaped groove along z whose bottom is at the origin."""
    a = np.radians(half_angle_deg)
    across = depth * np.tan(a)
    profile = np.array([
        (0, 0), (across, depth), (across + 0.05, depth), (across + 0.05, -0.05),
        (-across - 0.05, -0.05), (-across - 0.05, depth), (-across, depth),
    ])  # fmt: skip
    n = len(profile)
    ends = [np.c_[profile, np.full(n, z)] for z in (-length / 2, length / 2)]
    sides = [
        face for i in range(n) for j in [(i + 1) % n]
        for face in ((i, i + n, j), (j, i + n, j + n))
    ]  # fmt: skip
    cap = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5), (0, 5, 6)]
    faces = sides + cap + [tuple(i + n for i in face[::-1]) for face in cap]
    return shapes.body_of(np.concatenate(ends), np.array(faces))


def ribbon(height):
    """A short strip across the groove, held above it and heavy in the middle."""
    uv, faces = shapes.sheet(3, 15, 0.02)
    at = np.c_[uv[:, 1] - uv[:, 1].max() / 2, np.full(len(uv), height), uv[:, 0]]
    return shapes.make_cloth(at, faces, uv), np.abs(at[:, 0]) < 0.005


@pytest.mark.parametrize("half_angle_deg", [30, 45, 60])
def test_cloth_pressed_into_a_groove_comes_to_rest_against_both_walls(half_angle_deg):
    body, (cloth, middle) = groove(half_angle_deg), ribbon(0.102)
    load = np.zeros((len(middle), 3))
    load[middle, 1] = -0.05
    engine = build_engine(
        cloth, body, [shapes.fabric(friction_skin=0.1)],
        settings=DrapeSettings(self_collision=False, n_steps_max=200), load_n=load,
    )  # fmt: skip
    run = relax(engine)
    assert run.at_rest, run.cause(engine)
    held = np.flatnonzero(middle[engine.rest.order])
    on_both = (engine.contact_force_n() > engine.force)[held] & (engine.force[held] > 0)
    assert on_both.sum() >= 2


def crease(normals, *, gap=1e-3):
    """Walls after one vertex went from a plane through the origin to another one."""
    x, walls = np.array([[0.0, gap, 0.0]]), Walls()
    before = (np.array([gap]), np.array([normals[0]], float), x.copy())
    walls.remember(x, np.ones(1, bool), before, (np.array([gap]), np.array([normals[1]], float)))
    return x, walls


def test_the_plane_that_was_left_stays_in_a_crease_but_not_round_a_ridge():
    s = np.sqrt(0.5)
    assert list(crease([(s, s, 0), (-s, s, 0)])[1].rows) == [0]
    x, walls = np.array([[3e-3, 0.0, 0.0]]), Walls()
    before = (np.array([1e-3]), np.array([[0.0, 1, 0]]), np.array([[0.0, 1e-3, 0]]))
    after = (np.array([1e-3]), np.array([[1.0, 0, 0]]))
    walls.remember(x, np.ones(1, bool), before, after)
    assert len(walls.rows) == 0


def test_a_wall_is_forgotten_where_cloth_went_away_and_its_push_is_the_slope_of_its_energy():
    s = np.sqrt(0.5)
    x, walls = crease([(s, s, 0), (-s, s, 0)])
    offset, stiff = np.array([2e-3]), np.array([500.0])
    gradient, own = np.zeros((1, 3)), np.zeros((1, 6))
    walls.assemble(x, offset, stiff, gradient, own)
    h = 1e-7
    for d in range(3):
        e = np.eye(3)[d] * h
        slope = (walls.energy(x + e, offset, stiff) - walls.energy(x - e, offset, stiff)) / (2 * h)
        assert slope == pytest.approx(gradient[0, d], abs=1e-6)
    still = (np.array([1e-3]), np.array([[-s, s, 0]]))
    far = x + np.array([2e-2, 0, 0])
    walls.remember(far, np.zeros(1, bool), (*still, x), still)
    assert len(walls.rows) == 0


def test_between_walls_that_face_each_other_cloth_lies_in_the_middle():
    x, walls = crease([(1, 0, 0), (-1, 0, 0)])
    offset = np.array([7e-3])
    walls.make_room(x, (np.array([1e-3]), np.array([[-1.0, 0, 0]])), offset, np.array([1.3e-3]))
    assert offset[0] == pytest.approx(1e-3)
