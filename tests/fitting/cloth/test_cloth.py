"""Meshes keep their boundary, seams meet point to point, and nothing starts inside the body."""

import dataclasses

import numpy as np
import pytest
import trimesh

from fitting.body import REGIONS, pose_body
from fitting.cloth import fabric_names, garment_on_body, load_fabric, mesh_pattern
from fitting.cloth.crossing import body_crossings, cloth_crossings
from fitting.cloth.sew import weld
from fitting.cloth.triangulate import min_angles_rad
from fitting.errors import FabricError, PatternError
from fitting.pattern import (
    Edge,
    Panel,
    Pattern,
    Seam,
    complete_measures,
    draft_block,
    draft_tshirt,
    read_garmentcode,
)


@pytest.fixture(scope="module")
def shirt(demo_measures):
    return draft_tshirt(demo_measures[0])


def loops(faces):
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert count.max() <= 2
    return len(trimesh.graph.connected_components(unique[count == 1], min_len=3))


@pytest.mark.parametrize("edge_length_m", [0.016, 0.01])
def test_the_mesh_is_nearly_equilateral_and_keeps_its_boundary(shirt, edge_length_m):
    flat = mesh_pattern(shirt, edge_length_m=edge_length_m)
    angles = np.degrees(min_angles_rad(flat.uv_m, flat.faces))
    assert np.quantile(angles, 0.05) >= 45
    assert angles.min() >= 20
    for (name, i_edge), rows in flat.edge_points.items():
        points = shirt.panel(name).sample_m(i_edge, len(rows) - 1)
        np.testing.assert_allclose(flat.uv_m[rows], points, atol=1e-12)
    for panel_index, panel in enumerate(shirt.panels):
        own = flat.faces[flat.face_panel == panel_index]
        corners = flat.uv_m[own]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
        outline = panel.outline_m()
        x, y = outline.T
        exact = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2
        assert area.sum() == pytest.approx(exact, rel=0.01)
        assert (np.sign(area) == np.sign(exact)).all()


def test_mirrored_panels_are_meshed_alike(demo_measures, demo_fit):
    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    flat = mesh_pattern(draft_block("trousers", measures), edge_length_m=0.03)
    sides = [flat.uv_m[flat.panel == i] for i in range(4)]
    angles = [
        np.sort(min_angles_rad(flat.uv_m, flat.faces[flat.face_panel == i])) for i in range(4)
    ]
    twins = [
        (i, j)
        for i in range(4)
        for j in range(i)
        if len(angles[i]) == len(angles[j]) and np.allclose(angles[i], angles[j], atol=1e-6)
    ]
    assert len(twins) == 2
    for i, j in twins:
        widths = np.ptp(sides[i], axis=0), np.ptp(sides[j], axis=0)
        np.testing.assert_allclose(*widths, atol=1e-9)


def test_same_pattern_same_bits(shirt):
    first, second = (mesh_pattern(shirt, edge_length_m=0.025) for _ in range(2))
    np.testing.assert_array_equal(first.uv_m, second.uv_m)
    np.testing.assert_array_equal(first.faces, second.faces)


def crossings(cloth, body):
    """Triangles that cross, by the oracle: cloth through cloth, and cloth through body."""
    import ipctk

    def crosses(points, faces):
        faces = faces.astype(np.int32)
        return int(ipctk.has_intersections(
            ipctk.CollisionMesh(points, ipctk.edges(faces), faces), points
        ))  # fmt: skip

    n = len(cloth.positions_m)
    both = np.concatenate([cloth.positions_m, body.vertices_m])
    # Fingers, toes and lips touch each other, which would hide what this counts.
    busy = np.isin(body.vertex_region, [REGIONS.index(r) for r in ("head", "hand", "foot")])
    skin = body.faces[~busy[body.faces].any(axis=1)]
    assert not crosses(body.vertices_m, skin)
    faces = np.concatenate([cloth.faces, skin + n])
    return crosses(cloth.positions_m, cloth.faces), crosses(both, faces)


def outside(points_m, body):
    mesh = trimesh.Trimesh(body.vertices_m, body.faces, process=False)
    return -trimesh.proximity.signed_distance(mesh, points_m)


def test_a_shirt_starts_round_the_body(shirt, demo_body):
    cloth = garment_on_body(shirt, demo_body, edge_length_m=0.025)
    assert loops(cloth.faces) == 4
    assert outside(cloth.positions_m, demo_body).min() > 0.004
    a, b = cloth.seam_pairs.T
    np.testing.assert_array_equal(cloth.flat_to_welded[a], cloth.flat_to_welded[b])
    np.testing.assert_array_equal(cloth.flat_to_welded[cloth.flat_faces], cloth.faces)
    corners = cloth.positions_m[cloth.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    front = cloth.face_panel == cloth.panel_names.index("front")
    assert np.median(normals[front][:, 2]) > 0
    # The warp runs up the front: u is the height in the panel.
    flat = cloth.flat_uv_m[cloth.flat_faces[front]]
    np.testing.assert_allclose(cloth.rest_uv_m[front][..., 0], flat[..., 1], atol=1e-12)


def test_a_real_sleeved_shirt_starts_round_the_body(shared_data, demo_body):
    path = shared_data / "garmentcode" / "Patterns" / "shirt_mean_specification.json"
    cloth = garment_on_body(read_garmentcode(path), demo_body, edge_length_m=0.025)
    assert loops(cloth.faces) == 4
    assert outside(cloth.positions_m, demo_body).min() > 0.004


@pytest.mark.parametrize("name", ["basic tee/tee_hood", "combos/jumpsuit", "skirts/skirt_4_panels"])
def test_imported_patterns_start_without_overlap(shared_data, demo_body, name):
    path = shared_data / "garment_pattern_generator" / "Patterns" / f"{name}.json"
    cloth = garment_on_body(read_garmentcode(path), demo_body, edge_length_m=0.03)
    assert crossings(cloth, demo_body) == (0, 0)


def strip(width_m, height_m=0.3):
    corners = np.array([[0.0, 0], [width_m, 0], [width_m, height_m], [0, height_m]])
    return Panel(
        name="strip",
        vertices_m=corners,
        edges=tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4)),
        wrap="torso_front",
    )


