"""Bodies answer the tape, and the tape is right in closed form."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from fitting.body import (
    REGIONS,
    REGISTRY,
    Measurements,
    bodies_from_measurements,
    body_from_measurements,
    read_measurements,
)
from fitting.body.registry import GEOMETRIC
from fitting.body.shape import N_PARAMETERS, shape_space
from fitting.body.tape import Plane, cut, girth_m, unique_edges
from fitting.errors import FittingError, MeasurementError

WOMAN = {"stature": 162.9, "bust_girth": 94.8, "waist_navel_girth": 86.3, "hip_girth": 102.2}
MAN = {"stature": 175.6, "bust_girth": 105.9, "waist_navel_girth": 94.1, "hip_girth": 102.0}
NAMES = ("stature", "bust_girth", "waist_navel_girth", "hip_girth")
SMALL, TALL = (152.5, 82.5, 71.4, 90.3), (174.0, 109.5, 104.3, 115.7)
BIG = (187.0, 120.8, 113.1, 114.9)
PEOPLE = [
    ("female", WOMAN),
    ("male", MAN),
    ("female", dict(zip(NAMES, SMALL, strict=True))),
    ("female", dict(zip(NAMES, TALL, strict=True))),
    ("male", dict(zip(NAMES, BIG, strict=True))),
    ("male", MAN | {"neck_girth": 39.8, "inside_leg_height": 84.6, "arm_length": 57.0}),
]


@pytest.mark.parametrize(("sex", "measures_cm"), PEOPLE)
def test_a_body_has_its_measures(sex, measures_cm):
    fit = body_from_measurements(Measurements.from_cm(measures_cm), sex=sex)
    assert max(abs(value) for value in fit.residual_m.values()) < 2e-3
    assert fit.reachable


def test_a_body_is_closed_and_stands_in_its_frame(demo_body):
    mesh = trimesh.Trimesh(demo_body.vertices_m, demo_body.faces, process=False)
    assert mesh.is_watertight
    assert 0.04 < mesh.volume < 0.12
    low, high = mesh.bounds
    assert low[1] == pytest.approx(0.0, abs=1e-9)
    assert high[1] == pytest.approx(1.662, abs=3e-3)
    joints, marks = demo_body.joints_m, demo_body.landmarks_m
    assert joints["shoulder_l"][0] > 0.1 > -0.1 > joints["shoulder_r"][0]
    assert marks["nipple_l"][2] > marks["c7"][2]
    assert joints["neck"][1] > joints["hip_l"][1] > joints["knee_l"][1] > joints["ankle_l"][1]
    assert demo_body.vertex_region.max() < len(REGIONS)
    for name in ("bust_girth", "waist_girth", "hip_girth"):
        assert 0.6 < demo_body.levels_m[name] < 1.4


def test_the_tape_goes_round_an_ellipse():
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    ring = np.stack([0.2 * np.cos(angle), np.zeros(2000), 0.12 * np.sin(angle)], axis=1)
    lift = np.array([0.0, 0.1, 0.0])
    vertices = np.concatenate([ring - lift, ring + lift])
    edges = np.stack([np.arange(2000), np.arange(2000) + 2000], axis=1)
    plane = Plane(origin_m=np.zeros(3), normal=np.array([0.0, 1.0, 0.0]))
    steps = np.linalg.norm(np.diff(np.vstack([ring, ring[:1]]), axis=0), axis=1)
    assert girth_m(cut(vertices, edges, plane), plane) == pytest.approx(steps.sum(), abs=2e-4)


def test_the_tape_bridges_a_hollow():
    """Two cylinders side by side: the tape follows their hull."""
    tubes = [trimesh.creation.cylinder(0.1, 1.0, sections=256) for _ in range(2)]
    tubes[1].apply_translation([0.3, 0, 0])
    both = trimesh.util.concatenate(tubes)
    plane = Plane(origin_m=np.array([0.0, 0.0, 0.013]), normal=np.array([0.0, 0.0, 1.0]))
    section = cut(np.array(both.vertices), unique_edges(np.array(both.faces)), plane)
    assert girth_m(section, plane) == pytest.approx(2 * np.pi * 0.1 + 0.6, abs=2e-4)


def test_a_plane_that_misses_is_said(demo_body):
    plane = Plane(origin_m=np.array([0.0, 9.0, 0.0]), normal=np.array([0.0, 1.0, 0.0]))
    with pytest.raises(MeasurementError, match="no part"):
        cut(demo_body.vertices_m, unique_edges(demo_body.faces), plane)


# Derivatives hold the tilt of a plane and the end of a path, which move a little with the shape.
HELD = {
    "armscye_girth", "thigh_girth", "back_neck_to_waist", "back_neck_to_navel",
    "front_neck_to_waist", "total_crotch_length", "navel_crotch_length",
}  # fmt: skip


@pytest.mark.parametrize("sex", ["female", "male"])
def test_derivatives_agree_with_differences(sex):
    from fitting.body.measure import Tapes
    from fitting.body.solve import jacobian

    space = shape_space(sex)
    tapes = Tapes(space)
    rng = np.random.default_rng(3)
    x = np.r_[rng.uniform(0.3, 0.45, 5), rng.uniform(0.05, 0.3, N_PARAMETERS - 5)]
    step = 1e-4 * rng.normal(size=N_PARAMETERS)
    here = tapes(space.points(x))
    slopes = dict(zip(GEOMETRIC, jacobian(space, x, list(here.values())) @ step, strict=True))
    forward, backward = tapes(space.points(x + step)), tapes(space.points(x - step))
    for name, slope in slopes.items():
        difference = (forward[name].value_m - backward[name].value_m) / 2
        assert slope == pytest.approx(difference, abs=3e-5 if name in HELD else 3e-6), name


def test_every_measure_has_a_rule_and_a_line_as_long_as_itself(demo_fit):
    from fitting.body.measure import Tapes

    space = shape_space("female")
    x = np.array(list(demo_fit.parameters.values()))
    for name, measured in Tapes(space)(space.points(x)).items():
        line = measured.polyline_m()
        length_m = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
        # A joined tape's line also holds the way from one part's end to the next part's start.
        slack = 0.3 if name == "neck_base_girth" else 6e-4
        assert length_m == pytest.approx(measured.value_m, abs=slack), name
        low, high = REGISTRY[name].range_m
        assert low < measured.value_m < high, name


def test_the_registry_names_what_measurements_take():
    assert {field.name for field in dataclasses.fields(Measurements)} == set(REGISTRY)
    clauses = [m for m in REGISTRY.values() if m.clause]
    assert len(REGISTRY) >= 25
    assert len(clauses) >= 15
    assert all(m.definition.endswith(".") for m in REGISTRY.values())


def test_many_at_once_are_as_one_by_one():
    people = [Measurements.from_cm(m) for sex, m in PEOPLE if sex == "female"]
    together = bodies_from_measurements(people, sex="female")
    for person, fit in zip(people, together, strict=True):
        alone = body_from_measurements(person, sex="female")
        np.testing.assert_allclose(alone.body.vertices_m, fit.body.vertices_m, atol=2e-4)
    with pytest.raises(MeasurementError, match="of person 1"):
        bodies_from_measurements([people[0], Measurements()], sex="female")


def test_a_mass_sways_what_was_not_taped_and_stays_in_kilograms():
    light, heavy = (
        body_from_measurements(
            Measurements.from_cm({"stature": 165, "mass_kg": mass}), sex="female"
        ).achieved
        for mass in (52, 85)
    )
    assert heavy.waist_girth > light.waist_girth + 0.1
    assert heavy.mass_kg == 85
    with pytest.raises(MeasurementError, match="mass_kg of 5 kg"):
        Measurements(mass_kg=5)


def test_the_hip_is_taped_with_the_legs_together(demo_fit):
    """In the A stance the same body's hip is longer than on the tape."""
    body, achieved = demo_fit.body, demo_fit.achieved
    plane = Plane(
        origin_m=np.array([0.0, body.levels_m["hip_girth"], 0.0]), normal=np.array([0.0, 1, 0])
    )
    arms = np.isin(body.vertex_region, [6, 7, 8])
    edges = unique_edges(body.faces[~arms[body.faces].any(axis=1)])
    assert girth_m(cut(body.vertices_m, edges, plane), plane) > achieved.hip_girth + 3e-3


