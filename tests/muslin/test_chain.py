"""The whole chain at small size: garment, session, page; body, drape, picture."""

import hashlib
import json
import re
import tomllib

import numpy as np
import pytest
import trimesh
from PIL import Image

from muslin.analyze import analyze
from muslin.cli import run_command
from muslin.errors import InputError
from muslin.wearer import demo_replay
from wearables.sessions import Session


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A session recorded from the virtual garment, eight seconds long."""
    path = tmp_path_factory.mktemp("chain") / "s.h5"
    code = run_command(
        ["record", "--duration", "8", "--subject", "P07", "--loss", "0.25", "--out", str(path)]
    )
    assert code == 3  # done, but samples were lost
    return path


def test_the_session_holds_what_the_garment_sent(recording, assets):
    """Stored samples equal the recordings that ship; the rest is in the gap table."""
    _, counts, markers = demo_replay(assets, seconds_per_activity=2.0, rng=np.random.default_rng(7))
    with Session.open(recording) as session:
        assert session.subject["id"] == "P07"
        for stream in session.schema.streams:
            reader = session.streams[stream.name]
            stored = reader.stored_rows()
            values = reader.counts(0, reader.n_rows)
            np.testing.assert_array_equal(
                values[stored], counts[stream.id][: reader.n_rows][stored]
            )
            assert reader.n_stored + reader.n_lost == reader.n_rows
        told = [mark.text for mark in session.markers if mark.kind == "activity"]
        assert told == [mark.text for mark in markers]
        assert sum(reader.n_lost for reader in session.streams.values()) > 0


def test_the_page_is_one_file_and_shows_the_loss(recording, tmp_path, capsys):
    page = tmp_path / "s.html"
    assert run_command(["analyze", str(recording), "--out", str(page), "--json"]) == 3
    numbers = json.loads(capsys.readouterr().out)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(https?:)?//', text)
    assert text.index("Data quality") < text.index("Pulse")
    assert "synthetic" in text
    assert "NaN" not in text
    for name, stream in numbers["streams"].items():
        assert f">{stream['n_stored']}<" in text, name
    assert numbers["streams"]["strain"]["is_synthetic"]
    assert numbers["activity"]["unknown"] >= 0


def test_live_cuts_and_one_go_give_the_same_analysis(recording):
    first, second = analyze(recording), analyze(recording)
    assert first.to_json() == second.to_json()


def test_a_recording_can_be_verified(recording, capsys):
    assert run_command(["verify", str(recording), "--json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "sound, with losses"
    assert run_command(["verify", str(recording)]) == 3


def test_a_cut_session_is_refused(recording, tmp_path, capsys):
    cut = tmp_path / "cut.h5"
    cut.write_bytes(recording.read_bytes()[:20000])
    assert run_command(["analyze", str(cut)]) == 2
    assert "truncated" in capsys.readouterr().err


def test_a_garment_that_is_not_there_is_a_sentence(tmp_path, capsys):
    out = str(tmp_path / "s.h5")
    assert run_command(["record", "--garment", "wifi:home", "--out", out]) == 2
    assert "wifi" in capsys.readouterr().err


@pytest.fixture(scope="module")
def fit_folder(tmp_path_factory):
    """A T-shirt draped coarsely, drafted size and one size down."""
    folder = tmp_path_factory.mktemp("fit")
    code = run_command(["drape", "--edge", "3", "--compare", "-1", "--out", str(folder)])
    assert code in (0, 3)
    return folder


def test_the_fit_is_judged_in_numbers(fit_folder):
    numbers = json.loads((fit_folder / "fit.json").read_text(encoding="utf-8"))
    for fit in (numbers, *numbers["compare"]):
        assert fit["n_vertices_inside"] == 0
        assert fit["seam_gap_max_m"] == 0.0
        assert isinstance(fit["converged"], bool)
    drafted, down = numbers["ease"]["bust_girth"], numbers["compare"][0]["ease"]["bust_girth"]
    assert drafted["ease_m"] - down["ease_m"] == pytest.approx(0.04, abs=0.012)
    assert numbers["body_achieved_m"]["stature"] == pytest.approx(1.662, abs=2e-3)


def test_the_pictures_open(fit_folder):
    picture = np.asarray(Image.open(fit_folder / "fit.png"))
    assert picture.std() > 20
    scene = trimesh.load(fit_folder / "fit.glb")
    assert {"body", "garment"} <= set(scene.graph.nodes_geometry)


def test_a_real_pattern_is_draped_with_its_seams_closed(shared_data, tmp_path):
    path = shared_data / "garmentcode" / "Patterns" / "shirt_mean_specification.json"
    assert run_command(
        ["drape", "--pattern", str(path), "--edge", "3", "--out", str(tmp_path)]
    ) in (0, 3)
    numbers = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert numbers["seam_gap_max_m"] == 0.0
    assert numbers["n_vertices_inside"] == 0


def test_check_says_what_is_wrong(shared_data, capsys):
    path = shared_data / "garmentcode" / "Patterns"
    assert run_command(["check", str(path / "shirt_mean_specification.json")]) == 0
    assert run_command(["check", str(path / "dress_pencil_specification.json"), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {one["code"] for one in findings if one["severity"] != "hint"} == {"SEAM_LENGTH"}
    # The dress has slits; a person may want to know.
    assert {one["code"] for one in findings if one["severity"] == "hint"} == {"OPEN_SIDES"}
    assert run_command(["check", str(path / "none.json")]) == 2


def test_every_asset_is_listed_with_its_licence(assets):
    manifest = tomllib.loads((assets / "MANIFEST.toml").read_text(encoding="utf-8"))
    listed = {entry["path"]: entry for entry in manifest["file"]}
    found = {
        path.relative_to(assets).as_posix()
        for path in assets.rglob("*")
        if path.is_file() and path.name != "MANIFEST.toml"
    }
    assert set(listed) == found
    for name, entry in listed.items():
        digest = hashlib.sha256((assets / name).read_bytes()).hexdigest()
        assert entry["sha256"] == digest, name
        assert entry["licence"]
        assert entry["attribution"]


def test_missing_recordings_are_said(tmp_path):
    with pytest.raises(InputError, match="missing"):
        demo_replay(tmp_path, seconds_per_activity=1.0, rng=np.random.default_rng(0))
