"""The z-buffer against closed forms and against OpenGL."""

import subprocess
import sys

import numpy as np
import pytest
import trimesh

from fitting.preview import Camera, PaintedMesh, camera_for, render
from fitting.preview.probe import gl_works
from fitting.preview.scene import vertex_normals
from fitting.preview.zbuffer import coverage_mask, render_zbuffer


def painted(vertices, faces, color=(200, 40, 40), *, two_sided=False, name="mesh"):
    vertices = np.asarray(vertices, dtype=np.float64)
    return PaintedMesh(
        name=name,
        vertices_m=vertices,
        faces=np.asarray(faces, dtype=np.int64),
        colors=np.tile(np.array(color, dtype=np.uint8), (len(vertices), 1)),
        two_sided=two_sided,
    )


FRONT = Camera(azimuth_rad=0.0, center_m=np.zeros(3), height_m=2.0)


def square(z, color, size=0.5):
    corners = [[-size, -size, z], [size, -size, z], [size, size, z], [-size, size, z]]
    return painted(corners, [[0, 1, 2], [0, 2, 3]], color)


def test_a_square_covers_its_area():
    mask = coverage_mask((square(0.0, (0, 0, 0)),), FRONT, width_px=200, height_px=200)
    assert mask.sum() == 100 * 100
    assert mask[50:150, 50:150].all()


def test_the_nearer_mesh_wins_in_any_order():
    near, far = square(0.3, (10, 20, 200)), square(-0.3, (200, 20, 10))
    for meshes in ((near, far), (far, near)):
        picture = render_zbuffer(meshes, FRONT, width_px=40, height_px=40, flat=True)
        assert tuple(picture[20, 20]) == (10, 20, 200)


def test_the_back_of_a_solid_is_not_drawn_and_that_of_cloth_is():
    away = [[0, 2, 1], [0, 3, 2]]
    corners = square(0.0, (1, 1, 1)).vertices_m
    solid, cloth = painted(corners, away), painted(corners, away, two_sided=True)
    assert not coverage_mask((solid,), FRONT, width_px=20, height_px=20).any()
    assert coverage_mask((cloth,), FRONT, width_px=20, height_px=20).any()


def test_left_is_on_the_right_of_a_front_view():
    """The wearer's left (+x) appears on the right for someone who faces the wearer."""
    left = painted([[0.2, -0.1, 0], [0.6, -0.1, 0], [0.4, 0.3, 0]], [[0, 1, 2]])
    mask = coverage_mask((left,), FRONT, width_px=100, height_px=100)
    assert mask[:, 50:].any()
    assert not mask[:, :50].any()


def test_flat_colour_is_the_legend_colour():
    picture = render((square(0.0, (225, 204, 85)),), FRONT, width_px=50, height_px=50, flat=True)
    assert np.abs(picture[25, 25].astype(int) - [225, 204, 85]).max() <= 2


def test_shading_takes_at_most_its_share():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.8)
    mesh = painted(ball.vertices, ball.faces, (200, 200, 200))
    mask = coverage_mask((mesh,), FRONT, width_px=120, height_px=120)
    picture = render_zbuffer((mesh,), FRONT, width_px=120, height_px=120, supersampling=1)
    assert picture[mask].min() >= 0.7 * 200 - 1


def test_a_closed_mesh_has_no_holes():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.8)
    mesh = painted(ball.vertices, ball.faces)
    mask = coverage_mask((mesh,), FRONT, width_px=300, height_px=300)
    y, x = np.mgrid[0:300, 0:300]
    inner = np.hypot((x + 0.5 - 150) / 150, (y + 0.5 - 150) / 150) < 0.79
    assert mask[inner].all()


def test_same_scene_same_bytes():
    ball = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    mesh = painted(ball.vertices, ball.faces)
    camera = camera_for("three_quarter", (mesh,))
    pictures = [render_zbuffer((mesh,), camera, width_px=64, height_px=64) for _ in range(2)]
    np.testing.assert_array_equal(*pictures)


def test_normals_of_a_ball_point_outward():
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = vertex_normals(np.array(ball.vertices), np.array(ball.faces))
    assert ((normals * ball.vertices).sum(axis=1) > 0.99).all()


CHILD = """
import sys
import numpy as np, trimesh
from fitting.preview import Camera, PaintedMesh, render
ball = trimesh.creation.icosphere(subdivisions=4, radius=0.7)
colors = np.tile(np.array([200, 40, 40], dtype=np.uint8), (len(ball.vertices), 1))
mesh = PaintedMesh(
    name="ball", vertices_m=np.array(ball.vertices), faces=np.array(ball.faces), colors=colors
)
camera = Camera(azimuth_rad=0.0, center_m=np.zeros(3), height_m=2.0)
picture = render((mesh,), camera, width_px=200, height_px=200, backend=sys.argv[1])
np.save(sys.argv[2], picture)
"""


