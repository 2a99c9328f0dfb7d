"""Pairs of cloth against cloth: found once and kept, pushed steadily, foreseen."""

import numpy as np
import pytest
import shapes

from fitting.drape.push import (
    limit_step,
    push_assemble,
    push_energy,
    push_foresee,
    slopes,
    spring,
    whole_share,
)
from fitting.drape.selfcontact import SelfContact

LAYER_M = 1.5e-3
STIFF_N_M = 200.0
of_spring = spring.py_func  # as Python: kernels take it in


def two_sheets(n_across=4, gap=0.004):
    uv, faces = shapes.sheet(n_across, n_across, 0.02)
    n = len(uv)
    x = np.concatenate([np.c_[uv, np.zeros(n)], np.c_[uv + 0.003, np.full(n, gap)]])
    return x, np.concatenate([faces, faces + n])


def named(vertices, split):
    """Pairs whatever the order of their corners."""
    return [
        (1, q[0], tuple(sorted(q[1:]))) if s == 1
        else (2, *sorted([tuple(sorted(q[:2])), tuple(sorted(q[2:]))]))
        for q, s in zip(vertices.tolist(), split.tolist(), strict=True)
    ]  # fmt: skip


def test_a_list_mended_where_cloth_moved_misses_nothing_and_has_nothing_twice():
    x, faces = two_sheets()
    kept = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
    kept.look(x)
    random = np.random.default_rng(0)
    for _ in range(4):
        move = random.normal(scale=1e-4, size=x.shape)
        move[3] += 8e-4
        move[-5] -= 6e-4
        kept.widen(x, move)
        x = x + move
        kept.look(x)
        whole = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
        whole.look(x)
        near = whole.planes[:, 3] < 1.5 * LAYER_M
        pairs = named(kept.vertices, kept.split)
        assert set(named(whole.vertices[near], whole.split[near])) <= set(pairs)
        assert len(set(pairs)) == len(pairs)
    assert kept.n_builds < 5


def test_cloth_that_goes_and_comes_back_meets_no_pair_that_is_not_listed():
    x, faces = two_sheets(gap=0.009)
    n = len(x) // 2
    kept = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
    kept.look(x)
    steps = [(0, 0.0021)] + [(1, -0.0004)] * 4 + [(0, -0.0021)] * 2 + [(1, -0.0004)] * 2
    for sheet, rise in steps:
        move = np.zeros_like(x)
        move[sheet * n : (sheet + 1) * n, 2] = -rise if sheet == 0 else rise
        kept.widen(x, move)
        x = x + move
        kept.look(x)
        whole = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
        whole.look(x)
        near = whole.planes[:, 3] < 1.5 * LAYER_M
        known = set(named(kept.vertices, kept.split))
        assert set(named(whole.vertices[near], whole.split[near])) <= known


def test_a_forgotten_list_is_made_anew():
    x, faces = two_sheets(gap=2e-3)
    touch = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
    touch.look(x)
    pairs = set(named(touch.vertices, touch.split))
    touch.forget()
    touch.look(x)
    assert set(named(touch.vertices, touch.split)) == pairs
    assert len(touch.push_planes) == len(pairs)


def hanging_over(u, v, *, height=1e-3):
    """A small triangle whose first corner hovers over two triangles that share an edge."""
    quad = np.array([[0, 0, 0], [0.02, 0, 0], [0.02, 0.02, 0], [0, 0.02, 0]], float)
    top = np.array([[u, v, height], [u + 4e-3, v, 0.05], [u, v + 4e-3, 0.05]])
    x, faces = np.concatenate([quad, top]), np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6]])
    touch = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
    touch.look(x)
    return x, touch


def energy_of(x, touch):
    return push_energy(
        x, touch.vertices, touch.push_weights, touch.push_planes, LAYER_M, STIFF_N_M, np.zeros(16)
    )


@pytest.mark.parametrize("v", [0.008, 0.01, 0.0120001])
def test_a_push_stays_the_same_where_a_point_slides_from_triangle_to_triangle(v):
    want = 0.5 * STIFF_N_M * (0.5e-3) ** 2
    assert energy_of(*hanging_over(0.01, v)) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("height_m", [1e-3, 4e-4, 3e-5])
def test_the_push_is_the_slope_of_its_energy(height_m):
    x, touch = hanging_over(0.011, 0.006, height=height_m)
    gradient, own = np.zeros_like(x), np.zeros((len(x), 6))
    push_assemble(
        touch.vertices, touch.push_weights, touch.push_planes, LAYER_M, STIFF_N_M, gradient, own
    )
    h = 1e-4 * height_m
    for i in range(len(x)):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[i, 2] += sign * h
            ends.append(energy_of(moved, touch))
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient[i, 2], rel=1e-4, abs=1e-6)
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-12)
    assert (own[:, 5] >= 0).all()


