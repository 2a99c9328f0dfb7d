"""check, convert and seams as a newcomer types them."""

import json

import pytest

from fitting.body import Measurements
from fitting.pattern import draft_tshirt, garmentcode_from_pattern, read_pattern
from muslin.cli import run_command


@pytest.fixture
def shirt(tmp_path):
    body = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
    pattern = draft_tshirt(Measurements.from_cm(body))
    path = tmp_path / "shirt.json"
    path.write_text(json.dumps(garmentcode_from_pattern(pattern)), encoding="utf-8")
    return path


def run(*words):
    return run_command([str(word) for word in words])


def test_a_clean_pattern_ends_with_zero(shirt, capsys):
    assert run("check", shirt, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_panels"] == 4
    assert [f for f in told["findings"] if f["severity"] != "hint"] == []


def test_problems_end_with_one_and_unreadable_files_with_two(shirt, tmp_path, capsys):
    data = json.loads(shirt.read_text(encoding="utf-8"))
    data["pattern"]["stitches"].pop()
    data["pattern"]["panels"]["front"]["vertices"][0][0] += 30
    shirt.write_text(json.dumps(data), encoding="utf-8")
    assert run("check", shirt) == 1
    said = capsys.readouterr().err
    assert "SEAM_LENGTH" in said
    assert "problems" in said
    junk = tmp_path / "junk.json"
    junk.write_text("{", encoding="utf-8")
    assert run("check", junk) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_pattern_goes_through_every_format(shirt, tmp_path, capsys):
    for to in ("dxf", "svg", "pdf"):
        assert run("convert", shirt, "--to", to) == 0
        assert shirt.with_suffix(f".{to}").stat().st_size > 500
    wanted = read_pattern(shirt)
    for to in ("dxf", "svg"):
        again = read_pattern(shirt.with_suffix(f".{to}"))
        assert again.seams == wanted.seams
    assert (
        run("convert", shirt.with_suffix(".dxf"), "--to", "json", "--out", tmp_path / "b.json") == 0
    )
    assert read_pattern(tmp_path / "b.json").seams == wanted.seams
    assert "42" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "gif"), "'gif' is not one of"),
        (("--to", "json"), "is the pattern itself"),
        (("--to", "pdf", "--paper", "a7"), "'a7' is not one of"),
        (("--to", "pdf", "--unit", "ell"), "'ell' is not one of"),
        (("--to", "pdf", "--allowance", "50"), "outside 0 to 10 cm"),
        (("--to", "pdf", "--size", "38"), "size '38' was asked for"),
    ],
)
def test_wrong_words_are_one_sentence(shirt, capsys, words, said):
    assert run("convert", shirt, *words) == 2
    assert said in capsys.readouterr().err


def test_proposals_never_overwrite_what_was_edited(shirt, capsys):
    assert run("convert", shirt, "--to", "dxf") == 0
    style = shirt.with_suffix(".dxf")
    seams = style.with_suffix(".seams.toml")
    seams.unlink()
    assert run("seams", style) == 0
    assert "confirmed = false" in seams.read_text(encoding="utf-8")
    assert run("seams", style) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run("seams", style, "--overwrite") == 0
