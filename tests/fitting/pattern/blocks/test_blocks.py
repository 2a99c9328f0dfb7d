"""Every block drafts for every adult: closed, sewable, and as wide as the body plus its ease."""

import tomllib

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.cloth import mesh_pattern
from fitting.cloth.triangulate import min_angles_rad
from fitting.errors import PatternError
from fitting.pattern import BLOCKS, block_names, check_pattern, complete_measures, draft_block
from fitting.pattern.blocks.bands import strain_for_pressure


def people(assets, n, *, seed=5):
    """People of both sexes, every measure between the 5th and the 95th percentile."""
    tables = tomllib.loads((assets / "body" / "ansur2.toml").read_text(encoding="utf-8"))
    order, rng = tables["measures"], np.random.default_rng(seed)
    for sex in ("female", "male"):
        rows = [tables[sex][f"{name}_cm"] for name in order]
        low, high = (np.array([row[key] for row in rows]) for key in ("p5", "p95"))
        mean, sd = (np.array([row[key] for row in rows]) for key in ("mean", "sd"))
        root = np.linalg.cholesky(np.array(tables[sex]["correlation"]) + 1e-6 * np.eye(len(order)))
        found = 0
        while found < n:
            values = mean + sd * (root @ rng.standard_normal(len(order)))
            if ((values < low) | (values > high)).any():
                continue
            found += 1
            known = Measurements.__dataclass_fields__
            yield Measurements.from_cm(
                {k: v for k, v in zip(order, values.tolist(), strict=True) if k in known}
            )


@pytest.mark.parametrize("name", block_names())
def test_a_block_drafts_for_people_from_p5_to_p95(assets, name):
    for measures in people(assets, 12):
        pattern = draft_block(name, measures)
        assert not check_pattern(pattern), [str(f) for f in check_pattern(pattern)]
        assert len({panel.name for panel in pattern.panels}) == len(pattern.panels)


@pytest.mark.parametrize("name", block_names())
def test_a_block_meshes_nearly_equilateral(demo_measures, name):
    flat = mesh_pattern(draft_block(name, demo_measures[0]), edge_length_m=0.03)
    angles = np.degrees(min_angles_rad(flat.uv_m, flat.faces))
    assert np.quantile(angles, 0.05) >= 45
    assert angles.min() >= 20


def width_m(panel, y):
    outline = panel.outline_m(0.001)
    return np.ptp(outline[np.abs(outline[:, 1] - y) < 0.0015, 0])


def test_the_shirt_is_as_wide_as_the_bust_and_its_ease(demo_measures):
    measures = demo_measures[0]
    front = draft_block("tshirt", measures, ease={"bust_m": 0.12}).panel("front")
    assert 4 * front.vertices_m[1, 0] == pytest.approx(measures.bust_girth + 0.12, abs=1e-9)


def test_skirts_and_trousers_meet_hip_and_waist(demo_fit, demo_measures):
    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    for name in ("skirt", "trousers"):
        pattern = draft_block(name, measures)
        band = pattern.panel("waistband")
        waist = measures.waist_girth + BLOCKS[name].ease.waist_m
        assert band.length_m(0) == pytest.approx(waist, abs=0.004)
    skirt = draft_block("skirt", measures)
    hip_y = sorted(skirt.panel("front").vertices_m[:, 1])[2]
    width = sum(width_m(skirt.panel(side), hip_y) for side in ("front", "back"))
    assert width == pytest.approx(measures.hip_girth + 0.03, abs=0.004)


def test_darts_have_equal_legs_and_seams_equal_sides(demo_measures):
    for name in ("skirt", "trousers"):
        pattern = draft_block(name, demo_measures[0])
        for seam in pattern.seams:
            a = pattern.panel(seam.side_a[0]).length_m(seam.side_a[1])
            b = pattern.panel(seam.side_b[0]).length_m(seam.side_b[1])
            if seam.is_whole:
                assert max(a, b) / min(a, b) < 1.03
            if seam.kind == "dart":
                assert a == pytest.approx(b, abs=1e-9)


def test_a_larger_step_is_larger_everywhere(demo_measures):
    for name in block_names():
        areas = []
        for step in (-1, 0, 1):
            pattern = draft_block(name, demo_measures[0], size_step=step)
            outlines = [panel.outline_m() for panel in pattern.panels]
            areas.append(sum(
                abs(np.cross(np.c_[o, 0 * o[:, :1]], np.c_[np.roll(o, -1, 0), 0 * o[:, :1]])
                    [:, 2].sum()) / 2
                for o in outlines
            ))  # fmt: skip
        assert areas[0] < areas[1] < areas[2]


def test_an_unknown_block_or_ease_lists_the_known(demo_measures):
    with pytest.raises(PatternError, match="leggings"):
        draft_block("toga", demo_measures[0])
    with pytest.raises(PatternError, match="flare_m"):
        draft_block("skirt", demo_measures[0], ease={"pleats": 3})


@pytest.mark.parametrize("name", block_names())
def test_a_missing_measure_is_named(name):
    with pytest.raises(PatternError, match="girth"):
        draft_block(name, Measurements(wrist_girth=0.16))


def test_a_garment_smaller_than_nothing_is_refused(demo_measures):
    for name in block_names():
        with pytest.raises(PatternError):
            draft_block(name, demo_measures[0], size_step=-40)


def test_a_waist_below_the_crotch_is_refused():
    measures = Measurements(stature=1.4, hip_girth=1.0, inside_leg_height=0.85)
    with pytest.raises(PatternError, match="above the crotch"):
        draft_block("trousers", measures)


def test_a_band_presses_as_the_law_of_laplace_says():
    # 1.2 kPa on a girth of 80 cm with 240 N/m: 1200 * 0.8 / 2 pi / 240.
    assert strain_for_pressure(1200.0, 0.8, 240.0) == pytest.approx(0.6366, abs=1e-3)
