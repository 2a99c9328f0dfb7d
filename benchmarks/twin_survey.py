"""Sensors of chest band and knee sleeve on people of a body survey, in three sizes, unattended.

    python benchmarks/twin_survey.py --data DIR [--garment chest_band] [--only survey] [--json]

DIR holds CSV files in the layout of ANSUR II. People are drawn from those that the prior of bodies
never saw, half of each sex. Checked: every failure has a reason; the least pressure of a sensor
ranks over sizes as Laplace says; mean pressure agrees with Laplace from tape and pattern alone
where the limb is near a cylinder; a search on half of the people places electrodes better for the
other half. `--keep DIR` keeps every case, so that a run that was stopped goes on; `--scheduler`
spreads them.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ansur_people import COLUMNS, judged, read_people
from scipy.stats import rankdata

from fitting.body import Measurements
from muslin.people import Taped, Unmade
from muslin.twin import load_requirements, twin_garment
from muslin.twin.survey.case_runs import CaseRuns, case_mapper
from muslin.twin.survey.cases import Case, run_case
from muslin.twin.survey.chart import chart_for
from muslin.twin.survey.moves import SearchSettings
from muslin.twin.survey.page import picture_of, survey_page
from muslin.twin.survey.search import SearchResult, search_places
from muslin.twin.survey.survey import Survey, survey_people
from muslin.twin.worn.hoop import rings_of
from muslin.twin.worn.person import Person, make_people

KEYS = ("stature", "bust_girth", "waist_navel_girth", "hip_girth", "neck_girth",
        "inside_leg_height", "thigh_girth", "calf_girth")  # fmt: skip
STEPS = {"chest_band": (-2, 0, 2), "knee_sleeve": (-1, 0, 1)}
MOVED = {"chest_band": ("electrode_r", "electrode_l")}
# Near a cylinder: sides within 10 degrees of the axis, diameters within a quarter of each other.
RADII_M = (0.0, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.03)
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


def ranks_by_radius(survey: Survey) -> dict[str, float]:
    """Rank with the pressure of the ring by tape alone, for least means over other radii [mm].

    A radius of 0 is the least pressure of a vertex.
    """
    told = {}
    for radius_m in RADII_M:
        least, hoop = [], []
        for person in survey.people:
            results = [survey.results[person, step] for step in survey.steps]
            if any(result.state != "read" for result in results):
                continue
            fields = [
                r.worn.pressure_within_pa(radius_m) if radius_m else r.worn.pressure_pa
                for r in results
            ]
            for k in range(len(survey.sensors)):
                values = [
                    float(r.worn.site(r.readings[k].sensor).values(field).min())
                    for r, field in zip(results, fields, strict=True)
                ]
                if max(values) > 0:
                    least.append(rankdata(values))
                    hoop.append(rankdata([r.hoop_pa for r in results]))
        told[f"{1000 * radius_m:g}"] = correlation(least, hoop)
    return told


def least_laplace_pa(worn, reading) -> float:
    return float(worn.site(reading.sensor).values(worn.fit.laplace_pa).min())


def correlation(a: list, b: list) -> float:
    return float(np.corrcoef(np.concatenate(a), np.concatenate(b))[0, 1])


def laplace_means(survey: Survey) -> dict[str, Any]:
    """Contact over Laplace, by ring and by garment, where the limb is near a cylinder."""
    rings, cases = [], dict[str, float]()
    for row in survey.results.values():
        if row.worn is None:
            continue
        near = [
            r.pressure_pa / r.laplace_pa
            for r in rings_of(row.worn, n_rings=8)[1:-1]
            if r.taper_rad < TAPER_RAD and r.roundness > ROUND and r.laplace_pa > 50
        ]
        rings += near
        if near:
            cases[f"{row.person} {row.size_step:+d}, {len(near)} rings"] = float(np.mean(near))
    off = np.abs(np.array(list(cases.values())) - 1)
    return {
        "n_cases_near_cylinder": len(cases),
        "n_rings": len(rings),
        "case_mean_ratio": float(np.mean(list(cases.values()))),
        "case_worst_off": float(off.max()),
        "cases_within_15_percent": float((off < 0.15).mean()),
        "cases_beyond": {name: ratio for name, ratio in cases.items() if abs(ratio - 1) >= 0.15},
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
        "rank_by_radius_mm": ranks_by_radius(survey),
        **laplace_means(survey),
    }


def searched(garment, people, options, mapper, *, ready_made: bool) -> SearchResult:
    """A better place and ease of bands, each person in their size.

    Made to measure, people differ in their shape alone; in ready-made sizes also in how far they
    lie from a size's girth.
    """
    worn = own_sizes(garment, people, options, mapper, ready_made=ready_made)
    return search_places(
        worn, people, MOVED[garment.pattern], requirements=load_requirements(), mapper=mapper,
        settings=SearchSettings(n_ease=2, n_generations=12), edge_length_m=options.edge / 100,
        seed=options.seed,
    )  # fmt: skip


def own_sizes(garment, people, options, mapper, *, ready_made: bool) -> Survey:
    """Everybody in their size alone."""
    steps = STEPS[garment.pattern] if ready_made else (0,)
    chart = chart_for(garment, people, steps) if ready_made else None
    known, size_of, cases = load_requirements(), {}, []
    for person in people:
        step = 0 if chart is None else chart.step_for(person.measures)
        size_of[person.name] = step
        pattern = garment.draft(person.measures) if chart is None else chart.pattern(step)
        cases.append(Case(
            person=person, garment=garment, size_step=step, pattern=pattern, requirements=known,
            edge_length_m=options.edge / 100, seed=options.seed, keep=True,
        ))  # fmt: skip
    results = {(r.person, r.size_step): r for r in mapper(run_case, cases)}
    return Survey(
        garment=garment, people=tuple(size_of), unmade=(), steps=steps, size_of=size_of,
        results=results, chart=chart,
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
    parser.add_argument("--search-people", type=int, default=32)
    parser.add_argument("--only", choices=["survey", "search"])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--scheduler", help="dask scheduler; local workers when absent")
    parser.add_argument("--edge", type=float, default=1.0, help="edge length, cm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for drapes")
    parser.add_argument("--pages", type=Path, help="folder for the survey's page")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="muslin-survey-") as fleeting:
        folder = Path(fleeting) if options.keep is None else options.keep
        runs = CaseRuns(folder=folder, scheduler=options.scheduler, n_workers=options.workers)
        with case_mapper(runs) as mapper:
            report = reported(options, mapper)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, found in report.items():
        print(name)
        for key, value in found.items():
            print(f"  {key}: {value}")


def reported(options, mapper) -> dict:
    """What is claimed of every garment."""
    report: dict = {}
    for name in options.garment or list(STEPS):
        garment, survey, best = twin_garment(name), None, None
        report[name] = {}
        if options.only != "survey" and name in MOVED:
            people = made_people(options, options.search_people)
            for ready_made in (False, True):
                best = searched(garment, people, options, mapper, ready_made=ready_made)
                kind = "ready-made" if ready_made else "made to measure"
                report[name][f"search, {kind}"] = best.to_json()
        if options.only != "search":
            people = made_people(options, options.people)
            survey, found = surveyed(garment, people, options, mapper)
            report[name] |= found
            if options.pages is not None:
                write_page(options.pages, survey, best, people, options)
    return report


def made_people(options, n: int) -> list[Person]:
    made = list(make_people(draw_people(options.data, n, options.seed)))
    for one in made:
        if isinstance(one, Unmade):
            print(f"{one.name}: no body: {one.reason}", file=sys.stderr)
    return [one for one in made if isinstance(one, Person)]


if __name__ == "__main__":
    main()
