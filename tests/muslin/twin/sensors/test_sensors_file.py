"""Sensors files and what is wrong with them."""

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.pattern import BLOCKS
from muslin.twin import (
    ByShare,
    OnPanel,
    OverLandmark,
    SensorError,
    check_sensors,
    load_requirements,
    plan_of,
    read_sensors,
    requirement_for,
    resolve,
    sensors_from_tables,
    twin_garment,
    write_sensors,
)

MEASURES = Measurements(
    stature=1.70, bust_girth=0.95, under_bust_girth=0.80, hip_girth=1.0, inside_leg_height=0.78
)
PATCH = {"name": "e", "kind": "electrode", "panel": "band", "at_cm": [5, 2], "size_cm": [3, 2]}
LINE = {"name": "s", "kind": "strain_line", "panel": "band", "path_cm": [[-9, 2], [-4, 2]]}


def file_of(*rows):
    return sensors_from_tables({"sensor": list(rows)})


def codes(*rows, garment="chest_band"):
    found = twin_garment(garment)
    pattern = found.draft(MEASURES)
    sensors = resolve(file_of(*rows).plans, pattern)
    problems = check_sensors(sensors, pattern, schema=found.schema)
    return {p.code: str(p) for p in problems if p.severity != "hint"}


@pytest.mark.parametrize("name", ["chest_band", "knee_sleeve"])
def test_sensors_that_ship_have_no_problem_in_any_size(name):
    garment = twin_garment(name)
    for size_step in (-3, 0, 3):
        pattern = garment.draft(MEASURES, size_step=size_step)
        assert check_sensors(resolve(garment.plans, pattern), pattern, schema=garment.schema) == ()


@pytest.mark.parametrize("name", ["chest_band", "knee_sleeve"])
def test_every_requirement_that_a_shipped_sensor_names_is_known(name):
    known = load_requirements()
    for plan in twin_garment(name).plans:
        wanted = requirement_for(plan.requirement, plan.kind, known)
        assert wanted is not None
        assert plan.kind in wanted.kinds


def test_a_file_reads_back_as_it_was_written(tmp_path):
    rows = [
        {**PATCH, "turn_deg": 30, "channels": ["ecg.lead"], "mass_g": 4},
        {**PATCH, "name": "round", "at_cm": [-5, 2], "round": True},
        {**LINE, "width_cm": 0.7},
        {**LINE, "name": "share", "path_share": [[0.1, 0.5], [0.2, 0.5]]},
        {"name": "rib", "kind": "imu", "over": "fifth rib, left", "offset_cm": [1, -2],
         "size_cm": [2, 2]},
    ]  # fmt: skip
    rows[3].pop("path_cm")
    written = file_of(*rows)
    path = tmp_path / "sensors.toml"
    write_sensors(path, written)
    again = read_sensors(path)
    for a, b in zip(written.plans, again.plans, strict=True):
        assert (a.name, a.kind, a.panel, a.channels) == (b.name, b.kind, b.panel, b.channels)
        assert type(a.anchor) is type(b.anchor)
        assert a.turn_rad == pytest.approx(b.turn_rad)
        assert (a.width_m, a.mass_kg) == pytest.approx((b.width_m, b.mass_kg))
        np.testing.assert_allclose(a.shape_m, b.shape_m, atol=1e-9)
    assert isinstance(again.plans[0].anchor, OnPanel)
    assert isinstance(again.plans[3].anchor, ByShare)
    assert isinstance(again.plans[4].anchor, OverLandmark)


def test_a_laid_sensor_is_a_plan_again():
    pattern = twin_garment("chest_band").draft(MEASURES)
    (sensor,) = resolve(file_of({**PATCH, "turn_deg": 40}).plans, pattern)
    (again,) = resolve((plan_of(sensor),), pattern)
    np.testing.assert_allclose(again.points_m, sensor.points_m, atol=1e-12)


def test_a_share_is_the_same_place_in_every_size():
    garment = twin_garment("chest_band")
    row = {key: value for key, value in PATCH.items() if key != "at_cm"} | {"at_share": [0.75, 0.5]}
    for size_step in (-1, 0, 2):
        pattern = garment.draft(MEASURES, size_step=size_step)
        (sensor,) = resolve(file_of(row).plans, pattern)
        half_m = np.ptp(pattern.panels[0].vertices_m[:, 0]) / 2
        np.testing.assert_allclose(sensor.center_m, [half_m / 2, 0.02], atol=1e-9)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**PATCH, "kind": "laser"}, "kind 'laser'"),
        ({**PATCH, "at_cm": [1]}, "at_cm"),
        ({**PATCH, "at_share": [0, 0]}, "2 given"),
        ({**PATCH, "size_cm": [0, 2]}, "size_cm"),
        ({**PATCH, "colour": "red"}, "colour"),
        ({**PATCH, "turn_deg": "left"}, "turn_deg"),
        ({**PATCH, "channels": "ecg"}, "channels"),
        ({**LINE, "path_cm": [[0, 0]]}, "two"),
        ({"name": "e", "kind": "electrode", "at_cm": [0, 0], "size_cm": [1, 1]}, "panel"),
        ({**PATCH, "name": ""}, "name"),
        ({key: v for key, v in PATCH.items() if key != "size_cm"}, "size_cm"),
    ],
)
def test_a_wrong_line_is_named(row, said):
    with pytest.raises(SensorError, match=said):
        file_of(row)


