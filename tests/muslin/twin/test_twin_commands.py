"""The commands of the twin as a newcomer types them, on the demo's body."""

import json

import numpy as np
import pytest

from fitting.body import Measurements, body_from_measurements, pose_body, read_measurements
from fitting.pattern import complete_measures, read_pattern
from muslin.cli import run_command
from muslin.people import Taped
from muslin.twin import (
    Dressed,
    SensorError,
    landmark_named,
    landmark_title,
    landmarks_of,
    load_requirements,
    read_sensors,
    resolve,
    sensors_from_tables,
    twin_garment,
)
from muslin.twin.survey.moves import SearchSettings
from muslin.twin.survey.page import survey_page
from muslin.twin.survey.search import search_places
from muslin.twin.survey.survey import survey_people
from muslin.twin.worn.person import make_people
from muslin.twin.worn.wear import wear


@pytest.fixture(scope="module")
def demo(pytestconfig):
    measures, sex = read_measurements(pytestconfig.rootpath / "assets" / "body" / "demo.toml")
    fitted = body_from_measurements(measures, sex=sex)
    return fitted.body, complete_measures(measures, fitted.achieved)


@pytest.fixture(scope="module")
def band(demo):
    """A band of 8 cm, so that the rib lies under it wherever it settles."""
    wide = twin_garment("chest_band", ease={"width_m": 0.08})
    return wear(wide, *demo, edge_length_m=0.016)


def run(capsys, *words):
    code = run_command([str(word) for word in words])
    return code, capsys.readouterr()


def test_landmarks_lie_where_they_are_called(demo):
    body, _ = demo
    marks = landmarks_of(body)
    assert marks["patella_l"][2] > marks["knee_outer_l"][2] > marks["popliteal_l"][2]
    assert abs(marks["patella_l"][1] - body.joints_m["knee_l"][1]) < 0.02
    assert marks["xiphoid"][1] < marks["sternum"][1]
    assert marks["mid_axilla_l"][0] > marks["fifth_rib_l"][0] > 0 > marks["fifth_rib_r"][0]
    assert marks["shin_l"][1] < marks["patella_l"][1] < marks["thigh_front_l"][1]
    off = min(np.linalg.norm(body.vertices_m - marks["calf_l"], axis=1))
    assert off < 0.02


def test_the_kneecap_stays_in_front_of_a_bent_knee(demo):
    bent = pose_body(demo[0], "sitting")
    marks = landmarks_of(bent)
    knee = bent.joints_m["knee_l"]
    assert marks["patella_l"][2] > knee[2] + 0.02
    assert marks["popliteal_l"][2] < knee[2]


@pytest.mark.parametrize(
    ("words", "key"),
    [("over the fifth rib, left", "fifth_rib_l"), ("navel", "navel"), ("left patella", "patella_l"),
     ("hollow of the knee, right", "popliteal_r"), ("fifth_rib_r", "fifth_rib_r")],
)  # fmt: skip
def test_landmarks_are_found_by_words(demo, words, key):
    found, _ = landmark_named(words, demo[0])
    assert found == key
    assert landmark_named(landmark_title(key), demo[0])[0] == key


def test_a_landmark_without_its_side_asks_for_it(demo):
    with pytest.raises(SensorError, match="fifth_rib_l or fifth_rib_r"):
        landmark_named("fifth rib", demo[0])


def test_a_sensor_over_a_landmark_lands_there(band):
    rows = [{"name": "v5", "kind": "electrode", "over": "fifth rib, left", "offset_cm": [-1, -1.5],
             "size_cm": [2, 1]}]  # fmt: skip
    dressed = Dressed(body=band.body, cloth=band.cloth, positions_m=band.drape.positions_m)
    plans = sensors_from_tables({"sensor": rows}).plans
    (sensor,) = resolve(plans, band.pattern, dressed=dressed)
    assert sensor.panel == "band"
    site = band.site(sensor)
    landed = site.mean(site.points_m(band.drape.positions_m))
    rib = landmarks_of(band.body)["fifth_rib_l"]
    assert landed[1] - rib[1] == pytest.approx(-0.015, abs=0.006)
    assert np.linalg.norm(landed - rib) == pytest.approx(np.hypot(0.01, 0.015), abs=0.008)


def test_a_landmark_that_the_garment_does_not_cover_is_told(band):
    rows = [{"name": "k", "kind": "electrode", "over": "patella, left", "size_cm": [2, 2]}]
    dressed = Dressed(body=band.body, cloth=band.cloth, positions_m=band.drape.positions_m)
    with pytest.raises(SensorError, match="does not cover the patella, left"):
        resolve(sensors_from_tables({"sensor": rows}).plans, band.pattern, dressed=dressed)


def test_place_writes_every_file_and_they_read_back(capsys, tmp_path):
    code, said = run(capsys, "twin", "place", "knee_sleeve", "--out", tmp_path, "--json")
    assert code == 0
    numbers = json.loads(said.out)
    assert len(numbers["sensors"]) == 6
    file = read_sensors(tmp_path / "knee_sleeve.sensors.toml")
    pattern = read_pattern(tmp_path / file.pattern)
    again = twin_garment(str(tmp_path / file.pattern))
    laid = resolve(again.plans, pattern)
    for sensor, told in zip(laid, numbers["sensors"], strict=True):
        np.testing.assert_allclose(sensor.center_m, told["center_m"], atol=1e-6)
    assert again.schema.stream_named("strain").channels[0].name == "S1"
    assert "SENSORS" in (tmp_path / "knee_sleeve.dxf").read_text(encoding="ascii")
    assert "SENSORS" in (tmp_path / "knee_sleeve.svg").read_text(encoding="utf-8")


