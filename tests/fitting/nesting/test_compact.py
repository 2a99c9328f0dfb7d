"""Pushing a marker together: shorter, never faulty, and as short as closed forms say."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.nesting import CutPiece, Marker, PlacedPiece, check_marker
from fitting.nesting.compact import compact
from fitting.pattern import Edge, Panel


def piece(corners):
    points = np.asarray(corners, dtype=float)
    n = len(points)
    edges = tuple(Edge(start=i, stop=(i + 1) % n) for i in range(n))
    panel = Panel(name="piece", vertices_m=points, edges=edges)
    return CutPiece(size="M", panel=panel, turn_rad=0.0, cut=shapely.Polygon(points), count=1)


def lay(corners, x_m, y_m, turn_rad=0.0):
    return PlacedPiece(
        piece=piece(corners), number=1, turn_rad=turn_rad, shift_m=np.array([x_m, y_m])
    )


def marker_of(pieces, *, width_m, gap_m):
    length_m = max(float(placed.cut().bounds[2]) for placed in pieces)
    return Marker(
        width_m=width_m, length_m=length_m, gap_m=gap_m, pieces=tuple(pieces), n_starts=1,
        seconds=1.0, seed=0,
    )  # fmt: skip


SQUARE = [[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]
NOTCHED = [[0, 0], [0.1, 0], [0.06, 0.05], [0.1, 0.1], [0, 0.1]]
WEDGE = [[0, 0.05], [0.1, 0], [0.1, 0.1]]


@pytest.mark.parametrize("gap_m", [0.0, 0.004])
def test_squares_in_a_row_are_pushed_until_the_gap_is_kept(gap_m):
    loose = [lay(SQUARE, 0.02, 0.03), lay(SQUARE, 0.16, 0.0), lay(SQUARE, 0.29, 0.04)]
    pushed = compact(loose, width_m=0.15, gap_m=gap_m)
    marker = marker_of(pushed, width_m=0.15, gap_m=gap_m)
    assert marker.length_m == pytest.approx(0.3 + 2 * gap_m, abs=2e-5)
    assert not check_marker(marker)


def test_a_wedge_slides_to_the_bottom_of_a_notch():
    """The point goes 4 cm into the notch; wider than the notch it stays upon its sides."""
    pushed = compact([lay(NOTCHED, 0, 0), lay(WEDGE, 0.12, 0.002)], width_m=0.105, gap_m=0.0)
    marker = marker_of(pushed, width_m=0.105, gap_m=0.0)
    # Wedge sides rise 0.5, notch sides 1.25 a metre: the wedge's point touches the bottom first.
    assert marker.length_m == pytest.approx(0.16, abs=2e-5)
    assert not check_marker(marker)


def test_a_piece_beside_a_corner_may_pass_it():
    """Corner to corner one gives way across and slides by."""
    pushed = compact([lay(SQUARE, 0, 0), lay(SQUARE, 0.101, 0.1005)], width_m=0.25, gap_m=0.0)
    assert max(placed.cut().bounds[2] for placed in pushed) == pytest.approx(0.1, abs=5e-5)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), gap_mm=st.sampled_from([0.0, 2.0]))
def test_what_is_pushed_stays_legal_and_gets_no_longer(seed, gap_mm):
    """Stars of random shape: no overlap, no lost gap, all on the cloth."""
    rng = np.random.default_rng(seed)
    loose = []
    for i in range(6):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        radii = rng.uniform(0.02, 0.06, 9)
        ring = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        shape = shapely.Polygon(ring)
        if not shape.is_valid:
            return
        loose.append(lay(ring, 0.07 + 0.13 * (i // 2), 0.07 + 0.13 * (i % 2)))
    before = marker_of(loose, width_m=0.27, gap_m=gap_mm / 1000)
    pushed = compact(loose, width_m=0.27, gap_m=gap_mm / 1000)
    after = marker_of(pushed, width_m=0.27, gap_m=gap_mm / 1000)
    assert not check_marker(after)
    assert after.length_m <= before.length_m + 1e-9


def test_nothing_to_push_is_nothing():
    assert compact([], width_m=1.0, gap_m=0.0) == ()
