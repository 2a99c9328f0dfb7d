"""Colours, maps and sheets say the same thing."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image

from fitting.errors import PreviewError
from fitting.preview import (
    MAPS,
    Cell,
    PaintedMesh,
    Row,
    Scale,
    camera_for,
    camera_on,
    contact_sheet,
    draw_sheet,
    map_style,
    paint,
    probe,
    render,
    write_turntable,
)
from fitting.preview import gl as gl_door
from fitting.preview.colors import face_values_at_vertices
from fitting.preview.labels import legend_picture
from fitting.preview.scene import turntable

SCALE = Scale(title="Stretch [%]", low=0.0, high=10.0)


def ball(name, values, numbers=None):
    solid = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    values = np.full(len(solid.vertices), values)
    return PaintedMesh(
        name=name,
        vertices_m=np.array(solid.vertices),
        faces=np.array(solid.faces),
        colors=SCALE.colors(values),
        numbers=numbers or {},
    )


def test_colours_end_where_the_scale_ends():
    low, high, beyond, unknown = SCALE.colors(np.array([0.0, 10.0, 99.0, np.nan]))
    np.testing.assert_array_equal(high, beyond)
    assert tuple(low) == (0, 34, 78)
    assert tuple(unknown) == (160, 160, 160)


def test_lightness_rises_with_the_value():
    luminance = SCALE.colors(np.linspace(0, 10, 60)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) > -0.6).all()


@pytest.mark.parametrize("palette", ["red_low", "red_high"])
def test_a_diverging_scale_is_equally_dark_at_both_ends_and_light_at_zero(palette):
    scale = Scale(title="Ease [cm]", low=-10, high=10, palette=palette)
    low, middle, high = scale.colors(np.array([-10.0, 0.0, 10.0])) @ [0.2126, 0.7152, 0.0722]
    assert middle > 230
    assert low == pytest.approx(high, abs=30)
    red = scale.colors(np.array([-10.0 if palette == "red_low" else 10.0]))[0]
    assert red[0] > 2 * red[2]


def test_face_values_are_averaged_and_lonely_vertices_are_unknown():
    values = face_values_at_vertices(np.array([1.0, 3.0]), np.array([[0, 1, 2], [1, 3, 2]]), 5)
    np.testing.assert_array_equal(values, [1.0, 2.0, 2.0, 3.0, np.nan])


def test_every_map_paints_what_a_garment_carries():
    n = 162
    names = {name for style in MAPS.values() for name in style.needs}
    mesh = ball("garment", 0.0, {name: np.linspace(-0.05, 0.05, n) for name in names})
    for name in MAPS:
        painted = paint(mesh, map_style(name))
        assert painted.colors.std() > 0 or name in ("pressure", "laplace", "stress")
    assert map_style("pressure", high=6.0).scale.high == 6.0


def test_impossible_maps_are_sentences():
    with pytest.raises(PreviewError, match="not known"):
        map_style("beauty")
    with pytest.raises(PreviewError, match="empty"):
        map_style("gap", low=5.0, high=5.0)
    with pytest.raises(PreviewError, match="zero in the middle"):
        map_style("ease", low=-5.0, high=10.0)
    with pytest.raises(PreviewError, match="strain_warp"):
        paint(ball("garment", 1.0), map_style("stretch"))


@pytest.mark.parametrize("converged", [True, False])
def test_a_sheet_has_a_row_for_each_garment(converged):
    rows = tuple(
        Row(title=name, lines=("ease 8.0 cm",), meshes=(ball(name, 5.0),), converged=converged)
        for name in ("one", "two")
    )
    sheet = draw_sheet(rows, SCALE, crop_low_m=-0.2, panel_width_px=120, panel_height_px=160)
    assert sheet.size == (2 * 28 + 3 * 120, 2 * (84 + 160) + 96)
    assert np.asarray(sheet).std() > 10


def test_a_contact_sheet_has_one_legend_and_a_cell_for_each_picture():
    mesh = ball("ball", 5.0)
    camera = camera_on(mesh.vertices_m, "front")
    cells = tuple(
        Cell(title=name, lines=("a long sentence " * 9,), meshes=(mesh,), camera=camera,
             converged=converged)
        for name, converged in (("a very long title " * 5, True), ("b", False), ("c", None))
    )  # fmt: skip
    sheet = contact_sheet(
        cells, SCALE, n_columns=2, title="three", cell_width_px=150, cell_height_px=120
    )
    assert sheet.size == (2 * 28 + 2 * 150, 52 + 2 * (108 + 120) + 96)
    bare = contact_sheet(cells[:1], None, n_columns=4, cell_width_px=150, cell_height_px=120)
    assert bare.size == (2 * 28 + 150, 10 + 108 + 120 + 10)


def test_the_legend_shows_the_colours_of_the_surface():
    """What is drawn flat differs from the legend's colour of its value by 2 of 255 at most."""
    legend = np.asarray(legend_picture(SCALE, 532)).astype(int)[42, 16:516]
    for value in (0.0, 2.5, 7.0, 10.0):
        mesh = ball("ball", value)
        picture = render(
            (mesh,), camera_for("front", (mesh,)), width_px=40, height_px=40, flat=True
        )
        shown = picture[20, 20].astype(int)
        column = round(value / 10 * 499)
        assert np.abs(legend[column] - shown).max() <= 2


