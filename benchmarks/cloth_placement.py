"""Claim: every block on every body and pose, and every imported pattern, starts without overlap.

Bodies are people drawn from the survey statistics that ship, between the 5th and 95th percentile;
imports go on the body that they were made for. Crossing triangles are counted by ipctk among the
cloth, and by our own exact test against the body. Cases come in a shuffled order, so that any part
of a run is a fair sample; each is written at once, and a rerun does only what is missing.

    python benchmarks/cloth_placement.py --bodies 20 --results runs.jsonl --part 1/8
    python benchmarks/cloth_placement.py --bodies 0 --data DIR --results runs.jsonl
    python benchmarks/cloth_placement.py --results runs.jsonl --summary --json

DIR holds patterns (GarmentCode, FreeSewing, DXF, SVG). Beside FreeSewing drafts `models.json` gives
the wearer of each size. DXF files state no seams: they take the proposals of `muslin seams`.
"""

import argparse
import json
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import cast

import ipctk
import numpy as np

from fitting.body import Body, Measurements, Sex, body_from_measurements, pose_body
from fitting.cloth import garment_levels_on_body
from fitting.cloth.crossing import body_crossings
from fitting.errors import FittingError
from fitting.pattern import (
    Pattern,
    block_names,
    complete_measures,
    draft_block,
    read_pattern,
)
from fitting.pattern.reading import ReadOptions
from fitting.pattern.seams.propose import propose_seams, with_copies
from fitting.pattern.seams.propose_garment import propose_garment

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = (".json", ".dxf", ".svg")
MEAN_CM = {"stature": 166.2, "bust_girth": 97.4, "waist_girth": 80.3, "hip_girth": 104.1}
FREESEWING = {
    "chest": "bust_girth", "underbust": "under_bust_girth", "waist": "waist_girth",
    "seat": "hip_girth", "neck": "neck_girth", "biceps": "upper_arm_girth",
    "wrist": "wrist_girth", "upperLeg": "thigh_girth", "knee": "knee_girth",
    "ankle": "ankle_girth", "inseam": "inside_leg_height", "waistToFloor": "waist_height",
    "shoulderToWrist": "arm_length", "shoulderToShoulder": "shoulder_width",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One garment on one body."""

    kind: str
    garment: str
    wearer: str
    pose: str = "a"

    @property
    def name(self) -> str:
        return f"{self.kind} {self.garment} | {self.wearer} | {self.pose}"


def people(n: int, seed: int) -> Iterator[tuple[Measurements, Sex]]:
    """Women and men in turn, every measure between the 5th and the 95th percentile."""
    tables = tomllib.loads((ROOT / "assets" / "body" / "ansur2.toml").read_text(encoding="utf-8"))
    order, rng = tables["measures"], np.random.default_rng(seed)
    known = Measurements.__annotations__
    for i in range(n):
        sex = cast("Sex", ("female", "male")[i % 2])
        rows = [tables[sex][f"{name}_cm"] for name in order]
        low, high = (np.array([row[key] for row in rows]) for key in ("p5", "p95"))
        mean, sd = (np.array([row[key] for row in rows]) for key in ("mean", "sd"))
        root = np.linalg.cholesky(np.array(tables[sex]["correlation"]) + 1e-6 * np.eye(len(order)))
        values = mean - 9 * sd
        while ((values < low) | (values > high)).any():
            values = mean + sd * (root @ rng.standard_normal(len(order)))
        taped = zip(order, values.tolist(), strict=True)
        yield Measurements.from_cm({k: v for k, v in taped if k in known}), sex


def judge(pattern: Pattern, body: Body, edge_length_m: float) -> dict[str, object]:
    """Place one garment; count what crosses on its finest level."""
    start, cpu = time.perf_counter(), time.process_time()
    try:
        cloth = garment_levels_on_body(pattern, body, edge_length_m=edge_length_m).finest
    except FittingError as error:
        return {
            "refused": str(error), "wall_s": time.perf_counter() - start,
            "cpu_s": time.process_time() - cpu,
        }  # fmt: skip
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    faces = cloth.faces.astype(np.int32)
    mesh = ipctk.CollisionMesh(cloth.positions_m, ipctk.edges(faces), faces)
    own = int(ipctk.has_intersections(mesh, cloth.positions_m))
    skin = body_crossings(cloth.positions_m, cloth.faces, body.vertices_m, body.faces)
    return {
        "n_vertices": len(cloth.positions_m), "cloth": own, "body": len(skin), "wall_s": seconds,
        "cpu_s": cpu_s,
    }  # fmt: skip


class Wardrobe:
    """Bodies and patterns of cases, each made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._people = list(people(options.bodies, options.seed))
        self.body, self.fitted = cache(self._body), cache(self._fitted)

    def blocks(self) -> Iterator[Case]:
        for i, (_, sex) in enumerate(self._people):
            for garment in self._options.blocks:
                for pose in self._options.poses:
                    yield Case("block", garment, f"{i} {sex}", pose)

    def imports(self) -> Iterator[Case]:
        folder = self._options.data
        for path in sorted(folder.rglob("*")) if folder else ():
            # The SVG beside a FreeSewing draft is the same draft without its parts.
            twin = path.suffix == ".svg" and path.with_suffix(".json").is_file()
            if path.suffix.lower() in SUFFIXES and path.name != "models.json" and not twin:
                yield Case("import", str(path.relative_to(folder)), self._wearer(path))

    @staticmethod
    def _wearer(path: Path) -> str:
        size = path.stem.rsplit("_", 1)[-1]
        is_sized = (path.parent / "models.json").is_file() and size[:1] in ("f", "m")
        return f"{path.parent}#{size}" if is_sized and size[1:].isdigit() else "mean female"

    def _fitted(self, wearer: str) -> tuple[Body, Measurements]:
        if wearer == "mean female":
            measures, sex = Measurements.from_cm(MEAN_CM), cast("Sex", "female")
        elif "#" in wearer:
            measures, sex = _freesewing_size(wearer)
        else:
            measures, sex = self._people[int(wearer.split(maxsplit=1)[0])]
        fit = body_from_measurements(measures, sex=sex)
        return fit.body, complete_measures(measures, fit.achieved)

    def _body(self, wearer: str, pose: str) -> Body:
        body, _ = self.fitted(wearer)
        return body if pose == "a" else pose_body(body, pose)

    def pattern(self, case: Case) -> Pattern:
        if case.kind == "block":
            return draft_block(case.garment, self.fitted(case.wearer)[1])
        path = self._options.data / case.garment
        try:
            pattern = read_pattern(path)
        except FittingError as error:
            if "unit" not in str(error):
                raise
            pattern = read_pattern(path, options=ReadOptions(unit_m=0.001))
        if pattern.seams:
            return pattern
        garment = propose_garment(pattern)
        if garment is not None:
            return garment.sewn
        whole = with_copies(pattern)
        return replace(whole, seams=tuple(note.seam for note in propose_seams([whole])))


def _freesewing_size(wearer: str) -> tuple[Measurements, Sex]:
    folder, size = wearer.split("#")
    sex = cast("Sex", "female" if size[0] == "f" else "male")
    models = json.loads((Path(folder) / "models.json").read_text(encoding="utf-8"))
    row = models["adult"]["cisFemale" if size[0] == "f" else "cisMale"][size[1:]]
    known = {key: row[name] / 10 for name, key in FREESEWING.items() if name in row}
    return Measurements.from_cm(known), sex


def run(options: argparse.Namespace) -> None:
    """Judge the cases of this part that are not in the results yet, one line each."""
    wardrobe = Wardrobe(options)
    cases = [*wardrobe.blocks(), *wardrobe.imports()]
    order = np.random.default_rng(options.seed).permutation(len(cases))
    part, of = (int(n) for n in options.part.split("/"))
    done = {row["case"] for row in rows_of(options.results)}
    for i in order[part - 1 :: of].tolist():
        case = cases[i]
        if case.name in done:
            continue
        row = {"case": case.name, "kind": case.kind, "garment": case.garment, "pose": case.pose}
        try:
            pattern = wardrobe.pattern(case)
            result = judge(pattern, wardrobe.body(case.wearer, case.pose), options.edge / 100)
        except FittingError as error:
            result = {"unreadable": str(error)}
        with options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | result) + "\n")


