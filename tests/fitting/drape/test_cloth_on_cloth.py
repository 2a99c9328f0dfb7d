"""Friction of cloth on cloth: it holds below the friction angle and does not creep."""

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape
from fitting.drape.cascade import build_engine
from fitting.drape.relax import relax
from fitting.drape.rub import Rub
from fitting.drape.selfcontact import SelfContact

LAYER_M = 1.5e-3
STIFF_N_M, SLIP_M, MU = 200.0, 3e-4, 0.4
HOLDS = DrapeSettings(n_steps_max=120, n_steps_soft=0)


def two_layers(slope_deg):
    """A square that lies on a larger one, pinned in the slope; positions and the cloth."""
    tilt = np.radians(slope_deg)
    R = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    low, low_faces = shapes.sheet(26, 9, 0.02)
    top, top_faces = shapes.sheet(6, 5, 0.02)
    top = top + np.array([0.36, 0.037])
    at = np.concatenate([
        np.c_[low[:, 0], np.zeros(len(low)), -low[:, 1]],
        np.c_[top[:, 0], np.full(len(top), 1.49e-3), -top[:, 1]],
    ]) @ R.T  # fmt: skip
    faces = np.concatenate([low_faces, top_faces + len(low)])
    cloth = shapes.make_cloth(at, faces, np.concatenate([low, top]), pinned=np.arange(len(low)))
    return at, cloth, len(low)


@pytest.mark.parametrize(("slope_deg", "slides"), [(15.7, False), (17.7, True)])
def test_cloth_on_cloth_sticks_below_the_friction_angle(slope_deg, slides):
    at, cloth, n = two_layers(slope_deg)
    d = drape(
        cloth, None, [shapes.fabric(friction_cloth=0.3)], settings=HOLDS,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    gone = np.linalg.norm(d.positions_m - at, axis=1)[n:].mean()
    assert d.converged is not slides, d.cause
    assert gone > 0.01 if slides else gone < 1.5e-3
    assert d.intersections_cloth_cloth == 0


def test_cloth_that_sticks_to_cloth_does_not_creep():
    _, cloth, n = two_layers(12.0)
    engine = build_engine(cloth, None, [shapes.fabric(friction_cloth=0.3)], settings=HOLDS)
    relax(engine)
    top = engine.rest.order >= n
    before = engine.x[top].copy()
    for _ in range(60):
        engine.step()
    assert np.linalg.norm(engine.x[top] - before, axis=1).max() < SLIP_M


def rubbing(*, slide=(0.0, 0.0, 0.0)):
    """A small triangle pressed on two others, then slid; positions, pairs and their friction."""
    quad = np.array([[0, 0, 0], [0.02, 0, 0], [0.02, 0.02, 0], [0, 0.02, 0]], float)
    top = np.array([[0.01, 0.007, 1e-3], [0.014, 0.007, 0.05], [0.01, 0.011, 0.05]])
    x, faces = np.concatenate([quad, top]), np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]])
    rub = Rub(
        np.full(7, MU), np.ones(7, bool), stiffness_n_m=STIFF_N_M, layer_m=LAYER_M, slip_m=SLIP_M
    )
    touch = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006, rub=rub)
    touch.look(x)
    x[4:] += slide
    touch.look(x)
    return x, touch


def forces(x, touch):
    gradient, own = np.zeros_like(x), np.zeros((len(x), 6))
    touch.rub.assemble(x, touch.vertices, touch.push_weights, touch.push_planes, gradient, own)
    return gradient, own


@pytest.mark.parametrize("slide_m", [1e-4, 2e-3])
def test_friction_rises_with_the_slide_up_to_the_coefficient_times_the_force(slide_m):
    x, touch = rubbing(slide=(slide_m, 0, 0))
    gradient, _ = forces(x, touch)
    most = MU * STIFF_N_M * (LAYER_M - 1e-3)
    assert gradient[4, 0] == pytest.approx(most * min(slide_m / SLIP_M, 1), rel=1e-6)
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(gradient[:, 2], 0, atol=1e-12)


def test_friction_is_the_slope_of_its_energy():
    x, touch = rubbing(slide=(1e-4, 7e-5, 0))
    gradient, own = forces(x, touch)
    h = 1e-8
    for i, d in np.ndindex(7, 3):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[i, d] += sign * h
            ends.append(
                touch.rub.energy(moved, touch.vertices, touch.push_weights, touch.push_planes)
            )
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient[i, d], abs=1e-7)
    assert (own[:, [0, 3, 5]] >= 0).all()


def test_an_anchor_follows_cloth_that_slid_and_stays_with_cloth_that_sticks():
    x, touch = rubbing(slide=(2e-3, 0, 0))
    touch.settle(x)
    before, _ = forces(x, touch)
    x[4:, 0] -= 2 * SLIP_M
    back, _ = forces(x, touch)
    assert back[4, 0] == pytest.approx(-before[4, 0], rel=1e-6)
    stuck, held = rubbing(slide=(1e-4, 0, 0))
    held.settle(stuck)
    assert forces(stuck, held)[0][4, 0] == pytest.approx(before[4, 0] / 3, rel=1e-6)


def test_turning_both_layers_together_strains_no_friction():
    x, touch = rubbing(slide=(1e-4, 0, 0))
    before = np.linalg.norm(forces(x, touch)[0][4])
    for _ in range(30):
        t = np.radians(2)
        R = np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])
        x = x @ R.T
        touch.look(x)
        touch.settle(x)
    assert np.linalg.norm(forces(x, touch)[0][4]) == pytest.approx(before, rel=0.05)


def test_pairs_found_again_keep_their_anchors():
    x, touch = rubbing(slide=(1e-4, 0, 0))
    before, _ = forces(x, touch)
    touch.widen(x, np.full_like(x, 4e-3))
    assert touch.n_builds > 1
    after, _ = forces(x, touch)
    np.testing.assert_allclose(after, before, atol=1e-9)
