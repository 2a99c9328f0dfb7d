"""Learn the prior of bodies from a survey: assets/body/prior.npz.

    python benchmarks/body_prior.py --train ../shared/data/ansur2 --out assets/body/prior.npz

People kept for judging (two of five, by their own number) are left out. Of the others a seeded
draw is fitted with all their measures; measures that the survey lacks are taken on those bodies.
Means and covariances are written, never rows.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ansur_people import COLUMNS, learning, read_people

from fitting.body.measure import Tapes
from fitting.body.registry import GEOMETRIC, REGISTRY
from fitting.body.shape import CORNERS, LOCAL_CHANGES, N_PARAMETERS, N_PHENOTYPES, shape_space
from fitting.body.solve import Wish, solve_many

# Flexed minus relaxed, estimated: surveys tape arms flexed, garments are worn relaxed.
FLEXED_M = {
    "female": {"upper_arm_girth": 0.012, "forearm_girth": 0.005},
    "male": {"upper_arm_girth": 0.025, "forearm_girth": 0.007},
}
# What the model cannot do (its head is one size) or lies elsewhere is not aimed at.
NOT_AIMED = ("head_girth", "hip_height", "cervicale_height", "across_back_width")
TARGETS = tuple(key for key in COLUMNS if key in GEOMETRIC and key not in NOT_AIMED)
SD_M = {"girth": 0.003, "height": 0.015, "length": 0.012, "width": 0.010}
SD_OF_M = {"stature": 0.002, "inside_leg_height": 0.002}
WIDTHS = {"bust": "bust_girth", "waist_navel": "waist_navel_girth", "hip": "hip_girth"}
UNKNOWN_OFFSET_SD_M = 0.04
RIDGE = 0.05
BATCH = 64
N_STEPS = 16


def loose_prior() -> tuple[np.ndarray, np.ndarray]:
    """Centre and sd of the parameters before anything is learnt."""
    center, sd = np.zeros(N_PARAMETERS), np.full(N_PARAMETERS, 0.25)
    center[:N_PHENOTYPES], sd[:N_PHENOTYPES] = 0.5, 0.22
    names = (*CORNERS, *LOCAL_CHANGES)
    sd[names.index("stomach-pregnant")], sd[names.index("torso-vshape")] = 0.12, 0.15
    return center, sd


def fit_people(space, tapes, table: np.ndarray, sd_m: np.ndarray):
    center, sd = loose_prior()
    weight, precision = np.diag(sd_m**-2.0), np.diag(sd**-2.0)
    wishes = [
        Wish(
            keys=TARGETS, target_m=row, weight=weight, mean=center, precision=precision,
            start=center,
        )
        for row in table
    ]  # fmt: skip
    solved = []
    for start in range(0, len(wishes), BATCH):
        solved += solve_many(space, tapes, wishes[start : start + BATCH], n_steps=N_STEPS)
    return solved


def ellipse_m(breadth_m, depth_m):
    """Way round an ellipse, by Ramanujan's second formula."""
    a, b = breadth_m / 2, depth_m / 2
    h = ((a - b) / (a + b)) ** 2
    return np.pi * (a + b) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))


def as_taped(table: np.ndarray, mean_body: dict[str, float]) -> np.ndarray:
    """Callipers press in: widths are scaled until they go with the taped girth as on a body."""
    table = table.copy()
    column = {key: i for i, key in enumerate(COLUMNS)}
    for place, girth in WIDTHS.items():
        names = [f"{place}_{which}" for which in ("breadth", "depth")]
        fuller = mean_body[girth] / ellipse_m(*(mean_body[name] for name in names))
        round_m = fuller * ellipse_m(*(table[:, column[name]] for name in names))
        for name in names:
            table[:, column[name]] *= table[:, column[girth]] / round_m
    return table


