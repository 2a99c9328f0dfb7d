"""Edges that grip: which triangles they are, what the file says, and that they hold more."""

import numpy as np
import pytest

from fitting.body import body_from_measurements, default_measurements
from fitting.cloth import garment_levels_on_body
from fitting.pattern import complete_measures, draft_block
from muslin.twin import SensorError, read_sensors, twin_garment, write_sensors
from muslin.twin.sensors.grip import SILICONE_FRICTION, Grip, faces_at_edge, grip_of, gripping
from muslin.twin.worn.reading import read_worn
from muslin.twin.worn.wear import wear


@pytest.fixture(scope="module")
def person():
    tape, sex = default_measurements()
    fitted = body_from_measurements(tape, sex=sex)
    return fitted.body, complete_measures(tape, fitted.achieved)


def test_a_grip_reaches_in_from_open_edges_and_not_from_seams(person):
    body, measures = person
    pattern = draft_block("knee_sleeve", measures)
    levels = garment_levels_on_body(pattern, body, edge_length_m=0.015)
    cloth = levels.finest
    middles = cloth.flat_uv_m[cloth.flat_faces].mean(axis=1)
    height = np.ptp(cloth.flat_uv_m[:, 1])
    from_end = np.minimum(middles[:, 1] - cloth.flat_uv_m[:, 1].min(),
                          cloth.flat_uv_m[:, 1].max() - middles[:, 1])  # fmt: skip
    near = faces_at_edge(cloth, 0.03)
    np.testing.assert_array_equal(near, from_end <= 0.03 + 1e-9)
    assert near.mean() == pytest.approx(0.06 / height, abs=0.05)
    meshes, fabrics = gripping(levels, twin_garment("knee_sleeve").fabric, Grip(width_m=0.03))
    assert [fabric.friction_skin for fabric in fabrics][1] == SILICONE_FRICTION
    for mesh in meshes.levels:
        assert set(np.unique(mesh.face_fabric)) == {0, 1}


@pytest.mark.parametrize(
    ("table", "said"),
    [({"width_cm": 0}, "width_cm"), ({"friction": 1.0}, "width_cm"), ({"width_cm": "2"}, "'2'"),
     ({"width_cm": 2, "friction": -1}, "friction"), ({"width_cm": 2, "glue": 1}, "width_cm")],
)  # fmt: skip
def test_a_grip_that_makes_no_sense_is_refused(table, said):
    with pytest.raises(SensorError, match=said):
        grip_of(table, "file")


def test_a_sensors_file_keeps_its_grip(tmp_path):
    path = tmp_path / "sleeve.sensors.toml"
    shipped = twin_garment("knee_sleeve")
    lines = ["[garment]", "grip = { width_cm = 2.5 }", "[[sensor]]", 'name = "a"', 'kind = "imu"',
             'panel = "sleeve"', "at_share = [0.5, 0.8]", "size_cm = [2.0, 2.0]"]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    file = read_sensors(path)
    assert file.grip == Grip(width_m=0.025)
    write_sensors(path, file)
    assert read_sensors(path).grip == file.grip
    assert twin_garment("knee_sleeve", sensors=path).grip == file.grip
    assert shipped.grip is None


@pytest.mark.slow
def test_a_module_on_a_gripping_edge_has_more_margin(person, tmp_path):
    body, measures = person
    path = tmp_path / "sleeve.sensors.toml"
    lines = ["[garment]", 'fabric = "compression_knit"', "GRIP", "[[sensor]]", 'name = "a"',
             'kind = "imu"', 'panel = "sleeve"', "at_share = [0.2, 0.9]", "size_cm = [2.0, 2.0]",
             "mass_g = 6.0"]  # fmt: skip
    margins = []
    for grip in ("", "grip = { width_cm = 6.0, friction = 0.9 }"):
        path.write_text("\n".join(lines).replace("GRIP", grip), encoding="utf-8")
        garment = twin_garment("knee_sleeve", sensors=path)
        worn = wear(garment, body, measures, edge_length_m=0.02)
        assert worn.friction_skin.max() == pytest.approx(0.9 if grip else 0.35)
        margins.append(read_worn(worn)[0].slip_margin)
    assert margins[1] > margins[0]
