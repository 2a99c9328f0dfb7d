"""Sensors of the fit room without a page: pointed at, snapped to the panel, kept as a file."""

import json

import numpy as np
import pytest

from fitting.pattern import read_pattern
from muslin.errors import InputError
from muslin.studio.choices import fit_choices
from muslin.studio.fit_worker import Worker
from muslin.studio.sensor_board import N_SENSORS
from muslin.studio.sensor_wish import KINDS, LINES, N_POINTS, checked_change
from muslin.twin import LINE_KINDS, SENSOR_KINDS, SensorError, read_sensors, twin_garment
from muslin.twin.sensors.resolve import points_by_share_m, resolve, shares_of_points

pytestmark = pytest.mark.slow


class Heard:
    """Takes the place of the pipe to the studio."""

    def __init__(self):
        self.messages = []

    def tell(self, content, body=b""):
        self.messages.append((content, body))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A worker with a knee sleeve, and where its sensors file lies."""
    path = tmp_path_factory.mktemp("sensors") / "knee_sleeve.sensors.toml"
    worker = Worker(Heard())
    worker._fit({
        "do": "fit", "id": 1, "sex": "female", "pose": "a", "pattern": "knee_sleeve", "path": "",
        "size": 0, "scan": "", "scan_path": "", "fabric": "compression_knit", "edge_m": 0.024,
        "measures_cm": fit_choices()["demo"]["measures_cm"], "sensors_path": str(path),
    })  # fmt: skip
    return worker, path


@pytest.fixture
def asked(fitted):
    """Ask the worker; returns what it answered, the file as it was before the test."""
    worker, path = fitted
    path.unlink(missing_ok=True)
    worker._boards.clear()

    def ask(change=None, kind="sensors"):
        command = {"do": "sensors", "id": 1, "kind": kind, "change": change}
        if change is not None:
            command["change"] = checked_change(change)
        worker._sensors(command)
        content, body = worker._office.messages[-1]
        if content["type"] == "no_file":
            raise InputError(content["text"])
        return body if kind != "sensors" else json.loads(body)

    return ask


def face_at(worker, share):
    """A triangle of the sleeve by shares of its panel."""
    fitted = worker._fits[1]
    panel, cloth = fitted.pattern.panels[0], fitted.fit.cloth
    point = points_by_share_m(panel, np.array([share]))[0]
    middles = cloth.flat_uv_m[cloth.flat_faces].mean(axis=1)
    return int(np.linalg.norm(middles - point, axis=1).argmin())


def third(face):
    return [face, 1 / 3, 1 / 3, 1 / 3]


def test_the_page_knows_the_kinds_of_the_twin():
    assert (KINDS, LINES) == (SENSOR_KINDS, LINE_KINDS)


def test_a_block_begins_with_the_sensors_that_ship(asked, fitted):
    rows = asked()["sensors"]
    assert [row["name"] for row in rows] == ["S1", "S2", "S3", "S4", "S5", "module"]
    middle = rows[2]
    assert middle["panel"] == "sleeve"
    assert middle["landmark_mm"] < 80
    assert "kneecap" in middle["place"] or "patella" in middle["place"]
    assert middle["region"] in ("thigh", "lower leg")
    assert 0 < middle["pressure_kpa"] < 10
    assert len(middle["patch_m"]) % 9 == 0
    assert not fitted[1].exists()


def test_a_point_is_snapped_to_its_panel_and_kept_for_every_size(asked, fitted):
    worker, path = fitted
    face = face_at(worker, (0.2, 0.5))
    rows = asked({"do": "add", "kind": "electrode", "points": [third(face)]})["sensors"]
    added = rows[-1]
    cloth = worker._fits[1].fit.cloth
    wanted_mm = 1000 * cloth.flat_uv_m[cloth.flat_faces[face]].mean(axis=0)
    assert added["uv_mm"] == pytest.approx(wanted_mm, abs=0.11)
    # What is kept is what `muslin twin` reads, and lies at the same share in another size.
    plan = read_sensors(path).plans[-1]
    larger = twin_garment("knee_sleeve", sensors=path).draft(
        worker._fits[1].wearer.measured, size_step=2
    )
    (there,) = resolve([plan], larger)
    share = shares_of_points(larger.panels[0], there.center_m[None])
    here = shares_of_points(worker._fits[1].pattern.panels[0], wanted_mm[None] / 1000)
    np.testing.assert_allclose(share, here, atol=1e-4)


def test_a_line_follows_the_points_and_is_drawn_on_its_layer(asked, fitted, tmp_path):
    worker, path = fitted
    points = [third(face_at(worker, (0.85, level))) for level in (0.3, 0.5, 0.7)]
    row = asked({"do": "add", "kind": "strain_line", "points": points, "name": "mine"})["sensors"][
        -1
    ]
    assert row["name"] == "mine"
    assert len(row["path_mm"]) == 3
    assert row["length_mm"] > 80
    assert abs(row["strain_percent"]) < 40
    assert asked(kind="toml").decode() == path.read_text(encoding="utf-8")
    assert b"SENSORS" in asked(kind="svg")
    dxf = tmp_path / "sleeve.dxf"
    dxf.write_bytes(asked(kind="dxf"))
    assert "SENSORS" in dxf.read_text(encoding="latin-1")
    assert read_pattern(dxf).panels


def test_a_sensor_over_a_landmark_stays_over_it(asked, fitted):
    keys = [key for key, _ in asked()["landmarks"]]
    assert "calf_l" in keys
    for name in ("S1", "S2", "S3", "S4", "S5"):
        asked({"do": "remove", "name": name})
    row = asked({"do": "add", "kind": "imu", "over": "patella_l"})["sensors"][-1]
    assert row["landmark_mm"] < 15
    assert 'over = "patella_l"' in fitted[1].read_text(encoding="utf-8")


def test_what_cannot_be_laid_is_refused_and_nothing_changes(asked, fitted):
    worker, path = fitted
    seam, line = face_at(worker, (0.002, 0.5)), face_at(worker, (0.5, 0.5))
    for points, why in (
        ([third(seam)], "panel|seam"), ([third(line)], "upon each other"),
        ([third(10**6)], "no such point"), ([[line, 0.0, 0.0, 0.0]], "sum to nothing"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=why):
            asked({"do": "add", "kind": "electrode", "points": points})
    with pytest.raises(InputError, match="already"):
        asked({"do": "add", "kind": "electrode", "name": "S1",
               "points": [third(face_at(worker, (0.2, 0.5)))]})  # fmt: skip
    with pytest.raises(InputError, match="no sensor is called"):
        asked({"do": "remove", "name": "S9"})
    with pytest.raises(InputError, match="landmark"):
        asked({"do": "add", "kind": "imu", "over": "fifth_rib_l"})
    assert len(asked()["sensors"]) == 6
    assert not path.exists()


def test_the_last_one_that_goes_takes_the_file_with_it(asked, fitted):
    for row in asked()["sensors"]:
        rows = asked({"do": "remove", "name": row["name"]})["sensors"]
    assert rows == []
    assert not fitted[1].exists()
    with pytest.raises(InputError, match="no sensor"):
        asked(kind="dxf")


def test_a_garment_takes_no_crowd(asked, fitted, monkeypatch):
    monkeypatch.setattr("muslin.studio.sensor_board.N_SENSORS", 6)
    face = face_at(fitted[0], (0.2, 0.5))
    with pytest.raises(InputError, match="6 sensors"):
        asked({"do": "add", "kind": "electrode", "points": [third(face)]})
    assert N_SENSORS > 6


WRONG = (
    {}, {"do": "drop"}, {"do": "add"}, {"do": "add", "kind": "laser", "points": [[0, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": []}, {"do": "add", "kind": "imu", "points": "abc"},
    {"do": "add", "kind": "strain_line", "points": [[0, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[0, 1, 0, 0]] * (N_POINTS + 1)},
    {"do": "add", "kind": "imu", "points": [[-1, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[1.5, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[1, float("nan"), 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[1e300, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[True, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "points": [[1, 7, 0, 0]]},
    {"do": "add", "kind": "imu", "over": "../../etc/passwd"},
    {"do": "add", "kind": "imu", "over": ["patella_l"]},
    {"do": "add", "kind": "imu", "name": "../x", "points": [[0, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "name": "a\nb", "points": [[0, 1, 0, 0]]},
    {"do": "add", "kind": "imu", "name": 'x"]', "points": [[0, 1, 0, 0]]},
    {"do": "remove"}, {"do": "remove", "name": 3},
)  # fmt: skip


@pytest.mark.parametrize("change", WRONG)
def test_a_wish_that_makes_no_sense_is_refused(change):
    with pytest.raises(InputError):
        checked_change(change)


def test_sensors_of_a_fit_that_is_gone_are_refused(fitted):
    worker, _ = fitted
    worker._sensors({"do": "sensors", "id": 99, "kind": "sensors", "change": None})
    assert "drape it again" in worker._office.messages[-1][0]["text"]


def test_an_error_of_the_twin_is_bad_input():
    assert issubclass(SensorError, InputError)
