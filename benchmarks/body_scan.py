"""How well scans are measured: bodies whose measures are known, made into poor scans.

    python benchmarks/body_scan.py [--n 4] [--seed 0] [--json]

Bodies of both sexes are drawn from the learned prior, posed, turned any way up, sampled more finely
than the model, given a millimetre of noise, holes at the crotch and at the crown, and another unit;
then registered without being told any of it. Made of the model, they are easier than people: a
real scan has a face, hair and folds.
"""

import argparse
import json
import time

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from fitting.body import Measurements, body_from_measurements, make_scan, pose_body, register_scan
from fitting.body.prior import learnt_prior
from fitting.body.scan import UNIT_M

TAPED = ("stature", "bust_girth", "waist_navel_girth", "hip_girth", "inside_leg_height")
POSES = ("a", "arms_down", "t")
NOISE_M = 1e-3


def poor_scan(body, unit: str, rng: np.random.Generator):
    mesh = trimesh.Trimesh(body.vertices_m, body.faces, process=False).subdivide()
    points = np.asarray(mesh.vertices) + rng.normal(scale=NOISE_M, size=mesh.vertices.shape)
    faces = np.asarray(mesh.faces)
    middle = points[faces].mean(axis=1)
    crown = points[points[:, 1].argmax()]
    open_at = np.linalg.norm(middle - body.landmarks_m["crotch"], axis=1) < 0.06
    open_at |= np.linalg.norm(middle - crown, axis=1) < 0.06
    turn = rng.choice(Rotation.create_group("O").as_matrix())
    tilt = Rotation.from_rotvec(rng.normal(scale=0.1, size=3)).as_matrix()
    placed = points @ (tilt @ turn).T + rng.normal(size=3)
    return make_scan(placed / UNIT_M[unit], faces[~open_at])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--n", type=int, default=4, help="bodies of each sex")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    off: dict[str, list[float]] = {}
    right_sex, cpu_s = [], []
    for i in range(2 * arguments.n):
        sex = ("female", "male")[i % 2]
        prior = learnt_prior(sex)
        index = [prior.keys.index(key) for key in TAPED]
        covariance = prior.covariance[np.ix_(index, index)]
        drawn = rng.multivariate_normal(prior.mean_m[index], covariance)
        person = Measurements(**dict(zip(TAPED, drawn.tolist(), strict=True)))
        fit = body_from_measurements(person, sex=sex)
        posed = pose_body(fit.body, POSES[i % len(POSES)], apart=False)
        scan = poor_scan(posed, ("m", "cm", "mm")[i % 3], rng)
        began = time.process_time()
        found = register_scan(scan)
        cpu_s.append(time.process_time() - began)
        right_sex.append(found.sex == sex)
        theirs, ours = fit.achieved.given(), found.measured.given()
        for key in theirs.keys() & ours.keys():
            off.setdefault(key, []).append((ours[key] - theirs[key]) * 1e3)
    result = {
        "n_scans": len(right_sex),
        "sex_found": float(np.mean(right_sex)),
        "cpu_s": float(np.median(cpu_s)),
        "mean_abs_mm": {key: float(np.mean(np.abs(row))) for key, row in off.items()},
        "worst_mm": {key: float(np.max(np.abs(row))) for key, row in off.items()},
    }
    if arguments.json:
        print(json.dumps(result))
        return
    print(
        f"{result['n_scans']} scans, sex found {result['sex_found']:.0%}, "
        f"{result['cpu_s']:.1f} s processor time each"
    )
    for key in sorted(off):
        print(f"  {key:24s} {result['mean_abs_mm'][key]:5.1f} mm, worst "
              f"{result['worst_mm'][key]:5.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
