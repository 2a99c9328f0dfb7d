"""An old session on the twin in Chromium: figure and cloth move, measured beside predicted."""

import os
from pathlib import Path

import numpy as np
import pytest

from muslin.cli import run_command
from muslin.errors import InputError
from muslin.studio.mesh_bytes import unpack_arrays
from muslin.studio.twin_bytes import PARTS
from muslin.studio.twin_worker import replayed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def squat(tmp_path_factory):
    """A squat as the virtual knee sleeve sends it."""
    path = tmp_path_factory.mktemp("squat") / "squat.h5"
    words = ["twin", "simulate", "knee_sleeve", "--motion", "squat", "--duration", "8"]
    assert run_command([*words, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def with_squat(studio, squat):
    """A studio whose catalogue has that session; its id."""
    (studio.folder / "sessions" / "squat.h5").write_bytes(squat.read_bytes())
    rows = studio.json("GET", "/api/sessions")["sessions"]
    return next(row["id"] for row in rows if row["name"] == "squat")


def keep_picture(browser, name):
    folder = os.environ.get("MUSLIN_SCREENSHOTS")
    if folder:
        browser.screenshot(path=str(Path(folder) / name))


def test_a_scientist_replays_a_session_on_the_twin(page, with_squat):
    """Opened from the catalogue, played, scrubbed by mouse and key, closed; the figure bends."""
    page.open()
    browser = page.page
    browser.click("#tab-session")
    page.until("document.querySelectorAll('#sessions tbody button').length >= 4")
    browser.click("#sessions button[aria-label='Replay on the twin squat']")
    assert browser.is_visible("#twin")
    assert browser.is_hidden("#strips")
    page.until("document.getElementById('twin-garment').options.length > 1")
    browser.select_option("#twin-garment", "knee_sleeve")
    browser.fill("#twin-bent", "75")
    browser.check("#twin-both")
    browser.click("#twin-start")
    page.until("document.getElementById('twin-start').disabled")
    page.until("muslin.counters.twinFrames > 100", 300)
    assert browser.evaluate("muslin.counters.twinLines") == 5
    assert "from strain lines" in browser.inner_text("#twin-text")
    said = browser.inner_text("#twin-strips")
    assert "S3 [%]" in said
    assert "r = " in said
    page.until("muslin.counters.twinShown > 5")
    browser.click("#twin-play")
    assert browser.inner_text("#twin-play") == "Play"
    shank = """(() => { const { avatar } = muslin.rooms.session;
      const foot = avatar.parts.get("left shank").children[0];
      return foot.getWorldPosition(avatar.camera.position.clone()).z; })()"""
    browser.focus("#twin-scrub")
    browser.keyboard.press("Home")
    standing = browser.evaluate(shank)
    drawn = browser.evaluate("muslin.rooms.session.twin.view.nDrawn")
    depths = []
    for share in np.linspace(0, 1000, 25):
        browser.evaluate(
            """(value) => { const scrub = document.getElementById("twin-scrub");
              scrub.value = value; scrub.dispatchEvent(new Event("input")); }""", share,
        )  # fmt: skip
        depths.append(browser.evaluate(shank))
        if len(depths) == 13:
            keep_picture(browser, "twin-replay.png")
    # In a squat the knees go ahead of the hips, so the shanks move forward.
    assert max(abs(np.array(depths) - standing)) > 0.05
    assert browser.evaluate("muslin.rooms.session.twin.view.nDrawn") >= drawn + 25
    browser.keyboard.press("ArrowRight")
    assert "of 0:0" in browser.inner_text("#twin-time")
    browser.click("#twin-close")
    assert browser.is_hidden("#twin")
    assert browser.is_visible("#strips")
    page.assert_clean()


def test_a_replay_without_cloth_sends_turns_and_lines_alone(squat):
    command = {
        "session": str(squat), "garment": "knee_sleeve", "sensors": "", "bent_deg": 75.0,
        "both_sides": False, "with_cloth": False, "start_s": 0.0, "seconds": 5.0, "sex": "male",
        "measures_cm": {"stature": 178.0, "hip_girth": 99.0},
    }  # fmt: skip
    content, arrays = unpack_arrays(replayed(command))
    assert content["parts"] == list(PARTS)
    turns = arrays["turns_wxyz"]
    assert turns.shape == (len(arrays["pose_s"]), len(PARTS), 4)
    np.testing.assert_allclose(np.linalg.norm(turns, axis=2), 1, atol=1e-5)
    assert "body_frames" not in arrays
    assert [line["name"] for line in content["lines"]] == ["S1", "S2", "S3", "S4", "S5"]
    middle = content["lines"][2]
    assert middle["correlation"] > 0.9
    # Both are strain in per cent, so that they lie on one scale.
    measured, predicted = arrays["line_2_measured_percent"], arrays["line_2_predicted_percent"]
    assert np.ptp(measured) == pytest.approx(np.ptp(predicted), rel=0.35)
    assert np.degrees(0) <= arrays["angle_knee_flexion_l"].max() < 110
    with pytest.raises(InputError, match="outside 5 to 170"):
        replayed(command | {"bent_deg": 500.0})


WRONG = (
    {"garment": "tshirt"}, {"garment": "/etc/passwd"}, {"garment": "upload:../../x"},
    {"garment": ["knee_sleeve"]}, {}, {"garment": "knee_sleeve", "bent_deg": "90"},
    {"garment": "knee_sleeve", "bent_deg": 1e9}, {"garment": "knee_sleeve", "seconds": 1e9},
    {"garment": "knee_sleeve", "start_s": -1}, {"garment": "knee_sleeve", "start_s": None},
)  # fmt: skip


@pytest.mark.parametrize("wish", WRONG, ids=str)
def test_a_wish_that_makes_no_sense_is_refused(studio, with_squat, wish):
    answer = studio.ask("POST", f"/api/sessions/{with_squat}/twin", body=wish)
    assert answer.status == 422


@pytest.mark.parametrize("session", ["squat.h5", "..%2f..%2fx", "0" * 16, "%2fetc%2fpasswd"])
def test_a_session_that_is_not_in_the_catalogue_is_refused(studio, session):
    answer = studio.ask("POST", f"/api/sessions/{session}/twin", body={"garment": "knee_sleeve"})
    assert answer.status in (404, 422)


@pytest.mark.parametrize("path", ["/api/twins/7", "/api/twins/-1", "/api/twins/99999999999999"])
def test_a_replay_that_is_not_there_is_refused(studio, path):
    assert studio.ask("GET", path).status in (404, 422)


def test_stop_without_a_replay_is_no_error_and_needs_its_origin(studio):
    assert studio.json("POST", "/api/twins/stop", body={}) == {"stopped": True}
    headers = {"Origin": "http://evil.example"}
    answer = studio.ask("POST", "/api/twins/stop", body={}, headers=headers)
    assert answer.status == 403
    assert studio.ask("GET", "/api/twins/garments", cookie=None).status == 401
