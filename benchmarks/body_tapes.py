"""How well bodies answer tape measures, beside linear regression on the same survey.

    python benchmarks/body_tapes.py --data ../shared/data/ansur2 [--n 200] [--seed 0] [--json]
    python benchmarks/body_tapes.py --train DIR --test DIR

People that the shipped prior was never learnt from are drawn, none left out. Seven measures are
given: stature, chest, waist at the navel, hip, neck, arm and inside leg. What was not given is
compared with the person; the peer is the best that can be said without a body, a linear regression
from the same seven, learnt from the people of --train. Also: how often people lie in the stated
95 % band. Where the survey's definition differs (arm length, flexed arms), the prior's offset
between the two is added to both sides alike.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from ansur_people import judged, learning, read_people

from fitting.body import Measurements, bodies_from_measurements, body_from_measurements
from fitting.body.prior import learnt_prior

GIVEN = (
    "stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth", "arm_length",
    "inside_leg_height",
)  # fmt: skip
HIDDEN = ("thigh_girth", "calf_girth", "upper_arm_girth", "wrist_girth")
ALSO = ("ankle_girth", "forearm_girth", "shoulder_breadth", "back_neck_to_navel", "knee_height")
BATCH = 32


def as_ours(people, keys: tuple[str, ...], sex: str) -> np.ndarray:
    """Measures of people by our definitions, shape (n_people, n_keys) [m]."""
    prior = learnt_prior(sex)
    offset = np.array([prior.offset_m[prior.keys.index(key)] for key in keys])
    return np.stack([people.column(key) for key in keys], axis=1) + offset


def band_factors(people, sex: str) -> dict[str, float]:
    """By how much bands would have to grow to hold 95 % of the learning people, by measure.

    Conformal calibration on those whom the prior was learnt from; near one, nothing is to mend.
    """
    prior, keys = learnt_prior(sex), HIDDEN + ALSO
    given, hidden = as_ours(people, GIVEN, sex), as_ours(people, keys, sex)
    away = np.zeros_like(hidden)
    for row, (tapes, values) in enumerate(zip(given, hidden, strict=True)):
        belief = prior.after(dict(zip(GIVEN, tapes.tolist(), strict=True)))
        mean, covariance = belief.of(keys)
        away[row] = np.abs(values - mean) / np.sqrt(np.diag(covariance))
    return dict(zip(keys, (np.quantile(away, 0.95, axis=0) / 1.96).tolist(), strict=True))


def band_of_draws(people, sex: str, n: int, n_draws: int = 200) -> dict[str, float]:
    """Share in the 95 % band of the four without bodies: of all judged people, of draws of n."""
    given, hidden = as_ours(people, GIVEN, sex), as_ours(people, HIDDEN, sex)
    inside = np.zeros(len(given))
    for i, (tapes, values) in enumerate(zip(given, hidden, strict=True)):
        belief = learnt_prior(sex).after(dict(zip(GIVEN, tapes.tolist(), strict=True)))
        mean, covariance = belief.of(HIDDEN)
        inside[i] = (np.abs(values - mean) <= 1.96 * np.sqrt(np.diag(covariance))).mean()
    draws = [
        inside[np.random.default_rng(seed).choice(len(inside), min(n, len(inside)), replace=False)]
        for seed in range(n_draws)
    ]
    shares = np.mean(draws, axis=1)
    within = float(((shares >= 0.93) & (shares <= 0.97)).mean())
    return {"all": float(inside.mean()), "n_draws": n_draws, "draws_within_93_to_97": within}


def judge(sex: str, train: Path, test: Path, n: int, rng: np.random.Generator) -> dict:
    learnt_from, pool = learning(read_people(train, sex)), judged(read_people(test, sex))
    drawn = rng.choice(len(pool.ids), min(n, len(pool.ids)), replace=False)
    given, hidden = as_ours(pool, GIVEN, sex)[drawn], as_ours(pool, HIDDEN + ALSO, sex)[drawn]
    design = np.c_[as_ours(learnt_from, GIVEN, sex), np.ones(len(learnt_from.ids))]
    weights = np.linalg.lstsq(design, as_ours(learnt_from, HIDDEN + ALSO, sex), rcond=None)[0]
    peer = np.c_[given, np.ones(len(given))] @ weights
    people = [Measurements(**dict(zip(GIVEN, row.tolist(), strict=True))) for row in given]
    fits, cpu_s, wall_s = [], [], []
    for start in range(0, len(people), BATCH):
        began, cpu = time.perf_counter(), time.process_time()
        batch = people[start : start + BATCH]
        fits += bodies_from_measurements(batch, sex=sex)
        wall_s.append((time.perf_counter() - began) / len(batch))
        cpu_s.append((time.process_time() - cpu) / len(batch))
    began, cpu = time.perf_counter(), time.process_time()
    for person in people[:5]:
        body_from_measurements(person, sex=sex)
    one = ((time.perf_counter() - began) / 5, (time.process_time() - cpu) / 5)
    off_m = np.abs([list(fit.residual_m.values()) for fit in fits])
    reachable = np.array([fit.reachable for fit in fits])
    result = {
        "n_people": len(fits),
        "not_reachable": int((~reachable).sum()),
        "converged": float(np.mean([fit.converged for fit in fits])),
        "steps_median": float(np.median([fit.n_steps for fit in fits])),
        "within_2_mm": float((off_m <= 2e-3).mean()),
        "within_5_mm_or_said": float(((off_m <= 5e-3).all(axis=1) | ~reachable).mean()),
        "median_off_mm": float(np.median(off_m)) * 1e3,
        "worst_off_mm": float(off_m.max()) * 1e3,
        "one_body_s": {"wall": one[0], "cpu": one[1]},
        "body_in_batch_of_32_s": {"wall": min(wall_s), "cpu": min(cpu_s)},
        "untaped": {},
    }
    inside_all = []
    for k, key in enumerate(HIDDEN + ALSO):
        ours = np.array([getattr(fit.achieved, key) or np.nan for fit in fits])
        error, peer_error = ours - hidden[:, k], peer[:, k] - hidden[:, k]
        sd = np.array([fit.uncertainty_m[key] for fit in fits])
        inside = np.abs(error) <= 1.96 * sd
        if key in HIDDEN:
            inside_all.append(inside)
        rms, peer_rms = (float(np.sqrt(np.nanmean(e**2))) * 1e3 for e in (error, peer_error))
        result["untaped"][key] = {
            "rms_mm": rms, "regression_rms_mm": peer_rms, "ratio": rms / peer_rms,
            "bias_mm": float(np.nanmean(error)) * 1e3, "inside_95": float(inside.mean()),
            "barred": key in HIDDEN,
        }  # fmt: skip
    # Measures of one person go together, so the spread is that of people.
    by_person = np.mean(inside_all, axis=0)
    result["inside_95_of_the_four"] = float(by_person.mean())
    result["inside_95_sd_of_draw"] = float(by_person.std() / np.sqrt(len(by_person)))
    result["band_factor"] = band_factors(learnt_from, sex)
    result["band_of_draws"] = band_of_draws(pool, sex, n)
    return result


def tell(sex: str, r: dict) -> None:
    print(
        f"{sex}: {r['n_people']} people, {r['not_reachable']} not reachable, "
        f"{r['converged']:.0%} converged in {r['steps_median']:.0f} steps (median)"
    )
    print(
        f"  given: {r['within_2_mm']:.2%} within 2 mm, all within 5 mm or said to be out of reach: "
        f"{r['within_5_mm_or_said']:.1%}; median {r['median_off_mm']:.2f}, "
        f"worst {r['worst_off_mm']:.2f} mm"
    )
    for key, row in r["untaped"].items():
        print(
            f"  {key}: {row['rms_mm']:.1f} mm, regression {row['regression_rms_mm']:.1f} mm, "
            f"ratio {row['ratio']:.3f}; bias {row['bias_mm']:+.1f} mm, "
            f"in the 95 % band {row['inside_95']:.1%}"
        )
    one, many = r["one_body_s"], r["body_in_batch_of_32_s"]
    factors = r["band_factor"].values()
    print(
        f"  in the 95 % band, the four together: {r['inside_95_of_the_four']:.1%} "
        f"(sd of a draw {r['inside_95_sd_of_draw']:.1%}); bands that fit the learning people are "
        f"{min(factors):.2f} to {max(factors):.2f} times ours"
    )
    draws = r["band_of_draws"]
    print(
        f"  the band without bodies holds {draws['all']:.1%} of all judged people; of "
        f"{draws['n_draws']} draws {draws['draws_within_93_to_97']:.0%} lie within 93 to 97 %"
    )
    print(
        f"  one body {one['wall']:.2f} s ({one['cpu']:.2f} s CPU), in a batch of 32 "
        f"{many['wall']:.3f} s ({many['cpu']:.3f} s CPU) a body"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder for both")
    parser.add_argument("--train", type=Path, help="folder the regression learns from")
    parser.add_argument("--test", type=Path, help="folder of the people that are judged")
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    train, test = arguments.train or arguments.data, arguments.test or arguments.data
    if train is None or test is None:
        parser.error("--data DIR, or --train DIR and --test DIR, are needed")
    rng = np.random.default_rng(arguments.seed)
    results = {sex: judge(sex, train, test, arguments.n, rng) for sex in ("female", "male")}
    if arguments.json:
        print(json.dumps(results))
        return
    for sex, result in results.items():
        tell(sex, result)


if __name__ == "__main__":
    main()
