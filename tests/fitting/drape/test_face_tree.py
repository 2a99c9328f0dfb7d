"""Close pairs found over the box tree, against all pairs tested one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.drape.boxes import N_LANES, lowest, meeting
from fitting.drape.jit import njit
from fitting.drape.selfcontact import SelfContact


@njit
def _meeting(boxes, group, box):
    return meeting(boxes, group, (box[0], box[1], box[2], box[3], box[4], box[5]))


@njit
def _lowest(bits):
    return lowest(bits)


def _sheet(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A crumpled square of n by n vertices, 1 cm apart."""
    u, v = np.meshgrid(np.arange(n), np.arange(n))
    x = np.stack([0.01 * u, 0.01 * v, np.zeros((n, n))], axis=2).reshape(-1, 3)
    x += rng.normal(scale=0.004, size=x.shape) + rng.normal(scale=2.0, size=3)
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate([np.c_[a, a + 1, a + n], np.c_[a + 1, a + n + 1, a + n]])
    return x, faces


def _segment_gaps(x: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Gaps of pairs of segments (n, 2), by projecting onto one and the other in turn."""
    p, r = x[one[:, 0]], x[other[:, 0]]
    u, v = x[one[:, 1]] - p, x[other[:, 1]] - r
    t = np.full((len(p), 1), 0.5)
    for _ in range(300):
        m = np.clip(((p + t * u - r) * v).sum(1) / (v * v).sum(1), 0, 1)[:, None]
        t = np.clip(((r + m * v - p) * u).sum(1) / (u * u).sum(1), 0, 1)[:, None]
    return np.linalg.norm(p + t * u - r - m * v, axis=1)


def _named(pairs: np.ndarray) -> list[list[list[int]]]:
    """Pairs of edges (n, 2, 2) in one order."""
    return sorted(sorted(sorted(edge) for edge in pair) for pair in pairs.tolist())


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_bits_say_which_of_sixteen_boxes_meet(seed):
    rng = np.random.default_rng(seed)
    middle, half = rng.normal(size=(2, 3, N_LANES)), rng.uniform(0, 1, (2, 3, N_LANES))
    boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    box = boxes[0, :, 3]
    meets = ((boxes[1, :3] <= box[3:, None]) & (boxes[1, 3:] >= box[:3, None])).all(axis=0)
    assert _meeting(boxes, 1, box) == int(meets @ (1 << np.arange(N_LANES)))


@pytest.mark.parametrize("place", [0, 1, 11, 15, 40])
def test_the_lowest_bit_is_found(place):
    assert _lowest((1 << place) | (1 << 50)) == place


@pytest.mark.parametrize("n_moved", [5, 40, 81])
def test_edges_within_reach_of_moved_cloth_are_all_found_and_no_others(n_moved):
    rng = np.random.default_rng(n_moved)
    x, faces = _sheet(rng, 9)
    touch = SelfContact(x, faces, layer_m=1e-3, reach_m=1.0)
    moved = np.zeros(len(x), dtype=np.bool_)
    moved[rng.choice(len(x), n_moved, replace=False)] = True
    reach = rng.uniform(1e-3, 3e-3, len(x))
    found = touch._find(x, reach, moved, crossing=False)
    found = found[found[:, 4] == 2, :4].reshape(-1, 2, 2)
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    sides = np.unique(np.sort(sides, axis=1), axis=0)
    one, other = (sides[k] for k in np.triu_indices(len(sides), 1))
    apart = (one[:, :, None] != other[:, None]).all(axis=(1, 2))
    limit = reach[one].max(axis=1) + reach[other].max(axis=1)
    near = _segment_gaps(x, one, other) < limit
    wanted = apart & near & (moved[one].any(axis=1) | moved[other].any(axis=1))
    assert wanted.sum() > 10
    assert _named(found) == _named(np.stack([one[wanted], other[wanted]], axis=1))
