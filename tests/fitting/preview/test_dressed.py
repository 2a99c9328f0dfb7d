"""Fits become meshes at their true place with all their numbers."""

import dataclasses

import numpy as np
import pytest
from tubes import RADIUS_M, tube

from fitting.body import Body
from fitting.cloth import load_fabric
from fitting.fit import fit_map
from fitting.preview import MAPS, dressed, map_style, paint
from fitting.preview.dressed import seam_mesh


@pytest.fixture(scope="module")
def worn(resting):
    skin = tube(RADIUS_M, rest_radius_m=RADIUS_M, y0=0.5, height_m=1.2)
    body = Body(
        vertices_m=skin.positions_m, faces=skin.faces, joints_m={}, landmarks_m={},
        levels_m={}, vertex_region=np.full(len(skin.positions_m), 3), pose="a",
    )  # fmt: skip
    cloth = tube(0.16, rest_radius_m=0.15)
    drape = resting(cloth.positions_m, np.full(len(cloth.positions_m), 0.1))
    fit = fit_map(cloth, drape, body, (load_fabric("cotton_jersey"),))
    return dressed(body, cloth, drape, fit, map_style("stretch"))


def test_cloth_is_drawn_where_it_is(worn):
    cloth = tube(0.16, rest_radius_m=0.15)
    body, garment, seams = worn
    np.testing.assert_array_equal(garment.vertices_m, cloth.positions_m)
    assert (body.name, garment.name, seams.name) == ("body", "garment", "seams")
    assert garment.two_sided


def test_every_map_can_be_painted_from_the_numbers(worn):
    for name in MAPS:
        paint(worn[1], map_style(name))
    assert np.nanmean(worn[1].numbers["ease_m"]) == pytest.approx(0.0, abs=1e-3)


def test_seam_ribbons_lie_on_the_seam(worn):
    points = worn[2].vertices_m
    assert np.hypot(points[:, 0], points[:, 2]) == pytest.approx(0.16, abs=2e-3)
    # The only seam of the tube is at the front, where its panel starts and ends.
    assert np.abs(points[:, 0]).max() < 3e-3
    assert points[:, 2].min() > 0.15


def test_cloth_without_seams_has_no_ribbons():
    cloth = tube(0.16, rest_radius_m=0.15)
    flat = dataclasses.replace(
        cloth, flat_faces=cloth.faces, flat_to_welded=np.arange(len(cloth.positions_m))
    )
    assert seam_mesh(flat, cloth.positions_m) is None