def test_a_seam_that_folds_a_triangle_is_refused(shirt):
    flat = mesh_pattern(shirt, edge_length_m=0.05)
    a, b, _ = flat.faces[0]
    folding = dataclasses.replace(flat, seam_sides=((0, np.array([a]), np.array([b])),))
    with pytest.raises(PatternError, match="of front lose a side"):
        weld(folding, shirt)


def test_a_panel_in_the_wrong_unit_is_refused():
    with pytest.raises(PatternError, match="unit"):
        mesh_pattern(
            Pattern(name="p", panels=(strip(3000.0, 3000.0),), seams=()), edge_length_m=0.5
        )


def test_a_crossing_panel_is_refused():
    panel = strip(0.3)
    panel.vertices_m[[1, 2]] = panel.vertices_m[[2, 1]]
    with pytest.raises(PatternError, match="crosses itself"):
        mesh_pattern(Pattern(name="p", panels=(panel,), seams=()), edge_length_m=0.05)


def test_cards_that_ship_are_sound():
    assert {"cotton_jersey", "denim", "poplin"} <= set(fabric_names())
    for name in fabric_names():
        fabric = load_fabric(name)
        assert fabric.name == name
        assert fabric.tensile_coupling_n_m**2 < fabric.tensile_warp_n_m * fabric.tensile_weft_n_m
        assert set(fabric.provenance) >= {"tensile_warp_n_m", "friction_skin"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("thickness_m = ", "thicknes = ", "has no thickness_m"),
        ("area_density_kg_m2 = 0.16", "area_density_kg_m2 = -1", "wanted above 0"),
        ("tensile_coupling_n_m = 90.0", "tensile_coupling_n_m = 900.0", "gain energy"),
        ("shear_n_m_rad = 35.0", 'shear_n_m_rad = "soft"', "wanted a number"),
        ("name =", "name", "cannot be read"),
        ("tensile_warp_n_m = 420", "tensile_warp_n_m = inf # ", "is inf, wanted a number"),
        ("name =", "curve_warp = 3\nname =", "has 3, wanted pairs of strain and force"),
        ("name =", "curve_weft = [[0, 1], [nan, 2]]\nname =", "nan, 2.*wanted pairs"),
        ("[provenance]", "provenance = 3\n[other]", "wanted a table"),
    ],
)
def test_bad_cards_are_refused(tmp_path, assets, old, new, said):
    text = (assets / "fabrics" / "cotton_jersey.toml").read_text(encoding="utf-8")
    path = tmp_path / "card.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FabricError, match=said):
        load_fabric(str(path))


def test_an_unknown_fabric_lists_the_known():
    with pytest.raises(FabricError, match="cotton_jersey"):
        load_fabric("spider_silk")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "pose"),
    [("leggings", "t"), ("trousers", "a"), ("skirt", "a"), ("base_layer", "arms_up")],
)
def test_blocks_start_without_overlap_in_any_pose(demo_fit, demo_measures, name, pose):
    measures = complete_measures(demo_measures[0], demo_fit.achieved)
    body = pose_body(demo_fit.body, pose)
    cloth = garment_on_body(draft_block(name, measures), body, edge_length_m=0.03)
    assert crossings(cloth, demo_fit.body if pose == "a" else body)[0] == 0
    found = body_crossings(cloth.positions_m, cloth.faces, body.vertices_m, body.faces)
    assert len(found) == 0


def test_crossing_triangles_are_found():
    flat = np.array(
        [[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0.2, 0.2, -1], [0.3, 0.2, 1], [0.2, 0.3, 1]]
    )
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    assert len(cloth_crossings(flat, faces)) == 1
    assert len(body_crossings(flat[:3], faces[:1], flat[3:], faces[:1])) == 1
    apart = flat + np.array([[0.0, 0, 0]] * 3 + [[2.0, 0, 0]] * 3)
    assert len(cloth_crossings(apart, faces)) == 0
    assert len(body_crossings(apart[:3], faces[:1], apart[3:], faces[:1])) == 0


def test_a_garment_that_cannot_go_on_is_refused(demo_body):
    panels = tuple(
        dataclasses.replace(strip(0.12, 0.4), name=name, wrap=wrap)
        for name, wrap in (("f", "sleeve_l"), ("b", "sleeve_r"))
    )
    seams = tuple(Seam(side_a=("f", i), side_b=("b", i)) for i in (0, 1, 2, 3))
    with pytest.raises(PatternError, match="cannot be put on"):
        garment_on_body(
            Pattern(name="bag", panels=panels, seams=seams), demo_body, edge_length_m=0.03
        )
