"""Every format through the one door: real files, round trips, sizes, units, refusals."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.errors import PatternError
from fitting.pattern import (
    Hole,
    InternalLine,
    Notch,
    Panel,
    Pattern,
    ReadOptions,
    check_pattern,
    draft_tshirt,
    garmentcode_from_pattern,
    pattern_formats,
    pattern_from_garmentcode,
    read_pattern,
    read_pattern_sizes,
    split_seams,
)
from fitting.pattern import read as door
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.formats.svg_write import write_svg
from fitting.pattern.panels.fold import mirrored_panel

BODY = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
DXF_FILES = ["GLX4802S19_ASTM.DXF", "ORILEGWB_AAMA.DXF", "clo-box.dxf", "clo-pattern.dxf"]


@pytest.fixture
def shirt():
    """A drafted shirt with every mark a panel can have."""
    pattern = draft_tshirt(Measurements.from_cm(BODY))
    first, *rest = pattern.panels
    middle = first.outline_m().mean(axis=0)
    marked = Panel(
        name=first.name, vertices_m=first.vertices_m, edges=first.edges, wrap=first.wrap,
        translation_m=first.translation_m, layer=1, n_cut=2, fabric="jersey",
        notches=(Notch(edge=1, share=0.25, kind="u", depth_m=0.004), Notch(edge=2, share=0.5)),
        internal_lines=(InternalLine(points_m=middle + np.array([[0, 0], [0.05, 0.02]])),
                        InternalLine(points_m=middle + np.array([[0, 0], [0, 0.1]]),
                                     kind="stripe")),
        holes=(Hole(center_m=(0.0, float(middle[1])), outline_m=np.zeros((0, 2))),
               Hole(center_m=(0.1, float(middle[1])),
                    outline_m=np.array([[0.08, 0.2], [0.12, 0.2], [0.1, 0.24]]))),
    )  # fmt: skip
    return Pattern(name=pattern.name, panels=(marked, *rest), seams=pattern.seams)


def test_a_specification_keeps_marks_and_corners(shirt, distance_m):
    content = json.loads(json.dumps(garmentcode_from_pattern(shirt)))
    again = pattern_from_garmentcode(content, name=shirt.name)
    assert distance_m(shirt, again) < 1e-12
    assert again.seams == shirt.seams
    for old, new in zip(shirt.panels, again.panels, strict=True):
        np.testing.assert_allclose(old.vertices_m, new.vertices_m, rtol=0, atol=1e-15)
        for key in ("wrap", "half", "layer", "n_cut", "fabric", "notches"):
            assert getattr(old, key) == getattr(new, key)


def test_public_specifications_keep_their_digits(shared_data):
    for file in sorted(shared_data.glob("garment*/**/*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        if "pattern" not in data:
            continue
        written = garmentcode_from_pattern(read_pattern(file))
        assert_close(data, json.loads(json.dumps(written)))


def assert_close(old, new):
    """Equal structure and text, numbers within 1e-12 of each other."""
    if isinstance(old, dict):
        assert old.keys() == new.keys()
        for key in old:
            assert_close(old[key], new[key])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for a, b in zip(old, new, strict=True):
            assert_close(a, b)
    elif isinstance(old, float):
        assert new == pytest.approx(old, rel=1e-12, abs=1e-12)
    else:
        assert old == new


def test_dxf_keeps_everything_but_seams(tmp_path, shirt, distance_m):
    path = tmp_path / "shirt.dxf"
    write_dxf(path, (shirt,))
    again = read_pattern(path)
    assert distance_m(shirt, again) < 1e-5
    front = again.panel("front")
    assert (front.n_cut, front.fabric) == (2, "jersey")
    assert front.notches[0].kind == "u"
    assert front.notches[0].depth_m == pytest.approx(0.004)
    assert front.internal_lines[1].kind == "stripe"
    assert again.seams == ()


@pytest.mark.parametrize("name", DXF_FILES)
def test_real_dxf_files_round_trip(shared_data, tmp_path, name, distance_m):
    sizes = read_pattern_sizes(shared_data / "dxf_aama_astm" / "dxf" / name)[:3]
    write_dxf(tmp_path / "again.dxf", sizes)
    again = read_pattern_sizes(tmp_path / "again.dxf")
    assert [p.size for p in again] == [p.size for p in sizes]
    assert max(distance_m(a, b) for a, b in zip(sizes, again, strict=True)) < 1e-5


def test_a_nest_gives_its_sizes_and_carries_notches_over(shared_data):
    path = shared_data / "dxf_aama_astm" / "dxf" / "simple.DXF"
    sample, large = read_pattern(path), read_pattern(path, size="46")
    assert sample.size == "36"
    assert len(sample.sizes) == 14
    back, wide = (next(p for p in x.panels if p.name.endswith("-B")) for x in (sample, large))
    assert len(back.notches) == len(wide.notches) == 3
    assert wide.outline_m().std() > back.outline_m().std()
    assert any("size 36 only" in warning for warning in large.warnings)
    with pytest.raises(PatternError, match="no size 'XXL'; its sizes are 26"):
        read_pattern(path, size="XXL")


def test_halves_on_a_mirror_line_come_out_whole(shared_data):
    path = shared_data / "dxf_aama_astm" / "dxf" / "drill-holes.DXF"
    pattern = read_pattern(path)
    front = next(p for p in pattern.panels if p.name.endswith("FR"))
    lengths = [front.length_m(i) for i in range(len(front.edges))]
    np.testing.assert_allclose(lengths, lengths[::-1], rtol=1e-6)
    assert len(front.holes) == 2
    assert any(line.kind == "mirror" for line in front.internal_lines)


def dxf(tmp_path, *, units="Units: METRIC", gap=0.0, size=100.0, layer="1"):
    from ezdxf.document import Drawing

    document = Drawing.new("R12")
    if units:
        document.modelspace().add_text(units, dxfattribs={"layer": "1"})
    document.header["$INSUNITS"] = 0
    block = document.blocks.new("P_M")
    corners = [(0, 0), (size, 0), (size, size), (0, size)]
    for i, corner in enumerate(corners):
        b = np.array(corners[(i + 1) % 4]) + (np.array([gap, 0]) if i == 2 else 0)
        block.add_polyline2d([corner, tuple(b)], dxfattribs={"layer": layer})
    path = tmp_path / "p.dxf"
    document.saveas(path)
    return path


def test_a_dxf_without_unit_asks_for_one(tmp_path):
    path = dxf(tmp_path, units="")
    with pytest.raises(PatternError, match="--unit"):
        read_pattern(path)
    panel = read_pattern(path, options=ReadOptions(unit_m=0.01)).panels[0]
    assert panel.vertices_m.max() == pytest.approx(1.0)


def test_a_gap_in_the_boundary_is_measured(tmp_path):
    with pytest.raises(PatternError, match=r"gap of 3\.00 mm"):
        read_pattern(dxf(tmp_path, gap=3.0))


def test_a_dxf_without_pieces_is_refused(tmp_path):
    with pytest.raises(PatternError, match="no pattern piece"):
        read_pattern(dxf(tmp_path, layer="8"))


def test_an_allowance_is_taken_off(tmp_path):
    path = dxf(tmp_path, size=200.0)
    panel = read_pattern(path, options=ReadOptions(allowance_m=0.01)).panels[0]
    np.testing.assert_allclose(np.ptp(panel.vertices_m, axis=0), 0.18)
    with pytest.raises(PatternError, match="too small for an allowance"):
        read_pattern(path, options=ReadOptions(allowance_m=0.2))


def test_freesewing_designs_come_sewn(shared_data):
    files = sorted(shared_data.glob("freesewing/*_[fm]*.json"))
    assert len(files) == 16
    for file in files:
        pattern = read_pattern(file)
        assert pattern.seams
        problems = [f for f in check_pattern(pattern) if f.severity != "hint"]
        assert problems == []
        split = split_seams(pattern)
        assert all(seam.is_whole for seam in split.seams)
    brian = read_pattern(shared_data / "freesewing" / "brian_m36.json")
    assert len(brian.panel("library.sleeve").notches) == 2


@pytest.mark.parametrize("size", ["f28", "m42"])
def test_bands_that_are_drawn_upright_lie_across(shared_data, size):
    pattern = read_pattern(shared_data / "freesewing" / f"paco_{size}.json")
    legs = pattern.panel("paco.front").vertices_m[:, 1]
    for name, edge_m in (("paco.waistband", legs.max()), ("paco.cuff", legs.min())):
        band = pattern.panel(name)
        width_m, height_m = np.ptp(band.vertices_m, axis=0)
        assert width_m > 2 * height_m
        assert band.vertices_m[:, 0].sum() == pytest.approx(0, abs=1e-9)
        assert band.translation_m[1] == pytest.approx(edge_m, abs=0.03)
    assert not [f for f in check_pattern(pattern) if f.severity == "broken"]


def test_freesewing_drawings_alone_have_panels_and_notches(shared_data, tmp_path):
    for file in sorted(shared_data.glob("freesewing/*_m36.svg")):
        copy = tmp_path / file.name
        shutil.copy(file, copy)
        alone, draft = read_pattern(copy), read_pattern(file)
        for panel in alone.panels:
            twin = next((p for p in draft.panels if p.name == panel.name), None)
            if twin is not None:
                assert len(panel.edges) == len(twin.edges)
                assert len(panel.notches) == len(twin.notches)
                ends = sorted(panel.length_m(i) for i in range(len(panel.edges)))
                np.testing.assert_allclose(
                    ends, sorted(twin.length_m(i) for i in range(len(twin.edges))), atol=5e-5
                )


def test_svg_reads_back(tmp_path, shirt):
    write_svg(tmp_path / "shirt.svg", shirt)
    again = read_pattern(tmp_path / "shirt.svg")
    for old, new in zip(shirt.panels, again.panels, strict=True):
        lengths = [[p.length_m(i) for i in range(len(p.edges))] for p in (old, new)]
        np.testing.assert_allclose(*lengths, atol=1e-7)
        assert len(new.notches) == len(old.notches)
        assert new.grain_rad % np.pi == pytest.approx(old.grain_rad % np.pi, abs=1e-6)
        assert len(new.holes) == len(old.holes)


DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="300mm" height="300mm"
 viewBox="0 0 300 300"><g transform="translate(10 10) rotate(90) scale(1 -1)">
 <path id="front" d="m0 0 h100 v50 q20 20 0 40 t0 40 c5 5 5 15 0 20 s-5 15 0 20 l-40 0
 a30 20 10 0 1 -60 -10 Z"/><circle cx="50" cy="50" r="8"/><line class="grain" x1="20" y1="20"
 x2="20" y2="90"/><line x1="10" y1="30" x2="60" y2="30"/></g>
 <rect x="180" y="10" width="60" height="90"/><polygon points="10,250 60,250 60,290 10,290"/>
 <defs><rect width="90" height="90"/></defs></svg>"""


