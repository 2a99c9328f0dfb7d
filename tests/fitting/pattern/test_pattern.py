"""Patterns read, draft and check; mistakes name panel and edge."""

import contextlib
import copy
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitting.body import Measurements
from fitting.errors import PatternError
from fitting.pattern import (
    Edge,
    Panel,
    Pattern,
    Seam,
    check_pattern,
    draft_tshirt,
    garmentcode_from_pattern,
    pattern_from_garmentcode,
    read_garmentcode,
)

BODIES = [
    {"stature": 152.5, "bust_girth": 82.5},
    {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4},
    {"stature": 187.0, "bust_girth": 120.8, "hip_girth": 114.9, "shoulder_width": 44.0},
]


def square(name="front", *, size=40.0, z=20.0):
    return {
        "translation": [0, 100, z],
        "rotation": [0, 0, 0],
        "vertices": [[0, 0], [size, 0], [size, 60], [0, 60]],
        "edges": [{"endpoints": [i, (i + 1) % 4]} for i in range(4)],
        "label": name,
    }


def two_squares(**changes):
    stitches = [
        [{"panel": "front", "edge": 1}, {"panel": "back", "edge": 1}, "right_wrong"],
        [{"panel": "front", "edge": 3}, {"panel": "back", "edge": 3}, "right_wrong"],
    ]
    data = {
        "pattern": {
            "panels": {"front": square(), "back": square("back", z=-20.0)},
            "stitches": stitches,
        },
        "properties": {"units_in_meter": 100, "curvature_coords": "relative"},
    }
    data.update(changes)
    return data


def every_file(shared_data):
    files = sorted(shared_data.glob("garmentcode/Patterns/*.json"))
    return files + sorted(shared_data.glob("garment_pattern_generator/Patterns/**/*.json"))


def test_every_public_file_reads_and_writes_back(shared_data):
    files = every_file(shared_data)
    assert len(files) >= 22
    for file in files:
        pattern = read_garmentcode(file)
        again = pattern_from_garmentcode(garmentcode_from_pattern(pattern))
        assert again.seams == pattern.seams
        for old, new in zip(pattern.panels, again.panels, strict=True):
            share = np.linspace(0, 1, 9)
            for i in range(len(old.edges)):
                np.testing.assert_allclose(new.curve_m(i, share), old.curve_m(i, share), atol=1e-9)


def test_units_scale_corners_and_placement():
    thirds = two_squares(properties={"units_in_meter": 300})
    panel = pattern_from_garmentcode(thirds).panels[0]
    assert panel.vertices_m[1, 0] == pytest.approx(40 / 300)
    assert panel.translation_m[1] == pytest.approx(1 / 3)
    unknown = pattern_from_garmentcode(two_squares(properties={}))
    assert "no unit" in unknown.warnings[0]


def test_every_curvature_bends_as_it_should():
    data = two_squares()
    edge = data["pattern"]["panels"]["front"]["edges"][0]
    for curvature in ([0.5, 0.2], {"type": "quadratic", "params": [[0.5, 0.2]]}):
        edge["curvature"] = curvature
        middle = pattern_from_garmentcode(data).panels[0].curve_m(0, np.array([0.5]))[0]
        np.testing.assert_allclose(middle, [0.2, 0.04], atol=1e-12)
    edge["curvature"] = {"type": "cubic", "params": [[0.25, 0.2], [0.75, 0.2]]}
    middle = pattern_from_garmentcode(data).panels[0].curve_m(0, np.array([0.5]))[0]
    np.testing.assert_allclose(middle, [0.2, 0.06], atol=1e-12)
    edge["curvature"] = {"type": "circle", "params": [20, 0, 1]}
    panel = pattern_from_garmentcode(data).panels[0]
    assert panel.length_m(0) == pytest.approx(np.pi * 0.2, rel=1e-3)
    data["properties"]["curvature_coords"] = "absolute"
    edge["curvature"] = {"type": "quadratic", "params": [[20, 8]]}
    middle = pattern_from_garmentcode(data).panels[0].curve_m(0, np.array([0.5]))[0]
    np.testing.assert_allclose(middle, [0.2, 0.04], atol=1e-12)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_arcs_keep_their_radius_and_side(large, right):
    panel = Panel(
        name="p",
        vertices_m=np.array([[0.0, 0.0], [0.2, 0.0]]),
        edges=(Edge(start=0, stop=1, arc=(0.15, large, right)),),
    )
    points = panel.curve_m(0, np.linspace(0, 1, 50))
    np.testing.assert_allclose(points[[0, -1]], panel.vertices_m, atol=1e-12)
    half = np.arcsin(0.1 / 0.15)
    expected = 0.15 * (2 * np.pi - 2 * half if large else 2 * half)
    assert panel.length_m(0) == pytest.approx(expected, rel=1e-3)
    assert (points[25, 1] < 0) == right


