"""Garments that start tangled are freed where that is small, and refused where it is not."""

import ipctk
import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape
from fitting.drape.audit import crossing_pairs
from fitting.drape.start import parted
from fitting.errors import DrapeError


def poked(depth_m, *, body=True):
    """Two sheets over a ball, the upper one with a dent down through the lower one."""
    uv, faces = shapes.sheet(16, 16, 0.02)
    n, half = len(uv), uv.max(axis=0) / 2
    low = np.c_[uv[:, 0] - half[0], np.full(n, 0.112), half[1] - uv[:, 1]]
    top = low + np.array([0.004, 0.008, 0.003])
    centre = np.argmin(np.linalg.norm(top[:, [0, 2]] - [0.06, 0.05], axis=1))
    top[centre, 1] -= depth_m
    cloth = shapes.make_cloth(
        np.concatenate([low, top]), np.concatenate([faces, faces + n]), np.concatenate([uv, uv])
    )
    return cloth, shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1, n=3)) if body else None


def crosses(cloth, x):
    mesh = ipctk.CollisionMesh(x, ipctk.edges(cloth.faces), cloth.faces)
    return bool(ipctk.has_intersections(mesh, x))


def test_a_small_tangle_is_freed_before_the_drape():
    cloth, body = poked(0.02)
    assert crosses(cloth, cloth.positions_m)
    d = drape(
        cloth, body, [shapes.fabric(friction_skin=0.8)], settings=DrapeSettings(),
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert d.converged, d.cause
    assert not crosses(cloth, d.positions_m)


def test_cloth_through_cloth_is_refused_with_its_place():
    uv, faces = shapes.sheet(12, 12, 0.02)
    flat = np.c_[uv[:, 0], np.zeros(len(uv)), uv[:, 1]]
    upright = flat[:, [0, 2, 1]] + np.array([0.003, -0.11, 0.1])
    cloth = shapes.make_cloth(
        np.concatenate([flat, upright]), np.concatenate([faces, faces + len(uv)]),
        np.concatenate([uv, uv]),
    )  # fmt: skip
    with pytest.raises(DrapeError, match=r"cross before the drape.*panel front, triangle"):
        drape(cloth, None, [shapes.fabric()], rng=np.random.default_rng(0))


def test_pinned_cloth_is_not_moved_to_free_a_tangle():
    cloth, _ = poked(0.02, body=False)
    pinned = shapes.make_cloth(
        cloth.positions_m, cloth.faces, cloth.rest_uv_m, pinned=np.arange(len(cloth.positions_m))
    )
    with pytest.raises(DrapeError, match="could not be freed"):
        drape(pinned, None, [shapes.fabric()], rng=np.random.default_rng(0))


EAR = np.array([[0, 0, 0], [0.02, 0, 0], [0.01, -0.02, 0]], float)
PARENTS = np.array([
    (0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (0, 2), (1, 2), (0, 1), (0, 1), (0, 3), (1, 3), (0, 4),
    (1, 4),
])  # fmt: skip
FACES = np.array([
    (0, 7, 5), (7, 1, 6), (7, 6, 5), (5, 6, 2), (0, 8, 5), (8, 1, 6), (8, 6, 5),
    (0, 7, 9), (7, 1, 10), (9, 10, 3), (7, 10, 9), (0, 8, 11), (8, 1, 12), (11, 12, 4), (8, 12, 11),
])  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [((0.01, 0.015, 0.01), (0.01, 0.015, -0.01)), ((0.01, 0.015, -0.01), (0.01, 0.015, 0.01)),
     ((0.01, -0.01, 0.012), (0.01, -0.002, 0.02)), ((0.01, -0.002, 0.02), (0.01, -0.01, 0.012))],
)  # fmt: skip
def test_two_layers_of_a_corner_that_share_both_sides_are_parted(first, second):
    x = np.concatenate([EAR, [first, second]])[PARENTS].mean(axis=1)
    moved = parted(x, PARENTS, FACES)
    assert len(crossing_pairs(moved, FACES)) == 0
    assert np.linalg.norm(moved[7] - moved[8]) == pytest.approx(1e-3, rel=1e-6)
    np.testing.assert_array_equal(np.delete(moved, [7, 8], axis=0), np.delete(x, [7, 8], axis=0))
