"""Regions that verdicts speak of: the trunk by girth levels, bands as a whole, limbs by bones."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial import KDTree
from tubes import tube

from fitting.body import REGIONS, Body, body_from_measurements, default_measurements, pose_body
from fitting.cloth import garment_levels_on_body, load_fabric
from fitting.drape import drape as drape_cloth
from fitting.fit import fit_map, fit_report, load_fit_class
from fitting.fit.regions import body_regions, face_regions
from fitting.pattern import complete_measures, draft_block

LEVELS_M = {"bust_girth": 1.3, "waist_girth": 1.1, "hip_girth": 0.9, "thigh_girth": 0.8}


@pytest.fixture(scope="module")
def fitted():
    measures, sex = default_measurements()
    found = body_from_measurements(measures, sex=sex)
    return found.body, complete_measures(measures, found.achieved)


@pytest.fixture(scope="module")
def trunk():
    """A cylinder whose skin belongs to the ribcage all the way down."""
    skin = tube(0.15, rest_radius_m=0.15, y0=0.6, height_m=0.8, n_high=41)
    region = np.full(len(skin.positions_m), REGIONS.index("chest"))
    return Body(
        vertices_m=skin.positions_m, faces=skin.faces, joints_m={}, landmarks_m={},
        levels_m=LEVELS_M, vertex_region=region, pose="a",
    )  # fmt: skip


def names(regions):
    return {REGIONS[i] for i in np.unique(regions)}


def near(body, cloth):
    centers_m = cloth.positions_m[cloth.faces].mean(axis=1)
    return KDTree(body.vertices_m).query(centers_m)[1]


@pytest.mark.parametrize(
    ("level", "region"),
    [("bust_girth", "chest"), ("under_bust_girth", "chest"), ("waist_girth", "waist"),
     ("waist_navel_girth", "waist"), ("hip_girth", "hip"), ("calf_girth", "lower_leg")],
)  # fmt: skip
def test_skin_at_a_level_belongs_to_the_region_that_is_taped_there(fitted, level, region):
    body, _ = fitted
    x, y, _ = body.vertices_m.T
    ring = (np.abs(y - body.levels_m[level]) < 0.02) & (np.abs(x) < 0.13)
    assert ring.sum() > 10
    assert names(body_regions(body)[ring]) - {"upper_arm"} == {region}


def test_who_sits_keeps_the_regions_of_who_stands(fitted):
    body, _ = fitted
    np.testing.assert_array_equal(body_regions(pose_body(body, "sitting")), body_regions(body))


@pytest.mark.parametrize("levels_m", [{}, {"bust_girth": 1.3, "hip_girth": 0.9}])
def test_without_all_levels_bones_decide(trunk, levels_m):
    bare = dataclasses.replace(trunk, levels_m=levels_m)
    np.testing.assert_array_equal(body_regions(bare), bare.vertex_region)


def test_the_trunk_is_divided_midway_between_levels(trunk):
    y, regions = trunk.vertices_m[:, 1], body_regions(trunk)
    for region, low_m, high_m in (("chest", 1.2, 9), ("waist", 1.0, 1.2), ("hip", 0, 1.0)):
        own = (y > low_m + 1e-6) & (y < high_m - 1e-6)
        assert names(regions[own]) == {region}


@pytest.mark.parametrize(
    ("y0", "height_m", "wanted"),
    [(1.17, 0.08, {"chest"}), (1.13, 0.08, {"waist"}), (1.05, 0.3, {"waist", "chest"})],
)
def test_a_band_has_one_region_and_a_shirt_several(trunk, y0, height_m, wanted):
    cloth = tube(0.16, rest_radius_m=0.16, y0=y0, height_m=height_m)
    assert names(face_regions(cloth, trunk, near(trunk, cloth))) == wanted


@pytest.mark.slow
def test_the_waistband_of_a_skirt_is_judged_at_the_waist(fitted):
    """The bones of the ribcage reach below the natural waist; no skirt is tight at the chest."""
    body, measures = fitted
    fabric = load_fabric("poplin")
    levels = garment_levels_on_body(draft_block("skirt", measures), body, edge_length_m=0.025)
    drape = drape_cloth(levels, body, (fabric,), rng=np.random.default_rng(0))
    cloth = levels.finest
    maps = fit_map(cloth, drape, body, (fabric,))
    report = fit_report(cloth, drape, body, (fabric,), maps, fit_class=load_fit_class("tailored"))
    band = cloth.face_panel == cloth.panel_names.index("waistband")
    assert names(maps.face_region[band]) == {"waist"}
    assert "chest" not in report.regions
    assert report.regions["waist"].ease_m == pytest.approx(report.ease["waist_girth"].ease_m)
