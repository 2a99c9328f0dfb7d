"""Measures of the same bodies by clad-body and by us.

    python benchmarks/body_clad.py --make bodies.npz      # in an environment with clad-body 0.6.1
    python benchmarks/body_clad.py --judge bodies.npz [--json]   # here

clad-body 0.6.1 asks for Python 3.12 and runs with anny 0.3.1 only, so it writes seeded bodies and
their measures to a file, and we measure the same vertices. The difference per measure is printed:
by our own definition, and, where clad-body says at which height it measured, at that height. What
agrees there differs by the choice of the plane alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np

SHARED = {
    "height_cm": "stature", "bust_cm": "bust_girth", "underbust_cm": "under_bust_girth",
    "waist_cm": "waist_girth", "hip_cm": "hip_girth", "thigh_cm": "thigh_girth",
    "knee_cm": "knee_girth", "calf_cm": "calf_girth", "upperarm_cm": "upper_arm_girth",
    "wrist_cm": "wrist_girth", "neck_cm": "neck_girth", "shoulder_width_cm": "shoulder_width",
    "sleeve_length_cm": "arm_length", "inseam_cm": "inside_leg_height",
    "back_neck_to_waist_cm": "back_neck_to_waist", "crotch_length_cm": "total_crotch_length",
}  # fmt: skip

# Its waist is described at two levels; these are ours at the other one.
AT_NAVEL = {
    "waist_navel_girth": "waist_cm", "back_neck_to_navel": "back_neck_to_waist_cm",
    "navel_crotch_length": "crotch_length_cm",
}  # fmt: skip
# Where it cut: its own word for the height, and whether the cut goes round the trunk or one leg.
LEVELS = {
    "bust_cm": ("_bust_z", "trunk"), "underbust_cm": ("_underbust_z", "trunk"),
    "hip_cm": ("_hip_z", "trunk"), "thigh_cm": ("_thigh_z", "leg"),
}  # fmt: skip


def make(path: Path, n: int, seed: int) -> None:
    import torch
    from clad_body.load.anny import build_anny_apose, load_anny_from_params
    from clad_body.measure import measure

    rng = np.random.default_rng(seed)
    vertices, bones, values, levels = [], [], [], []
    for i in range(n):
        names = ("muscle", "weight", "height", "proportions", "cupsize", "firmness")
        params = {name: float(rng.uniform(0.3, 0.7)) for name in names}
        params |= {"gender": float(i % 2), "age": 0.67}
        params |= {"african": 1 / 3, "asian": 1 / 3, "caucasian": 1 / 3}
        body = load_anny_from_params(params)
        found = measure(body)
        values.append([float(found.get(key, np.nan)) for key in SHARED])
        levels.append([float(found.get(name, np.nan)) for name, _ in LEVELS.values()])
        model = body.model
        with torch.no_grad():
            out = model(
                pose_parameters=build_anny_apose(model, torch.device("cpu")),
                phenotype_kwargs=body.phenotype_kwargs, local_changes_kwargs={},
                pose_parameterization="root_relative_world", return_bone_ends=True,
            )  # fmt: skip
        vertices.append(out["vertices"][0].numpy())
        bones.append(out["bone_heads"][0].numpy())
        print(f"{i + 1} of {n}", end="\r")
    np.savez(
        path, allow_pickle=False, vertices=np.array(vertices), bones=np.array(bones),
        bone_names=np.array(model.bone_labels), faces=body.faces, values=np.array(values),
        keys=np.array(list(SHARED)), levels_m=np.array(levels),
    )  # fmt: skip


def judge(path: Path, *, as_json: bool) -> None:
    from fitting.body.build import JOINTS
    from fitting.body.measure import Tapes
    from fitting.body.shape import shape_space
    from fitting.body.tape import Plane, cut, girth_m
    from fitting.body.taping import Edges

    data = np.load(path, allow_pickle=False)
    space = shape_space("female")
    tapes = Tapes(space)
    names = [str(name) for name in data["bone_names"]]
    heads = [names.index(bone) for bone in JOINTS.values()]
    kept = _body_rows(data["faces"], len(data["vertices"][0]), space.n_vertices)
    pairs = [(mine, i) for i, mine in enumerate(SHARED.values())]
    pairs += [(mine, list(SHARED).index(theirs)) for mine, theirs in AT_NAVEL.items()]
    off = {key: [] for key, _ in pairs}
    levels = data["levels_m"] if "levels_m" in data else np.full((len(data["values"]), 0), np.nan)
    edges = Edges(space)
    for vertices, bones, values, level_m in zip(
        data["vertices"], data["bones"], data["values"], levels, strict=True
    ):
        points = np.concatenate([vertices[kept], bones[heads]]).astype(np.float64)
        toe, ankle = (bones[names.index(bone)] for bone in ("toe2-1.L", "foot.L"))
        points = _turned(points, toe=toe, ankle=ankle)
        measured = tapes(points, [key for key, _ in pairs])
        for key, i in pairs:
            off[key].append(measured[key].value_m * 1e3 - values[i] * 10)
        for (theirs, (_, part)), height_m in zip(LEVELS.items(), level_m, strict=False):
            plane = Plane(
                origin_m=np.array([0.0, points[: space.n_vertices, 1].min() + height_m, 0.0]),
                normal=np.array([0.0, 1.0, 0.0]),
            )
            ours_m = girth_m(
                cut(points, edges.trunk if part == "trunk" else edges.leg, plane), plane
            )
            key = f"{SHARED[theirs]} at its height"
            off.setdefault(key, []).append(ours_m * 1e3 - values[list(SHARED).index(theirs)] * 10)
    result = {
        key: {
            "mean_mm": float(np.nanmean(row)),
            "sd_mm": float(np.nanstd(row)),
            "worst_mm": float(np.nanmax(np.abs(row))),
            "within_3_mm": float(np.nanmean(np.abs(row) <= 3)),
        }
        for key, row in off.items()
        if not np.isnan(row).all()
    }
    if as_json:
        print(json.dumps(result))
        return
    print(f"{len(data['values'])} bodies, ours minus clad-body")
    for key, row in result.items():
        print(
            f"  {key:32s} mean {row['mean_mm']:+7.1f}  sd {row['sd_mm']:5.1f}  "
            f"worst {row['worst_mm']:6.1f} mm, within 3 mm {row['within_3_mm']:.0%}"
        )


def _body_rows(faces, n_all: int, n_body: int) -> np.ndarray:
    """Rows of the body in the whole mesh: the largest part, without eyes and mouth."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n_all, n_all))
    _, label = connected_components(graph, directed=False)
    kept = np.flatnonzero(label == np.bincount(label).argmax())
    if len(kept) != n_body:
        raise SystemExit(f"the body has {len(kept)} vertices, ours {n_body}: another topology")
    return kept


def _turned(points, *, toe, ankle) -> np.ndarray:
    """From z up, facing along -y or +y, to y up, z forward."""
    sign = 1.0 if toe[1] < ankle[1] else -1.0
    return np.stack([sign * points[:, 0], points[:, 2], -sign * points[:, 1]], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--make", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.make, arguments.n, arguments.seed)
    if arguments.judge:
        judge(arguments.judge, as_json=arguments.json)


if __name__ == "__main__":
    main()