@settings(max_examples=40, deadline=None)
@given(value=st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_stature_is_human_or_refused(value):
    if 130 <= value <= 225:
        assert Measurements.from_cm({"stature": value}).stature == value / 100
    else:
        with pytest.raises(MeasurementError, match="stature"):
            Measurements.from_cm({"stature": value})


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        ({"stature": 1.68}, "looks like metres"),
        ({"stature": 1680}, "looks like millimetres"),
        ({"hip_girth": 40}, "looks like inches"),
        ({"seat": 100}, "is hip_girth meant"),
        ({"statur": 170}, "is stature meant"),
        ({"zzz": 1}, "known are"),
        ({"stature": "tall"}, "wanted a number"),
        ({"stature": True}, "wanted a number"),
        ({"waist_girth": 700.5}, "looks like millimetres"),
    ],
)
def test_mistakes_are_named(measures, said):
    with pytest.raises(MeasurementError, match=said):
        Measurements.from_cm(measures)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sex is None"),
        ('sex = "female"', "no measures"),
        ("sex = ", "cannot be read"),
        ('sex = "female"\n[measures_cm]\nstature = 17', "stature of 17 cm"),
    ],
)
def test_body_files_are_checked(tmp_path, text, said):
    path = tmp_path / "b.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MeasurementError, match=said):
        read_measurements(path)


def test_nothing_taped_is_said():
    with pytest.raises(MeasurementError, match="at least one"):
        body_from_measurements(Measurements(), sex="female")


def test_an_impossible_combination_is_said_with_its_residual():
    odd = Measurements.from_cm({"stature": 135, "inside_leg_height": 109, "hip_girth": 66})
    fit = body_from_measurements(odd, sex="male")
    assert not fit.reachable
    assert fit.warnings
    assert max(abs(value) for value in fit.residual_m.values()) > 0.01


def test_a_second_process_does_not_load_anny(demo_fit):
    """Once the model is built, bodies need numpy only."""
    code = (
        "import sys; from fitting.body import *\n"
        "body_from_measurements(Measurements(stature=1.7), sex='female')\n"
        "print([m for m in ('anny', 'torch', 'warp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    from fitting.body import build

    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("MUSLIN_CACHE_DIR", str(blocked))
    with pytest.raises(FittingError, match="cannot write"):
        build.model_file(lambda text: None)
    monkeypatch.delenv("MUSLIN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.cache_folder() == tmp_path / "muslin"
