"""The studio as people use it in headless Chromium: clicks, no error, nobody else is asked."""

import io
import tomllib

import numpy as np
import pytest
import trimesh
from PIL import Image

pytestmark = pytest.mark.slow


def picture(page):
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def spread(page, selector):
    """Standard deviation of the pixels of an element: a blank one has none."""
    element = page.locator(selector)
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("L")).std()


CALF = """(() => {
  const view = muslin.rooms.fit.view, mesh = view.mesh;
  const calf = mesh.regions.indexOf("lower leg"), points = mesh.arrays.cloth_positions;
  const regions = mesh.arrays.cloth_region;
  const at = [...regions.keys()].filter((i) => regions[i] === calf);
  at.sort((a, b) => points[3 * a + 2] - points[3 * b + 2]);
  return view.place(at[at.length - 1]);
})()"""


# Two poses, the second 10 cm to the side, as the worker sends them after a movement.
CLIP = """(() => {
  const { fit } = muslin.rooms, { arrays } = fit.fits.get(fit.shown).mesh;
  const clip = { n_frames: 2, arrays: {} };
  for (const part of ["body", "cloth"]) {
    const at = arrays[`${part}_positions`];
    const moved = at.map((x, i) => (i % 3 ? x : x + 0.1));
    clip.arrays[`${part}_frames`] = new Float32Array([...at, ...moved]);
  }
  fit.fits.get(fit.shown).clip = clip;
  document.getElementById("play").disabled = false;
})()"""


def moves_and_plays(page):
    """A movement starts, stops when it is told, and poses that came are played."""
    browser = page.page
    browser.click("#move")
    page.until("document.getElementById('fit-text').textContent.startsWith('pose')")
    browser.click("#stop-drape")
    page.until("document.getElementById('fit-text').textContent === 'stopped'")
    browser.evaluate(CLIP)
    browser.click("#play")
    assert browser.inner_text("#play") == "Stop playing"
    before = browser.evaluate("muslin.rooms.fit.view.nDrawn")
    page.until(f"muslin.rooms.fit.view.nDrawn > {before + 2}")
    browser.click("#play")
    assert browser.inner_text("#play") == "Play"


def test_a_designer_drapes_reads_the_calf_and_saves_the_sheet(page, studio):
    """Chest 6 cm more, leggings, drape, the pressure at the calf, the sheet."""
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    before = float(browser.input_value("#cm-bust_girth"))
    browser.fill("#cm-bust_girth", f"{before + 6:.1f}")
    browser.select_option("#pattern", "leggings")
    browser.select_option("#mesh", "0.024")
    browser.click("#drape")
    page.until("muslin.counters.fits > 0", 240)
    assert "leggings" in browser.inner_text("#fit-title")
    assert "converged" in browser.inner_text("#badge")
    assert spread(browser, "#view-a") > 10
    place = browser.evaluate(CALF)
    browser.mouse.move(place["x"], place["y"])
    browser.mouse.click(place["x"], place["y"])
    said = browser.inner_text("#readout")
    assert said.startswith("Kept: ")
    assert "lower leg" in said
    assert "Pressure" in said
    assert "kPa (" in said
    assert "mmHg" in said
    legend = browser.get_attribute("#legend", "aria-label")
    before = browser.evaluate("muslin.rooms.fit.view.nDrawn")
    browser.click("[data-map=stretch]")
    assert browser.get_attribute("#legend", "aria-label") != legend
    assert browser.evaluate("muslin.rooms.fit.view.nDrawn") > before
    for button, start in (("#save-sheet", b"\x89PNG"), ("#save-glb", b"glTF"),
                          ("#save-picture", b"\x89PNG")):  # fmt: skip
        with browser.expect_download(timeout=120_000) as download:
            browser.click(button)
        assert download.value.path().read_bytes().startswith(start)
    moves_and_plays(page)
    kept = tomllib.loads((studio.folder / "project.toml").read_text(encoding="utf-8"))
    assert kept["pattern"] == "leggings"
    assert kept["measures_cm"]["bust_girth"] == pytest.approx(99.0)
    page.assert_clean()


def test_a_drape_stops_when_it_is_told(page):
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    browser.select_option("#pattern", "tshirt")
    browser.select_option("#mesh", "0.011")
    browser.click("#drape")
    page.until("!document.getElementById('stop-drape').disabled")
    browser.click("#stop-drape")
    page.until("document.getElementById('fit-text').textContent === 'stopped'", 30)
    assert browser.is_enabled("#drape")
    page.assert_clean()


