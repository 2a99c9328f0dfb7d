"""GLB files hold the scene, its colours and its numbers."""

import json
import struct

import numpy as np
import pytest
import trimesh

from fitting.errors import PreviewError
from fitting.preview import PaintedMesh, read_glb, write_glb


def mesh(name, *, two_sided=False, numbers=None):
    solid = trimesh.creation.icosphere(subdivisions=1, radius=0.5)
    rng = np.random.default_rng(1)
    return PaintedMesh(
        name=name,
        vertices_m=np.array(solid.vertices),
        faces=np.array(solid.faces),
        colors=rng.integers(0, 256, (len(solid.vertices), 3)).astype(np.uint8),
        two_sided=two_sided,
        numbers=numbers or {},
    )


def tree_of(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    assert len(data) == struct.unpack_from("<I", data, 8)[0]
    return json.loads(data[20 : 20 + length])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "fit.glb"
    pressure = np.linspace(0, 2000, 42)
    pressure[3] = np.nan
    garment = mesh("garment", two_sided=True, numbers={"pressure_pa": pressure})
    write_glb(path, (mesh("body"), garment), extras={"title": "T-shirt", "converged": True})
    return path


def test_nodes_have_names_and_nothing_is_metal(file):
    tree = tree_of(file)
    assert [node["name"] for node in tree["nodes"]] == ["body", "garment"]
    for material in tree["materials"]:
        assert material["pbrMetallicRoughness"]["metallicFactor"] == 0.0
    parts = [part["primitives"][0] for part in tree["meshes"]]
    assert all("COLOR_0" in part["attributes"] for part in parts)
    assert [tree["materials"][part["material"]]["doubleSided"] for part in parts] == [False, True]
    assert "_PRESSURE_PA" in parts[1]["attributes"]


def test_what_was_written_is_read(file):
    (body, garment), extras = read_glb(file)
    wanted = mesh("garment", two_sided=True)
    np.testing.assert_allclose(garment.vertices_m, wanted.vertices_m, atol=1e-6)
    np.testing.assert_array_equal(garment.faces, wanted.faces)
    # The darkest colours share their linear values.
    np.testing.assert_allclose(garment.colors.astype(int), wanted.colors, atol=1)
    assert garment.two_sided
    assert not body.two_sided
    pressure = garment.numbers["pressure_pa"]
    assert np.isnan(pressure[3])
    assert pressure[-1] == pytest.approx(2000)
    assert extras == {"title": "T-shirt", "converged": True}


def test_others_read_it_too(file):
    scene = trimesh.load_scene(file, process=False)
    assert len(scene.geometry) == 2
    bounds = np.array(scene.bounds)
    np.testing.assert_allclose(bounds, [[-0.5] * 3, [0.5] * 3], atol=0.03)


@pytest.mark.parametrize("damage", [b"", b"glTF", b"PK" * 40, "cut", "json"])
def test_what_is_no_such_file_is_a_sentence(file, damage):
    data = file.read_bytes()
    if damage == "cut":
        damage = data[: len(data) // 2]
    elif damage == "json":
        damage = data.replace(b'"nodes"', b'"modes"')
    file.write_bytes(damage)
    with pytest.raises(PreviewError, match="no GLB that muslin wrote"):
        read_glb(file)
