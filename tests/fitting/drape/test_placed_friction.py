"""Friction that pulls to where a garment was placed leaves one rest, whatever the way there."""

from dataclasses import replace

import numpy as np
import pytest
import shapes

from fitting.drape import PLACED_REACH_M, DrapeSettings, drape
from fitting.drape.cascade import build_engine
from fitting.drape.relax import relax
from fitting.errors import DrapeError

SLOPE, FRICTION = np.radians(10.0), 0.3
DOWNHILL = np.array([-np.cos(SLOPE), -np.sin(SLOPE), 0.0])
SETTINGS = DrapeSettings(
    n_steps_soft=0, self_collision=False, placed_reach_m=PLACED_REACH_M,
    rest_displacement_m=1e-5, rest_velocity_m_s=1e-5,
)  # fmt: skip
# The slope's pull is friction's share: weight times sine is mu weight cosine times u over reach.
SUNK_M = PLACED_REACH_M * np.tan(SLOPE) / FRICTION


def hill():
    return shapes.body_of(*shapes.box((-1, -0.5, -1), (1, 0, 1), tilt=SLOPE))


def cloth_on_hill():
    uv, faces = shapes.sheet(9, 9, 0.02)
    turn = np.array(
        [[np.cos(SLOPE), -np.sin(SLOPE), 0], [np.sin(SLOPE), np.cos(SLOPE), 0], [0, 0, 1]]
    )
    at = np.c_[uv[:, 0], np.full(len(uv), 1.2e-3), -uv[:, 1]] @ turn.T
    return shapes.make_cloth(at, faces, uv)


def rest_from(shift_m, *, placed):
    """How far downhill of its place cloth rests that the way there left so far downhill."""
    cloth = cloth_on_hill()
    engine = build_engine(cloth, hill(), [shapes.fabric(friction_skin=FRICTION)], settings=SETTINGS)
    start = engine.x.copy()
    if placed:
        engine.grip.place(
            engine.tree, start, engine.anchor, engine.rest.offset_m, reach_m=PLACED_REACH_M
        )
    engine.x += shift_m * DOWNHILL
    if not placed:
        engine.anchor[:] = engine.x
    run = relax(engine)
    assert run.at_rest
    return engine, (engine.x - start) @ DOWNHILL


@pytest.mark.parametrize("shift_m", [-4e-3, 0.0, 6e-3])
def test_cloth_on_a_slope_rests_at_one_place_from_wherever_it_comes(shift_m):
    _, gone = rest_from(shift_m, placed=True)
    assert gone == pytest.approx(SUNK_M, abs=5e-5)


def test_plain_friction_leaves_cloth_where_the_way_left_it():
    above, below = (rest_from(shift_m, placed=False)[1].mean() for shift_m in (-4e-3, 6e-3))
    assert below - above == pytest.approx(0.01, abs=3e-4)


def test_cloth_that_is_let_go_sticks_with_the_forces_it_had():
    engine, _ = rest_from(6e-3, placed=True)
    slip = (engine.x - engine.anchor) @ DOWNHILL
    assert not engine.grip.placed
    assert slip == pytest.approx(SETTINGS.friction_slip_m * SUNK_M / PLACED_REACH_M, rel=0.05)
    assert engine.residual() < SETTINGS.residual_max


def test_the_door_of_the_engine_places_cloth_by_its_start():
    cloth = cloth_on_hill()
    rest = drape(
        cloth, hill(), [shapes.fabric(friction_skin=FRICTION)], settings=SETTINGS,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert rest.converged, rest.cause
    gone = (rest.positions_m - cloth.positions_m) @ DOWNHILL
    assert gone == pytest.approx(SUNK_M, abs=1e-4)


def test_cloth_steeper_than_friction_slides_all_the_same():
    rest = drape(
        cloth_on_hill(), hill(), [shapes.fabric(friction_skin=0.1)],
        settings=replace(SETTINGS, n_steps_max=220), rng=np.random.default_rng(0),
    )  # fmt: skip
    assert not rest.converged
    gone = (rest.positions_m - cloth_on_hill().positions_m) @ DOWNHILL
    assert gone.mean() > 2 * PLACED_REACH_M


def test_a_reach_below_the_plain_slip_is_refused():
    with pytest.raises(DrapeError, match=r"placed_reach_m is 0\.0001"):
        DrapeSettings(placed_reach_m=1e-4)
