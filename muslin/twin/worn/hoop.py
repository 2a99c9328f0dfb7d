"""The law of Laplace from tape and pattern alone, beside what the drape says.

A band of tension T round a convex limb of girth L presses with 2 pi T / L on average, whatever the
shape of the section, as its curvature sums to a full turn. Tension follows from the length of the
cloth and the fabric card, so the estimate shares nothing with the solver.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fitting.body.tape import Plane, cut, directions_in, girth_m
from fitting.cloth import Fabric
from fitting.drape import DrapeSettings
from fitting.errors import MeasurementError
from fitting.fit.limbs import limbs_of
from muslin.twin.sensors.resolve import points_by_share_m
from muslin.twin.worn.segments import segment_at
from muslin.twin.worn.wear import Worn

_N_RINGS = 24
_LIMB_OF = {
    f"{side} {part}": f"{limb}_{side[0]}"
    for side in ("left", "right")
    for part, limb in (
        ("thigh", "leg"), ("lower leg", "leg"), ("upper arm", "arm"), ("forearm", "arm"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A stretch of a tube of cloth between two planes across the limb.

    Attributes:
        height_m: Middle, in panel coordinates.
        cloth_m: Flat length round the limb.
        girth_m: Tape round the body there.
        roundness: Shorter over longer diameter of the body's section, no unit.
        taper_rad: Angle between the skin and the axis there.
        pressure_pa: Mean contact pressure of the cloth of the ring.
        laplace_pa: Pressure by tape and pattern.
    """

    height_m: float
    cloth_m: float
    girth_m: float
    roundness: float
    taper_rad: float
    pressure_pa: float
    laplace_pa: float


def rings_of(worn: Worn, *, n_rings: int = _N_RINGS) -> tuple[Ring, ...]:
    """Rings of a garment that is one panel closed to a tube, from its lower to its upper edge.

    A ring is a row of the panel: its flat length is the panel's width at that height; the body's
    girth is that of the plane through the worn row.

    Args:
        worn: The garment at rest.
        n_rings: Number of rows.
    """
    uv = worn.cloth.flat_uv_m
    edges = np.linspace(float(uv[:, 1].min()), float(uv[:, 1].max()), n_rings + 1)
    sections = [_section(worn, a, b) for a, b in pairwise(edges)]
    rings = []
    for i, here in enumerate(sections):
        around = [s for s in sections[max(i - 1, 0) : i + 2] if s is not None]
        if here is not None and len(around) > 1:
            rings.append(_ring(worn, here, _taper_rad(around[0], around[-1])))
    return tuple(rings)


def hoop_pressure_pa(worn: Worn) -> float:
    """Mean pressure of a whole band or sleeve by tape and pattern; NaN where it is no tube."""
    if len(worn.pattern.panels) != 1:
        return float("nan")
    rings = rings_of(worn, n_rings=6)
    return float(np.mean([ring.laplace_pa for ring in rings])) if rings else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """The body under a row of the panel."""

    low_m: float
    high_m: float
    center_m: NDArray[np.float64]
    girth_m: float
    roundness: float


def _section(worn: Worn, low_m: float, high_m: float) -> _Section | None:
    """The body's section in the plane through the worn row; None where it is not closed."""
    uv, x = worn.cloth.flat_uv_m, worn.drape.positions_m[worn.cloth.flat_to_welded]
    reach_m = max((high_m - low_m) / 2, _step_m(worn))
    row = x[np.abs(uv[:, 1] - (low_m + high_m) / 2) <= reach_m]
    center = (row.min(axis=0) + row.max(axis=0)) / 2
    normal = np.linalg.svd(row - row.mean(axis=0))[2][2]
    edges = _limb_edges(worn, center)
    plane = Plane(origin_m=row.mean(axis=0), normal=normal)
    try:
        section = cut(worn.body.vertices_m, edges, plane)
    except MeasurementError:
        return None
    ways = directions_in(normal)
    support = (section.points_m @ ways.T).max(axis=0)
    widths = support + np.roll(support, len(ways) // 2)
    return _Section(
        low_m=low_m, high_m=high_m, center_m=center, girth_m=girth_m(section, plane),
        roundness=float(widths.min() / widths.max()),
    )  # fmt: skip


def _limb_edges(worn: Worn, point_m: NDArray[np.float64]) -> NDArray[np.int64]:
    """Skin edges of the limb that a point lies in."""
    segment = segment_at(worn.body, point_m)
    name = "torso" if segment is None else _LIMB_OF.get(segment.name, "torso")
    limbs = {limb.name: limb for limb in limbs_of(worn.body)}
    return limbs.get(name, limbs["torso"]).skin_edges


def _ring(worn: Worn, section: _Section, taper_rad: float) -> Ring:
    panel, uv = worn.pattern.panels[0], worn.cloth.flat_uv_m
    middle_m = (section.low_m + section.high_m) / 2
    share = (middle_m - uv[:, 1].min()) / np.ptp(uv[:, 1])
    ends = points_by_share_m(panel, np.array([[0.0, share], [1.0, share]]))
    cloth_m = float(ends[1, 0] - ends[0, 0])
    own = np.unique(
        worn.cloth.flat_to_welded[(uv[:, 1] >= section.low_m) & (uv[:, 1] <= section.high_m)]
    )
    area = float(worn.fit.vertex_area_m2[own].sum())
    # The engine holds the cloth off the skin by half its thickness and a margin.
    off_m = worn.fabric.thickness_m / 2 + DrapeSettings().margin_m
    worn_m = section.girth_m + 2 * np.pi * off_m
    return Ring(
        height_m=middle_m,
        cloth_m=cloth_m,
        girth_m=section.girth_m,
        roundness=section.roundness,
        taper_rad=taper_rad,
        pressure_pa=float(worn.drape.contact_force_n[own].sum()) / max(area, 1e-12),
        laplace_pa=hoop_pressure(worn.fabric, cloth_m, worn_m, grain_rad=panel.grain_rad),
    )


def hoop_pressure(fabric: Fabric, cloth_m: float, worn_m: float, *, grain_rad: float) -> float:
    """Mean pressure of a strip that is free across its length, 0 where it is loose [Pa].

    Args:
        fabric: Card of the fabric.
        cloth_m: Flat length round the limb.
        worn_m: Length as worn.
        grain_rad: Direction of the warp from the length of the strip.
    """
    warp, weft = fabric.tensile_warp_n_m, fabric.tensile_weft_n_m
    own, other = (warp, weft) if abs(np.cos(grain_rad)) > np.sqrt(0.5) else (weft, warp)
    strain = max(worn_m / cloth_m - 1, 0.0)
    narrower = fabric.tensile_coupling_n_m / other * strain
    tension = (own * strain - fabric.tensile_coupling_n_m * narrower) / (1 - narrower)
    return 2 * np.pi * tension / worn_m


def _taper_rad(low: _Section, high: _Section) -> float:
    way_m = float(np.linalg.norm(high.center_m - low.center_m))
    return float(np.arctan2(abs(high.girth_m - low.girth_m) / (2 * np.pi), max(way_m, 1e-6)))


def _step_m(worn: Worn) -> float:
    """Half the mean edge length of the flat mesh."""
    corners = worn.cloth.flat_uv_m[worn.cloth.flat_faces]
    return float(np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1).mean()) / 2
