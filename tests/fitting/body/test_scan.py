"""Scans in any unit and frame, holey and noisy, are registered and measured like the person."""

import json

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from fitting.body import (
    Pose,
    make_scan,
    pose_body,
    read_scan,
    read_smpl,
    register_scan,
)
from fitting.body.rig import PARENTS
from fitting.body.scan import UNIT_M, guess_unit
from fitting.body.smpl import JOINTS_OF_SMPL
from fitting.errors import ScanError

GIRTHS = (
    "bust_girth", "waist_girth", "waist_navel_girth", "hip_girth", "neck_girth", "thigh_girth",
    "calf_girth", "upper_arm_girth",
)  # fmt: skip
TURN = Rotation.from_euler("xyz", [90, 5, 100], degrees=True).as_matrix()


@pytest.fixture(scope="module")
def holey(demo_fit):
    """The demo's body with its arms down, on its back, in mm, with noise and two holes."""
    body = pose_body(demo_fit.body, "arms_down", apart=False)
    rng = np.random.default_rng(4)
    points = body.vertices_m + rng.normal(scale=5e-4, size=body.vertices_m.shape)
    middle = points[body.faces].mean(axis=1)
    crown = points[points[:, 1].argmax()]
    open_at = (np.linalg.norm(middle - body.landmarks_m["crotch"], axis=1) < 0.06) | (
        np.linalg.norm(middle - crown, axis=1) < 0.05
    )
    return (points @ TURN.T + [0.4, -0.2, 1.0]) * 1000, body.faces[~open_at]


@pytest.fixture(scope="module")
def registered(holey):
    return register_scan(make_scan(*holey), sex="female")


@pytest.mark.slow
def test_a_holey_scan_in_another_frame_gives_the_persons_measures(registered, demo_fit):
    for name in GIRTHS:
        off_m = getattr(registered.measured, name) - getattr(demo_fit.achieved, name)
        assert abs(off_m) < 5e-3, name
    for name in ("stature", "inside_leg_height", "arm_length"):
        off_m = getattr(registered.measured, name) - getattr(demo_fit.achieved, name)
        assert abs(off_m) < 8e-3, name
    # Fingers are not followed; they make the mean, not the median.
    assert registered.rms_m < 6e-3
    assert np.median(np.abs(registered.distance_m)) < 1.5e-3
    assert len(registered.distance_m) > 13_000
    assert any("hole of" in said for said in registered.warnings)


@pytest.mark.slow
def test_a_registered_scan_poses_like_any_body(registered, demo_body):
    assert registered.body.faces is not None
    assert registered.body.vertices_m.shape == demo_body.vertices_m.shape
    mesh = trimesh.Trimesh(registered.body.vertices_m, registered.body.faces, process=False)
    assert mesh.is_watertight
    sitting = pose_body(registered.body, "sitting")
    assert sitting.vertices_m[:, 1].max() < 1.4
    gap = np.linalg.norm(registered.body.vertices_m - demo_body.vertices_m, axis=1)
    assert np.median(gap) < 0.01


@pytest.mark.slow
def test_each_tape_lies_on_the_body(registered):
    from scipy.spatial import KDTree

    tree = KDTree(registered.taped_m)
    for name in GIRTHS:
        line = registered.lines_m[name]
        assert np.median(tree.query(line)[0]) < 0.012, name


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".glb", ".stl"])
def test_files_are_read_with_their_unit_and_holes(tmp_path, holey, suffix):
    path = tmp_path / f"scan{suffix}"
    speck = trimesh.creation.icosphere(radius=5).apply_translation([0, 0, 3000])
    mesh = trimesh.util.concatenate([trimesh.Trimesh(*holey, process=False), speck])
    mesh.export(path)
    scan = read_scan(path)
    assert scan.unit == "mm"
    assert scan.n_parts_dropped == 1
    assert np.ptp(scan.vertices_m, axis=0).max() == pytest.approx(1.66, abs=0.03)
    assert len(scan.holes) == 2
    assert scan.holes[0].rim_m > scan.holes[1].rim_m > 0.2


@pytest.mark.parametrize(("extent", "unit"), [(1.7, "m"), (170, "cm"), (1700, "mm"), (67, "inch")])
def test_the_unit_is_guessed_from_the_size(extent, unit):
    assert guess_unit(extent) == unit


@pytest.mark.parametrize(
    ("extent", "said"), [(0.4, "is no person"), (17, "is no person"), (9000, "is no person")]
)
def test_a_size_of_nobody_is_asked_for(extent, said):
    with pytest.raises(ScanError, match=said):
        guess_unit(extent)


def test_files_that_are_no_scan_are_sentences(tmp_path):
    with pytest.raises(ScanError, match="is not there"):
        read_scan(tmp_path / "absent.ply")
    text = tmp_path / "a.txt"
    text.write_text("hello", encoding="utf-8")
    with pytest.raises(ScanError, match="is not among"):
        read_scan(text)
    broken = tmp_path / "broken.ply"
    broken.write_bytes(b"ply\nformat ascii 1.0\nelement vertex 9\nend_header\n1 2")
    with pytest.raises(ScanError, match=r"broken\.ply"):
        read_scan(broken)
    box = tmp_path / "box.obj"
    trimesh.creation.box().export(box)
    with pytest.raises(ScanError, match="at least 500"):
        read_scan(box)