def test_a_turntable_holds_every_picture_with_its_colours(tmp_path):
    mesh = ball("ball", 7.0)
    # Equal frames would be stored as one.
    dents = np.random.default_rng(0).uniform(0.7, 1.0, (len(mesh.vertices_m), 1))
    mesh = replace(mesh, vertices_m=mesh.vertices_m * dents * [0.5, 1.0, 0.9])
    camera = camera_for("front", (mesh,))
    seen = []
    path = tmp_path / "turn.png"
    write_turntable(
        path, (mesh,), camera, scale=SCALE, n_pictures=5, width_px=240, height_px=80, flat=True,
        progress=lambda i, n: seen.append((i, n)),
    )  # fmt: skip
    with Image.open(path) as turn:
        assert getattr(turn, "n_frames", 1) == 5
        assert turn.size == (240, 80 + 96)
        turn.seek(3)
        pixel = turn.convert("RGB").getpixel((120, 40))
    assert np.abs(np.array(pixel) - SCALE.colors(np.array([7.0]))[0]).max() <= 2
    assert seen[-1] == (5, 5)
    azimuths = [one.azimuth_rad for one in turntable(camera, 4)]
    np.testing.assert_allclose(np.diff(azimuths), np.pi / 2)


def test_a_turntable_in_few_colours_is_refused(tmp_path):
    mesh = ball("ball", 7.0)
    with pytest.raises(PreviewError, match=r"\.gif"):
        write_turntable(tmp_path / "turn.gif", (mesh,), camera_for("front", (mesh,)))


def test_a_missing_graphics_library_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrender", None)
    with pytest.raises(PreviewError, match="not usable here"):
        gl_door.draw_probe("osmesa")
    with pytest.raises(PreviewError, match="no OpenGL backend"):
        gl_door.draw_probe("metal")


def test_what_draws_here_is_found_out_once(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSLIN_CACHE_DIR", str(tmp_path))
    tried = []
    monkeypatch.setattr(probe, "_try", lambda backend: tried.append(backend) or "no screen")
    assert probe.gl_state("egl") == "no screen"
    assert probe.gl_state("egl") == "no screen"
    assert tried == ["egl"]
    assert probe.gl_state("egl", again=True) == "no screen"
    assert tried == ["egl", "egl"]
    (path,) = tmp_path.rglob("opengl.json")
    assert "no screen" in json.loads(path.read_text(encoding="utf-8")).values()
    path.write_text("{broken", encoding="utf-8")
    assert probe.gl_state("egl") == "no screen"


def test_a_child_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(probe, "_DRAW", "import sys; sys.exit('no EGL here')")
    assert probe._try("egl") == "no EGL here"
    monkeypatch.setattr(probe, "_DRAW", "import time; time.sleep(20)")
    assert "within" in probe._try("egl", timeout_s=0.5)


def test_without_opengl_the_picture_is_drawn_by_numpy(monkeypatch):
    module = sys.modules["fitting.preview.render"]
    monkeypatch.setattr(module, "gl_works", lambda backend: False)
    mesh = ball("body", 3.0)
    camera = camera_for("front", (mesh,))
    picture = render((mesh,), camera, width_px=30, height_px=30, backend="auto")
    assert picture.std() > 5
