"""Rare and odd tape measures are named, ordinary ones are not."""

import pytest

from fitting.body import Measurements, default_measurements, survey_warnings
from fitting.errors import MeasurementError


def test_the_demo_wearer_is_ordinary():
    measures, sex = default_measurements()
    assert survey_warnings(measures, sex=sex) == ()


def test_a_rare_measure_is_named_with_its_percentiles():
    [said] = survey_warnings(Measurements(stature=1.45), sex="female")
    assert "stature of 145.0 cm" in said
    assert "148 to" in said


def test_an_odd_pair_is_named_though_neither_is_rare_alone():
    odd = Measurements.from_cm({"stature": 163, "waist_navel_girth": 68, "hip_girth": 117})
    [said] = survey_warnings(odd, sex="female")
    assert "waist_navel_girth and hip_girth" in said


def test_measures_the_survey_lacks_are_judged_by_fitted_bodies():
    said = survey_warnings(Measurements(waist_girth=0.55, knee_girth=0.6), sex="male")
    assert any("knee_girth of 60.0 cm" in sentence for sentence in said)
    assert any("waist_girth and knee_girth" in sentence for sentence in said)


def test_a_rare_mass_is_told_in_kilograms():
    [said] = survey_warnings(Measurements(mass_kg=160), sex="male")
    assert "160.0 kg" in said


def test_a_gross_slip_of_the_tape_is_named():
    """Eight centimetres too much at the waist, everything else of an ordinary man."""
    man = {"stature": 175.6, "bust_girth": 100.0, "waist_navel_girth": 85.0 + 22, "hip_girth": 98.0}
    said = survey_warnings(Measurements.from_cm(man), sex="male")
    assert any("waist_navel_girth" in sentence for sentence in said)


def test_centimetres_given_as_metres_are_named():
    with pytest.raises(MeasurementError, match="looks like centimetres"):
        Measurements(stature=168.0)


def test_what_was_not_taped_is_less_certain(demo_fit):
    taped, untaped = demo_fit.uncertainty_m["hip_girth"], demo_fit.uncertainty_m["thigh_girth"]
    assert taped < 0.005 < untaped < 0.1