@pytest.mark.slow
def test_what_is_no_person_is_refused():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.8)
    with pytest.raises(ScanError, match="no body fits"):
        register_scan(make_scan(np.array(ball.vertices), np.array(ball.faces)), sex="male")


def smpl_arrays(body, n_joints=24):
    """Arrays in the layout of SMPL, made of a body with its arms out."""
    body = pose_body(body, Pose.degrees("t", shoulder_abduction=90, elbow_flexion=0))
    n = len(body.vertices_m)
    names = [*JOINTS_OF_SMPL, *["wrist_l"] * (n_joints - 22)]
    rows = {name: [i for i, other in enumerate(names) if other == name][-1] for name in PARENTS}
    weights = np.zeros((n, n_joints), dtype=np.float32)
    for column, name in enumerate(body.rig.joint_names):
        weights[:, rows[name]] += body.rig.weights[:, column]
    regressor = np.zeros((n_joints, n))
    for i, name in enumerate(names):
        # Any weights that sum to one and give the joint will do.
        near = np.argsort(np.linalg.norm(body.vertices_m - body.joints_m[name], axis=1))[:60]
        A = np.vstack([body.vertices_m[near].T, np.ones(60)])
        regressor[i, near] = np.linalg.lstsq(A, np.r_[body.joints_m[name], 1], rcond=None)[0]
    shapes = np.zeros((n, 3, 2))
    shapes[:, :, 0] = 0.05 * body.vertices_m
    parents = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]
    tree = np.array([parents + [20] * (n_joints - 22), range(n_joints)])
    return {
        "v_template": body.vertices_m, "f": body.faces, "shapedirs": shapes, "weights": weights,
        "J_regressor": regressor, "kintree_table": tree,
    }  # fmt: skip


@pytest.mark.slow
def test_a_body_in_the_layout_of_smpl_stands_measures_and_bends(tmp_path, demo_fit):
    path = tmp_path / "model.npz"
    np.savez(path, **smpl_arrays(demo_fit.body))
    body, found = read_smpl(path, betas=[0.5], sex="female")
    assert body.pose == "a"
    assert np.ptp(body.vertices_m[:, 1]) == pytest.approx(1.025 * 1.662, abs=0.02)
    assert found.measured.hip_girth == pytest.approx(1.025 * demo_fit.achieved.hip_girth, abs=0.012)
    assert {"c7", "crotch", "acromion_l"} <= set(body.landmarks_m)
    assert body.landmarks_m["crotch"][1] == pytest.approx(
        1.025 * demo_fit.body.landmarks_m["crotch"][1], abs=0.02
    )
    bent = pose_body(body, Pose.degrees(knee_flexion_l=70))
    assert bent.joints_m["ankle_l"][1] > bent.joints_m["ankle_r"][1] + 0.1
    assert body.levels_m["hip_girth"] > 0.7


def test_models_of_another_layout_are_sentences(tmp_path, demo_body):
    path = tmp_path / "model.npz"
    with pytest.raises(ScanError, match="cannot be read as npz"):
        read_smpl(path)
    np.savez(path, v_template=np.zeros((3, 3)))
    with pytest.raises(ScanError, match="lacks f, shapedirs"):
        read_smpl(path)
    arrays = smpl_arrays(demo_body)
    np.savez(path, **(arrays | {"weights": arrays["weights"][:, :20]}))
    with pytest.raises(ScanError, match="J_regressor has shape"):
        read_smpl(path)
    np.savez(path, **arrays)
    with pytest.raises(ScanError, match="3 betas were given"):
        read_smpl(path, betas=[1, 2, 3])


@pytest.mark.slow
def test_the_command_measures_draws_and_writes(tmp_path, holey, capsys):
    from muslin.cli import run_command

    path, out = tmp_path / "scan.ply", tmp_path / "out"
    trimesh.Trimesh(*holey, process=False).export(path)
    picture = tmp_path / "tapes.png"
    assert run_command(["measure", str(path), "--sex", "female", "--draw", str(picture),
                        "--out", str(out), "--json"]) == 0  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert said["unit"] == "mm"
    assert said["measures_m"]["hip_girth"] == pytest.approx(1.037, abs=6e-3)
    assert picture.stat().st_size > 20_000
    assert (out / "registered.glb").is_file()
    assert UNIT_M[said["unit"]] == 0.001


@pytest.mark.parametrize(
    "arguments",
    [
        ["measure", "absent.ply"],
        ["measure", ".", "--unit", "m"],
        ["measure", "x.ply", "--unit", "ells"],
        ["measure", "x.ply", "--sex", "other"],
        ["body", "--pose", "atease"],
        ["body", "--measures", "absent.toml"],
    ],
    ids="_".join,
)
def test_bad_input_is_one_sentence_and_code_2(arguments, capsys):
    from muslin.cli import run_command

    assert run_command(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1


def test_the_command_makes_a_body(tmp_path, capsys):
    from muslin.cli import run_command

    assert run_command(["body", "--pose", "sitting", "--out", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["reachable"]
    assert said["achieved_m"]["stature"] == pytest.approx(1.662, abs=2e-3)
    assert json.loads((tmp_path / "body.json").read_text(encoding="utf-8")) == said
    mesh = trimesh.load(tmp_path / "body.obj", process=False)
    assert mesh.is_watertight
    assert mesh.bounds[1][1] < 1.4
    assert (tmp_path / "body.glb").is_file()
