"""`muslin nest` as a person types it: files, words, and wrong inputs."""

import json

import pytest

from muslin.cli import run_command
from muslin.errors import InputError
from muslin.size_run import size_mix


def fails(capsys, *arguments):
    assert run_command(["nest", *map(str, arguments)]) == 2
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "muslin:" in line]
    return said


def test_a_size_mix_becomes_marker_files_and_numbers(tmp_path, capsys):
    svg, data = tmp_path / "m.svg", tmp_path / "m.json"
    arguments = ["nest", "chest_band", "--sizes", "S:2,M:1", "--width", "100", "--seconds", "1",
                 "--workers", "1", "-o", str(svg), "-o", str(data), "--json"]  # fmt: skip
    assert run_command(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["n_garments"] == 3
    assert {(p["size"], p["panel"]) for p in said["pieces"]} >= {("S", "band"), ("M", "band")}
    assert said["fabric_mass_kg"] == pytest.approx(said["area_m2"] * said["area_density_kg_m2"])
    assert json.loads(data.read_text(encoding="utf-8"))["length_m"] == said["length_m"]
    assert "fabric length" in svg.read_text(encoding="utf-8")


def test_a_file_is_cut_in_its_own_grain(tmp_path, capsys, shared_data):
    path = next((shared_data / "garmentcode").rglob("*specification.json"))
    out = tmp_path / "m.dxf"
    code = run_command(["nest", str(path), "--seconds", "1", "--workers", "1", "--width", "300",
                        "-o", str(out)])  # fmt: skip
    assert code == 0
    assert out.stat().st_size > 1000
    assert "waste" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nope"], "no block"),
        (["tshirt", "--sizes", "M:x"], "SIZE:COUNT"),
        (["tshirt", "--sizes", "M:0"], "outside 1 to"),
        (["tshirt", "--sizes", ""], "no size"),
        (["tshirt", "--sizes", "M,M:2"], "twice"),
        (["tshirt", "--sizes", "Q"], "size 'Q'"),
        (["tshirt", "--width", "20"], "across the roll"),
        (["tshirt", "--fabric", "spider_silk"], "spider_silk"),
        (["tshirt", "--rotate", "a"], "--rotate"),
        (["tshirt", "--seconds", "0"], "search"),
        (["tshirt", "--hem", "50"], "allowance"),
        (["tshirt", "--gap", "-1"], "gap"),
        (["missing.dxf"], "does not exist"),
        (["tshirt", "-o", "marker.pdf"], ".svg"),
    ],
)
def test_wrong_inputs_are_one_sentence(capsys, arguments, word):
    assert word in fails(capsys, *arguments)


def test_sizes_read_as_an_order():
    assert [(each.size, each.count) for each in size_mix("S:2, M")] == [("S", 2), ("M", 1)]
    with pytest.raises(InputError, match="outside 1 to"):
        size_mix("S:9999")
