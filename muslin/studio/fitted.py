"""One fit of the fit room: what was wished, what came of it, and its bytes for the page."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitting.body import REGIONS, Body, Measurements, Sex
from fitting.cloth import Cloth
from fitting.pattern import Pattern
from fitting.preview import PaintedMesh, dressed, seam_mesh
from muslin.fitting_room import Fit, Garment, choose_garment
from muslin.studio.fit_maps import SHOWN, ShownMap, vertex_panels, vertex_regions
from muslin.studio.mesh_bytes import pack_arrays
from muslin.twin.sensors.sensors_file import read_sensors

MM = 1000.0
CM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person chose.

    Attributes:
        sex: Of the body.
        measures_cm: Tape measures.
        scan: Id of the scan that the body is; empty for one of the tape measures.
        scan_path: Where that scan lies.
        pose: Name of the pose.
        pattern: Block, or ``upload:ID``.
        path: Where an upload lies; empty for a block.
        fabric: Name of the card.
        size: Size step.
        edge_m: Edge length of the cloth mesh.
        sensors_path: Where the sensors file of this garment lies or will lie.
    """

    sex: Sex
    measures_cm: Mapping[str, float]
    scan: str
    scan_path: str
    pose: str
    pattern: str
    path: str
    fabric: str
    size: int
    edge_m: float
    sensors_path: str

    @classmethod
    def of(cls, command: Mapping[str, Any]) -> "Wish":
        """Take a command of the desk, which has checked it."""
        return cls(**{name: command[name] for name in cls.__dataclass_fields__})

    def ease(self) -> Mapping[str, float]:
        """Changes to a block's ease that its own sensors file asks for; none without one."""
        path = Path(self.sensors_path)
        return {} if self.path or not path.is_file() else read_sensors(path).ease

    def garment(self) -> Garment:
        """What is tried on."""
        return choose_garment(
            self.path or self.pattern, size_step=0 if self.path else self.size,
            fabric=self.fabric, edge_length_m=self.edge_m,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wearer:
    """A body in the A stance, of tape measures or of a scan.

    Attributes:
        body: The body.
        measured: Its measures.
        warnings: Sentences a person should read.
    """

    body: Body
    measured: Measurements
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A garment at rest on a body, judged.

    Attributes:
        wish: What was chosen.
        wearer: The body as it was made, before the pose.
        pattern: What was sewn.
        fit: The garment on it.
    """

    wish: Wish
    wearer: Wearer
    pattern: Pattern
    fit: Fit

    def meshes(self, shown: ShownMap) -> tuple[PaintedMesh, ...]:
        """Body, garment in the colours of a map, seams."""
        f = self.fit
        return dressed(f.body, f.cloth, f.drape, f.map, shown.style)


def preview_of(cloth: Cloth, body: Body) -> bytes:
    """Body and garment as sewn, before the drape; no maps yet."""
    arrays = {
        "body_positions": body.vertices_m,
        "body_faces": body.faces,
        "cloth_positions": cloth.positions_m,
        "cloth_faces": cloth.faces,
    }
    return pack_arrays({"maps": [], "is_preview": True}, arrays)


def mesh_of(fitted: Fitted) -> bytes:
    """Body, garment, seams, maps, and what stands at each vertex."""
    fit = fitted.fit
    garment = fitted.meshes(SHOWN[0])[1]
    seams = seam_mesh(fit.cloth, fit.drape.positions_m)
    content = {
        "is_preview": False,
        "maps": [shown.described() for shown in SHOWN],
        "panels": [name.replace("_", " ") for name in fit.cloth.panel_names],
        "regions": [name.replace("_", " ") for name in REGIONS],
    }
    arrays = {
        "body_positions": fit.body.vertices_m,
        "body_faces": fit.body.faces,
        "cloth_positions": fit.drape.positions_m,
        "cloth_faces": fit.cloth.faces,
        "cloth_panel": vertex_panels(fit.cloth),
        "cloth_region": vertex_regions(fit.cloth, fit.map),
        **{f"map_{shown.name}": shown.style.values(garment.numbers) for shown in SHOWN},
    }
    if seams is not None:
        arrays |= {"seam_positions": seams.vertices_m, "seam_faces": seams.faces}
    return pack_arrays(content, arrays)


def summary_of(fitted: Fitted, number: int) -> dict[str, Any]:
    """Numbers and sentences beside the picture."""
    fit, drape, report = fitted.fit, fitted.fit.drape, fitted.fit.report
    return {
        "id": number,
        "is_preview": False,
        "title": fit.title.replace("_", " "),
        "converged": drape.converged,
        "cause": drape.cause,
        "residual": drape.residual if math.isfinite(drape.residual) else None,
        "solve_s": drape.wall_s,
        "n_vertices": len(fit.cloth.positions_m),
        "n_body_vertices": len(fit.body.vertices_m),
        "penetration_max_mm": drape.penetration_max_m * MM,
        "lines": list(report.lines()),
        "sentences": list(report.sentences()),
        "warnings": list(fitted.wearer.warnings),
        "achieved_cm": {k: v * CM for k, v in fitted.wearer.measured.given().items()},
        "ease_cm": {
            name.removesuffix("_girth").replace("_", " "): ease.ease_m * CM
            for name, ease in report.ease.items()
        },
    }
