"""One broken pattern for every code of the check."""

import copy

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.pattern import (
    CheckSettings,
    Edge,
    Notch,
    Panel,
    Pattern,
    Run,
    Seam,
    check_pattern,
)
from fitting.pattern.formats.garmentcode import reading_from_garmentcode


def panel(name="front", corners=((0, 0), (0.4, 0), (0.4, 0.6), (0, 0.6)), **more):
    n = len(corners)
    edges = tuple(Edge(start=i, stop=(i + 1) % n) for i in range(n))
    given = {"edges": edges, "wrap": "as_placed"} | more
    return Panel(name=name, vertices_m=np.array(corners, dtype=float), **given)


def seam(a, b, **more):
    return Seam(side_a=a, side_b=b, **more)


def two(front=None, back=None, seams=None, **more):
    front, back = front or panel(), back or panel("back")
    usual = (seam(("front", 1), ("back", 3)), seam(("front", 3), ("back", 1)))
    return Pattern(name="p", panels=(front, back), seams=usual if seams is None else seams, **more)


def codes(pattern, **settings):
    return {finding.code for finding in check_pattern(pattern, CheckSettings(**settings))}


def wide(name="front", **more):
    return panel(name, corners=((0, 0), (0.5, 0), (0.5, 0.6), (0, 0.6)), **more)


def arc_panel():
    edges = [Edge(start=i, stop=(i + 1) % 4) for i in range(4)]
    edges[0] = Edge(start=0, stop=1, arc=(0.1, False, True))
    return panel(edges=tuple(edges))


def notched(name, *shares, edge=1):
    return panel(name, notches=tuple(Notch(edge=edge, share=s) for s in shares))


DART = ((0, 0), (0.4, 0), (0.4, 0.6), (0.25, 0.6), (0.2, 0.45), (0.15, 0.6), (0, 0.6))
LOPSIDED = ((0, 0), (0.4, 0), (0.4, 0.6), (0.25, 0.6), (0.2, 0.45), (0.15, 0.55), (0, 0.6))
BROKEN = {
    "NO_PANEL": Pattern(name="p", panels=(), seams=()),
    "NO_EDGES": two(panel(edges=())),
    "NOT_A_NUMBER": two(panel(corners=((0, 0), (np.nan, 0), (0.4, 0.6), (0, 0.6)))),
    "TOO_LARGE": two(panel(corners=((0, 0), (400, 0), (400, 600), (0, 600)))),
    "BAD_INDEX": two(panel(edges=(Edge(start=0, stop=9), Edge(start=9, stop=0)))),
    "ZERO_EDGE": two(panel(corners=((0, 0), (0, 0), (0.4, 0.6), (0, 0.6)))),
    "OPEN_LOOP": two(panel(edges=(Edge(start=0, stop=1), Edge(start=1, stop=2)))),
    "SAME_NAME": two(panel("back")),
    "SEAM_NOWHERE": two(seams=(seam(("front", 1), ("sleeve", 3)),)),
    "BAD_RUN": two(seams=(Seam(runs_a=(Run(panel="front", edge=1, start=0.5, stop=1.5),),
                               side_b=("back", 3)),)),
    "EDGE_TWICE": two(seams=(seam(("front", 1), ("back", 3)), seam(("front", 1), ("back", 1)))),
    "SELF_CROSSING": two(panel(corners=((0, 0), (0.4, 0.6), (0.4, 0), (0, 0.6)))),
    "TINY_PANEL": two(panel(corners=((0, 0), (0.004, 0), (0.004, 0.004), (0, 0.004)))),
    "SHORT_EDGE": two(panel(corners=((0, 0), (0.001, 0), (0.4, 0.6), (0, 0.6)))),
    "SMALL_ARC": two(arc_panel()),
    "SAME_CORNER": two(panel(corners=((0, 0), (0.4, 0), (0.2, 0.3), (0.4, 0.6), (0, 0.6),
                                      (0.2, 0.3)))),
    "NO_GRAIN": two(panel(grain_known=False)),
    "UNIT_GUESS": two(panel(corners=((0, 0), (4, 0), (4, 6), (0, 6)))),
    "SEAM_LENGTH": two(seams=(seam(("front", 1), ("back", 0)),)),
    "NOTCH_COUNT": two(notched("front", 0.5), notched("back", 0.3, 0.6, edge=3)),
    "NOTCH_SPACING": two(notched("front", 0.2), notched("back", 0.5, edge=3)),
    "DART_LEGS": two(panel(corners=LOPSIDED),
                     seams=(seam(("front", 3), ("front", 4)), seam(("front", 1), ("back", 3)))),
    "DART_TIP": two(seams=(seam(("front", 1), ("back", 3), kind="dart"),)),
    "LABELS_DIFFER": two(
        panel(edges=tuple(Edge(start=i, stop=(i + 1) % 4, label="lower_interface")
                          for i in range(4))),
        panel("back", edges=tuple(Edge(start=i, stop=(i + 1) % 4, label="other")
                                  for i in range(4))),
    ),
    "LOOSE_PANEL": two(seams=()),
    "TWISTED": two(seams=(seam(("front", 1), ("back", 3)),
                          seam(("front", 3), ("back", 1), reversed=False))),
    "CORNER_MERGE": Pattern(
        name="p", panels=(panel(), panel("back"), panel("side")),
        seams=(seam(("front", 3), ("back", 1)), seam(("front", 1), ("side", 1)),
               seam(("back", 0), ("side", 2)), seam(("front", 0), ("back", 3))),
    ),
    "OPEN_SIDES": two(panel("left_front"), panel("right_front"),
                      seams=(seam(("left_front", 1), ("right_front", 3)),)),
    "OPENINGS": two(panel(wrap="leg_l"), panel("back", wrap="leg_r"),
                    seams=(seam(("front", 1), ("back", 3)),)),
    "LAYER_CLASH": two(panel(wrap="torso_front"), panel("back", wrap="torso_front")),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(BROKEN))