def broken(change):
    data = two_squares()
    change(data["pattern"]["panels"], data["pattern"]["stitches"])
    return data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p, s: p["front"]["edges"].pop(), "'front' is not closed: edge 2"),
        (lambda p, s: p["back"]["edges"][1].update(endpoints=[1, 9]), "'back', edge 1: corner 9"),
        (lambda p, s: p["back"]["edges"][1].update(endpoints=[1, 1]), "'back', edge 1"),
        (lambda p, s: s[0][1].update(edge=7), "edge 7 of panel 'back'"),
        (lambda p, s: s[0][0].update(panel="sleeve"), "'sleeve', which does not exist"),
        (lambda p, s: s.append(s[0]), "an edge has one seam"),
        (lambda p, s: s.append([s[0][0]]), "joins 1 edges"),
        (lambda p, s: p.clear(), "no panel"),
        (lambda p, s: p["front"].update(edges=[]), "has 0 edges"),
        (lambda p, s: p["front"].update(translation=[1, 2]), "not three numbers"),
        (lambda p, s: p["front"]["vertices"][0].__setitem__(0, float("nan")), "not a number"),
        (
            lambda p, s: p["front"]["edges"][0].update(curvature={"type": "spiral", "params": []}),
            "'spiral' is not known",
        ),
        (lambda p, s: p["front"]["edges"][0].update(curvature=[float("inf"), 0]), "control point"),
        (lambda p, s: p["front"].pop("vertices"), "not a GarmentCode"),
    ],
)
def test_mistakes_name_panel_and_edge(change, said):
    with pytest.raises(PatternError, match=said):
        pattern_from_garmentcode(broken(change))


@pytest.mark.parametrize("content", ["[]", "{", "{}", '{"pattern": 3}', "null"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "p.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PatternError):
        read_garmentcode(path)


def test_an_impossible_unit_is_refused():
    with pytest.raises(PatternError, match="units_in_meter"):
        pattern_from_garmentcode(two_squares(properties={"units_in_meter": -4}))


VALUES = (
    st.none() | st.integers(-3, 9) | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutated_file_is_read_or_refused(data):
    """Any value anywhere: no other exception ever leaves the reader."""
    content = copy.deepcopy(two_squares())
    node = content
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
            node[key] = data.draw(VALUES)
            break
        node = node[key]
    with contextlib.suppress(PatternError):
        check_pattern(pattern_from_garmentcode(json.loads(json.dumps(content))))


@pytest.mark.parametrize("measures", BODIES)
@pytest.mark.parametrize("size_step", [-2, -1, 0, 2])
def test_a_drafted_shirt_can_be_sewn(measures, size_step):
    body = Measurements.from_cm(measures)
    shirt = draft_tshirt(body, size_step=size_step)
    assert check_pattern(shirt) == ()
    front, back = shirt.panel("front"), shirt.panel("back")
    chest_m = np.ptp(front.vertices_m[:, 0]) + np.ptp(back.vertices_m[:, 0])
    assert chest_m >= body.bust_girth + 0.08 + 0.04 * size_step - 1e-9
    cap_m = sum(shirt.panel("sleeve_l").length_m(i) for i in (2, 3))
    assert cap_m == pytest.approx(1.02 * (front.length_m(2) + back.length_m(2 + 4)), rel=0.02)


def test_a_shirt_needs_stature_and_bust():
    with pytest.raises(PatternError, match="bust_girth"):
        draft_tshirt(Measurements(stature=1.7))
    with pytest.raises(PatternError, match="no T-shirt"):
        draft_tshirt(Measurements.from_cm(BODIES[0]), size_step=-20)


def test_the_check_finds_what_cannot_be_sewn():
    data = two_squares()
    data["pattern"]["panels"]["bow"] = square("bow")
    data["pattern"]["panels"]["bow"]["vertices"] = [[0, 0], [40, 60], [40, 0], [0, 60]]
    data["pattern"]["panels"]["dot"] = square("dot")
    data["pattern"]["panels"]["dot"]["vertices"] = [[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]]
    data["pattern"]["panels"]["back"]["vertices"][2] = [40, 80]
    findings = check_pattern(pattern_from_garmentcode(data))
    codes = {finding.code for finding in findings if finding.severity == "problem"}
    assert codes == {"SELF_CROSSING", "SHORT_EDGE", "TINY_PANEL", "SEAM_LENGTH", "LOOSE_PANEL"}
    seam = next(finding for finding in findings if finding.code == "SEAM_LENGTH")
    assert (seam.panel, seam.edge) == ("front", 1)
    assert "20.0 cm" in str(seam)
    assert seam.to_json()["code"] == "SEAM_LENGTH"


def test_three_control_points_are_too_many():
    edge = Edge(start=0, stop=1, controls_m=((0, 0), (1, 1), (2, 2)))
    panel = Panel(name="p", vertices_m=np.array([[0.0, 0], [1, 0]]), edges=(edge,))
    with pytest.raises(ValueError, match="two control points"):
        panel.length_m(0)


def test_a_pattern_of_one_panel_is_connected():
    panel = Panel(
        name="p",
        vertices_m=np.array([[0.0, 0], [0.3, 0], [0.3, 0.3]]),
        edges=tuple(Edge(start=i, stop=(i + 1) % 3) for i in range(3)),
    )
    assert check_pattern(Pattern(name="scarf", panels=(panel,), seams=())) == ()
    assert Seam(side_a=("p", 0), side_b=("p", 1)).reversed