def test_a_scientist_records_marks_stops_and_opens_the_report(page):
    """A virtual garment: strips move, a marker by key and one by button, stop, session, report."""
    page.open()
    browser = page.page
    browser.click("#tab-session")
    browser.fill("#subject", "P07")
    page.until("document.getElementById('record-text').textContent === 'ready'", 120)
    browser.click("#start")
    page.until("muslin.counters.firstStrip_s > 0", 60)
    page.until("muslin.counters.strips === 4 && muslin.counters.redraws > 20")
    browser.locator("body").press("m")
    page.until("muslin.counters.markers === 1")
    browser.fill("#marker-text", "stairs")
    browser.click("#mark")
    page.until("muslin.counters.markers === 2")
    assert "stairs" in browser.inner_text("#markers")
    page.until("document.querySelector('#devices tbody').textContent.includes('%')")
    page.until("muslin.rooms.session.avatar.nTurns > 3")
    page.until("muslin.counters.samples > 800")
    assert spread(browser, "#strips") > 5
    browser.click("#stop")
    page.until("document.getElementById('record-text').textContent.startsWith('saved')")
    page.until("document.querySelectorAll('#sessions tbody button').length >= 3")
    browser.click("#sessions button[aria-label^='Open']")
    page.until("muslin.rooms.session.history.isOpen")
    assert browser.is_visible("#scrub")
    browser.focus("#scrub")
    browser.keyboard.press("End")
    with browser.context.expect_page() as opened:
        browser.click("#sessions button[aria-label^='Report']")
    report = opened.value
    report.wait_for_load_state(timeout=180_000)
    assert "P07" not in report.url
    assert report.locator("h1").first.inner_text(timeout=60_000)
    page.assert_clean()


def test_everything_can_be_reached_by_keyboard_and_has_a_name(page):
    page.open()
    browser = page.page
    for tab in ("#tab-fit", "#tab-session"):
        browser.click(tab)
        nameless = browser.evaluate(
            """[...document.querySelectorAll("button, input, select, canvas")]
            .filter((e) => e.offsetParent && !e.labels?.length && !e.getAttribute("aria-label")
              && !e.textContent.trim()).map((e) => e.id || e.outerHTML)"""
        )
        assert nameless == []
    browser.focus("#tab-session")
    browser.keyboard.press("Shift+Tab")
    browser.keyboard.press("Enter")
    assert browser.is_visible("#room-fit")
    page.assert_clean()


def test_dark_and_light_fit_the_window(page):
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    brightness = set()
    for _ in range(2):
        browser.click("#theme")
        brightness.add(bool(picture(browser).mean() > 128))
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert browser.evaluate(size) == [1280, 800]
    assert brightness == {True, False}
    page.assert_clean()


def test_a_pattern_can_be_brought_in(page, tmp_path):
    from test_break_in import pattern

    path = tmp_path / "my skirt.json"
    path.write_bytes(pattern())
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    browser.set_input_files("#file", path)
    page.until("document.getElementById('fit-text').textContent.includes('1 panels')")
    assert browser.input_value("#pattern").startswith("upload:")
    page.assert_clean()


def test_a_scan_becomes_the_body(page, tmp_path):
    """The sliders show what was measured on it, and own measures leave it again."""
    from fitting.body import body_from_measurements, default_measurements

    tape, sex = default_measurements()
    body = body_from_measurements(tape, sex=sex).body
    path = tmp_path / "subject 7.ply"
    trimesh.Trimesh(body.vertices_m * 1000, body.faces, process=False).export(path)
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    browser.select_option("#preset", "p95")
    browser.set_input_files("#scan-file", path)
    page.until("muslin.rooms.fit.body.scans.size === 1", 120)
    assert browser.input_value("#preset").startswith("scan:")
    stature_cm = float(browser.input_value("#cm-stature"))
    assert stature_cm == pytest.approx(tape.given()["stature"] * 100, abs=1.0)
    browser.fill("#cm-stature", f"{stature_cm + 1:.1f}")
    assert browser.evaluate("muslin.rooms.fit.body.scan") == ""
    page.assert_clean()


def test_strain_over_a_knee_bends_the_figure(page):
    """Straight and a right angle are held; half of the way of the strains is half of the angle."""
    page.open()
    angle = page.page.evaluate(
        """async () => {
          const { Joint, jointsOf } = await import("/static/joint.js");
          const sites = (site) => ({ number: 3, kinds: ["strain", "strain", "acc"],
            sites: [site, site, site], channels: ["a", "b", "c"] });
          const [joint, ...others] = jointsOf([{ streams: [sites("left knee"), sites("chest")] }]);
          const feed = (a, b) => joint.feed({ values: new Float32Array([NaN, 0, 0, a, b, 9]) });
          feed(1, 5); const before = joint.angle; joint.hold("straight");
          feed(3, 1); joint.hold("bent");
          feed(2, 3);
          const { avatar } = muslin.rooms.session;
          avatar.bend(joint.part, joint.angle, joint.way);
          const shank = avatar.parts.get(joint.part).children[0];
          const lower = shank.getWorldPosition(avatar.camera.position.clone());
          return [before, joint.angle, joint.part, others.length, lower.z];
        }"""
    )
    assert angle[0] is None
    assert angle[1] == pytest.approx(np.pi / 4)
    assert angle[2:4] == ["left shank", 0]
    assert angle[4] < -0.1  # The foot goes back, and the figure looks ahead.
    page.assert_clean()
