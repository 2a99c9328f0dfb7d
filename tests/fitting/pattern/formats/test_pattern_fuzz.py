"""Damaged files of every format: read or refused with a sentence, never anything else."""

import json
import re
import warnings

import numpy as np
import pytest

from fitting.body import Measurements
from fitting.errors import PatternError
from fitting.pattern import Pattern, draft_tshirt, garmentcode_from_pattern, inspect_pattern
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.formats.svg_write import write_svg

N_CASES = 40
NUMBERS = (b"0", b"-1", b"1e308", b"nan", b"99999999999", b"", b"x", b"7")
DRAFT = {
    "design": "Odd",
    "parts": {
        "odd.front": {
            "points": {"a": [0, 0], "b": [300, 0]},
            "paths": {
                "seam": {
                    "ops": [
                        {"type": "move", "to": [0, 0]},
                        {"type": "line", "to": [0, 500]},
                        {"type": "line", "to": [300, 500]},
                        {"type": "curve", "cp1": [300, 300], "cp2": [280, 80], "to": [200, 0]},
                        {"type": "close"},
                    ]
                },
                "__macro_cutonfold_x": {
                    "ops": [
                        {"type": "move", "to": [0, 20]},
                        {"type": "line", "to": [15, 20]},
                        {"type": "line", "to": [0, 400]},
                    ],
                    "attributes": {"data-text": ["cutOnFoldAndGrainline"]},
                },
            },
        }
    },
}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """One sound file of each format."""
    folder = tmp_path_factory.mktemp("seeds")
    body = {"stature": 166.2, "bust_girth": 93.0, "hip_girth": 103.7, "neck_girth": 32.4}
    shirt = draft_tshirt(Measurements.from_cm(body))
    (folder / "shirt.json").write_text(json.dumps(garmentcode_from_pattern(shirt)))
    (folder / "draft.json").write_text(json.dumps(DRAFT))
    write_svg(folder / "shirt.svg", shirt)
    sleeve = Pattern(name="sleeve", panels=shirt.panels[2:3], seams=())
    write_dxf(folder / "sleeve.dxf", (sleeve,))
    return folder


def damaged(data, rng):
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(out)))
        match = re.compile(rb"-?\d+\.?\d*").search(bytes(out), at)
        if match and rng.random() < 0.8:
            out[match.start() : match.end()] = NUMBERS[int(rng.integers(len(NUMBERS)))]
        else:
            del out[at : at + int(rng.integers(1, 60))]
    return bytes(out)


@pytest.mark.parametrize("name", ["shirt.json", "draft.json", "shirt.svg", "sleeve.dxf"])
def test_damage_is_read_or_refused(seeds, tmp_path, name):
    rng = np.random.default_rng(7)
    data = (seeds / name).read_bytes()
    n_read, reasons = 0, []
    path = tmp_path / name
    for _ in range(N_CASES if name != "sleeve.dxf" else 8):
        path.write_bytes(damaged(data, rng))
        try:
            with warnings.catch_warnings():
                # Numbers at the end of the range may overflow on the way to their refusal.
                warnings.simplefilter("ignore", RuntimeWarning)
                inspect_pattern(path)
        except PatternError as error:
            reasons.append(str(error))
        else:
            n_read += 1
    assert n_read > 0
    assert all(reasons)


def test_the_fold_of_an_unknown_design_is_mirrored(seeds):
    pattern, findings = inspect_pattern(seeds / "draft.json")
    (panel,) = pattern.panels
    assert len(panel.edges) == 6
    assert panel.grain_known
    assert [f.code for f in findings] == []
    assert any("no seams are known" in warning for warning in pattern.warnings)
