"""Sensors of chest band and knee sleeve on people of a body survey, in three sizes, unattended.

    python benchmarks/twin_survey.py --data DIR [--garment chest_band] [--only survey] [--json]

DIR holds CSV files in the layout of ANSUR II. People are drawn from those that the prior of bodies
never saw, half of each sex. Checked: every failure has a reason; the least pressure of a sensor
ranks over sizes as Laplace says; mean pressure agrees with Laplace from tape and pattern alone
where the limb is near a cylinder; a search on half of the people places electrodes better for the
other half. `--keep DIR` keeps every drape, so that a run that was stopped goes on.
"""

import argparse
import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from ansur_people import COLUMNS, judged, read_people
from scipy.stats import rankdata

from fitting.body import Measurements
from muslin.twin import load_requirements, twin_garment
from muslin.twin.hoop import hoop_pressure_pa, rings_of
from muslin.twin.mapping import process_mapper
from muslin.twin.people import Taped, Unmade, make_people
from muslin.twin.person import Person
from muslin.twin.reading import read_worn
from muslin.twin.search import SearchResult, SearchSettings, search_places
from muslin.twin.survey import Survey, survey_people
from muslin.twin.survey_page import picture_of, survey_page

KEYS = ("stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth",
        "inside_leg_height", "thigh_girth", "calf_girth")  # fmt: skip
STEPS = {"chest_band": (-2, 0, 2), "knee_sleeve": (-1, 0, 1)}
MOVED = {"chest_band": ("electrode_r", "electrode_l")}
# Near a cylinder: sides within 10 degrees of the axis, diameters within a quarter of each other.
TAPER_RAD, ROUND = np.radians(10), 0.75


