"""Sensors on a mesh, against closed forms on a flat panel that is drawn, turned and bent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.body import Measurements
from fitting.cloth.mesh import mesh_pattern
from fitting.cloth.sew import sewn_cloth
from muslin.twin import (
    Dressed,
    SensorError,
    locate,
    locate_point,
    panel_point,
    resolve,
    sensors_from_tables,
    twin_garment,
)
from muslin.twin.sensors.resolve import offset_on_panel_m

PATTERN = twin_garment("chest_band").draft(Measurements(under_bust_girth=0.8))


def flat_cloth(edge_length_m=0.012):
    """The band as it lies on a table, unsewn."""
    flat = mesh_pattern(PATTERN, edge_length_m=edge_length_m)
    positions = np.c_[flat.uv_m, np.zeros(len(flat.uv_m))]
    rows = np.arange(len(flat.uv_m))
    return sewn_cloth(flat, PATTERN, rows, positions, np.zeros(1, dtype=bool), fabric=0)


CLOTH = flat_cloth()
PATCH = {"name": "e", "kind": "electrode", "panel": "band", "at_cm": [5, 2], "size_cm": [3, 2]}
LINE = {"name": "s", "kind": "strain_line", "panel": "band", "path_cm": [[-9, 1], [-4, 3]]}


def site_of(**row):
    plans = sensors_from_tables({"sensor": [row]}).plans
    return locate(resolve(plans, PATTERN)[0], CLOTH)


def test_an_area_keeps_its_size_and_middle():
    site = site_of(**PATCH)
    assert site.weights.sum() == pytest.approx(6e-4, rel=1e-6)
    middle = site.mean(site.points_m(CLOTH.positions_m))
    np.testing.assert_allclose(middle, [0.05, 0.02, 0.0], atol=1e-9)


def test_a_path_keeps_its_length():
    site = site_of(**LINE)
    assert site.weights.sum() == pytest.approx(np.hypot(0.05, 0.02), rel=1e-9)
    np.testing.assert_allclose(np.linalg.norm(site.directions, axis=1), 1.0)


def test_a_line_on_triangle_edges_counts_once():
    """The middle of the band is a row of mesh edges."""
    site = site_of(**{**LINE, "path_cm": [[-9, 2], [9, 2]]})
    assert site.weights.sum() == pytest.approx(0.18, rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(
    stretch=st.tuples(st.floats(0.8, 1.6), st.floats(0.8, 1.6)),
    way=st.floats(-np.pi, np.pi),
)
def test_strain_is_that_of_the_path_as_drawn(stretch, way):
    """A homogeneous stretch lengthens a path as it lengthens its vector."""
    step = 1.5 * np.array([np.cos(way), np.sin(way)])
    path = np.array([4.0, 2.0]) + np.outer([-1.0, 1.0], step)
    site = site_of(**{**LINE, "path_cm": path.tolist()})
    positions = CLOTH.positions_m * np.array([*stretch, 1.0])
    vector = (path[1] - path[0]) / np.linalg.norm(path[1] - path[0])
    expected = np.linalg.norm(vector * stretch) - 1
    assert site.strain(positions) == pytest.approx(expected, abs=1e-9)


def test_a_bent_path_is_weighted_by_its_length():
    """4 cm along x stretched by 1.5 and 1 cm along y kept: 7 cm of 5."""
    site = site_of(**{**LINE, "path_cm": [[0, 1], [4, 1], [4, 2]]})
    positions = CLOTH.positions_m * np.array([1.5, 1.0, 1.0])
    assert site.strain(positions) == pytest.approx(7 / 5 - 1, abs=1e-9)


def test_rolled_cloth_turns_the_normal_and_keeps_the_strain():
    x, y, _ = CLOTH.positions_m.T
    radius = 0.1
    rolled = np.stack([radius * np.sin(x / radius), y, radius * np.cos(x / radius)], axis=1)
    site = site_of(**{**PATCH, "at_cm": [7.5, 2], "size_cm": [1, 1]})
    angle = 0.075 / radius
    np.testing.assert_allclose(site.normal(rolled), [np.sin(angle), 0, np.cos(angle)], atol=2e-2)
    assert site.strain(rolled) == pytest.approx(0, abs=1e-3)
    R = site.R_world_sensor(rolled)
    np.testing.assert_allclose(R.T @ R, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1.0)


def test_the_mesh_hardly_matters():
    fine = flat_cloth(0.006)
    plans = sensors_from_tables({"sensor": [LINE]}).plans
    sensor = resolve(plans, PATTERN)[0]

    def strain(cloth):
        x, y, z = cloth.positions_m.T
        bent = np.stack([x + 0.4 * x**2, y + 0.5 * x * y, z], axis=1)
        return locate(sensor, cloth).strain(bent)

    assert strain(fine) == pytest.approx(strain(CLOTH), abs=2e-3)


def test_a_sensor_beside_the_mesh_is_refused():
    with pytest.raises(SensorError, match="beyond panel 'band'"):
        site_of(**{**PATCH, "at_cm": [5, 0]})
    with pytest.raises(SensorError, match=r"by 1\d mm"):
        site_of(**{**LINE, "path_cm": [[0, 2], [0, 5]]})


def test_a_point_is_found_again():
    row, barycentric = locate_point(CLOTH, "band", np.array([0.061, 0.013]))
    found = barycentric @ CLOTH.positions_m[CLOTH.faces[row]]
    np.testing.assert_allclose(found[:2], [0.061, 0.013], atol=1e-12)


def test_space_leads_back_to_the_panel():
    dressed = Dressed(body=None, cloth=CLOTH, positions_m=CLOTH.positions_m)
    _, panel, uv, distance_m = panel_point(dressed, np.array([0.031, 0.022, 0.01]))
    assert panel == "band"
    assert distance_m == pytest.approx(0.01, abs=1e-9)
    np.testing.assert_allclose(uv, [0.031, 0.022], atol=1e-9)


def test_an_offset_is_laid_off_on_the_worn_cloth():
    """On cloth that faces forward and is stretched twofold, 2 cm worn are 1 cm flat."""
    dressed = Dressed(
        body=None, cloth=CLOTH, positions_m=CLOTH.positions_m * np.array([2.0, 1.0, 1.0])
    )
    offset = offset_on_panel_m(dressed, 3, np.array([0.02, 0.01]))
    np.testing.assert_allclose(offset, [0.01, 0.01], atol=1e-9)
