"""Fit maps against closed forms on a tube round a cylinder."""

import dataclasses

import numpy as np
import pytest

from fitting.body import Body
from fitting.cloth import Cloth, load_fabric
from fitting.fit import FitThresholds, fit_map, fit_report

RADIUS_M = 0.15
N_ROUND, N_HIGH = 96, 12


def tube(radius_m, *, rest_radius_m, y0=1.0, height_m=0.3, seed=None):
    """A woven tube: weft round it, warp up; rest shape with its own girth."""
    angle = 2 * np.pi * np.arange(N_ROUND) / N_ROUND
    y = np.linspace(0, height_m, N_HIGH)
    grid_a, grid_y = np.meshgrid(angle, y)
    points = np.stack(
        [radius_m * np.sin(grid_a), y0 + grid_y, radius_m * np.cos(grid_a)], axis=-1
    ).reshape(-1, 3)
    faces, uv = [], []
    step = 2 * np.pi * rest_radius_m / N_ROUND
    for row in range(N_HIGH - 1):
        for column in range(N_ROUND):
            ids = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            for corners in ((0, 1, 2), (0, 2, 3)):
                faces.append([ids[c][0] * N_ROUND + ids[c][1] % N_ROUND for c in corners])
                uv.append([[y[ids[c][0]], ids[c][1] * step] for c in corners])
    faces, uv = np.array(faces), np.array(uv)
    n = len(points)
    return Cloth(
        positions_m=points, faces=faces, rest_uv_m=uv,
        face_panel=np.zeros(len(faces), dtype=np.int64), panel_names=("tube",),
        flat_uv_m=np.zeros((n, 2)), flat_panel=np.zeros(n, dtype=np.int64),
        flat_to_welded=np.arange(n), flat_faces=faces, seam_pairs=np.zeros((0, 2), dtype=np.int64),
        face_fabric=np.zeros(len(faces), dtype=np.int64), pinned=np.zeros(0, dtype=np.int64),
    )  # fmt: skip


@pytest.fixture(scope="module")
def cylinder():
    cloth = tube(RADIUS_M, rest_radius_m=RADIUS_M, y0=0.5, height_m=1.2)
    n = len(cloth.positions_m)
    return Body(
        vertices_m=cloth.positions_m, faces=cloth.faces, joints_m={}, landmarks_m={},
        levels_m={"bust_girth": 1.15, "hip_girth": 0.8}, vertex_region=np.full(n, 3), pose="a",
    )  # fmt: skip


JERSEY = load_fabric("cotton_jersey")


@pytest.mark.parametrize("stretch", [0.9, 1.0, 1.1, 1.3])
def test_strain_is_what_was_stretched(cylinder, resting, stretch):
    cloth = tube(0.16, rest_radius_m=0.16 / stretch)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    chord = np.sin(np.pi / N_ROUND) / (np.pi / N_ROUND)
    np.testing.assert_allclose(fit.strain_weft, stretch * chord - 1, atol=1e-12)
    np.testing.assert_allclose(fit.strain_warp, 0.0, atol=1e-12)
    np.testing.assert_allclose(fit.shear, 0.0, atol=1e-12)
    np.testing.assert_allclose(fit.stress_weft_n_m, JERSEY.tensile_weft_n_m * fit.strain_weft)
    np.testing.assert_allclose(
        fit.stress_warp_n_m, JERSEY.tensile_coupling_n_m * fit.strain_weft, atol=1e-9
    )


def test_turning_everything_changes_nothing(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.15)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    straight = fit_map(cloth, resting(cloth.positions_m), cylinder, (JERSEY,))
    turned = fit_map(cloth, resting(cloth.positions_m @ turn.T + 3.0), cylinder, (JERSEY,))
    np.testing.assert_allclose(turned.strain_weft, straight.strain_weft, atol=1e-12)
    np.testing.assert_allclose(turned.shear, straight.shear, atol=1e-12)


def test_pressure_is_force_over_area(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.16)
    inner = np.arange(len(cloth.positions_m)) // N_ROUND
    inner = (inner > 0) & (inner < N_HIGH - 1)
    area = 2 * np.pi * 0.16 * 0.3 / (N_HIGH - 1) / N_ROUND
    force = np.full(len(cloth.positions_m), 1000.0 * area)
    fit = fit_map(cloth, resting(cloth.positions_m, force), cylinder, (JERSEY,))
    assert np.median(fit.pressure_pa[inner]) == pytest.approx(1000.0, rel=2e-3)
    # The nearest skin point is half a row of vertices away at most.
    assert 0.0099 < fit.gap_m.min() <= fit.gap_m.max() < 0.06


def test_ease_is_cloth_minus_tape(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.17)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(cloth, drape, cylinder, (JERSEY,), fit)
    assert set(report.ease) == {"bust_girth"}  # the tube ends above the hip
    ease = report.ease["bust_girth"]
    assert ease.garment_m == pytest.approx(2 * np.pi * 0.17, rel=1e-9)
    assert ease.ease_m == pytest.approx(2 * np.pi * 0.02, rel=2e-3)


@pytest.mark.parametrize(
    ("rest_radius_m", "radius_m", "expected"),
    [(0.14, 0.152, "tight"), (0.147, 0.152, "close"), (0.152, 0.152, "easy"), (0.2, 0.2, "loose")],
)
def test_verdicts_follow_the_thresholds(cylinder, resting, rest_radius_m, radius_m, expected):
    cloth = tube(radius_m, rest_radius_m=rest_radius_m)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(
        cloth, drape, cylinder, (JERSEY,), fit, thresholds=FitThresholds(loose_gap_m=0.03)
    )
    assert report.regions["chest"].verdict == expected
    assert report.panels["tube"].rule
    numbers = report.to_json()
    for key in ("converged", "residual", "penetration_max_m", "seam_gap_max_m", "seed",
                "intersections_cloth_cloth"):  # fmt: skip
        assert key in numbers
    assert "fabric numbers are estimated" in report.lines()[1]


def test_a_drape_that_moves_gets_no_verdict(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.16)
    drape = dataclasses.replace(resting(cloth.positions_m), converged=False)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(cloth, drape, cylinder, (JERSEY,), fit)
    assert {summary.verdict for summary in report.regions.values()} == {"none"}
    assert not report.to_json()["converged"]