def draw_people(folder: Path, n: int, seed: int) -> list[Taped]:
    rng, rows = np.random.default_rng(seed), []
    for sex in ("female", "male"):
        people = judged(read_people(folder, sex))
        for i in rng.choice(len(people.ids), n // 2, replace=False):
            values = dict(zip(COLUMNS, people.table[i], strict=True))
            measures = Measurements(**{k: float(values[k]) for k in KEYS})
            rows.append(Taped(name=f"{sex[0]}{people.ids[i]}", sex=sex, measures=measures))
    return rows


def keeping(mapper, folder: Path | None):
    """A mapper that reads cases that were run before; the body is not kept with them."""
    if folder is None:
        return mapper
    folder.mkdir(parents=True, exist_ok=True)

    def run(function, cases):
        waiting = {}
        for case in cases:
            ease = "_".join(f"{value:+.3f}" for value in case.garment.ease.values())
            name = f"{case.garment.pattern}_{case.person.name}_{case.size_step:+d}_{ease}"
            path = folder / f"{name}_{case.edge_length_m:g}.pkl"
            if path.is_file():
                yield read_anew(with_body(pickle.loads(path.read_bytes()), case.person.body), case)
            else:
                waiting[case.person.name, case.size_step] = case, path
        for result in mapper(function, [case for case, _ in waiting.values()]):
            case, path = waiting[result.person, result.size_step]
            path.write_bytes(pickle.dumps(with_body(result, None)))
            yield with_body(result, case.person.body)

    return run


def read_anew(result, case):
    """Drapes are kept; what sensors feel there is read by the code as it is now."""
    if result.worn is None:
        return result
    worn = replace(result.worn, garment=case.garment)
    readings = read_worn(worn, requirements=case.requirements)
    return replace(result, worn=worn, readings=readings, hoop_pa=hoop_pressure_pa(worn))


def with_body(result, body):
    return result if result.worn is None else replace(result, worn=replace(result.worn, body=body))


def laplace_ranks(survey: Survey) -> dict[str, float | int]:
    """Rank correlation of least pressures with Laplace over the sizes of each person.

    Once with the law where the sensor lies (tension times curvature, least over its area), once
    with the pressure of the whole ring by tape and pattern alone. A sensor over a hollow has a
    least pressure of nothing in every size, and so no rank.
    """
    least, local, hoop, n_hollow = [], [], [], 0
    for person in survey.people:
        results = [survey.results[person, step] for step in survey.steps]
        if any(result.state != "read" for result in results):
            continue
        for k in range(len(survey.sensors)):
            values = [result.readings[k].pressure_least_pa for result in results]
            if max(values) <= 0:
                n_hollow += 1
                continue
            least.append(rankdata(values))
            local.append(rankdata([least_laplace_pa(r.worn, r.readings[k]) for r in results]))
            hoop.append(rankdata([result.hoop_pa for result in results]))
    return {
        "rank_correlation": correlation(least, local),
        "rank_correlation_by_tape_alone": correlation(least, hoop),
        "n_ranked": len(least),
        "n_hollow": n_hollow,
    }


def least_laplace_pa(worn, reading) -> float:
    return float(worn.site(reading.sensor).values(worn.fit.laplace_pa).min())


def correlation(a: list, b: list) -> float:
    return float(np.corrcoef(np.concatenate(a), np.concatenate(b))[0, 1])


def laplace_means(survey: Survey) -> dict[str, float]:
    """Contact over Laplace, by ring and by garment, where the limb is near a cylinder."""
    rings, cases = [], []
    for row in survey.results.values():
        if row.worn is None:
            continue
        near = [
            r.pressure_pa / r.laplace_pa
            for r in rings_of(row.worn, n_rings=8)[1:-1]
            if r.taper_rad < TAPER_RAD and r.roundness > ROUND and r.laplace_pa > 50
        ]
        rings += near
        cases += [float(np.mean(near))] if near else []
    off = np.abs(np.array(cases) - 1)
    return {
        "n_cases_near_cylinder": len(cases),
        "n_rings": len(rings),
        "case_mean_ratio": float(np.mean(cases)),
        "case_worst_off": float(off.max()),
        "cases_within_15_percent": float((off < 0.15).mean()),
        "rings_within_15_percent": float((np.abs(np.array(rings) - 1) < 0.15).mean()),
    }


def surveyed(garment, people, options, mapper) -> tuple[Survey, dict]:
    """The survey of ready-made sizes, and what is claimed of it."""
    survey = survey_people(
        garment, people, STEPS[garment.pattern], keep=True, mapper=mapper,
        edge_length_m=options.edge / 100, seed=options.seed,
    )  # fmt: skip
    failures = survey.failures()
    return survey, {
        "n_cases": len(survey.results),
        "n_failed": len(failures),
        "failures": [f"{f.person} {f.size_step:+d} {f.state}: {f.reason}" for f in failures],
        "unexplained": sum(not f.reason for f in failures),
        "works_in_own_size": {n: survey.share(n) for n in survey.sensors},
        **laplace_ranks(survey),
        **laplace_means(survey),
    }


def searched(garment, people, options, mapper) -> SearchResult:
    """A better place and ease of bands made to measure.

    What differs between people then is their shape, not how far they lie from a size's girth.
    """
    worn = survey_people(
        garment, people, (0,), made_to_measure=True, keep=True, mapper=mapper,
        edge_length_m=options.edge / 100, seed=options.seed,
    )  # fmt: skip
    return search_places(
        worn, people, MOVED[garment.pattern], requirements=load_requirements(), mapper=mapper,
        settings=SearchSettings(n_ease=2), edge_length_m=options.edge / 100, seed=options.seed,
    )  # fmt: skip


def write_page(folder: Path, survey: Survey, best, people, options) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [(survey.garment, "As placed")]
    kinds += [] if best is None else [(best.garment(survey.garment), "As found")]
    known, edge_m = load_requirements(), options.edge / 100
    pictures = [
        picture_of(g, survey, people, known, edge_length_m=edge_m, title=title)
        for g, title in kinds
    ]
    page = survey_page(survey, best, pictures=[p for p in pictures if p is not None])
    (folder / f"{survey.garment.pattern}.html").write_text(page, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--garment", choices=list(STEPS), action="append")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--search-people", type=int, default=24)
    parser.add_argument("--only", choices=["survey", "search"])
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--edge", type=float, default=1.0, help="edge length, cm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for drapes")
    parser.add_argument("--pages", type=Path, help="folder for the survey's page")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report: dict = {}
    with process_mapper(options.processes) as spread:
        for name in options.garment or list(STEPS):
            garment, survey, best = twin_garment(name), None, None
            report[name] = {}
            if options.only != "survey" and name in MOVED:
                people = made_people(options, options.search_people)
                kept = None if options.keep is None else options.keep / "measured"
                best = searched(garment, people, options, keeping(spread, kept))
                report[name]["search"] = best.to_json()
            if options.only != "search":
                people = made_people(options, options.people)
                survey, found = surveyed(garment, people, options, keeping(spread, options.keep))
                report[name] |= found
                if options.pages is not None:
                    write_page(options.pages, survey, best, people, options)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, found in report.items():
        print(name)
        for key, value in found.items():
            print(f"  {key}: {value}")


def made_people(options, n: int) -> list[Person]:
    made = list(make_people(draw_people(options.data, n, options.seed)))
    for one in made:
        if isinstance(one, Unmade):
            print(f"{one.name}: no body: {one.reason}", file=sys.stderr)
    return [one for one in made if isinstance(one, Person)]


if __name__ == "__main__":
    main()
