"""Bodies: what `muslin body` makes from tape measures, and what `muslin measure` tapes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body import (
    REGISTRY,
    Body,
    BodyFit,
    Registration,
    Sex,
    Unit,
    body_from_measurements,
    pose_body,
    pose_names,
    read_scan,
    register_scan,
)
from fitting.body.scan import Scan
from fitting.preview import PaintedMesh, Scale, draw_tapes, write_glb
from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table, step
from muslin.tape import read_tape

_SKIN = (216, 208, 200)


def body(
    *,
    measures: Path | None = None,
    pose: str = "a",
    out: Path = Path("body"),
    as_json: bool = False,
) -> Exit:
    """Make a body from tape measures; writes body.glb, body.obj and body.json.

    Args:
        measures: Tape measures (TOML, cm); the demo's wearer when absent.
        pose: A name of `fitting.body.pose_names`.
        out: Folder for the files.
        as_json: Print body.json too.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible.
    """
    if pose not in pose_names():
        raise InputError(f"pose {pose!r} is not known; known are {', '.join(pose_names())}")
    tape, sex = read_tape(measures)
    writable_folder(out)
    with step("fitting a body to the tape"):
        fit = body_from_measurements(tape, sex=sex, progress=say)
    posed = pose_body(fit.body, pose)
    write_glb(out / "body.glb", (_painted(posed.vertices_m, posed.faces),))
    write_obj(out / "body.obj", posed)
    numbers = fit_numbers(fit, pose)
    write_json(out / "body.json", numbers)
    if as_json:
        print_json(numbers)
    else:
        say_table("Body", _fit_rows(fit))
        _say_warnings(fit.warnings)
        say(f"  files: {out}/body.glb, body.obj, body.json")
    return Exit.DONE if fit.reachable else Exit.INCOMPLETE


def measure(
    mesh: Path,
    *,
    unit: Unit | None = None,
    sex: Sex | None = None,
    draw: Path | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> Exit:
    """Take every measure on a scan or a body mesh.

    Args:
        mesh: PLY, OBJ, GLB, GLTF or STL.
        unit: Unit of the file; guessed when absent.
        sex: Shape space; both are tried when absent.
        draw: PNG that shows the tapes.
        out: Folder for measures.json and registered.glb (distance map).
        as_json: Print the measures as JSON.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If the file cannot be read or registered.
    """
    scan = read_scan(existing_file(mesh, "mesh"), unit=unit)
    for folder in (out, draw.parent if draw else None):
        if folder is not None:
            writable_folder(folder)
    with step(f"registering {mesh.name}, {len(scan.faces)} triangles in {scan.unit}"):
        found = register_scan(scan, sex=sex, progress=say)
    numbers = registration_numbers(scan, found)
    if draw is not None:
        _draw(draw, found, mesh.name)
    if out is not None:
        write_json(out / "measures.json", numbers)
        write_glb(out / "registered.glb", (_distance_map(scan, found),))
    if as_json:
        print_json(numbers)
    else:
        say_table(f"Measures of {mesh.name}", _measure_rows(found))
        _say_warnings(found.warnings)
    return Exit.DONE


def fit_numbers(fit: BodyFit, pose: str) -> dict[str, Any]:
    """Content of body.json, metres (a mass in kg)."""
    return {
        "sex": fit.sex,
        "pose": pose,
        "reachable": fit.reachable,
        "converged": fit.converged,
        "achieved_m": fit.achieved.given(),
        "residual_m": dict(fit.residual_m),
        "uncertainty_m": dict(fit.uncertainty_m),
        "warnings": list(fit.warnings),
        "parameters": dict(fit.parameters),
        "landmarks_m": {name: point.tolist() for name, point in fit.body.landmarks_m.items()},
    }


def registration_numbers(scan: Scan, found: Registration) -> dict[str, Any]:
    """Content of measures.json, metres."""
    return {
        "sex": found.sex,
        "unit": scan.unit,
        "measures_m": found.measured.given(),
        "rms_m": found.rms_m,
        "distance_p95_m": float(np.percentile(np.abs(found.distance_m), 95)),
        "holes": [{"rim_m": h.rim_m, "center_m": h.center_m.tolist()} for h in scan.holes],
        "parts_dropped": scan.n_parts_dropped,
        "warnings": list(found.warnings),
    }


def write_obj(path: Path, body: Body) -> None:
    """Write a body as OBJ, metres."""
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in body.vertices_m]
    lines += [f"f {a} {b} {c}" for a, b, c in body.faces + 1]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _painted(vertices_m: NDArray[np.float64], faces: NDArray[np.int64]) -> PaintedMesh:
    colors = np.tile(np.array(_SKIN, dtype=np.uint8), (len(vertices_m), 1))
    return PaintedMesh(name="body", vertices_m=vertices_m, faces=faces, colors=colors)


def _distance_map(scan: Scan, found: Registration) -> PaintedMesh:
    scale = Scale(title="distance", low=0.0, high=10.0)
    colors = scale.colors(np.abs(found.distance_m) * 1e3)
    return PaintedMesh(name="scan", vertices_m=scan.vertices_m, faces=scan.faces, colors=colors)


def _draw(path: Path, found: Registration, title: str) -> None:
    if path.suffix.lower() != ".png":
        raise InputError(f"--draw {path}: a .png is written; give it that suffix")
    given = found.measured.given()
    rows = [(key, REGISTRY[key].kind, f"{value * 100:.1f} cm") for key, value in given.items()]
    draw_tapes(
        path, vertices_m=found.taped_m, faces=found.body.faces, lines_m=found.lines_m, rows=rows,
        title=title,
    )  # fmt: skip


def _fit_rows(fit: BodyFit) -> list[tuple[str, str]]:
    rows = []
    for key, value in fit.achieved.given().items():
        sd = fit.uncertainty_m[key]
        if REGISTRY[key].kind == "mass":
            rows.append((key, f"{value:.1f} kg +- {sd:.1f}"))
            continue
        off = fit.residual_m.get(key)
        note = f"taped, {off * 1e3:+.1f} mm off" if off is not None else f"+- {sd * 100:.1f}"
        rows.append((key, f"{value * 100:.1f} cm {note}"))
    return rows


def _measure_rows(found: Registration) -> list[tuple[str, str]]:
    rows = [(key, f"{value * 100:.1f} cm") for key, value in found.measured.given().items()]
    return [("sex", found.sex), *rows, ("distance, rms", f"{found.rms_m * 1e3:.1f} mm")]


def _say_warnings(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        say(f"  note: {warning}")
