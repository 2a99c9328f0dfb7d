"""Colours, sheets and GLB files say the same thing."""

import json
import struct
import sys

import numpy as np
import pytest
import trimesh

from fitting.errors import PreviewError
from fitting.preview import PaintedMesh, Row, Scale, camera_for, draw_sheet, render, write_glb
from fitting.preview import gl as gl_door
from fitting.preview.colors import face_values_at_vertices

SCALE = Scale(title="Stretch [%]", low=0.0, high=10.0)


def ball(name, values):
    solid = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    values = np.full(len(solid.vertices), values)
    return PaintedMesh(
        name=name,
        vertices_m=np.array(solid.vertices),
        faces=np.array(solid.faces),
        colors=SCALE.colors(values),
    )


def test_colours_end_where_the_scale_ends():
    low, high, beyond, unknown = SCALE.colors(np.array([0.0, 10.0, 99.0, np.nan]))
    np.testing.assert_array_equal(high, beyond)
    assert tuple(low) == (0, 34, 78)
    assert tuple(unknown) == (160, 160, 160)


def test_lightness_rises_with_the_value():
    luminance = SCALE.colors(np.linspace(0, 10, 60)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) > -0.6).all()


def test_face_values_are_averaged_and_lonely_vertices_are_unknown():
    values = face_values_at_vertices(np.array([1.0, 3.0]), np.array([[0, 1, 2], [1, 3, 2]]), 5)
    np.testing.assert_array_equal(values, [1.0, 2.0, 2.0, 3.0, np.nan])


@pytest.mark.parametrize("converged", [True, False])
def test_a_sheet_has_a_row_for_each_garment(converged):
    rows = tuple(
        Row(title=name, lines=("ease 8.0 cm",), meshes=(ball(name, 5.0),), converged=converged)
        for name in ("one", "two")
    )
    sheet = draw_sheet(rows, SCALE, crop_low_m=-0.2, panel_width_px=120, panel_height_px=160)
    assert sheet.size == (2 * 28 + 3 * 120, 2 * (84 + 160) + 96)
    assert np.asarray(sheet).std() > 10


def test_a_glb_names_its_nodes_and_is_not_metal(tmp_path):
    path = tmp_path / "fit.glb"
    write_glb(path, (ball("body", 0.0), ball("garment", 9.0)))
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    tree = json.loads(data[20 : 20 + length])
    assert {"body", "garment"} <= {node.get("name") for node in tree["nodes"]}
    assert tree["materials"][0]["pbrMetallicRoughness"]["metallicFactor"] == 0.0
    for mesh in tree["meshes"]:
        assert "COLOR_0" in mesh["primitives"][0]["attributes"]
        assert mesh["primitives"][0]["material"] == 0


def test_a_missing_graphics_library_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with pytest.raises(PreviewError, match="not usable here"):
        gl_door.open_renderer("osmesa", 8, 8)


def test_without_opengl_the_picture_is_drawn_by_numpy(monkeypatch):
    module = sys.modules["fitting.preview.render"]
    monkeypatch.setattr(module, "gl_works", lambda backend: False)
    mesh = ball("body", 3.0)
    camera = camera_for("front", (mesh,))
    picture = render((mesh,), camera, width_px=30, height_px=30, backend="auto")
    assert picture.std() > 5