def learn(sex: str, folder: Path, n: int, n_first: int, rng: np.random.Generator) -> dict:
    space = shape_space(sex)
    tapes = Tapes(space)
    people = learning(read_people(folder, sex))
    drawn = rng.choice(len(people.ids), min(n, len(people.ids)), replace=False)
    index = [list(COLUMNS).index(key) for key in TARGETS]
    middle = tapes(space.points(loose_prior()[0]))
    scaled = as_taped(people.table, {key: value.value_m for key, value in middle.items()})
    table = scaled[drawn][:, index]
    own = np.array([REGISTRY[key].same_as_ansur for key in TARGETS])
    sd_m = np.array([SD_OF_M.get(key, SD_M[REGISTRY[key].kind]) for key in TARGETS])
    offset = np.array([-FLEXED_M[sex].get(key, 0.0) for key in TARGETS])
    known = own | (offset != 0)
    # First with other definitions barely weighed: what they differ by on average is their offset.
    first = fit_people(
        space, tapes, table[:n_first] + offset, np.where(known, sd_m, UNKNOWN_OFFSET_SD_M)
    )
    residual = np.array([s.value_m for s in first]) - table[:n_first]
    offset = np.where(known, offset, residual.mean(axis=0))
    solved = fit_people(space, tapes, table + offset, sd_m)
    x = np.array([s.parameters for s in solved])
    left = np.array([s.value_m for s in solved]) - table - offset
    bodies = [tapes(space.points(parameters)) for parameters in x]
    everything = {key: np.array([body[key].value_m for body in bodies]) for key in GEOMETRIC}
    offsets = dict(zip(TARGETS, offset.tolist(), strict=True))
    for key in NOT_AIMED:
        offsets[key] = float((everything[key] - people.column(key)[drawn]).mean())
    # People's own values where the survey has them; bodies fill in what it lacks.
    for key, offset_m in offsets.items():
        everything[key] = scaled[drawn][:, list(COLUMNS).index(key)] + offset_m
    everything["mass_kg"] = people.column("mass_kg")[drawn]
    values = np.stack(list(everything.values()), axis=1)
    print(f"{sex}: {len(x)} people, {np.mean([s.converged for s in solved]):.0%} converged")
    for i, key in enumerate(TARGETS):
        print(
            f"  {key:24s} offset {offset[i] * 1e3:+7.1f}  left {left[:, i].mean() * 1e3:+6.1f} "
            f"rms {np.sqrt((left[:, i] ** 2).mean()) * 1e3:5.1f} mm"
        )
    keys = list(everything)
    own = [keys.index(key) for key in COLUMNS]
    shift = np.array([offsets.get(key, 0.0) for key in COLUMNS])
    joint = np.c_[values, x]
    mean, covariance = widened(joint, own, scaled + shift)
    n_keys = len(keys)
    return {
        "keys": keys,
        "mean_m": mean[:n_keys],
        "covariance": covariance[:n_keys, :n_keys],
        "offset_m": np.array([offsets.get(key, 0.0) for key in keys]),
        "shape_mean": mean[n_keys:],
        "shape_covariance": np.cov(x.T) + RIDGE**2 * np.eye(N_PARAMETERS),
        "shape_by_measure": covariance[n_keys:, :n_keys],
        "n_people": len(people.ids),
    }


def widened(
    joint: np.ndarray, own: list[int], everybody: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance where some columns are known of many more people.

    What is known of the fitted people alone follows by its regression on those columns.

    Args:
        joint: Fitted people, shape (n_fitted, n_columns).
        own: Columns that everybody has.
        everybody: Them, shape (n_people, n_own).
    """
    mean, covariance = joint.mean(axis=0), np.cov(joint.T)
    rest = np.setdiff1d(np.arange(joint.shape[1]), own)
    S_oo, S_ro = covariance[np.ix_(own, own)], covariance[np.ix_(rest, own)]
    B = np.linalg.solve(S_oo + 1e-8 * np.eye(len(own)), S_ro.T).T
    left = covariance[np.ix_(rest, rest)] - B @ S_ro.T
    wide = np.cov(everybody.T)
    away = everybody.mean(axis=0) - mean[own]
    mean[own] += away
    mean[rest] += B @ away
    covariance[np.ix_(own, own)] = wide
    covariance[np.ix_(rest, own)] = B @ wide
    covariance[np.ix_(own, rest)] = (B @ wide).T
    covariance[np.ix_(rest, rest)] = B @ wide @ B.T + left
    return mean, covariance


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--train", "--data", dest="train", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=400, help="fitted people of each sex")
    parser.add_argument("--n-first", type=int, default=60, help="people the offsets come from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    arrays: dict[str, np.ndarray] = {}
    for sex in ("female", "male"):
        learnt = learn(sex, arguments.train, arguments.n, arguments.n_first, rng)
        arrays["keys"] = np.array(learnt.pop("keys"))
        arrays |= {
            f"{name}_{sex}": np.asarray(value, dtype=np.float32 if name != "n_people" else int)
            for name, value in learnt.items()
        }
    np.savez_compressed(arguments.out, allow_pickle=False, **arrays)
    if arguments.json:
        print(json.dumps({"n": arguments.n, "bytes": arguments.out.stat().st_size}))


if __name__ == "__main__":
    main()
