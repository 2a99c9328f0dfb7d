"""Fit maps against closed forms on a tube round a cylinder."""

import dataclasses

import numpy as np
import pytest
from tubes import N_HIGH, N_ROUND, RADIUS_M, tube

from fitting.body import Body
from fitting.cloth import load_fabric
from fitting.fit import (
    ease_map_m,
    fit_map,
    fit_report,
    load_fit_class,
    region_differences,
    region_summaries,
)
from fitting.fit.maps import shear_limits_rad

JERSEY = load_fabric("cotton_jersey")


@pytest.fixture(scope="module")
def cylinder():
    cloth = tube(RADIUS_M, rest_radius_m=RADIUS_M, y0=0.5, height_m=1.2)
    n = len(cloth.positions_m)
    return Body(
        vertices_m=cloth.positions_m, faces=cloth.faces, joints_m={}, landmarks_m={},
        levels_m={"bust_girth": 1.15, "hip_girth": 0.8}, vertex_region=np.full(n, 3), pose="a",
    )  # fmt: skip


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
    limit = JERSEY.strain_limit_weft
    np.testing.assert_allclose(fit.share_weft, fit.strain_weft / limit, atol=1e-12)
    if stretch > 1:
        assert (fit.dominant_direction() == 1).all()


def test_shear_is_measured_by_the_limit_of_its_fabric(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.16)
    uv = cloth.rest_uv_m.copy()
    uv[..., 1] += 0.1 * uv[..., 0]  # the flat piece leans, the draped one stands
    leaning = dataclasses.replace(cloth, rest_uv_m=uv)
    fit = fit_map(leaning, resting(cloth.positions_m), cylinder, (JERSEY,))
    chord = np.sin(np.pi / N_ROUND) / (np.pi / N_ROUND)
    np.testing.assert_allclose(fit.shear, -0.1 * chord**2, atol=1e-9)
    np.testing.assert_allclose(fit.share_shear, np.abs(fit.shear) / shear_limits_rad((JERSEY,)))


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
    # The exact distance: facets of the cylinder lie a little inside of it.
    assert 0.0099 < fit.gap_m.min() <= fit.gap_m.max() < 0.0102


def test_ease_is_cloth_minus_tape(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.17)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(cloth, drape, cylinder, (JERSEY,), fit)
    assert set(report.ease) == {"bust_girth"}  # the tube ends above the hip
    ease = report.ease["bust_girth"]
    assert ease.garment_m == pytest.approx(2 * np.pi * 0.17, rel=1e-9)
    assert ease.ease_m == pytest.approx(2 * np.pi * 0.02, rel=2e-3)
    assert report.to_json()["ease"]["bust_girth"]["ease_share"] == pytest.approx(2 / 15, rel=2e-3)


def test_the_ease_map_has_the_girth_at_every_height(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.17)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    eases = ease_map_m(cloth, drape, cylinder, fit.face_region)
    known = np.isfinite(eases)
    assert known.mean() > 0.95
    np.testing.assert_allclose(eases[known], 2 * np.pi * 0.02, rtol=3e-3)


@pytest.mark.parametrize(
    ("rest_radius_m", "radius_m", "expected"),
    [(0.11, 0.152, "tight"), (0.149, 0.152, "tight"), (0.155, 0.155, "close"),
     (0.165, 0.165, "easy"), (0.2, 0.2, "loose")],
)  # fmt: skip
def test_verdicts_follow_the_thresholds(cylinder, resting, rest_radius_m, radius_m, expected):
    cloth = tube(radius_m, rest_radius_m=rest_radius_m)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(cloth, drape, cylinder, (JERSEY,), fit)
    assert report.regions["chest"].verdict == expected
    assert report.fits == (expected in ("close", "easy"))
    assert report.regions["chest"].rule in " ".join(report.sentences())
    numbers = report.to_json()
    for key in ("converged", "residual", "penetration_max_m", "seam_gap_max_m", "seed",
                "intersections_cloth_cloth", "regions"):  # fmt: skip
        assert key in numbers
    assert "fabric numbers are estimated" in report.lines()[1]


