"""The command line as a newcomer types it, wrong inputs included."""

import json
import subprocess
import sys

import pytest
import typer.main

from muslin.cli import app, run_command

HEAVY = ("torch", "anny", "numba", "warp", "pyrender", "bleak", "bumble", "matplotlib", "starlette")


def fails(capsys, *arguments):
    """Run a command that must end with exit code 2; returns what it said."""
    assert run_command([str(word) for word in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert len([line for line in said.err.splitlines() if line.startswith("muslin:")]) == 1
    return said.err


@pytest.mark.parametrize("module", ["muslin.cli", "wearables", "fitting", "firmware_bridge"])
def test_light_imports_stay_light(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def commands(group=None, words=()):
    """Every command with the words that call it."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield pytest.param((*words, name), command, id=" ".join((*words, name)))


every_command = pytest.mark.parametrize(("words", "command"), list(commands()))


@every_command
def test_every_command_shows_an_example(capsys, words, command):
    assert run_command([*words, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Example: muslin {' '.join(words)}" in said


@pytest.mark.parametrize("group", ["", "batch", "fabric", "firmware", "twin"])
def test_the_index_has_a_whole_sentence_for_each_command(capsys, group):
    assert run_command([*([group] if group else []), "--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@every_command
def test_out_is_o_for_short(words, command):
    outs = [tuple(one.opts) for one in command.params if "--out" in one.opts]
    assert outs in ([], [("--out", "-o")])


@every_command
def test_numbers_that_are_none_are_refused_before_work_starts(capsys, words, command):
    needed = [
        word
        for one in command.params if one.required
        for word in ((one.opts[0], "1") if one.opts[0].startswith("-") else ("x",))
    ]  # fmt: skip
    for one in command.params:
        if isinstance(one.default, float):
            said = fails(capsys, *words, *needed, one.opts[0], "nan")
            assert f"{one.opts[0]} is" in said
        if "--seed" in one.opts:
            assert run_command([*words, *needed, "--seed", "-1"]) == 2
            assert "--seed" in capsys.readouterr().err


def test_an_unknown_option_is_bad_input(capsys):
    assert run_command(["drape", "--bogus"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_a_missing_session_is_named(capsys, tmp_path):
    assert "does not exist" in fails(capsys, "analyze", tmp_path / "none.h5")


def test_a_text_file_is_no_session(capsys, tmp_path):
    path = tmp_path / "notes.h5"
    path.write_text("not a session", encoding="utf-8")
    assert "notes.h5" in fails(capsys, "analyze", path)


def test_an_unknown_fabric_lists_the_known_ones(capsys, tmp_path):
    said = fails(capsys, "drape", "--fabric", "spider_silk", "--out", tmp_path / "fit")
    assert "cotton_jersey" in said


def test_an_unwritable_folder_is_named(capsys, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert "cannot write" in fails(capsys, "drape", "--out", blocked / "fit")


def test_a_measure_in_the_wrong_unit_is_named(capsys, tmp_path):
    body = tmp_path / "body.toml"
    body.write_text('sex = "female"\n[measures_cm]\nstature = 1.68\n', encoding="utf-8")
    assert "stature" in fails(capsys, "drape", "--body", body, "--out", tmp_path / "fit")


def panel(edges=((0, 1), (1, 2), (2, 3), (3, 0))):
    return {
        "translation": [0, 100, 20],
        "rotation": [0, 0, 0],
        "vertices": [[0, 0], [40, 0], [40, 60], [0, 60]],
        "edges": [{"endpoints": list(pair)} for pair in edges],
    }


def specification(tmp_path, *, panels, stitches=()):
    path = tmp_path / "pattern.json"
    data = {
        "pattern": {"panels": panels, "stitches": list(stitches)},
        "properties": {"units_in_meter": 100},
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_an_unclosed_panel_is_named(capsys, tmp_path):
    path = specification(tmp_path, panels={"front": panel(((0, 1), (1, 2), (2, 3)))})
    assert "front" in fails(capsys, "drape", "--pattern", path, "--out", tmp_path / "fit")


def test_a_stitch_to_a_missing_edge_is_named(capsys, tmp_path):
    stitch = [{"panel": "front", "edge": 1}, {"panel": "back", "edge": 9}]
    path = specification(tmp_path, panels={"front": panel(), "back": panel()}, stitches=[stitch])
    said = fails(capsys, "drape", "--pattern", path, "--out", tmp_path / "fit")
    assert "back" in said
    assert "9" in said


def test_a_loss_in_per_cent_is_refused(capsys, tmp_path):
    assert "share" in fails(capsys, "record", "--loss", "3", "--out", tmp_path / "s.h5")


def test_a_bad_edge_length_is_refused(capsys, tmp_path):
    assert "edge length" in fails(capsys, "drape", "--edge", "90", "--out", tmp_path / "fit")


def test_size_steps_belong_to_blocks(capsys, tmp_path):
    path = specification(tmp_path, panels={"front": panel()})
    said = fails(capsys, "drape", "--pattern", path, "--size", "-1", "--out", tmp_path / "fit")
    assert "size" in said


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(ValueError, match="share"):
        run_command(["--debug", "record", "--loss", "3", "--out", str(tmp_path / "s.h5")])
