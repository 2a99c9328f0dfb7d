"""Posed bodies keep their shape, stand on the floor, and do what the angle says."""

import dataclasses
import itertools
import math
import re

import numpy as np
import pytest
import trimesh

from fitting.body import (
    Pose,
    clip_between,
    clip_bodies,
    frame_body,
    pose_body,
    pose_names,
    read_bvh,
    walking_clip,
)
from fitting.errors import PoseError

TORSO = ("waist_girth", "waist_navel_girth", "hip_girth")


def angle_between(a, b):
    return math.acos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def flexion(body, upper, middle, lower):
    joints = body.joints_m
    return angle_between(joints[middle] - joints[upper], joints[lower] - joints[middle])


def volume_m3(body):
    return trimesh.Trimesh(body.vertices_m, body.faces, process=False).volume


@pytest.mark.parametrize("name", pose_names())
def test_every_named_pose_keeps_the_body_whole(demo_body, name):
    posed = pose_body(demo_body, name)
    assert posed.pose == name
    assert posed.faces is demo_body.faces
    assert posed.vertices_m[:, 1].min() == pytest.approx(0, abs=1e-12)
    rest_m3 = volume_m3(demo_body)
    assert volume_m3(pose_body(demo_body, name, apart=False)) == pytest.approx(rest_m3, rel=0.03)
    # What skin that passes through skin counts twice is gone.
    assert 0.85 * rest_m3 < volume_m3(posed) < 1.03 * rest_m3
    for upper, lower in (("shoulder", "elbow"), ("hip", "knee"), ("knee", "ankle")):
        before, after = (
            np.linalg.norm(b.joints_m[f"{upper}_l"] - b.joints_m[f"{lower}_l"])
            for b in (demo_body, posed)
        )
        assert after == pytest.approx(before, abs=1e-9)
    middle = 0.5 * (posed.joints_m["ankle_l"] + posed.joints_m["ankle_r"])
    np.testing.assert_allclose(middle[[0, 2]], 0, atol=1e-9)


def test_rest_is_the_a_stance(demo_body):
    np.testing.assert_allclose(
        pose_body(demo_body, "a").vertices_m, demo_body.vertices_m, atol=1e-7
    )


def test_a_fit_is_posed_like_its_body(demo_fit):
    a, b = pose_body(demo_fit, "t"), pose_body(demo_fit.body, "t")
    np.testing.assert_array_equal(a.vertices_m, b.vertices_m)


def test_posing_twice_is_posing_once(demo_body):
    once = pose_body(demo_body, "sitting")
    twice = pose_body(pose_body(demo_body, "arms_up"), "sitting")
    np.testing.assert_allclose(twice.vertices_m, once.vertices_m, atol=1e-12)


@pytest.mark.parametrize("angle_deg", [0, 30, 60, 110])
def test_a_knee_bends_by_its_angle_and_only_that_knee(demo_body, angle_deg):
    posed = pose_body(demo_body, Pose.degrees(knee_flexion_l=angle_deg))
    bent = flexion(posed, "hip_l", "knee_l", "ankle_l")
    assert math.degrees(bent) == pytest.approx(angle_deg, abs=1e-4)
    rest = flexion(demo_body, "hip_r", "knee_r", "ankle_r")
    assert flexion(posed, "hip_r", "knee_r", "ankle_r") == pytest.approx(rest, abs=1e-9)
    if angle_deg > 20:
        assert posed.joints_m["ankle_l"][2] < posed.joints_m["knee_l"][2]


def test_elbows_and_arms_go_where_they_are_told(demo_body):
    t = pose_body(demo_body, "t")
    for side, sign in (("l", 1), ("r", -1)):
        along = t.joints_m[f"elbow_{side}"] - t.joints_m[f"shoulder_{side}"]
        assert angle_between(along, np.array([sign, 0, 0])) < 1e-6
    bent = pose_body(demo_body, Pose.degrees(shoulder_flexion=90, elbow_flexion=45))
    assert math.degrees(flexion(bent, "shoulder_l", "elbow_l", "wrist_l")) == pytest.approx(45)
    assert bent.joints_m["elbow_r"][2] > bent.joints_m["shoulder_r"][2] + 0.2
    assert bent.joints_m["wrist_r"][1] > bent.joints_m["elbow_r"][1]


