"""Sizes follow the tables, graded patterns keep their seams, sizes between two are in between."""

import dataclasses

import numpy as np
import pytest

from fitting.errors import PatternError
from fitting.pattern import check_pattern, draft_block, read_garmentcode
from fitting.pattern.grade import (
    between_sizes,
    grade_pattern,
    graded_measures,
    size_code,
    size_girth_m,
)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_codes_and_girths_agree(sex):
    for code in ("XS", "S", "M", "L", "XL", "XXL", "3XL"):
        assert size_code(size_girth_m(code, sex), sex) == code
    with pytest.raises(PatternError, match="known are"):
        size_girth_m("HUGE", sex)
    with pytest.raises(PatternError, match="outside the size table"):
        size_code(2.0, sex)


def test_a_larger_size_has_larger_measures(demo_measures):
    measures = demo_measures[0]
    larger = graded_measures(measures, bust_m=measures.bust_girth + 0.08)
    assert larger.bust_girth == pytest.approx(measures.bust_girth + 0.08)
    assert larger.hip_girth > measures.hip_girth
    assert larger.stature == measures.stature
    with pytest.raises(PatternError, match="bust_girth"):
        graded_measures(dataclasses.replace(measures, bust_girth=None), bust_m=1.0)


@pytest.mark.parametrize("name", ["tshirt", "trousers", "skirt", "chest_band"])
def test_rules_add_the_girth_and_keep_seams_sewable(demo_measures, name):
    pattern = draft_block(name, demo_measures[0])
    for step in (-1, 1, 2):
        graded = grade_pattern(pattern, step)
        assert not check_pattern(graded), [str(f) for f in check_pattern(graded)]
    if name == "tshirt":
        widths = [
            sum(np.ptp(p.panel(side).vertices_m[:, 0]) for side in ("front", "back"))
            for p in (pattern, grade_pattern(pattern, 1))
        ]
        assert widths[1] - widths[0] == pytest.approx(0.04, abs=1e-6)


def test_too_many_steps_are_refused(demo_measures):
    with pytest.raises(PatternError, match="leave nothing"):
        grade_pattern(draft_block("tshirt", demo_measures[0]), -40)


def test_an_imported_pattern_is_graded_with_its_arcs(shared_data):
    for path in sorted(shared_data.glob("garmentcode/Patterns/*.json")):
        pattern = read_garmentcode(path)
        before = {f.code for f in check_pattern(pattern)}
        after = {f.code for f in check_pattern(grade_pattern(pattern, 1))}
        assert after <= before


def test_sizes_between_two_of_a_nest(demo_measures):
    small, large = (draft_block("base_layer", demo_measures[0], size_step=s) for s in (0, 2))
    middle = between_sizes(small, large, 0.5)
    for a, b, c in zip(small.panels, middle.panels, large.panels, strict=True):
        np.testing.assert_allclose(b.vertices_m, (a.vertices_m + c.vertices_m) / 2)
    assert not check_pattern(middle)
    np.testing.assert_allclose(
        between_sizes(small, large, 0.0).panels[0].vertices_m, small.panels[0].vertices_m
    )
    other = draft_block("tank", demo_measures[0])
    with pytest.raises(PatternError, match="different panels"):
        between_sizes(small, other, 0.5)


def test_curves_of_different_kinds_meet_halfway(demo_measures):
    small = draft_block("tshirt", demo_measures[0])
    edges = tuple(
        dataclasses.replace(e, controls_m=()) if e.label == "neck" else e
        for e in small.panels[0].edges
    )
    straight = dataclasses.replace(
        small, panels=(dataclasses.replace(small.panels[0], edges=edges), *small.panels[1:])
    )
    middle = between_sizes(small, straight, 0.5)
    neck = next(i for i, e in enumerate(edges) if e.label == "neck")
    half = np.array([0.5])
    wanted = (small.panels[0].points_m(neck, half) + straight.panels[0].points_m(neck, half)) / 2
    np.testing.assert_allclose(middle.panels[0].points_m(neck, half), wanted, atol=1e-4)
