"""Drawings and prints at true size."""

import re

import numpy as np
import pytest

from fitting.errors import PatternError
from fitting.pattern import Edge, Panel, Pattern
from fitting.pattern.formats.flats import arrow_m, lay_out, notch_strokes_m
from fitting.pattern.formats.pdf_write import write_pdf
from fitting.pattern.marks import Notch


def square(side_m=0.4, name="a", **more):
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) * side_m
    edges = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4))
    return Panel(name=name, vertices_m=corners, edges=edges, **more)


def pattern(*panels):
    return Pattern(name="p", panels=panels, seams=())


def boxes(path):
    found = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", path.read_bytes())
    return [(float(w), float(h)) for w, h in found]


def test_panels_lie_side_by_side_without_touching():
    flats, size = lay_out(pattern(*(square(name=str(i)) for i in range(7))), width_m=1.0)
    low = [flat.panel.vertices_m.min(axis=0) + flat.shift_m for flat in flats]
    for i, a in enumerate(low):
        assert (a > 0).all()
        assert (a + 0.4 < size).all()
        for b in low[i + 1 :]:
            assert np.abs(a - b).max() > 0.4


def test_tiles_are_paper_and_a_sheet_is_the_pattern(tmp_path):
    path = tmp_path / "p.pdf"
    n_pages = write_pdf(path, pattern(square(notches=(Notch(edge=0, share=0.5),))))
    assert n_pages == len(boxes(path)) > 3
    assert boxes(path)[0] == pytest.approx((595.28, 841.89), abs=0.01)
    assert write_pdf(path, pattern(square()), paper="sheet") == 1
    (box,) = boxes(path)
    # 40 cm, two margins of 3 cm, and the row of the test square.
    assert box[0] == pytest.approx(0.46 / 0.0254 * 72, abs=0.01)
    assert box[1] == pytest.approx(0.53 / 0.0254 * 72, abs=0.01)


def test_pages_without_a_panel_are_left_out(tmp_path):
    path = tmp_path / "p.pdf"
    tall = Panel(
        name="tall", vertices_m=np.array([[0.0, 0.0], [0.1, 0.0], [0.1, 1.2], [0.0, 1.2]]),
        edges=square().edges,
    )  # fmt: skip
    both = write_pdf(path, pattern(tall, square(1.0, name="wide")))
    assert both < 7 * 6


def test_an_endless_print_is_refused(tmp_path):
    with pytest.raises(PatternError, match="is the unit right"):
        write_pdf(tmp_path / "p.pdf", pattern(square(30.0)))


@pytest.mark.parametrize("turned", [False, True])
def test_notches_point_into_the_panel(turned):
    panel = square(notches=(Notch(edge=0, share=0.5, depth_m=0.004),))
    if turned:
        edges = tuple(Edge(start=(i + 1) % 4, stop=i) for i in (0, 3, 2, 1))
        panel = Panel(name="t", vertices_m=panel.vertices_m, edges=edges, notches=panel.notches)
    (stroke,) = notch_strokes_m(panel)
    np.testing.assert_allclose(stroke, [[0.2, 0.0], [0.2, 0.004]], atol=1e-9)


def test_the_arrow_follows_the_grain():
    shaft, *heads = arrow_m(square(grain_rad=0.0))
    assert shaft[1, 1] == pytest.approx(shaft[0, 1])
    assert len(heads) == 2