FLAT_CHILD = """
import sys
import numpy as np, trimesh
from fitting.preview import Camera, PaintedMesh, render
ball = trimesh.creation.icosphere(subdivisions=4, radius=0.7)
shown = []
for color in ((0, 34, 78), (112, 113, 115), (254, 232, 56), (122, 18, 32)):
    colors = np.tile(np.array(color, dtype=np.uint8), (len(ball.vertices), 1))
    mesh = PaintedMesh(
        name="ball", vertices_m=np.array(ball.vertices), faces=np.array(ball.faces), colors=colors
    )
    camera = Camera(azimuth_rad=0.0, center_m=np.zeros(3), height_m=2.0)
    picture = render(
        (mesh,), camera, width_px=60, height_px=60, backend=sys.argv[1], flat=True
    )
    shown.append(np.abs(picture[30, 30].astype(int) - color).max())
print(max(shown))
"""


@pytest.mark.parametrize("backend", ["numpy", "egl", "osmesa"])
def test_every_backend_shows_the_colour_of_the_legend(backend, missing):
    """Flat-lit, within 2 of 255; in a child process, one OpenGL platform each."""
    if backend != "numpy" and not gl_works(backend):
        missing(f"{backend} draws nothing on this machine")
    command = [sys.executable, "-c", FLAT_CHILD, backend]
    done = subprocess.run(command, check=True, timeout=100, capture_output=True, text=True)
    assert int(done.stdout) <= 2


@pytest.mark.parametrize("backend", ["egl", "osmesa"])
def test_opengl_draws_the_same_silhouette(backend, tmp_path, missing):
    """In a child process, since a process can hold one OpenGL platform only."""
    if not gl_works(backend):
        missing(f"{backend} draws nothing on this machine")
    path = tmp_path / "picture.npy"
    command = [sys.executable, "-c", CHILD, backend, str(path)]
    subprocess.run(command, check=True, timeout=100)
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.7)
    mesh = painted(ball.vertices, ball.faces)
    drawn = np.load(path)[..., 1] < 147  # half way to the white behind: edges are smoothed
    mask = coverage_mask((mesh,), FRONT, width_px=200, height_px=200)
    assert (drawn & mask).sum() / (drawn | mask).sum() >= 0.99


def test_auto_draws_with_something():
    picture = render((square(0.0, (9, 9, 9)),), FRONT, width_px=20, height_px=20, backend="auto")
    assert picture.shape == (20, 20, 3)
    assert picture[10, 10].max() < 100


def test_a_sliver_never_leaves_the_colours_of_its_corners():
    rng = np.random.default_rng(4)
    corners = rng.uniform(-0.9, 0.9, (60, 3))
    faces = rng.permutation(60).reshape(20, 3)
    mesh = painted(corners, faces, (120, 60, 30), two_sided=True)
    picture = render_zbuffer((mesh,), FRONT, width_px=80, height_px=80, flat=True, supersampling=1)
    mask = coverage_mask((mesh,), FRONT, width_px=80, height_px=80)
    assert np.unique(picture[mask], axis=0).tolist() == [[120, 60, 30]]
    assert (picture[~mask] == 255).all()


def test_neighbours_share_their_edge_without_a_gap_or_a_double():
    """Two triangles of a square cover each pixel centre once, at any turn."""
    for angle in np.linspace(0, 1.5, 7):
        c, s = np.cos(angle), np.sin(angle)
        turned = square(0.0, (9, 9, 9)).vertices_m @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        halves = [painted(turned, [face], (9, 9, 9)) for face in ([0, 1, 2], [0, 2, 3])]
        masks = [
            coverage_mask((half,), FRONT, width_px=90, height_px=90).astype(int) for half in halves
        ]
        both = coverage_mask(tuple(halves), FRONT, width_px=90, height_px=90)
        assert (masks[0] + masks[1]).max() == 1
        np.testing.assert_array_equal(masks[0] + masks[1], both)


def test_from_above_the_front_is_below():
    nose = painted(
        [[-0.1, 0.0, 0.3], [0.1, 0.0, 0.3], [0.0, 0.0, 0.6]], [[0, 1, 2]], two_sided=True
    )
    above = Camera(azimuth_rad=0.0, center_m=np.zeros(3), height_m=2.0, elevation_rad=np.pi / 2)
    mask = coverage_mask((nose,), above, width_px=60, height_px=60)
    assert mask[30:].any()
    assert not mask[:30].any()