def test_the_same_cloth_is_judged_by_what_it_is_meant_to_be(cylinder, resting):
    cloth = tube(0.152, rest_radius_m=0.14)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    verdicts = {
        name: fit_report(
            cloth, drape, cylinder, (JERSEY,), fit, fit_class=load_fit_class(name)
        ).regions["chest"].verdict
        for name in ("casual", "base_layer", "compression")
    }  # fmt: skip
    assert verdicts == {"casual": "tight", "base_layer": "close", "compression": "loose"}


def test_a_drape_that_moves_gets_no_verdict(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.16)
    drape = dataclasses.replace(resting(cloth.positions_m), converged=False, cause="still moving")
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    report = fit_report(cloth, drape, cylinder, (JERSEY,), fit)
    assert {summary.verdict for summary in report.regions.values()} == {"none"}
    numbers = report.to_json()
    assert not numbers["converged"]
    assert numbers["fits"] is None
    assert not report.fits
    assert report.sentences() == ("no verdict: still moving",)


def test_measures_say_the_stretch_in_wear(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.15)
    drape = resting(cloth.positions_m)
    fit = fit_map(cloth, drape, cylinder, (JERSEY,))
    measures = fit_report(cloth, drape, cylinder, (JERSEY,), fit).measures
    bust = measures["bust_girth"]
    assert bust.flat_m == pytest.approx(2 * np.pi * 0.15, rel=1e-9)
    assert bust.stretch == pytest.approx(0.16 / 0.15 - 1, abs=2e-3)
    assert measures["hem_height"].draped_m == pytest.approx(1.0)
    assert measures["hem_height"].stretch is None
    assert measures["body_length_panel"].flat_m == pytest.approx(0.3, rel=1e-6)
    assert measures["body_length_panel"].stretch == pytest.approx(0.0, abs=1e-6)


def test_regions_of_two_drapes_are_compared(cylinder, resting):
    cloth = tube(0.16, rest_radius_m=0.15)
    wider = tube(0.1608, rest_radius_m=0.15)
    force = np.full(len(cloth.positions_m), 0.1)
    maps = [
        fit_map(cloth, resting(c.positions_m, f), cylinder, (JERSEY,))
        for c, f in ((cloth, force), (wider, 1.1 * force))
    ]
    first, second = (region_summaries(cloth, fit) for fit in maps)
    same = region_differences(first, first)["chest"]
    assert same.strain == same.pressure_share == same.gap_m == 0
    apart = region_differences(first, second)["chest"]
    assert apart.strain == pytest.approx(0.0008 / 0.15, rel=1e-2)
    assert apart.pressure_share == pytest.approx(1 - 1.005 / 1.1, rel=1e-2)


def test_the_summary_does_not_depend_on_how_finely_a_region_is_meshed(cylinder, resting):
    coarse, fine = (tube(0.16, rest_radius_m=0.15, n_high=n) for n in (8, 40))
    spreads = [
        region_summaries(c, fit_map(c, resting(c.positions_m), cylinder, (JERSEY,)))["chest"]
        for c in (coarse, fine)
    ]
    assert spreads[0].area_m2 == pytest.approx(spreads[1].area_m2, rel=1e-9)
    for name in ("strain_weft", "gap_m"):
        first, second = (summary.spreads[name] for summary in spreads)
        assert first.mean == pytest.approx(second.mean, rel=1e-3, abs=1e-6)
        assert first.p95 == pytest.approx(second.p95, rel=1e-3, abs=1e-6)


def test_tension_follows_the_curve_of_a_card_that_has_one(cylinder, resting):
    curve = ((0.0, 0.0), (0.1, 10.0), (0.2, 40.0))
    card = dataclasses.replace(JERSEY, curve_weft=curve, tensile_coupling_n_m=0.0)
    chord = np.sin(np.pi / N_ROUND) / (np.pi / N_ROUND)
    for stretch, wanted in ((1.1, 10.0), (1.2, 40.0)):
        cloth = tube(0.16, rest_radius_m=0.16 * chord / stretch)
        fit = fit_map(cloth, resting(cloth.positions_m), cylinder, (card,))
        np.testing.assert_allclose(fit.stress_weft_n_m, wanted, rtol=2e-2)