def rows_of(results: Path) -> list[dict]:
    if not results.is_file():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def summary(rows: list[dict]) -> dict[str, object]:
    """Shares and times, whole and by kind, block and pose."""
    read = [r for r in rows if "unreadable" not in r]
    groups: dict[str, list[dict]] = {"all": read}
    for row in read:
        is_block = row["kind"] == "block"
        keys = [row["kind"], *([f"block {row['garment']}", f"pose {row['pose']}"] * is_block)]
        for key in keys:
            groups.setdefault(key, []).append(row)
    return {
        "n_unreadable": len(rows) - len(read),
        **{key: _counts(group) for key, group in sorted(groups.items()) if group},
    }


def _counts(rows: list[dict]) -> dict[str, object]:
    free = [r for r in rows if "refused" not in r and not r["cloth"] and not r["body"]]
    refused = sum("refused" in r for r in rows)
    wall, cpu = (np.array([r[key] for r in rows]) for key in ("wall_s", "cpu_s"))
    return {
        "n": len(rows), "free": len(free), "refused": refused,
        "overlapping": len(rows) - len(free) - refused,
        "cpu_p50_s": round(float(np.median(cpu)), 2),
        "cpu_p95_s": round(float(np.quantile(cpu, 0.95)), 2),
        "cpu_max_s": round(float(cpu.max()), 2), "wall_p50_s": round(float(np.median(wall)), 2),
        "wall_max_s": round(float(wall.max()), 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=20)
    parser.add_argument("--poses", nargs="+", default=["a", "arms_down", "sitting"])
    parser.add_argument("--blocks", nargs="+", default=list(block_names()))
    parser.add_argument("--edge", type=float, default=1.6, help="edge length, cm")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder of patterns")
    parser.add_argument("--results", type=Path, default=Path("placement.jsonl"))
    parser.add_argument("--part", default="1/1", help="k/n: every n-th case from the k-th on")
    parser.add_argument("--summary", action="store_true", help="only sum up what was written")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.summary:
        run(options)
    rows = rows_of(options.results)
    found = summary(rows)
    if options.json:
        print(json.dumps(found | {"cases": rows}))
        return
    for key, value in found.items():
        print(f"{key:24s} {value}")
    for row in rows:
        reason = row.get("refused") or row.get("unreadable")
        if reason or row.get("cloth") or row.get("body"):
            print(f"{row['case']}: {reason or 'overlaps'}")


if __name__ == "__main__":
    main()
