"""Maps, ease and report on shapes whose numbers are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.body.body import REGIONS
from fitting.drape.result import Drape
from fitting.errors import DrapeError
from fitting.fit import FitBands, fit_map, fit_report, girth_ease
from fitting.fit.maps import face_strains
from fitting.fit.verdict import judge


def still(x, force=None, *, converged=True):
    return Drape(
        positions_m=x, contact_force_n=np.zeros(len(x)) if force is None else force, anchors_m=x,
        converged=converged, cause="at rest" if converged else "linear solve hit its cap",
        residual=0.01, residual_median_n=0.0, residual_p95_n=0.0, residual_max_n=0.0,
        residual_max_vertex=0, displacement_mean_m=1e-4, velocity_rms_m_s=1e-4, n_steps=9, n_cg=9,
        n_cg_capped=0, penetration_max_m=0.0, n_inside=0, intersections_cloth_cloth=0,
        seam_gap_max_m=0.0, wall_s=1.0, seed=1,
    )  # fmt: skip


@pytest.fixture
def worn(shapes):
    """A tube of 12 cm radius, flat girth 10 % less, round an upright ellipsoid of 10 cm."""
    x, faces, uv = shapes.tube(0.12, 0.2, 0.015, flat_radius=0.108)
    x[:, 1] -= 0.1
    body = shapes.body_of(*shapes.ellipsoid(0.1, 0.4, 0.1), bust_girth=0.0, waist_girth=0.3)
    return shapes.make_cloth(x, faces, uv), x, body


@settings(max_examples=20, deadline=None)
@given(warp=st.floats(-0.3, 0.5), weft=st.floats(-0.3, 0.5), seed=st.integers(0, 2**31))
def test_strains_are_the_stretches_whatever_the_pose(shapes, warp, weft, seed):
    random = np.random.default_rng(seed)
    uv, faces = shapes.sheet(5, 5, 0.02)
    R, _ = np.linalg.qr(random.normal(size=(3, 3)))
    x = np.c_[uv * (1 + warp, 1 + weft), np.zeros(len(uv))] @ R.T + random.normal(size=3)
    got = face_strains(x, faces, uv[faces])
    np.testing.assert_allclose(got[0], warp, atol=1e-9)
    np.testing.assert_allclose(got[1], weft, atol=1e-9)
    np.testing.assert_allclose(got[2], 0, atol=1e-9)


def test_maps_of_a_stretched_tube(worn, shapes):
    cloth, x, body = worn
    force = np.full(len(x), 0.01)
    fabric = shapes.fabric(tensile_coupling_n_m=0.0)
    maps = fit_map(cloth, still(x, force), body, [fabric])
    assert maps.strain_warp.mean() == pytest.approx(0.12 / 0.108 - 1, rel=0.02)
    np.testing.assert_allclose(maps.tension_warp_n_m, 800 * maps.strain_warp)
    np.testing.assert_allclose(maps.limit_share_warp, maps.strain_warp / 0.05)
    middle = np.abs(x[:, 1]) < 0.01
    assert maps.gap_m[middle].mean() == pytest.approx(0.02 - 2.5e-4, abs=5e-4)
    assert maps.vertex_area_m2.sum() == pytest.approx(2 * np.pi * 0.12 * 0.2, rel=0.02)
    assert maps.pressure_kpa[middle].mean() == pytest.approx(
        1e-5 / maps.vertex_area_m2[middle].mean(), rel=0.05
    )
    assert (maps.face_region == REGIONS.index("chest")).all()


def test_ease_is_flat_girth_less_the_tape(worn):
    cloth, x, body = worn
    ease = girth_ease(cloth, still(x), body)
    assert set(ease) == {"bust_girth"}
    bust = ease["bust_girth"]
    assert bust.body_girth_m == pytest.approx(2 * np.pi * 0.1, rel=2e-3)
    assert bust.garment_girth_m == pytest.approx(2 * np.pi * 0.108, rel=1e-2)
    assert bust.garment_girth_draped_m == pytest.approx(2 * np.pi * 0.12, rel=1e-2)
    assert bust.ease_m == pytest.approx(bust.garment_girth_m - bust.body_girth_m)


def test_arms_are_measured_across_the_bone(worn):
    cloth, x, body = worn
    arm = np.full(len(body.vertices_m), REGIONS.index("upper_arm"))
    joints = {"shoulder_l": np.array([0.0, 0.08, 0]), "elbow_l": np.array([0.0, -0.12, 0])}
    ease = girth_ease(cloth, still(x), replace(body, vertex_region=arm, joints_m=joints))
    assert set(ease) == {"upper_arm_girth_l"}
    assert ease["upper_arm_girth_l"].ease_share == pytest.approx(0.08, abs=0.02)


def test_a_cloth_that_does_not_close_has_no_girth(worn, shapes):
    cloth, x, body = worn
    keep = x[cloth.faces][..., 2].mean(axis=1) > -0.1
    open_cloth = replace(cloth, faces=cloth.faces[keep], rest_uv_m=cloth.rest_uv_m[keep])
    assert girth_ease(open_cloth, still(x), body) == {}


def test_report_speaks_units_and_gives_a_verdict(worn, shapes):
    cloth, x, body = worn
    fabric = shapes.fabric(strain_limit_warp=0.5, strain_limit_weft=0.5,
                           provenance={"thickness_m": "estimated", "name": "x"})  # fmt: skip
    content = json.loads(json.dumps(fit_report(cloth, still(x), body, [fabric]).to_json()))
    for key in ("converged", "residual", "intersections_cloth_cloth", "penetration_max_m",
                "seam_gap_max_m", "seed"):  # fmt: skip
        assert key in content
    chest = content["regions"]["chest"]
    assert chest["verdict"] == "easy"
    assert "ease is" in chest["rule"]
    assert chest["pressure_mean_kpa"] == 0
    assert content["panels"]["front"]["verdict"] is None
    assert content["estimated"] == {"plain": ["thickness_m"]}


def test_an_unconverged_drape_gets_no_verdict(worn, shapes):
    cloth, x, body = worn
    report = fit_report(cloth, still(x, converged=False), body, [shapes.fabric()])
    assert all(part.verdict is None for part in report.regions.values())
    assert "cap" in report.regions["chest"].rule
    assert report.to_json()["converged"] is False


@pytest.mark.parametrize(
    ("limit", "pressure", "ease", "gap", "word"),
    [(1.2, 0, 0.1, 0, "tight"), (0, 3, 0.1, 0, "tight"), (0, 0, -0.01, 0, "tight"),
     (0, 0, 0.02, 0, "close"), (0, 0, 0.1, 0, "easy"), (0, 0, 0.3, 0, "loose"),
     (0, 0, None, 0.002, "close"), (0, 0, None, 0.02, "easy"), (0, 0, None, 0.05, "loose")],
)  # fmt: skip
def test_every_band_has_its_word(limit, pressure, ease, gap, word):
    got, rule = judge(
        FitBands(), limit_share_p95=limit, pressure_mean_kpa=pressure, ease_share=ease,
        gap_median_m=gap,
    )  # fmt: skip
    assert got == word
    assert rule


def test_a_drape_of_another_garment_is_refused(worn, shapes):
    cloth, x, body = worn
    with pytest.raises(DrapeError, match="one garment"):
        fit_map(cloth, still(x[:-1]), body, [shapes.fabric()])
