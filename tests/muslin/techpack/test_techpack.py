"""Tech packs: the bill, the measures and their tolerance, and the whole PDF of a small garment."""

import json
from dataclasses import replace

import pytest

from fitting.body import Measurements, body_from_measurements, default_measurements
from fitting.cloth import load_fabric
from fitting.pattern import complete_measures, draft_block
from muslin.cli import run_command
from muslin.techpack.bill import (
    LOCKSTITCH,
    OVERLOCK,
    bands,
    edge_codes,
    seam_lines,
    sensor_fields,
    stitches_for,
)
from muslin.techpack.measures import LEAST_TOLERANCE_M, MOST_TOLERANCE_M, open_edges, tolerance_m


@pytest.fixture(scope="module")
def tshirt():
    taped, sex = default_measurements()
    measures = complete_measures(taped, body_from_measurements(taped, sex=sex).achieved)
    return draft_block("tshirt", measures)


def test_a_lockstitch_takes_two_threads_and_the_way_through_the_cloth():
    assert LOCKSTITCH.ratio(0.0) == 2
    assert LOCKSTITCH.ratio(0.001) == pytest.approx(2 + 2 * 400 * 0.001)
    assert OVERLOCK.ratio(0.001) == pytest.approx(5 + 4 * 400 * 0.006)


def test_knits_are_sewn_with_stitches_that_stretch():
    assert stitches_for(load_fabric("cotton_jersey"))[0].code == "504"
    assert stitches_for(load_fabric("denim"))[0].code == "301"


def test_every_edge_is_in_one_line_of_the_list(tshirt):
    lines = seam_lines(tshirt, load_fabric("cotton_jersey"))
    n_edges = sum(len(panel.edges) for panel in tshirt.panels)
    assert len(edge_codes(tshirt)) == n_edges
    assert len(lines) == len(tshirt.seams) + len(open_edges(tshirt))
    assert {line.code for line in lines} >= {"S1", "H1"}


def test_thread_grows_with_the_seams(tshirt):
    fabric = load_fabric("cotton_jersey")
    thread_m = sum(line.thread_m for line in seam_lines(tshirt, fabric))
    thicker = replace(fabric, thickness_m=2 * fabric.thickness_m)
    assert thread_m > 5 * sum(line.length_a_m for line in seam_lines(tshirt, fabric))
    assert sum(line.thread_m for line in seam_lines(tshirt, thicker)) > thread_m


def test_bands_and_sensor_fields_are_parts(tshirt):
    measures = Measurements(stature=1.7, bust_girth=0.92, under_bust_girth=0.8)
    band = draft_block("chest_band", measures)
    assert [name for name, _, _ in bands(band)] == ["band"]
    ((panel, label, area_m2),) = sensor_fields(band)
    assert (panel, label) == ("band", "sensor")
    assert 0.0005 < area_m2 < 0.02
    assert sensor_fields(tshirt) == []


def test_tolerance_is_half_the_smallest_step_within_limits():
    assert tolerance_m([0.50, 0.52, 0.545]) == pytest.approx(0.010)
    assert tolerance_m([0.50, 0.58]) == MOST_TOLERANCE_M
    assert tolerance_m([0.050, 0.051]) == LEAST_TOLERANCE_M
    assert tolerance_m([0.70]) == pytest.approx(0.007)


@pytest.mark.slow
def test_a_tech_pack_holds_every_page_and_the_numbers_of_the_run(tmp_path, capsys):
    out = tmp_path / "band.pdf"
    code = run_command(["techpack", "chest_band", "--sizes", "S,M", "--edge", "3", "--seconds",
                        "2", "--out", str(out), "--json"])  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert code in (0, 3)
    assert out.read_bytes().startswith(b"%PDF")
    assert said["n_pages"] >= 10
    assert [size["size"] for size in said["sizes"]] == ["S", "M"]
    assert all(size["thread_m"] > 1 and size["fabric_length_m"] > 0 for size in said["sizes"])
    assert said["sizes"][0]["n_sensor_fields"] == 1
    small, large = said["points_of_measure"]["band, across the grain"]["values_m"]
    long_small, long_large = said["points_of_measure"]["band, along the grain"]["values_m"]
    assert long_large > long_small
    assert large == pytest.approx(small)
    assert json.loads((tmp_path / "band.json").read_text(encoding="utf-8"))["seed"] == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["cape"], "no block"),
        (["missing.dxf"], "does not exist"),
        (["tshirt", "--sizes", ""], "0 sizes"),
        (["tshirt", "--sizes", "M,M"], "twice"),
        (["tshirt", "--sizes", "Q"], "size 'Q'"),
        (["tshirt", "--sizes", "38"], "38 steps"),
        (["tshirt", "--sizes", "+--1"], "size '+--1'"),
        (["tshirt", "--edge", "90"], "edge length"),
        (["tshirt", "--out", "pack.doc"], "no .pdf"),
        (["tshirt", "--fabric", "spider_silk"], "spider_silk"),
        (["tshirt", "--width", "0"], "fabric width"),
        (["tshirt", "--hem", "90"], "allowance"),
        (["tshirt", "--body", "nobody.toml"], "nobody.toml"),
    ],
)
def test_wrong_inputs_are_one_sentence(capsys, arguments, word):
    assert run_command(["techpack", *arguments]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("muslin:")]
    assert len(said) == 1
    assert word in said[0]
