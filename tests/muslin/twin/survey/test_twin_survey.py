"""Surveys, size charts and the search, on results that are known in advance."""

import dataclasses

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.errors import PatternError
from muslin.errors import InputError
from muslin.people import Taped, Unmade
from muslin.twin import SensorError, load_requirements, twin_garment
from muslin.twin.survey.cases import CaseResult
from muslin.twin.survey.chart import chart_for
from muslin.twin.survey.moves import (
    GRID_M,
    Move,
    SearchSettings,
    chosen_move,
    moved_plan,
    moved_sensor,
)
from muslin.twin.survey.page import survey_page
from muslin.twin.survey.search import _in_folds
from muslin.twin.survey.survey import survey_people
from muslin.twin.worn.person import Person, make_people
from muslin.twin.worn.reading import Judgement, Reading

BAND = twin_garment("chest_band")
KNOWN = load_requirements()


def person(name, under_bust_m):
    measures = Measurements(stature=1.7, bust_girth=under_bust_m + 0.1,
                            under_bust_girth=under_bust_m, hip_girth=1.0)  # fmt: skip
    return Person(name=name, body=None, measures=measures, sex="female")


PEOPLE = [person(f"p{i}", girth) for i, girth in enumerate((0.72, 0.78, 0.80, 0.83, 0.90))]


def felt(name, pressure_pa):
    plan = next(p for p in BAND.plans if p.name == name)
    limit = KNOWN["textile_ecg"].ranges["pressure_mean_pa"]
    judged = Judgement(quantity="pressure_mean_pa", value=pressure_pa, range=limit,
                       verdict=limit.verdict(pressure_pa))  # fmt: skip
    return Reading(
        sensor=plan.at(np.array([[0.05, 0.02]])), point_m=np.zeros(3), normal=np.zeros(3),
        landmark="navel", landmark_m=0.1, place="", segment="trunk", gap_m=0.001,
        pressure_mean_pa=pressure_pa, pressure_least_pa=pressure_pa, laplace_pa=pressure_pa,
        contact_share=1.0, strain=0.2, tilt_rad=0.0, slip_margin=np.inf, judgements=(judged,),
        requirement="textile_ecg", converged=True,
    )  # fmt: skip


def stub_mapper(pressure_of):
    """Results without a drape: a pressure for each case, or a reason in words."""

    def run(_, cases):
        for case in cases:
            found = pressure_of(case.person.name, case.size_step)
            common = {"person": case.person.name, "size_step": case.size_step}
            if isinstance(found, str):
                yield CaseResult(state="not at rest", reason=found, **common)
            else:
                readings = tuple(felt(f"electrode_{side}", found) for side in "rl")
                yield CaseResult(state="read", readings=readings, hoop_pa=found, **common)

    return run


def test_people_take_the_size_whose_girth_is_nearest():
    chart = chart_for(BAND, PEOPLE, (-1, 0, 1))
    # 4 cm of band are 5 cm of body at an ease of -20 per cent; the middle person is 80 cm.
    assert [chart.girth_m(s) for s in (-1, 0, 1)] == pytest.approx([0.75, 0.80, 0.85])
    assert [chart.step_for(p.measures) for p in PEOPLE] == [-1, 0, 0, 1, 1]


def test_the_middle_size_fits_the_middle_person_whatever_it_is_called():
    chart = chart_for(BAND, PEOPLE, (1, 2, 3))
    assert chart.girth_m(2) == pytest.approx(0.80)
    assert np.ptp(chart.pattern(2).panels[0].vertices_m[:, 0]) == pytest.approx(0.64)


def test_a_block_without_a_chart_says_what_to_do():
    with pytest.raises(SensorError, match="--made-to-measure"):
        chart_for(dataclasses.replace(BAND, pattern="tshirt"), PEOPLE, (0,))


def test_shares_count_people_in_their_own_size():
    good = {("p0", -1), ("p1", 0), ("p2", 0), ("p3", 0)}
    found = survey_people(
        BAND, PEOPLE, (-1, 0, 1),
        mapper=stub_mapper(lambda name, step: 1200.0 if (name, step) in good else 500.0),
    )  # fmt: skip
    assert found.share("electrode_l") == pytest.approx(3 / 5)
    assert found.share("electrode_l", step=0) == pytest.approx(3 / 5)
    assert found.share("electrode_l", step=-1) == pytest.approx(1 / 5)
    assert found.share_of_all(["electrode_l", "electrode_r"]) == pytest.approx(3 / 5)
    assert found.failures() == ()