@pytest.mark.parametrize("force_n", [0.1, 8.4, 100.0])
def test_a_push_balances_what_presses_layers_together_at_some_gap(force_n):
    gap_m = LAYER_M
    for _ in range(60):  # Newton's method, as the engine takes it: 15 % of a gap stays
        _, depth_m, slope = of_spring(gap_m, LAYER_M)
        step_m = (STIFF_N_M * depth_m - force_n) / (STIFF_N_M * slope)
        gap_m = max(gap_m + step_m, 0.15 * gap_m)
    assert 1e-5 < gap_m < LAYER_M
    assert STIFF_N_M * of_spring(gap_m, LAYER_M)[1] == pytest.approx(force_n, rel=1e-9)
    want = [of_spring(gap_m, LAYER_M)[2], 1.0]
    assert slopes(np.array([gap_m, LAYER_M]), LAYER_M) == pytest.approx(want)


def test_the_push_and_its_stiffness_are_the_linear_ones_but_for_the_last_third_of_the_layer():
    gap_m = np.linspace(0.34 * LAYER_M, LAYER_M)
    found = np.array([of_spring(gap, LAYER_M) for gap in gap_m])
    depth_m = LAYER_M - gap_m
    want = np.stack([0.5 * depth_m**2, depth_m, np.ones(50)], axis=1)
    np.testing.assert_allclose(found, want)


def test_pairs_pressed_to_a_hundredth_of_a_millimetre_come_no_closer():
    x, touch = hanging_over(0.011, 0.006, height=9e-6)
    move = np.zeros_like(x)
    move[4] = [1e-6, 0, -5e-6]
    limit_step(move, np.full(len(x), 1e-3), touch.vertices, touch.split, touch.planes)
    assert move[4, 2] == pytest.approx(0, abs=1e-12)
    assert move[4, 0] == pytest.approx(1e-6, rel=1e-3)


def test_a_direction_is_kept_until_cloth_has_moved():
    x, touch = hanging_over(0.01, 0.006)
    before = touch.push_planes.copy()
    nudged, shoved = x.copy(), x.copy()
    nudged[4] += [1e-4, 1e-4, 1e-4]
    shoved[4] += [6e-3, 0, 1e-4]
    touch.look(nudged)
    over = (touch.vertices[:, 0] == 4) & (touch.split == 1)
    flat = over & (touch.push_planes[:, 4] == 1)
    np.testing.assert_array_equal(touch.push_planes[flat, :3], before[flat, :3])
    assert touch.push_planes[over, 3].min() == pytest.approx(1.1e-3, rel=1e-6)
    touch.look(shoved)
    over = (touch.vertices[:, 0] == 4) & (touch.split == 1)
    assert touch.push_planes[over, 3].min() == pytest.approx(1.1e-3, rel=1e-6)


def test_beyond_the_edge_of_a_triangle_the_gap_is_round():
    """A plane there would stand in the way of cloth that slides over an edge."""
    x, touch = hanging_over(0.01, 0.0096, height=1.6e-3)
    beside = (touch.vertices[:, 0] == 4) & (touch.split == 1) & (touch.push_planes[:, 4] < 1)
    assert beside.sum() == 1
    energy, slid = energy_of(x, touch), x.copy()
    slid[4, 1] += 2.8e-4
    assert energy == energy_of(slid, touch) == 0
    move, gradient, own = slid - x, np.zeros_like(x), np.zeros((len(x), 6))
    assert push_foresee(
        move, touch.vertices, touch.push_weights, touch.push_planes, LAYER_M, STIFF_N_M,
        touch.known, gradient, own,
    ) == 0  # fmt: skip


def test_pairs_that_a_move_brings_into_the_layer_are_foreseen_once():
    x, touch = hanging_over(0.01, 0.006, height=2e-3)
    move = np.zeros_like(x)
    move[4, 2] = -1e-3
    gradient, own = np.zeros_like(x), np.zeros((len(x), 6))
    given = (move, touch.vertices, touch.push_weights, touch.push_planes, LAYER_M, STIFF_N_M,
             touch.known, gradient, own)  # fmt: skip
    assert push_foresee(*given) == 1
    assert push_foresee(*given) == 0
    assert gradient[4, 2] == pytest.approx(STIFF_N_M * 0.5e-3)


def test_a_step_shortened_as_a_whole_is_the_longest_that_stays_uncut():
    x, faces = two_sheets(gap=2e-3)
    touch = SelfContact(x, faces, layer_m=LAYER_M, reach_m=0.006)
    touch.look(x)
    move = np.random.default_rng(3).normal(scale=1e-3, size=x.shape)
    room, at = np.full(len(x), 2e-3), (touch.vertices, touch.split, touch.planes)
    share = whole_share(move, room, *at)
    assert 0 < share < 1
    for factor, stays in ((0.999, True), (1.01, False)):
        step = factor * share * move
        cut = step.copy()
        limit_step(cut, room, *at)
        assert np.allclose(cut, step, atol=1e-12) is stays
