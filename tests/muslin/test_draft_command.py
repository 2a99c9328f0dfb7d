"""Blocks, sizes and fabrics from the command line."""

import json

import pytest

from fitting.pattern import block_names, read_garmentcode
from muslin.cli import run_command


@pytest.mark.parametrize("name", block_names())
def test_a_drafted_block_reads_back(tmp_path, capsys, name):
    path = tmp_path / f"{name}.json"
    assert run_command(["draft", name, "--out", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["files"][0]
    assert len(told["panels"]) == len(read_garmentcode(path).panels)


def test_grading_writes_every_size(tmp_path, capsys):
    assert (
        run_command(["grade", "tank", "--size", "S", "--size", "+1", "--out", str(tmp_path)]) == 0
    )
    assert {p.name for p in tmp_path.glob("*.json")} == {"tank_S.json", "tank_plus1.json"}
    base = str(tmp_path / "tank_S.json")
    out = str(tmp_path / "again")
    assert run_command(["grade", base, "--size", "-1", "--out", out]) == 0
    assert "Patterns" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["draft", "toga"], "block 'toga' is not known"),
        (["draft", "skirt", "--ease", "flare_m"], "not name=value"),
        (["draft", "skirt", "--ease", "pleats=3"], "flare_m"),
        (["draft", "skirt", "--size", "HUGE"], "known are"),
        (["grade", "toga"], "no block"),
        (["fabric", "show", "spider_silk"], "cotton_jersey"),
        (["fabric", "check", "none.toml"], "none.toml"),
        (["fabric", "import", "none.csv"], "does not exist"),
    ],
)
def test_bad_words_are_one_sentence(tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert run_command(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_a_sheet_becomes_a_card_that_shows_and_checks(tmp_path, capsys):
    sheet = tmp_path / "lab.csv"
    sheet.write_text("quantity,warp,weft\nW,20\nB,0.1,0.08\nEMT,5,10\n", encoding="utf-8")
    assert run_command(["fabric", "import", str(sheet), "--name", "lab"]) == 0
    card = str(tmp_path / "lab.toml")
    assert run_command(["fabric", "check", card]) == 0
    assert run_command(["fabric", "show", card]) == 0
    assert "KES-F2 B" in capsys.readouterr().err
    assert run_command(["fabric", "show"]) == 0