def test_drawings_give_panels_holes_and_grain(tmp_path):
    path = tmp_path / "d.svg"
    path.write_text(DRAWING, encoding="utf-8")
    pattern = read_pattern(path)
    front = pattern.panel("front")
    assert [p.name for p in pattern.panels] == ["front", "panel 2", "panel 3"]
    assert front.grain_known
    assert abs(np.cos(front.grain_rad)) == pytest.approx(1.0)
    assert len(front.holes) == 1
    assert front.holes[0].outline_m.std() > 0.004
    assert len(front.internal_lines) == 1
    assert pattern.panels[1].length_m(0) in (pytest.approx(0.06), pytest.approx(0.09))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('width="300mm" height="300mm"', ""), "--unit"),
        (("<svg", '<!DOCTYPE s [<!ENTITY e SYSTEM "file:///etc/hostname">]><svg'), "entities"),
        (("h100", "h"), "has 0 of 1 numbers"),
        (("rotate(90)", "rotate(90 1)"), "transform rotate"),
        (("</svg>", ""), "not readable SVG"),
        (("<path", "<g>" * 150 + "</g>" * 150 + "<path"), "nested"),
    ],
)
def test_unsafe_and_damaged_drawings_are_refused(tmp_path, change, said):
    path = tmp_path / "d.svg"
    path.write_text(DRAWING.replace(*change), encoding="utf-8")
    with pytest.raises(PatternError, match=said):
        read_pattern(path)


