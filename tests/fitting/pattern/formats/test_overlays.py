"""Lines on layers of their own, which whoever writes a pattern may add."""

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.errors import PatternError
from fitting.pattern import draft_block, read_pattern
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.formats.overlay import Overlay
from fitting.pattern.formats.svg_write import write_svg

SQUARE = np.array([[0.0, 0.01], [0.03, 0.01], [0.03, 0.03], [0.0, 0.03]])


@pytest.fixture(scope="module")
def band():
    return draft_block("chest_band", Measurements(under_bust_girth=0.8))


def patch(**changes):
    given = {"panel": "band", "points_m": SQUARE, "layer": "SENSOR", "closed": True, "label": "e"}
    return Overlay(**(given | changes))


def test_a_dxf_has_them_on_their_own_layer(band, tmp_path):
    import ezdxf

    path = tmp_path / "band.dxf"
    write_dxf(path, (band,), overlays=(patch(),))
    block = next(b for b in ezdxf.readfile(path).blocks if b.name.startswith("band"))
    (line,) = [e for e in block if e.dxf.layer == "SENSOR" and e.dxftype() == "POLYLINE"]
    points = np.array([[p.dxf.location.x, p.dxf.location.y] for p in line.vertices])
    np.testing.assert_allclose(points, np.vstack([SQUARE, SQUARE[:1]]) * 1000, atol=1e-6)


def write_either(path, band, overlays):
    if path.suffix == ".dxf":
        write_dxf(path, (band,), overlays=overlays)
    else:
        write_svg(path, band, overlays=overlays)


@pytest.mark.parametrize("suffix", ["dxf", "svg"])
@pytest.mark.parametrize("closed", [True, False])
def test_they_are_no_part_of_the_pattern_that_reads_back(band, tmp_path, suffix, closed):
    path = tmp_path / f"band.{suffix}"
    write_either(path, band, ())
    plain = read_pattern(path)
    write_either(path, band, (patch(closed=closed),))
    again = read_pattern(path)
    assert len(again.panels) == len(plain.panels) == 1
    assert len(again.panels[0].holes) == len(plain.panels[0].holes)
    assert len(again.panels[0].internal_lines) == len(plain.panels[0].internal_lines)


def test_an_svg_groups_a_layer(band, tmp_path):
    path = tmp_path / "band.svg"
    write_svg(path, band, overlays=(patch(), patch(label="f")))
    text = path.read_text(encoding="utf-8")
    assert text.count('inkscape:label="SENSOR"') == 1
    assert text.count('class="overlay SENSOR"') == 2


@pytest.mark.parametrize(
    ("wrong", "said"), [({"panel": "sleeve"}, "sleeve"), ({"layer": "8"}, "layer '8'")]
)
def test_an_overlay_that_lies_nowhere_is_refused(band, tmp_path, wrong, said):
    with pytest.raises(PatternError, match=said):
        write_svg(tmp_path / "band.svg", band, overlays=(patch(**wrong),))


def test_only_its_own_size_gets_an_overlay(band, tmp_path):
    path = tmp_path / "band.svg"
    write_svg(path, band, overlays=(patch(size="L"),))
    assert "overlay SENSOR" not in path.read_text(encoding="utf-8")
