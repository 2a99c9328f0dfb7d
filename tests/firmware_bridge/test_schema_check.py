"""The check of a garment's TOML finds everything at once, and says where."""

import pytest

from firmware_bridge.schema_check import check_toml
from firmware_bridge.schema_toml import garment_from_toml
from muslin.firmware import STARTER


def found(text):
    return {(problem.line, problem.key) for problem in check_toml(text)}


def line_of(text, part):
    return next(i for i, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_starter_is_sound():
    assert check_toml(STARTER) == ()
    assert len(garment_from_toml(STARTER).streams) == 2


def test_every_problem_is_found_in_one_run_with_line_and_key():
    text = (
        STARTER.replace("bits = 12 ", "bits = 40 ").replace('unit = "[g]"', 'unit = "g"')
        .replace("signed = true", "signd = true").replace("id = 2", "id = 1")
        .replace("schema = 1 ", 'schema = "1" ').replace("rate_hz = 100.0", "rate_hz = 99.0")
        .replace("scale = 0.0125 ", "scale = 0.0 ")
    )  # fmt: skip
    expected = {
        (line_of(text, "bits = 40"), "bits"),
        (line_of(text, 'unit = "g"'), "unit"),
        (line_of(text, "signd"), "signd"),
        (line_of(text, 'schema = "1"'), "schema"),
        (line_of(text, "rate_hz = 99"), "rate_hz"),
        (line_of(text, "scale = 0.0 "), "scale"),
    }
    problems = found(text)
    second_id = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("id = 1")][1]
    expected.add((second_id, "id"))
    assert {key for _, key in problems} == {key for _, key in expected} | {"signed"}
    assert expected <= problems
    assert any("did you mean signed?" in p.text for p in check_toml(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x = = 3", "not TOML"),
        ("", "no [[stream]]"),
        ("stream = [3]\n[device]\n", "is no table"),
        ("[[stream]]\nname = 3\nchannel = 4\n", "wanted a text"),
        ("[device]\nvendor='v'\nname='n'\nhw='h'\nschema=1\n[[stream]]\nid=1\nname='s'\nrate_hz=1",
         "no channel"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_said(text, word):
    assert any(word in problem.text for problem in check_toml(text))


def test_the_check_agrees_with_the_reader_on_damaged_files():
    """A file without a problem is one that can be read, whatever line is missing."""
    lines = STARTER.splitlines()
    for i in range(len(lines)):
        text = "\n".join(lines[:i] + lines[i + 1 :])
        if not check_toml(text):
            garment_from_toml(text)