def test_failures_are_told_and_count_as_not_working():
    found = survey_people(
        BAND, PEOPLE, (0,),
        mapper=stub_mapper(lambda name, _: "too tight to settle" if name == "p2" else 1200.0),
        unmade=(Unmade(name="p9", reason="row 7: nothing was taped"),),
    )  # fmt: skip
    (failed,) = found.failures()
    assert (failed.person, failed.reason) == ("p2", "too tight to settle")
    assert found.share("electrode_l") == pytest.approx(4 / 5)
    page = survey_page(found)
    assert "too tight to settle" in page
    assert "nothing was taped" in page
    numbers = found.to_json()
    assert numbers["n_failed"] == 1
    assert numbers["cases"][2]["reason"] == "too tight to settle"


def test_a_draft_that_fails_is_one_case_and_no_end():
    thin = person("thin", 0.58)
    odd = dataclasses.replace(BAND, ease={"girth_share": -0.2, "pad_m": 0.24})
    found = survey_people(
        odd, [*PEOPLE, thin], (0,), made_to_measure=True, mapper=stub_mapper(lambda *_: 1200.0)
    )
    assert [f.state for f in found.failures()] == ["not drafted"]
    assert "cannot be sewn" in found.failures()[0].reason


def test_a_survey_of_nobody_is_refused():
    with pytest.raises(InputError, match="0 people"):
        survey_people(BAND, [], (0,))


def test_the_page_shows_shares_and_reasons():
    found = survey_people(BAND, PEOPLE, (-1, 0, 1), mapper=stub_mapper(lambda *_: 700.0))
    page = survey_page(found)
    assert "kPa mean pressure too low" in page
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_move_is_outward_on_both_sides_and_keeps_shares():
    pattern = BAND.draft(PEOPLE[2].measures)
    plans = {plan.name: plan for plan in BAND.plans}
    move = Move(along_m=0.02, across_m=0.004)
    for name, sign in (("electrode_l", 1), ("electrode_r", -1)):
        before = moved_sensor(plans[name], Move(), pattern, mirrored=True)
        after = moved_sensor(plans[name], move, pattern, mirrored=True)
        np.testing.assert_allclose(after.center_m - before.center_m, [sign * 0.02, 0.004])
        again = moved_plan(plans[name], move, pattern, mirrored=True)
        laid = moved_sensor(again, Move(), pattern, mirrored=True)
        np.testing.assert_allclose(laid.center_m, after.center_m, atol=1e-9)


def test_the_search_walks_a_grid():
    move = chosen_move(np.array([0.0127, -0.0011, 1.6]), SearchSettings())
    assert move == Move(along_m=pytest.approx(3 * GRID_M), across_m=0.0, ease_steps=2)
    assert chosen_move(np.array([0.0, 0.0]), SearchSettings(n_ease=0)).ease_steps == 0


def test_folds_see_through_a_change_that_helps_only_whom_it_was_found_on():
    rng = np.random.default_rng(0)
    chances = {Move(along_m=i * GRID_M): rng.random(12) for i in range(60)}
    best = max(float(one.mean()) for one in chances.values())
    assert best > 0.6
    assert _in_folds(chances, 4, np.random.default_rng(1)) < best - 0.08
    chances[Move(ease_steps=1)] = np.full(12, 0.9)
    assert _in_folds(chances, 4, np.random.default_rng(1)) == pytest.approx(0.9)
    naive = {Move(): np.array([1.0, 0.0, 0.5])}
    assert _in_folds(naive, 5, np.random.default_rng(1)) == pytest.approx(0.5)


def test_bodies_are_made_for_rows_in_order():
    rows = [
        Taped(name="b", sex="male", measures=Measurements(stature=1.8)),
        Unmade(name="c", reason="row 3: sex"),
        Taped(name="a", sex="female", measures=Measurements(stature=1.65)),
    ]
    made = list(make_people(rows))
    assert [p.name for p in made] == ["c", "a", "b"]
    assert made[1].measures.stature == pytest.approx(1.65)
    assert made[2].body.vertices_m[:, 1].max() == pytest.approx(1.8, abs=0.01)


def test_a_pattern_file_has_no_steps(tmp_path):
    sheet = tmp_path / "x.sensors.toml"
    sheet.write_text(
        '[[sensor]]\nname="e"\nkind="imu"\npanel="p"\nat_cm=[1,1]\nsize_cm=[1,1]\n',
        encoding="utf-8",
    )
    garment = twin_garment(str(tmp_path / "x.json"))
    with pytest.raises(InputError, match="only drafted blocks"):
        garment.draft(None, size_step=1)
    with pytest.raises((InputError, PatternError), match="does not exist"):
        garment.draft(None)