def test_convert_takes_the_sensors_along(capsys, tmp_path):
    assert run(capsys, "twin", "place", "chest_band", "--out", tmp_path)[0] == 0
    source, target = tmp_path / "chest_band.json", tmp_path / "again.svg"
    assert run(capsys, "convert", source, "--to", "svg", "--out", target)[0] == 0
    assert target.read_text(encoding="utf-8").count('class="overlay SENSORS"') == 5
    (tmp_path / "chest_band.sensors.toml").unlink()
    assert run(capsys, "convert", source, "--to", "svg", "--out", target)[0] == 0
    assert "SENSORS" not in target.read_text(encoding="utf-8")


def test_place_tells_problems_with_exit_code_1(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[sensor]]\nname = "e"\nkind = "electrode"\npanel = "band"\nat_cm = [5, 0.2]\n'
        "size_cm = [3, 2]\n",
        encoding="utf-8",
    )
    code, said = run(capsys, "twin", "place", "chest_band", "--sensors", path, "--out", tmp_path)
    assert code == 1
    assert "leaves the panel" in said.err


@pytest.mark.slow
def test_read_tells_every_sensor_and_draws_it(capsys, tmp_path):
    from PIL import Image

    code, said = run(
        capsys, "twin", "read", "chest_band", "--edge", 1.4, "--out", tmp_path, "--json"
    )
    numbers = json.loads(said.out)
    assert code == (0 if all(s["works"] for s in numbers["sensors"]) else 1)
    assert numbers["converged"]
    by_name = {s["name"]: s for s in numbers["sensors"]}
    assert by_name["electrode_l"]["strain"] == pytest.approx(0.24, abs=0.08)
    assert 500 < by_name["electrode_l"]["pressure_mean_pa"] < 3000
    assert by_name["module"]["segment"] == "trunk"
    picture = np.asarray(Image.open(tmp_path / "twin.png").convert("RGB"))
    assert (picture == [64, 176, 166]).all(axis=2).sum() > 200


@pytest.mark.slow
def test_a_survey_runs_by_itself_and_tells_who_has_no_body(capsys, tmp_path):
    bodies = tmp_path / "bodies.csv"
    rows = ["name,sex,stature,bust_girth,hip_girth", "Ann,female,163,90,98", "Bob,male,178,100,99"]
    bodies.write_text("\n".join([*rows, "odd,female,,,"]) + "\n", encoding="utf-8")
    code, said = run(
        capsys, "twin", "survey", "chest_band", "--bodies", bodies, "--sizes", "0", "--edge", 2,
        "--workers", 1, "--out", tmp_path, "--json",
    )  # fmt: skip
    numbers = json.loads(said.out)
    assert code == 3
    assert len(list((tmp_path / "results").glob("*.json"))) == 2
    assert numbers["unmade"][0]["reason"] == "line 4: nothing was taped"
    assert [case["person"] for case in numbers["cases"]] == ["Ann", "Bob"]
    assert all(case["state"] == "read" or case["reason"] for case in numbers["cases"])
    page = (tmp_path / "survey.html").read_text(encoding="utf-8")
    assert "nothing was taped" in page
    assert "data:image/png;base64," in page


@pytest.mark.slow
def test_the_search_judges_on_people_that_it_did_not_see():
    taped = [
        Taped(name=f"p{i}", sex="female",
              measures=Measurements(stature=1.6 + 0.03 * i, bust_girth=0.86 + 0.04 * i))
        for i in range(4)
    ]  # fmt: skip
    people, band = list(make_people(taped)), twin_garment("chest_band")
    found = survey_people(band, people, (0,), edge_length_m=0.02, keep=True)
    assert not found.failures()
    best = search_places(
        found, people, ("electrode_r", "electrode_l"), requirements=load_requirements(),
        edge_length_m=0.02, settings=SearchSettings(n_ease=1, n_generations=1, n_members=3),
    )  # fmt: skip
    assert set(best.seen) | set(best.unseen) == {"p0", "p1", "p2", "p3"}
    assert not set(best.seen) & set(best.unseen)
    assert best.shares_seen["both"] >= best.shares_seen["naive"]
    assert best.n_drapes <= 2 * 4
    assert {plan.name for plan in best.plans} == set(found.sensors)
    assert "did not see" in best.sentence
    page = survey_page(found, best)
    assert "A better place" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read", "tshirt"), "--sensors"),
        (("read", "cape"), "chest_band"),
        (("read", "chest_band", "--size", "M"), "size step 'M'"),
        (("read", "chest_band", "--ease", "girth"), "name=value"),
        (("read", "chest_band", "--fabric", "web"), "web"),
        (("place", "chest_band", "--sensors", "none.toml"), "none.toml"),
        (("survey", "chest_band", "--bodies", "none.csv"), "none.csv"),
        (("survey", "chest_band", "--bodies", "none.csv", "--workers", "0"), "workers"),
        (("survey", "chest_band", "--bodies", "none.csv", "--timeout", "0"), "s for a fit"),
    ],
)
def test_bad_input_is_one_sentence(capsys, tmp_path, words, said):
    code, found = run(capsys, "twin", *words, "--out", tmp_path)
    assert code == 2
    assert said in found.err
    assert found.out == ""


def test_a_search_for_an_unknown_sensor_lists_the_known_ones(capsys, tmp_path):
    bodies = tmp_path / "b.csv"
    bodies.write_text("sex,stature\nfemale,170\n", encoding="utf-8")
    code, found = run(
        capsys, "twin", "survey", "chest_band", "--bodies", bodies, "--search", "ear",
        "--out", tmp_path,
    )  # fmt: skip
    assert code == 2
    assert "electrode_l" in found.err