def test_left_and_right_mirror(demo_body):
    left = pose_body(demo_body, Pose.degrees(shoulder_abduction_l=80, hip_abduction_l=25))
    right = pose_body(demo_body, Pose.degrees(shoulder_abduction_r=80, hip_abduction_r=25))
    flip = np.array([-1, 1, 1])
    for name in ("elbow", "wrist", "knee"):
        np.testing.assert_allclose(
            left.joints_m[f"{name}_l"] - left.joints_m["pelvis"],
            (right.joints_m[f"{name}_r"] - right.joints_m["pelvis"]) * flip, atol=2e-3,
        )  # fmt: skip


def test_levels_follow_the_body(demo_body):
    sitting = pose_body(demo_body, "sitting")
    drop = demo_body.joints_m["pelvis"][1] - sitting.joints_m["pelvis"][1]
    for name in TORSO:
        assert demo_body.levels_m[name] - sitting.levels_m[name] == pytest.approx(drop, abs=1e-9)


@pytest.mark.parametrize(
    ("angles_deg", "said"),
    [({"knee": 3}, "'knee' is not known"), ({"knee_flexion": math.nan}, "of nan rad is no angle"),
     ({"knee_flexion": 9000}, "rad is no angle")],
)  # fmt: skip
def test_impossible_angles_are_said(angles_deg, said):
    with pytest.raises(PoseError, match=said):
        Pose.degrees(**angles_deg)


def test_an_unknown_pose_and_a_body_without_joints_are_said(demo_body):
    with pytest.raises(PoseError, match="known are a, measuring"):
        pose_body(demo_body, "atease")
    with pytest.raises(PoseError, match="register a scan first"):
        pose_body(dataclasses.replace(demo_body, rig=None), "t")


def test_a_walk_is_smooth_and_closes(demo_body):
    clip = walking_clip(rate_hz=20, stride_s=1.0)
    frames = [b.vertices_m for b in clip_bodies(demo_body, clip)]
    assert len(frames) == clip.n_frames == 20
    steps = [np.linalg.norm(b - a, axis=1).max() for a, b in itertools.pairwise(frames)]
    closing = np.linalg.norm(frames[0] - frames[-1], axis=1).max()
    assert max(*steps, closing) < 0.25
    # Half a stride later left and right have changed places.
    a, b = (frame_body(demo_body, clip, i).joints_m for i in (0, 10))
    assert a["ankle_l"][2] - a["pelvis"][2] == pytest.approx(
        b["ankle_r"][2] - b["pelvis"][2], abs=2e-2
    )


def test_from_standing_to_sitting_goes_without_jumps(demo_body):
    clip = clip_between(["a", "sitting"], n_between=8)
    first, last = frame_body(demo_body, clip, 0), frame_body(demo_body, clip, clip.n_frames - 1)
    np.testing.assert_allclose(first.vertices_m[:, 1], demo_body.vertices_m[:, 1], atol=1e-7)
    sitting = pose_body(demo_body, "sitting", anchor="pelvis", apart=False)
    np.testing.assert_allclose(last.vertices_m, sitting.vertices_m, atol=1e-7)
    with pytest.raises(PoseError, match="not in a clip of 9"):
        frame_body(demo_body, clip, 9)
    with pytest.raises(PoseError, match="no motion"):
        clip_between(["a"])
    with pytest.raises(PoseError, match="no motion"):
        walking_clip(rate_hz=1, stride_s=1)


def bvh_text(names, *, up="y", frames=((0, 0, 0), (90, 45, 30)), arm=(1, 0, 0)):
    """A recorder in T pose whose left knee and left arm turn; z-up files lie on their back."""

    def at(x, y, z):
        return f"OFFSET {x} {y} {z}" if up == "y" else f"OFFSET {x} {-z} {y}"

    def joint(key, offset, inside="", kind="JOINT"):
        channels = "Zrotation Xrotation Yrotation"
        if kind == "ROOT":
            channels = f"Xposition Yposition Zposition {channels}"
        n = len(channels.split())
        return f"{kind} {names[key]} {{ {at(*offset)} CHANNELS {n} {channels} {inside} }}\n"

    def leg(side, x):
        ankle = joint(f"ankle_{side}", (0, -40, 0), f"End Site {{ {at(0, -5, 12)} }}")
        return joint(f"hip_{side}", (x, 0, 0), joint(f"knee_{side}", (0, -40, 0), ankle))

    def arms(side, sign):
        wrist = joint(f"wrist_{side}", (25 * sign, 0, 0), f"End Site {{ {at(8 * sign, 0, 0)} }}")
        elbow = joint(f"elbow_{side}", (28 * sign, 0, 0), wrist)
        return joint(f"shoulder_{side}", (18 * sign, 20, 0), elbow)

    trunk = joint("chest", (0, 30, 0), arms("l", 1) + arms("r", -1))
    tree = "HIERARCHY\n" + joint("pelvis", (0, 90, 0), leg("l", 9) + leg("r", -9) + trunk, "ROOT")
    order = re.findall(r"(?:ROOT|JOINT) (\S+)", tree)
    rows = []
    for i, (knee, arm_down, way) in enumerate(frames):
        row = [0, 90, way * i] if up == "y" else [0, -way * i, 90]
        for name in order:
            bend = [0, 0, 0]
            if name == names["knee_l"]:
                bend[1] = knee
            if name == names["shoulder_l"]:
                # Down is a turn about forward: +z in y-up files, -y in z-up ones.
                bend[0 if up == "y" else 2] = -arm_down if up == "y" else arm_down
            row += bend
        rows.append(" ".join(str(value) for value in row))
    return tree + f"MOTION\nFrames: {len(rows)}\nFrame Time: 0.02\n" + "\n".join(rows) + "\n"


