"""Animations as morph targets: what is shown at a frame is what was computed."""

import json
import struct

import numpy as np
import pytest
import trimesh

from fitting.errors import PreviewError
from fitting.preview import MovingMesh, PaintedMesh, read_glb_motion, write_glb_motion

FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])


def moving(n_frames=4, name="body"):
    rng = np.random.default_rng(1)
    frames = rng.normal(size=(n_frames, 4, 3))
    mesh = PaintedMesh(
        name=name, vertices_m=frames[0], faces=FACES, colors=np.full((4, 3), 120, dtype=np.uint8)
    )
    return MovingMesh(mesh=mesh, frames_m=frames)


def tree_of(path):
    data = path.read_bytes()
    length, kind = struct.unpack_from("<II", data, 12)
    assert kind == 0x4E4F534A
    return json.loads(data[20 : 20 + length]), data


def test_frames_come_back(tmp_path):
    path = tmp_path / "a.glb"
    meshes = (moving(), moving(name="garment"))
    time_s = np.array([0.0, 0.1, 0.25, 0.3])
    write_glb_motion(path, meshes, time_s, extras={"title": "t"})
    read_s, frames = read_glb_motion(path)
    np.testing.assert_allclose(read_s, time_s, atol=1e-7)
    for each in meshes:
        np.testing.assert_allclose(frames[each.mesh.name], each.frames_m, atol=1e-6)


def test_the_file_is_what_the_standard_wants(tmp_path):
    """Sizes, bounds and offsets of glTF 2.0: what viewers refuse first."""
    path = tmp_path / "a.glb"
    write_glb_motion(path, (moving(), moving(name="garment")), np.arange(4) / 10)
    tree, data = tree_of(path)
    assert struct.unpack_from("<I", data, 8)[0] == len(data)
    assert all(view["byteOffset"] % 4 == 0 for view in tree["bufferViews"])
    end = max(view["byteOffset"] + view["byteLength"] for view in tree["bufferViews"])
    assert end <= tree["buffers"][0]["byteLength"]
    (animation,) = tree["animations"]
    (sampler,) = animation["samplers"]
    times, weights = (tree["accessors"][sampler[key]] for key in ("input", "output"))
    assert "min" in times
    assert "target" not in tree["bufferViews"][times["bufferView"]]
    for channel, node in zip(animation["channels"], tree["nodes"], strict=True):
        mesh = tree["meshes"][node["mesh"]]
        (part,) = mesh["primitives"]
        assert channel["target"]["path"] == "weights"
        assert len(part["targets"]) == len(mesh["weights"]) == 3
        assert weights["count"] == times["count"] * 3
        for target in part["targets"]:
            place = tree["accessors"][target["POSITION"]]
            assert place["count"] == tree["accessors"][part["attributes"]["POSITION"]]["count"]
            assert len(place["min"]) == len(place["max"]) == 3


def test_other_programs_read_the_first_frame(tmp_path):
    path = tmp_path / "a.glb"
    one = moving()
    write_glb_motion(path, (one,), np.arange(4) / 10)
    scene = trimesh.load(path, process=False)
    (mesh,) = scene.geometry.values()
    np.testing.assert_allclose(mesh.vertices, one.frames_m[0], atol=1e-6)


@pytest.mark.parametrize(
    ("time_s", "words"),
    [([0.0], "at least two"), ([0.0, 0.2, 0.1, 0.3], "rising"), ([0.0, 0.1], "frames of shape")],
)
def test_what_is_no_animation_is_refused(time_s, words, tmp_path):
    with pytest.raises(PreviewError, match=words):
        write_glb_motion(tmp_path / "a.glb", (moving(),), np.array(time_s))


def test_a_still_file_is_no_animation(tmp_path):
    path = tmp_path / "a.glb"
    path.write_bytes(b"no file")
    with pytest.raises(PreviewError, match="no animation"):
        read_glb_motion(path)
