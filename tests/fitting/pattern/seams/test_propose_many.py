"""One long edge is proposed to two short ones when sizes, notches or names speak for it."""

import numpy as np
import pytest

from fitting.pattern import Edge, Panel, Pattern
from fitting.pattern.marks import Notch
from fitting.pattern.seams.propose import propose_seams
from fitting.pattern.seams.seams_file import with_seams_file, write_seams_file


def panel(name, width_m, height_m, *, notches=()):
    corners = np.array([[0.0, 0], [width_m, 0], [width_m, height_m], [0, height_m]])
    edges = tuple(Edge(start=i, stop=(i + 1) % 4) for i in range(4))
    return Panel(name=name, vertices_m=corners, edges=edges, notches=notches, grain_known=True)


def skirt(step, *, band="waistband", notches=()):
    """A front and a back of unequal width, and a band as long as both tops together."""
    front, back = 0.41 + 0.021 * step, 0.47 + 0.026 * step
    return Pattern(
        name="skirt",
        panels=(
            panel("front", front, 0.55 + 0.01 * step),
            panel("back", back, 0.58 + 0.012 * step),
            panel(band, front + back, 0.04, notches=notches),
        ),
        seams=(),
    )


def one_to_two(sizes):
    return [note for note in propose_seams(sizes) if len(note.seam.runs_b) == 2]


@pytest.mark.parametrize("band", ["waistband", "piece"])
def test_growth_over_sizes_tells_the_seam(band):
    (note, *_) = one_to_two([skirt(step, band=band) for step in (0, 1, 2, 3)])
    assert note.seam.side_a[0] == band
    assert {run.panel for run in note.seam.runs_b} == {"front", "back"}
    assert not note.confirmed
    assert "over 4 sizes" in note.why


def test_a_notch_tells_which_comes_first():
    notches = (Notch(edge=2, share=0.47 / 0.88),)
    notes = one_to_two([skirt(0, band="piece", notches=notches)])
    (found,) = [note for note in notes if note.seam.side_a == ("piece", 2)]
    assert [run.panel for run in found.seam.runs_b] == ["back", "front"]
    # Loops that turn alike meet against each other.
    assert all(run.start > run.stop for run in found.seam.runs_b)


def test_length_alone_is_no_evidence():
    assert one_to_two([skirt(0, band="piece")]) == []


def test_a_proposal_survives_its_file(tmp_path):
    pattern = skirt(0)
    notes = one_to_two([pattern])
    assert notes
    path = tmp_path / "skirt.seams.toml"
    write_seams_file(path, pattern, notes)
    again = with_seams_file(pattern, path)
    assert again.seams[0].runs_b == notes[0].seam.runs_b
