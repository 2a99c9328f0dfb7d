"""Sensors placed with the mouse and with keys on the garment of the fit room, in Chromium."""

import os
from pathlib import Path

import pytest

from muslin.twin import LINE_KINDS, read_sensors

pytestmark = pytest.mark.slow

# A vertex of the sleeve in front of the leg, at a share of its height.
FRONT = """(share) => {
  const view = muslin.rooms.fit.view, points = view.mesh.arrays.cloth_positions;
  const n = points.length / 3;
  const y = (i) => points[3 * i + 1];
  const all = [...Array(n).keys()], low = Math.min(...all.map(y)), high = Math.max(...all.map(y));
  const near = all.filter((i) => Math.abs(y(i) - low - share[1] * (high - low)) < 0.02);
  const x = near.map((i) => points[3 * i]), left = Math.min(...x), wide = Math.max(...x) - left;
  const off = (i) => Math.abs(points[3 * i] - left - share[0] * wide) - 0.3 * points[3 * i + 2];
  return view.place(near.sort((a, b) => off(a) - off(b))[0]);
}"""


def click_at(browser, share):
    place = browser.evaluate(FRONT, share)
    browser.mouse.click(place["x"], place["y"])


def keep_picture(browser, name):
    folder = os.environ.get("MUSLIN_SCREENSHOTS")
    if folder:
        browser.screenshot(path=str(Path(folder) / name))


def test_a_designer_places_sensors_by_click_and_saves_them(page, studio):
    """A sleeve without its own lines: electrode, line of three clicks, pocket by keyboard."""
    page.open()
    browser = page.page
    browser.click("#tab-fit")
    browser.select_option("#pattern", "knee_sleeve")
    browser.select_option("#mesh", "0.016")
    browser.click("#drape")
    page.until("muslin.counters.fits > 0", 240)
    browser.click("#tab-sensors")
    page.until("muslin.counters.sensors === 6")
    assert "kPa" in browser.inner_text("#sensor-list")
    keep_picture(browser, "sensors-shipped.png")
    for i in range(5):
        browser.click(f"[aria-label='Remove S{i + 1}']")
        page.until(f"muslin.counters.sensors === {5 - i}")
    browser.select_option("#sensor-kind", "electrode")
    browser.click("#sensor-place")
    click_at(browser, [0.3, 0.25])
    page.until("muslin.counters.sensors === 2")
    said = browser.inner_text("#sensor-list")
    assert "electrode_1" in said
    assert "sleeve at (" in said
    browser.select_option("#sensor-kind", "strain_line")
    browser.click("#sensor-place")
    assert browser.is_disabled("#sensor-finish")
    for level in (0.35, 0.5, 0.65):
        click_at(browser, [0.5, level])
    page.until("muslin.rooms.fit.sensors.points.length === 3")
    keep_picture(browser, "sensors-line.png")
    browser.click("#sensor-finish")
    page.until("muslin.counters.sensors === 3")
    assert "mm long" in browser.inner_text("#sensor-list")
    kept = read_sensors(studio.folder / "sensors" / "knee_sleeve.sensors.toml")
    assert [plan.name for plan in kept.plans] == ["module", "electrode_1", "strain_line_1"]
    assert kept.plans[2].kind in LINE_KINDS
    assert kept.fabric == "compression_knit"
    keep_picture(browser, "sensors-placed.png")
    for button, start in (("#save-sensors", b"[garment]"), ("#save-svg", b"<?xml")):
        with browser.expect_download(timeout=60_000) as download:
            browser.click(button)
        assert download.value.path().read_bytes().startswith(start)
    with browser.expect_download(timeout=60_000) as download:
        browser.click("#save-dxf")
    assert b"SENSORS" in download.value.path().read_bytes()
    places_by_keys(page)
    leaves_and_refuses(page)


def places_by_keys(page):
    """Turned with the arrows, placed in the ring with Enter; the click on the value still works."""
    browser = page.page
    browser.select_option("#sensor-kind", "pressure_pad")
    browser.click("[data-view=left]")
    browser.focus("#sensor-place")
    browser.keyboard.press("Enter")
    assert browser.is_visible("#cross")
    browser.focus("#view-a")
    browser.keyboard.press("ArrowRight")
    browser.keyboard.press("Enter")
    page.until("muslin.counters.sensors === 4", 20)
    assert not browser.is_visible("#cross")
    browser.select_option("#sensor-kind", "thermistor")
    browser.select_option("#sensor-over", "knee_inner_l")
    browser.click("#sensor-place")
    page.until("muslin.counters.sensors === 5", 20)
    assert "on the inner side of the knee, left" in browser.inner_text("#sensor-list")


def leaves_and_refuses(page):
    """Escape leaves, a drag places nothing, air is no garment, and a second fit has its sensors."""
    browser = page.page
    n = browser.evaluate("muslin.counters.sensors")
    browser.select_option("#sensor-over", "")
    browser.select_option("#sensor-kind", "electrode")
    browser.click("#sensor-place")
    box = browser.locator("#view-a").bounding_box()
    browser.mouse.click(box["x"] + 4, box["y"] + 4)
    assert "no garment" in browser.inner_text("#sensor-text")
    browser.focus("#view-a")
    browser.keyboard.press("Escape")
    assert browser.is_hidden("#sensor-cancel")
    browser.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert browser.evaluate("muslin.counters.sensors") == n
    browser.click("#tab-verdict")
    browser.click("[data-view=front]")
    click_at(browser, [0.5, 0.5])
    assert browser.inner_text("#readout").startswith("Kept: ")
    page.assert_clean()