def test_every_broken_pattern_is_named_by_its_code(code):
    assert code in codes(BROKEN[code])


def test_a_clean_pattern_has_no_problem():
    assert codes(two()) == set()


def test_a_strip_is_too_narrow_for_its_mesh():
    strip = panel(corners=((0, 0), (0.04, 0), (0.04, 0.6), (0, 0.6)))
    pattern = Pattern(name="p", panels=(strip,), seams=())
    (finding,) = check_pattern(pattern, CheckSettings(edge_length_m=0.016))
    assert finding.code == "NARROW_PANEL"
    assert finding.numbers["width_m"] == pytest.approx(0.04, abs=1e-4)


def test_a_body_that_cannot_get_in_is_named():
    pattern = two(panel(wrap="torso_front"), panel("back", wrap="torso_back"))
    body = Measurements.from_cm({"stature": 170, "bust_girth": 120})
    assert "TOO_NARROW" in codes(pattern, body=body)
    slim = Measurements.from_cm({"bust_girth": 90})
    assert "TOO_NARROW" not in codes(pattern, body=slim)


def test_reader_findings_name_bad_places_and_curves():
    data = {
        "pattern": {
            "panels": {
                "front": {
                    "translation": [1],
                    "vertices": [[0, 0], [40, 0], [40, 60], [0, 60]],
                    "edges": [{"endpoints": [i, (i + 1) % 4]} for i in range(4)],
                }
            },
            "stitches": [[{"panel": "front", "edge": 1}]],
        },
        "properties": {"units_in_meter": 100},
    }
    spiral = copy.deepcopy(data)
    spiral["pattern"]["panels"]["front"]["edges"][0]["curvature"] = {"type": "s", "params": []}
    found = {f.code for d in (data, spiral) for f in reading_from_garmentcode(d).findings}
    assert found == {"BAD_PLACE", "STITCH", "CURVATURE"}


def test_all_problems_come_in_one_run():
    pattern = two(panel(corners=((0, 0), (0.4, 0.6), (0.4, 0), (0, 0.6))), wide("back"),
                  seams=(seam(("front", 1), ("sleeve", 3)), seam(("front", 0), ("back", 0)),
                         seam(("front", 3), ("back", 1), reversed=False)))  # fmt: skip
    assert {"SELF_CROSSING", "SEAM_NOWHERE", "SEAM_LENGTH"} <= codes(pattern)
    for finding in check_pattern(pattern):
        assert finding.text
        assert finding.to_json()["code"] in str(finding)
