"""One fit of the fit room: what was wished, what came of it, and its bytes for the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body import REGIONS, Body, BodyFit, Sex
from fitting.cloth import Cloth
from fitting.drape import Drape
from fitting.fit import FitMap, FitReport
from fitting.pattern import Pattern, complete_measures, draft_block, read_garmentcode
from fitting.preview import PaintedMesh
from fitting.preview.colors import SKIN
from muslin.studio.fit_maps import MAPS, NamedMap, vertex_panels, vertex_regions
from muslin.studio.mesh_bytes import pack_arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person chose.

    Attributes:
        sex: Of the body.
        measures_cm: Tape measures.
        pose: Name of the pose.
        pattern: Block, or ``upload:ID``.
        path: Where an upload lies; empty for a block.
        fabric: Name of the card.
        size: Size step.
        edge_m: Edge length of the cloth mesh.
    """

    sex: Sex
    measures_cm: Mapping[str, float]
    pose: str
    pattern: str
    path: str
    fabric: str
    size: int
    edge_m: float

    @classmethod
    def of(cls, command: Mapping[str, Any]) -> "Wish":
        """Take a command of the desk, which has checked it."""
        return cls(**{name: command[name] for name in cls.__dataclass_fields__})

    def pattern_for(self, body_fit: BodyFit) -> Pattern:
        """Garment for a body: drafted, or as it was brought in."""
        if self.path:
            return read_garmentcode(Path(self.path))
        from fitting.body import Measurements

        given = Measurements.from_cm(self.measures_cm)
        return draft_block(
            self.pattern, complete_measures(given, body_fit.achieved), size_step=self.size
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A garment at rest on a body, judged."""

    wish: Wish
    body: Body
    body_fit: BodyFit
    cloth: Cloth
    drape: Drape
    map: FitMap
    report: FitReport
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Garment, size, fabric."""
        size = f"size {self.wish.size:+d}" if self.wish.size else "drafted size"
        name = "own pattern" if self.wish.path else self.wish.pattern
        return f"{name}, {size}, {self.wish.fabric}".replace("_", " ")

    def painted(
        self, shown: NamedMap, *, numbers: Mapping[str, NDArray[np.float64]] | None = None
    ) -> tuple[PaintedMesh, PaintedMesh]:
        """Body and garment in the colours of a map."""
        skin = PaintedMesh(
            name="body", vertices_m=self.body.vertices_m, faces=self.body.faces,
            colors=np.tile(SKIN, (len(self.body.vertices_m), 1)),
        )  # fmt: skip
        garment = PaintedMesh(
            name="garment", vertices_m=self.drape.positions_m, faces=self.cloth.faces,
            colors=shown.scale.colors(shown.values(self.map, self.report, self.cloth)),
            two_sided=True, numbers=numbers or {},
        )  # fmt: skip
        return skin, garment


def preview_of(cloth: Cloth, body: Body) -> bytes:
    """Body and garment as sewn, before the drape; no maps yet."""
    return pack_arrays({"maps": [], "is_preview": True}, _geometry(cloth, cloth.positions_m, body))


def mesh_of(fitted: Fitted) -> bytes:
    """Body, garment, maps, and what stands at each vertex."""
    maps = {f"map_{m.name}": m.values(fitted.map, fitted.report, fitted.cloth) for m in MAPS}
    content = {
        "is_preview": False,
        "maps": [m.described() for m in MAPS],
        "panels": [name.replace("_", " ") for name in fitted.cloth.panel_names],
        "regions": [name.replace("_", " ") for name in REGIONS],
    }
    arrays = {
        **_geometry(fitted.cloth, fitted.drape.positions_m, fitted.body),
        "cloth_panel": vertex_panels(fitted.cloth),
        "cloth_region": vertex_regions(fitted.cloth, fitted.map),
        **maps,
    }
    return pack_arrays(content, arrays)


def summary_of(fitted: Fitted, number: int) -> dict[str, Any]:
    """Numbers and sentences beside the picture."""
    numbers = fitted.report.to_json()
    return {
        "id": number,
        "is_preview": False,
        "title": fitted.title,
        "converged": fitted.drape.converged,
        "cause": fitted.drape.cause,
        "residual": _finite(fitted.drape.residual),
        "solve_s": fitted.drape.wall_s,
        "n_vertices": len(fitted.cloth.positions_m),
        "n_body_vertices": len(fitted.body.vertices_m),
        "penetration_max_mm": fitted.drape.penetration_max_m * 1000,
        "fits": numbers["fits"],
        "lines": list(fitted.report.lines()),
        "sentences": list(fitted.report.sentences()),
        "warnings": list(fitted.body_fit.warnings),
        "achieved_cm": {k: v * 100 for k, v in fitted.body_fit.achieved.given().items()},
        "ease_cm": {
            name.removesuffix("_girth").replace("_", " "): ease.ease_m * 100
            for name, ease in fitted.report.ease.items()
        },
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _geometry(
    cloth: Cloth, positions_m: NDArray[np.float64], body: Body
) -> dict[str, NDArray[Any]]:
    return {
        "body_positions": body.vertices_m,
        "body_faces": body.faces,
        "cloth_positions": positions_m,
        "cloth_faces": cloth.faces,
    }