def test_an_empty_drawing_has_no_panel(tmp_path):
    path = tmp_path / "d.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9cm" viewBox="0 0 9 9"/>')
    with pytest.raises(PatternError, match="no closed shape"):
        read_pattern(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x01", b"AutoCAD Binary DXF\r\n\x1a\x00"])
def test_unknown_files_name_the_known_formats(tmp_path, content):
    path = tmp_path / "p.xyz"
    path.write_bytes(content)
    with pytest.raises(PatternError, match=r"known here|binary DXF"):
        read_pattern(path)


def test_other_packages_plug_in(monkeypatch, tmp_path, shirt):
    from fitting.pattern import PatternFormat, Reading

    mine = PatternFormat(
        name="Mine", suffixes=(".mine",), knows=lambda head: head == b"mine",
        read=lambda path, options: Reading(pattern=shirt),
    )  # fmt: skip

    def missing():
        raise ImportError("not there")

    entries = [SimpleNamespace(name="mine", load=lambda: mine),
               SimpleNamespace(name="gone", load=missing)]  # fmt: skip
    monkeypatch.setattr(door, "entry_points", lambda group: entries)
    pattern_formats.cache_clear()
    try:
        path = tmp_path / "p.mine"
        path.write_bytes(b"mine")
        assert read_pattern(path) is shirt
    finally:
        pattern_formats.cache_clear()


def test_mirrored_twice_is_the_same(shirt):
    panel = shirt.panels[2]
    twice = mirrored_panel(mirrored_panel(panel, name="x"), name=panel.name)
    np.testing.assert_array_equal(twice.vertices_m, panel.vertices_m)
    assert (twice.edges, twice.wrap) == (panel.edges, panel.wrap)
