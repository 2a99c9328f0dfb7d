"""Measurement files of Seamly2D: units, expressions, sizes; nothing is ever executed."""

import pytest

from fitting.body import read_body_file
from fitting.body.seamly import read_seamly
from fitting.errors import MeasurementError


def vit(tmp_path, measures, unit="cm", tag="vit"):
    rows = "".join(f"<m {row}/>" for row in measures)
    path = tmp_path / "a.vit"
    path.write_text(
        f'<?xml version="1.0"?><{tag}><unit>{unit}</unit>'
        f"<body-measurements>{rows}</body-measurements></{tag}>",
        encoding="utf-8",
    )
    return path


def test_values_and_expressions_are_read(tmp_path):
    path = vit(
        tmp_path,
        [
            'name="height" value="168"',
            'name="bust_circ" value="(@arm_upper_circ + 2) * 3 - -3"',
            'name="@arm_upper_circ" value="29,5"',
            'name="hip_circ" value="bust_circ*1.05"',
            'name="indent_neck_back" value="4"',
        ],
    )
    read = read_seamly(path)
    assert read.measurements.stature == pytest.approx(1.68)
    assert read.measurements.bust_girth == pytest.approx(0.975)
    assert read.measurements.hip_girth == pytest.approx(0.975 * 1.05)
    assert read.not_mapped == ("@arm_upper_circ", "indent_neck_back")


@pytest.mark.parametrize(("unit", "value"), [("mm", "1680"), ("inch", "66.1417")])
def test_units_are_converted(tmp_path, unit, value):
    path = vit(tmp_path, [f'name="height" value="{value}"'], unit=unit)
    assert read_seamly(path).measurements.stature == pytest.approx(1.68, abs=1e-4)


def test_sizes_and_heights_grow(tmp_path):
    row = 'name="bust_circ" base="92" size_increase="4" height_increase="1"'
    path = vit(tmp_path, [row], tag="vst")
    read = read_seamly(path, size_steps=2, height_steps=-1)
    assert read.measurements.bust_girth == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hip_circ", "depend on each other"),
        ("__import__('os')", "worked out"),
        ("2 +", "worked out"),
        ("1/0", "worked out"),
        ("(3", "worked out"),
        ("3)", "worked out"),
        ("nowhere * 2", "not given"),
        ("(" * 90 + "1" + ")" * 90, "worked out"),
    ],
)
def test_what_cannot_be_worked_out_is_named(tmp_path, value, said):
    path = vit(tmp_path, [f'name="bust_circ" value="{value}"', 'name="hip_circ" value="bust_circ"'])
    with pytest.raises(MeasurementError, match=said):
        read_seamly(path)


def test_entities_and_other_files_are_refused(tmp_path):
    path = tmp_path / "a.vit"
    path.write_text('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><vit>&e;</vit>')
    with pytest.raises(MeasurementError):
        read_seamly(path)
    with pytest.raises(MeasurementError, match="unit"):
        read_seamly(vit(tmp_path, [], unit="furlong"))
    with pytest.raises(MeasurementError, match="none of the measures"):
        read_seamly(vit(tmp_path, ['name="x" value="3"']))
    with pytest.raises(MeasurementError, match="not a number"):
        read_seamly(vit(tmp_path, ['name="height" base="168" size_increase="a"']))
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_seamly(tmp_path / "none.vit")


@pytest.mark.parametrize("gender", ["female", "male"])
def test_a_person_of_another_program_is_a_body_file(tmp_path, gender):
    path = vit(tmp_path, ['name="height" value="168"', 'name="hip_circ" value="101"'])
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("</unit>", f"</unit><personal><gender>{gender}</gender></personal>"),
        encoding="utf-8",
    )
    measures, sex = read_body_file(path)
    assert sex == gender
    assert measures.given() == pytest.approx({"stature": 1.68, "hip_girth": 1.01})


@pytest.mark.parametrize("gender", ["unknown", ""])
def test_a_person_without_gender_is_said(tmp_path, gender):
    path = vit(tmp_path, ['name="height" value="168"'])
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("</unit>", f"</unit><personal><gender>{gender}</gender></personal>")
    )
    with pytest.raises(MeasurementError, match="says no gender"):
        read_body_file(path)


def test_our_own_body_files_go_through_the_same_door(assets):
    measures, sex = read_body_file(assets / "body" / "demo.toml")
    assert sex == "female"
    assert measures.stature is not None
