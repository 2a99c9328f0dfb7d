"""Drape a garment on a body and judge the fit: what `muslin drape` does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fitting.body import Body, Measurements, body_from_measurements, read_measurements
from fitting.cloth import Cloth, Fabric, load_fabric
from fitting.cloth.place import garment_levels_on_body
from fitting.drape import Drape, DrapeSettings
from fitting.drape import drape as drape_cloth
from fitting.fit import FitMap, FitReport, fit_map, fit_report
from fitting.pattern import BLOCKS, Pattern, complete_measures, draft_block, read_garmentcode
from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file, writable_folder
from muslin.screen import print_json, say, say_table, step
from muslin.version import version


@dataclass(frozen=True, slots=True, kw_only=True)
class DrapeResult:
    """What a run of `drape` made.

    Attributes:
        folder: Where the files are.
        numbers: Content of ``fit.json``.
    """

    folder: Path
    numbers: dict[str, Any]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.numbers)
        else:
            say_table("Fit", list(summary_rows(self.numbers, self.folder)))
        fits = [self.numbers, *self.numbers.get("compare", [])]
        return Exit.DONE if all(fit["converged"] for fit in fits) else Exit.INCOMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    title: str
    cloth: Cloth
    drape: Drape
    map: FitMap
    report: FitReport


def drape(
    *,
    pattern: str = "tshirt",
    body: Path | None = None,
    fabric: str = "cotton_jersey",
    size: int = 0,
    compare: int | None = None,
    edge_length_m: float = 0.016,
    out: Path = Path("fit"),
    seed: int = 0,
) -> DrapeResult:
    """Drape a garment on a body from tape measures, and write fit.json, fit.png, fit.glb.

    Args:
        pattern: Name of a block, which is drafted for the body; else a GarmentCode specification.
        body: Tape measures (TOML, cm); the demo's body when absent.
        fabric: Name of a fabric card, or path of one.
        size: Size step of the block; 0 is the drafted size.
        compare: Second size step to drape beside the first.
        edge_length_m: Edge length of the cloth mesh.
        out: Folder for the files.
        seed: Seed of the run.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If a file says something impossible.
    """
    if not 0.004 <= edge_length_m <= 0.05:
        raise InputError(f"edge length of {edge_length_m * 100:g} cm is outside 0.4 to 5 cm")
    folder = writable_folder(out)
    card = load_fabric(fabric)
    body_file = assets_folder() / "body" / "demo.toml" if body is None else body
    measures, sex = read_measurements(existing_file(body_file, "body file"))
    sizes = [size] if compare is None else [size, compare]
    imported = None if pattern in BLOCKS else _imported(pattern, sizes)
    with step("body from tape measures"):
        fitted = body_from_measurements(measures, sex=sex, progress=say)
    for warning in fitted.warnings:
        say(f"  note: {warning}")
    complete = complete_measures(measures, fitted.achieved)
    fits = []
    for step_ in sizes:
        sewn = imported or draft_block(pattern, complete, size_step=step_)
        title = f"{sewn.name}, {_size_name(pattern, step_)}, {card.name}"
        fits.append(
            _fit(sewn, fitted.body, card, title=title, edge_length_m=edge_length_m, seed=seed)
        )
    numbers = _numbers(fits, fitted.achieved, fitted.residual_m, seed)
    with step("picture and GLB"):
        write_pictures(folder, fitted.body, fits)
    text = json.dumps(numbers, indent=2, allow_nan=False)
    (folder / "fit.json").write_text(text + "\n", encoding="utf-8")
    return DrapeResult(folder=folder, numbers=numbers)


def _imported(pattern: str, sizes: Sequence[int]) -> Pattern:
    if any(sizes):
        raise InputError(
            f"size step {max(sizes, key=abs):+d} was asked for, but only drafted blocks have size "
            f"steps; {pattern} has the one size that its file holds"
        )
    if not Path(pattern).suffix:
        raise InputError(f"pattern {pattern!r} is no block ({', '.join(BLOCKS)}) and no file")
    return read_garmentcode(existing_file(Path(pattern), "pattern file"))


def _size_name(pattern: str, size_step: int) -> str:
    if pattern not in BLOCKS:
        return "size of its file"
    if size_step == 0:
        return "drafted size"
    return f"{abs(size_step)} size {'down' if size_step < 0 else 'up'}"


def _fit(
    sewn: Pattern, body: Body, fabric: Fabric, *, title: str, edge_length_m: float, seed: int
) -> _Fit:
    with step(f"place and drape {title}"):
        garment = garment_levels_on_body(sewn, body, edge_length_m=edge_length_m)
        draped = drape_cloth(
            garment, body, (fabric,), settings=DrapeSettings(), rng=np.random.default_rng(seed)
        )
    cloth = garment.finest
    fitted = fit_map(cloth, draped, body, (fabric,))
    report = fit_report(cloth, draped, body, (fabric,), fitted)
    return _Fit(title=title, cloth=cloth, drape=draped, map=fitted, report=report)


def _numbers(
    fits: Sequence[_Fit], achieved: Measurements, residual_m: Any, seed: int
) -> dict[str, Any]:
    first, *others = [
        {"title": fit.title, "n_vertices": len(fit.cloth.positions_m), **fit.report.to_json()}
        for fit in fits
    ]
    return {
        **first,
        "seed": seed,
        "software": f"muslin {version()}",
        "body_achieved_m": achieved.given(),
        "body_residual_m": dict(residual_m),
        "compare": others,
    }


def write_pictures(folder: Path, body: Body, fits: Sequence[_Fit]) -> None:
    """Write fit.png (one row a size) and fit.glb (body and first garment)."""
    from fitting.preview import STRETCH_SCALE, PaintedMesh, Row, draw_sheet, write_glb
    from fitting.preview.colors import SKIN, face_values_at_vertices

    skin = PaintedMesh(
        name="body",
        vertices_m=body.vertices_m,
        faces=body.faces,
        colors=np.tile(SKIN, (len(body.vertices_m), 1)),
    )
    rows, garments = [], []
    for fit in fits:
        stretch = np.maximum(fit.map.strain_warp, fit.map.strain_weft) * 100
        n_vertices = len(fit.cloth.positions_m)
        values = face_values_at_vertices(stretch, fit.cloth.faces, n_vertices)
        garment = PaintedMesh(
            name="garment",
            vertices_m=fit.drape.positions_m,
            faces=fit.cloth.faces,
            colors=STRETCH_SCALE.colors(values),
            two_sided=True,
        )
        garments.append(garment)
        rows.append(
            Row(
                title=fit.title.replace("_", " "),
                lines=fit.report.lines(),
                meshes=(skin, garment),
                converged=fit.drape.converged,
            )
        )
    low_m = min(float(garment.vertices_m[:, 1].min()) for garment in garments) - 0.12
    sheet = draw_sheet(tuple(rows), STRETCH_SCALE, crop_low_m=max(low_m, 0.0))
    sheet.save(folder / "fit.png")
    write_glb(folder / "fit.glb", (skin, garments[0]))


def summary_rows(numbers: dict[str, Any], folder: Path) -> Sequence[tuple[str, str]]:
    """Say a fit in a few rows for a person."""
    rows: list[tuple[str, str]] = []
    for fit in [numbers, *numbers.get("compare", [])]:
        state = "converged" if fit["converged"] else f"NOT converged: {fit['cause']}"
        rows += [
            (fit["title"], state),
            (
                "  contact",
                f"deepest {fit['penetration_max_m'] * 1000:.2f} mm in the body, "
                f"{fit['intersections_cloth_cloth']} crossing cloth triangles, "
                f"seam gap {fit['seam_gap_max_m'] * 1000:.2f} mm",
            ),
        ]
    rows += [(name, str(folder / name)) for name in ("fit.png", "fit.glb", "fit.json")]
    return rows