def test_a_file_without_sensors_is_refused(tmp_path):
    path = tmp_path / "sensors.toml"
    path.write_text("[garment]\n", encoding="utf-8")
    with pytest.raises(SensorError, match=r"\[\[sensor\]\]"):
        read_sensors(path)


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ({**PATCH, "at_cm": [5, 0.5]}, "SENSOR_OUTSIDE", "leaves the panel"),
        ({**PATCH, "at_cm": [60, 2]}, "SENSOR_OUTSIDE", "100%"),
        ({**PATCH, "at_cm": [33.5, 2]}, "SENSOR_OUTSIDE", "band"),
        ({**PATCH, "channels": ["ecg.lead_9"]}, "SENSOR_CHANNEL", "ecg.lead_9"),
        ({**PATCH, "channels": ["strain.breath"]}, "SENSOR_CHANNEL_KIND", "strain"),
        ({**LINE, "path_cm": [[0, 2], [0, 2.0001]], "width_cm": 0.001}, "SENSOR_SHAPE", "s"),
    ],
)
def test_a_sensor_in_a_wrong_place_is_named_with_its_panel(row, code, said):
    found = codes(row)
    assert said in found[code]


def test_a_sensor_beside_a_seam_is_told_its_distance():
    girth_m = 0.8 * 0.8
    found = codes({**PATCH, "at_cm": [girth_m * 50 - 1.7, 2]})
    assert "2.0 mm from a seam" in found["SENSOR_SEAM"]


def test_sensors_upon_each_other_and_twice_on_a_channel_are_found():
    a = {**LINE, "channels": ["strain.breath"]}
    found = codes(a, {**a, "name": "t"})
    assert {"SENSOR_OVERLAP", "SENSOR_CHANNEL_TWICE"} <= set(found)


def test_two_electrodes_may_share_a_lead():
    one = {**PATCH, "channels": ["ecg.lead"]}
    assert codes(one, {**one, "name": "f", "at_cm": [-5, 2]}) == {}


def test_a_line_over_a_dart_is_found():
    row = {"name": "s", "kind": "strain_line", "panel": "back", "path_cm": [[-15, -2], [15, -2]]}
    garment = twin_garment("chest_band")
    pattern = BLOCKS["skirt"].draft(
        Measurements(stature=1.7, waist_girth=0.72, hip_girth=1.0), ease=BLOCKS["skirt"].ease
    )
    panel = next(p for p in pattern.panels if "back" in p.name)
    row["panel"] = panel.name
    top_cm = panel.vertices_m[:, 1].max() * 100
    row["path_cm"] = [[-15, top_cm - 4], [15, top_cm - 4]]
    found = check_sensors(resolve(file_of(row).plans, pattern), pattern, schema=garment.schema)
    assert "SENSOR_OUTSIDE" in {f.code for f in found} or "SENSOR_SEAM" in {f.code for f in found}


def test_an_unknown_panel_lists_the_known_ones():
    pattern = twin_garment("chest_band").draft(MEASURES)
    with pytest.raises(SensorError, match="it has band") as caught:
        resolve(file_of({**PATCH, "panel": "front"}).plans, pattern)
    assert caught.value.findings[0].code == "SENSOR_PANEL"


def test_a_landmark_needs_a_worn_garment():
    pattern = twin_garment("chest_band").draft(MEASURES)
    row = {"name": "r", "kind": "imu", "panel": "band", "over": "fifth rib, left",
           "size_cm": [2, 2]}  # fmt: skip
    with pytest.raises(SensorError, match="give a body"):
        resolve(file_of(row).plans, pattern)


def test_a_garment_without_sensors_says_what_to_write(tmp_path):
    with pytest.raises(SensorError, match="--sensors"):
        twin_garment("tshirt")
    with pytest.raises(SensorError, match=r"shirt\.sensors\.toml"):
        twin_garment(str(tmp_path / "shirt.json"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\ncolour = 1", "colour"),
        ('[a]\nkinds = ["laser"]', "laser"),
        ("[a]\npressure_mean_kpa = 3", "low"),
        ("[a]\npressure_mean_kpa = { low = 3, high = 2 }", "at or above"),
        ("a = 1", "table"),
        ("[a", "requirements"),
    ],
)
def test_impossible_requirements_are_refused(tmp_path, text, said):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SensorError, match=said):
        load_requirements(path)


def test_a_range_tells_low_from_high():
    wanted = load_requirements()["textile_ecg"].ranges["pressure_mean_pa"]
    assert [wanted.verdict(p) for p in (900, 1200, 1600)] == ["too low", "ok", "too high"]
    assert wanted.margin(500) == pytest.approx(-0.5)
    assert wanted.margin(1200) == pytest.approx(0.2)