CMU = {
    "pelvis": "Hips", "chest": "Spine1", "hip": "{}UpLeg", "knee": "{}Leg", "ankle": "{}Foot",
    "shoulder": "{}Arm", "elbow": "{}ForeArm", "wrist": "{}Hand",
}  # fmt: skip
XSENS = CMU | {"hip": "{}Hip", "knee": "{}Knee", "ankle": "{}Ankle", "shoulder": "{}Shoulder",
               "elbow": "{}Elbow", "wrist": "{}Wrist"}  # fmt: skip


def named(words, prefix=""):
    sided = {f"{k}_{s}": prefix + v.format(w) for k, v in words.items() if "{" in v
             for s, w in (("l", "Left"), ("r", "Right"))}  # fmt: skip
    return sided | {k: prefix + v for k, v in words.items() if "{" not in v}


@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize(
    "names", [named(CMU), named(XSENS), named(CMU, "mixamorig:")], ids=["cmu", "xsens", "mixamo"]
)
def test_a_clip_of_any_maker_bends_the_same(tmp_path, demo_body, names, up):
    path = tmp_path / "walk.bvh"
    path.write_text(bvh_text(names, up=up), encoding="utf-8")
    clip = read_bvh(path)
    assert clip.n_frames == 2
    assert clip.rate_hz == pytest.approx(50)
    start, end = clip_bodies(demo_body, clip)
    along = start.joints_m["wrist_l"] - start.joints_m["elbow_l"]
    assert angle_between(along, np.array([1, 0, 0])) < 1e-6
    assert math.degrees(flexion(end, "hip_l", "knee_l", "ankle_l")) == pytest.approx(90, abs=1e-4)
    assert end.joints_m["ankle_l"][2] < end.joints_m["knee_l"][2] - 0.2
    arm = end.joints_m["elbow_l"] - end.joints_m["shoulder_l"]
    assert math.degrees(angle_between(arm, np.array([1, 0, 0]))) == pytest.approx(45, abs=1e-4)
    assert arm[1] < 0
    leg_m = 2 * np.linalg.norm(demo_body.joints_m["hip_l"] - demo_body.joints_m["knee_l"])
    way = end.joints_m["pelvis"] - start.joints_m["pelvis"]
    np.testing.assert_allclose(way[[0, 2]], [0, 30 / 80 * leg_m], atol=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: "nothing", "does not start with HIERARCHY"),
        (lambda t: t[: t.rindex("CHANNELS")], "breaks off"),
        (lambda t: t.replace("LeftLeg", "Tail"), "could be knee_l"),
        (lambda t: t.replace("Frames: 2", "Frames: 3"), "need"),
        (lambda t: t.replace("Frame Time: 0.02", "Frame Time: 0"), "no motion"),
        (lambda t: t.replace("Zrotation", "Wrotation"), "channel 'Wrotation'"),
        (lambda t: t.replace("OFFSET", "OFSET", 1), "'OFSET' stands where"),
        (lambda t: t.replace("MOTION\nFrames:", "MOTION\nF:"), "Frames: or Frame Time"),
    ],
    ids=["nothing", "half", "no knee", "count", "time", "channel", "word", "motion"],
)
def test_damaged_clips_are_sentences(tmp_path, change, said):
    path = tmp_path / "bad.bvh"
    path.write_text(change(bvh_text(named(CMU))), encoding="utf-8")
    with pytest.raises(PoseError, match=said):
        read_bvh(path)
    with pytest.raises(PoseError, match="cannot be read"):
        read_bvh(tmp_path / "absent.bvh")
