"""Sizes, comparisons, pictures, the drapemeter and the doctor, as a newcomer types them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fitting.body import Measurements
from fitting.pattern import draft_block, read_pattern
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.preview import PaintedMesh, write_glb
from muslin import doctor as doctor_module
from muslin.cli import run_command
from muslin.size import size_run


def fails(capsys, *arguments):
    """Run a command that must end with exit code 2; returns what it said."""
    assert run_command([str(word) for word in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len([line for line in said.err.splitlines() if line.startswith("muslin:")]) == 1
    return said.err


@pytest.fixture
def glb(tmp_path):
    """A square garment with numbers, as a drape would save it."""
    corners = np.array([[-0.3, 0, 0], [0.3, 0, 0], [0.3, 1, 0.1], [-0.3, 1, 0.1]])
    names = ("strain_warp", "strain_weft", "pressure_pa")
    garment = PaintedMesh(
        name="garment", vertices_m=corners, faces=np.array([[0, 1, 2], [0, 2, 3]]),
        colors=np.full((4, 3), 90, np.uint8), two_sided=True,
        numbers={name: np.array([0.0, 0.02, 0.05, 0.1]) for name in names},
    )  # fmt: skip
    path = tmp_path / "fit.glb"
    extras = {"title": "square", "lines": ["ease none"], "converged": True, "map": "stretch"}
    write_glb(path, (garment,), extras=extras)
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("size", "--sizes", "one"), "no whole number"),
        (("size", "--sizes", "0"), "at least two sizes"),
        (("size", "--fit-class", "ballgown"), "casual"),
        (("size", "--pattern", "cape"), "no block"),
        (("size", "--map", "beauty"), "not known"),
        (("compare",), "2 to 6"),
        (("compare", "--sizes", "-3,-2,-1,0,1,2,3"), "2 to 6"),
        (("compare", "--fabrics", "denim,spider_silk"), "spider_silk"),
        (("cusick", "spider_silk"), "cotton_jersey"),
        (("cusick", "denim", "--edge", "9"), "0.3 to 1.5 cm"),
        (("cusick", "denim", "--backend", "crayon"), "osmesa"),
        (("drape", "--map", "beauty"), "not known"),
        (("drape", "--device", "abacus"), "'cpu', 'cuda'"),
        (("drape", "--fit-class", "ballgown"), "casual"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(capsys, tmp_path, arguments, said):
    assert said in fails(capsys, *arguments, "--out", tmp_path / "out")


@pytest.fixture
def nest(tmp_path):
    """A graded file of three sizes, largest first."""
    body = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
    measures = Measurements.from_cm(body)
    path = tmp_path / "shirt.dxf"
    sizes = {"100": 1, "98": 0, "96": -1}
    write_dxf(
        path,
        [
            replace(draft_block("tshirt", measures, size_step=step), size=name)
            for name, step in sizes.items()
        ],
    )
    return path


def test_a_graded_file_is_a_size_run_smallest_first(nest):
    assert size_run(str(nest), ()) == [(0, "96"), (0, "98"), (0, "100")]
    assert size_run(str(nest), ("98", "100")) == [(0, "98"), (0, "100")]


def test_a_size_that_the_file_lacks_is_refused(capsys, nest, tmp_path):
    said = fails(capsys, "size", "--pattern", nest, "--sizes", "98,XL", "--out", tmp_path / "out")
    assert "no size 'XL'; it has 96, 98, 100" in said


def test_a_file_of_one_size_is_no_size_run(capsys, nest, tmp_path):
    one = tmp_path / "one.dxf"
    write_dxf(one, [read_pattern(nest, size="98")])
    said = fails(capsys, "size", "--pattern", one, "--out", tmp_path / "out")
    assert "one size" in said


def test_a_saved_fit_is_drawn_from_every_side(capsys, glb):
    assert run_command(["render", str(glb), "--backend", "numpy", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["backend"] == "numpy"
    assert said["converged"] is True
    with Image.open(said["files"][0]) as sheet:
        assert sheet.width > 4 * 390


def test_one_view_is_one_picture_of_the_size_asked_for(capsys, glb, tmp_path):
    out = tmp_path / "front.png"
    arguments = ["--views", "front", "--map", "pressure", "--high", "1", "--backend", "numpy"]
    size = ["--width", "200", "--height", "240", "--turntable", "4", "--out", str(out)]
    assert run_command(["render", str(glb), *arguments, *size, "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [name.rsplit("/", 1)[1] for name in files] == ["front.png", "front_turn.png"]
    with Image.open(out) as picture:
        assert picture.size == (200 + 56, 10 + 108 + 240 + 96)
    with Image.open(files[1]) as turn:
        assert getattr(turn, "n_frames", 1) >= 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--views", "above"), "three_quarter"),
        (("--map", "ease"), "ease_m"),
        (("--map", "stretch", "--low", "5", "--high", "5"), "empty"),
        (("--width", "4"), "pixels"),
        (("--turntable", "2"), "4 to 360"),
        (("--backend", "numpy", "--views", "front", "--out", "x.doc"), "'.doc'"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_one_sentence(
    capsys, glb, monkeypatch, tmp_path, arguments, said
):
    monkeypatch.chdir(tmp_path)
    assert said in fails(capsys, "render", glb, *arguments)


def test_files_without_a_fit_are_named(capsys, tmp_path):
    assert "does not exist" in fails(capsys, "render", tmp_path / "none.glb")
    path = tmp_path / "text.glb"
    path.write_text("no scene", encoding="utf-8")
    assert "text.glb" in fails(capsys, "render", path)
    body = PaintedMesh(
        name="body", vertices_m=np.eye(3), faces=np.array([[0, 1, 2]]),
        colors=np.zeros((3, 3), np.uint8),
    )  # fmt: skip
    write_glb(path, (body,))
    assert "no garment" in fails(capsys, "render", path)


def test_the_drapemeter_writes_its_numbers_and_its_picture(capsys, tmp_path):
    arguments = ["cusick", "cotton_jersey", "--edge", "1.5", "--out", str(tmp_path), "--json"]
    assert run_command(arguments) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["converged"]
    assert numbers["inside_published_range"]
    assert numbers["n_nodes"] == len(numbers["node_radii_m"])
    assert numbers == json.loads((tmp_path / "cusick.json").read_text(encoding="utf-8"))
    with Image.open(tmp_path / "cusick.png") as picture:
        assert np.asarray(picture).std() > 10


def test_the_doctor_names_what_is_missing_and_what_to_do(capsys, monkeypatch):
    monkeypatch.setattr(doctor_module, "_NEEDED", ("numpy", "no-such-thing"))
    monkeypatch.setattr(doctor_module, "_OPTIONAL", (("no-such-extra", "x", "nothing"),))
    monkeypatch.setattr(doctor_module, "_opengl", list)
    assert run_command(["doctor", "--json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["numpy"]["state"] == "ok"
    assert checks["no-such-thing"]["state"] == "problem"
    assert checks["no-such-thing"]["remedy"] == "pip install no-such-thing"
    assert checks["no-such-extra"]["state"] == "missing"
    monkeypatch.setattr(doctor_module, "_NEEDED", ("numpy",))
    assert run_command(["doctor"]) == 0
    assert "numpy" in capsys.readouterr().err
