"""Simulate the drapemeter for a fabric card: what `muslin cusick` does."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.cloth import Fabric, load_fabric
from fitting.fit.drapemeter import PUBLISHED_RANGE, SUPPORT_RADIUS_M, DrapeTest
from fitting.fit.drapemeter import cusick as simulate
from muslin.errors import Exit, InputError
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say_table, step
from muslin.version import version

if TYPE_CHECKING:
    from fitting.preview import Backend, PaintedMesh


@dataclass(frozen=True, slots=True, kw_only=True)
class CusickResult:
    """What a run of `cusick` made.

    Attributes:
        folder: Where the files are.
        numbers: Content of ``cusick.json``.
    """

    folder: Path
    numbers: dict[str, Any]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.numbers)
        else:
            say_table(f"Drapemeter, {self.numbers['fabric']}", list(self._rows()))
        return Exit.DONE if self.numbers["converged"] else Exit.INCOMPLETE

    def _rows(self) -> list[tuple[str, str]]:
        n = self.numbers
        estimated = ", ".join(n["fabric_numbers_estimated"]) or "none"
        return [
            ("drape coefficient", f"{n['drape_coefficient'] * 100:.1f} %"),
            ("folds", str(n["n_nodes"])),
            ("bending length", f"{n['bending_length_m'] * 1000:.1f} mm"),
            ("solver", "converged" if n["converged"] else f"NOT converged: {n['cause']}"),
            ("estimated in the card", estimated),
            *((name, str(self.folder / name)) for name in ("cusick.png", "cusick.json")),
        ]


def cusick(
    fabric: str,
    *,
    edge_length_m: float = 0.009,
    backend: "Backend" = "numpy",
    out: Path = Path("cusick"),
    seed: int = 0,
) -> CusickResult:
    """Drape a 30 cm disc of a fabric over an 18 cm support; writes cusick.json and cusick.png.

    Args:
        fabric: Fabric card by name or path.
        edge_length_m: Edge length of the mesh.
        backend: What draws the picture.
        out: Folder for the files.
        seed: Seed of the start; another seed is another specimen.

    Raises:
        InputError: If an option cannot be used.
        FittingError: If the card is not known.
    """
    if not 0.003 <= edge_length_m <= 0.015:
        raise InputError(f"edge length of {edge_length_m * 100:g} cm is outside 0.3 to 1.5 cm")
    card = load_fabric(fabric)
    folder = writable_folder(out)
    with step(f"drape a disc of {card.name.replace('_', ' ')}"):
        test = simulate(card, edge_length_m=edge_length_m, seed=seed)
    numbers = _numbers(test, card, seed)
    with step("picture"):
        _write_picture(folder / "cusick.png", test, numbers, backend)
    write_json(folder / "cusick.json", numbers)
    return CusickResult(folder=folder, numbers=numbers)


def _numbers(test: DrapeTest, card: Fabric, seed: int) -> dict[str, Any]:
    low, high = PUBLISHED_RANGE
    return {
        "fabric": card.name,
        "drape_coefficient": test.coefficient,
        "inside_published_range": bool(low <= test.coefficient <= high),
        "n_nodes": test.n_nodes,
        "node_radii_m": test.node_radii_m.tolist(),
        "bending_length_m": test.bending_length_m,
        "shadow_radius_m": test.shadow_m.tolist(),
        "converged": test.drape.converged,
        "cause": test.drape.cause,
        "residual": test.drape.residual,
        "intersections_cloth_cloth": test.drape.intersections_cloth_cloth,
        "n_vertices": len(test.cloth.positions_m),
        "fabric_numbers_estimated": sorted(
            key for key, text in card.provenance.items() if str(text).startswith("estimated")
        ),
        "seed": seed,
        "software": f"muslin {version()}",
    }


def _write_picture(
    path: Path, test: DrapeTest, numbers: dict[str, Any], backend: "Backend"
) -> None:
    """Draw the shadow side, as the drapemeter sees it, and the disc from aside."""
    from fitting.preview import Camera, Cell, Scale, contact_sheet

    center = np.array([0.0, 0.95, 0.0])
    above = Camera(azimuth_rad=0.0, center_m=center, height_m=0.34, elevation_rad=np.pi / 2)
    aside = Camera(azimuth_rad=0.5, center_m=center, height_m=0.34, elevation_rad=0.35)
    scale = Scale(title="Height below the support [cm]", low=0.0, high=6.0)
    meshes = (_painted(test, scale),)
    words = (
        f"drape coefficient {test.coefficient * 100:.1f} %, {test.n_nodes} folds, "
        f"bending length {test.bending_length_m * 1000:.1f} mm"
    )
    estimated = "fabric numbers are estimated" if numbers["fabric_numbers_estimated"] else ""
    cells = (
        Cell(title="from above, warp across", lines=(words,), meshes=meshes, camera=above,
             converged=test.drape.converged),
        Cell(title="from aside", lines=(estimated,), meshes=meshes, camera=aside),
    )  # fmt: skip
    title = f"Drapemeter, 30 cm disc on 18 cm support: {test.fabric.replace('_', ' ')}"
    sheet = contact_sheet(
        cells, scale, n_columns=2, title=title, cell_width_px=520, cell_height_px=520,
        backend=backend,
    )  # fmt: skip
    sheet.save(path)


def _painted(test: DrapeTest, scale: Any) -> "PaintedMesh":
    from fitting.preview import PaintedMesh

    x = test.drape.positions_m
    held = np.linalg.norm(test.cloth.flat_uv_m, axis=1) <= SUPPORT_RADIUS_M
    depth_cm = (float(x[held, 1].mean()) - x[:, 1]) * 100
    return PaintedMesh(
        name="disc",
        vertices_m=x,
        faces=test.cloth.faces,
        colors=scale.colors(depth_cm),
        two_sided=True,
    )
