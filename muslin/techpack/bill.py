"""Seams, thread and parts of a garment.

Thread follows from the shape of a stitch: for a seam of thickness T sewn with S stitches a length,
W wide, one length of seam takes

    301 lockstitch      2 + 2 T S          401 chainstitch     4 + 2 T S
    504 overlock        5 + 4 S (W + T)    406 cover stitch    7 + 2 S (W + T)

lengths of thread (equations of the thread-consumption tables that textile schools teach; for 301
they come near the 1 : 2.5 that thread makers state). T is twice the fabric card's thickness.
Stitch density and width are settings of the machine; the values here are usual ones, estimated.
"""

from dataclasses import dataclass

import numpy as np

from fitting.cloth import Fabric
from fitting.pattern import Pattern, Run
from muslin.techpack.measures import open_edges

N_LAYERS = 2
# Cloth that may stretch this much in wear is sewn with stitches that stretch; no unit, estimated.
STRETCHY = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stitch:
    """How a seam is sewn.

    Attributes:
        code: ISO 4915 number.
        name: In words.
        constant: Lengths of thread that lie along one length of seam, no unit.
        through: How often thread passes the thickness for every stitch, no unit.
        across: How often it passes the width for every stitch, no unit.
        per_m: Stitches a metre.
        width_m: Width of the stitch.
    """

    code: str
    name: str
    constant: float
    through: float
    across: float
    per_m: float
    width_m: float

    @property
    def setting(self) -> str:
        """How the machine is set, in words."""
        wide = f", {self.width_m * 1000:g} mm wide" if self.width_m else ""
        return f"{self.code} with {self.per_m / 100:g} stitches a cm{wide}"

    def ratio(self, thickness_m: float) -> float:
        """Thread over seam length, no unit.

        Args:
            thickness_m: Of all layers together.
        """
        passes_m = self.through * thickness_m + self.across * self.width_m
        return self.constant + self.per_m * passes_m


LOCKSTITCH = Stitch(code="301", name="lockstitch", constant=2, through=2, across=0, per_m=400,
                    width_m=0.0)  # fmt: skip
OVERLOCK = Stitch(code="504", name="three-thread overlock", constant=5, through=4, across=4,
                  per_m=400, width_m=0.005)  # fmt: skip
COVER = Stitch(code="406", name="two-needle cover stitch", constant=7, through=2, across=2,
               per_m=400, width_m=0.0056)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamLine:
    """One line of the list of seams.

    Attributes:
        code: Number on the drawings.
        side_a: Edges of one side.
        side_b: Edges of the other side; empty for a hem.
        length_a_m: Length of one side.
        length_b_m: Length of the other side.
        kind: Plain, gathered, eased, dart, or hem.
        stitch: How it is sewn.
        thread_m: Thread that it takes.
    """

    code: str
    side_a: str
    side_b: str
    length_a_m: float
    length_b_m: float
    kind: str
    stitch: Stitch
    thread_m: float


def stitches_for(fabric: Fabric) -> tuple[Stitch, Stitch]:
    """Stitch of seams and of hems: such that stretch where the cloth does."""
    stretches = max(fabric.strain_limit_warp, fabric.strain_limit_weft) >= STRETCHY
    return (OVERLOCK, COVER) if stretches else (LOCKSTITCH, LOCKSTITCH)


def seam_lines(pattern: Pattern, fabric: Fabric) -> tuple[SeamLine, ...]:
    """Every seam, S1 and on, then every hem, H1 and on."""
    seam_stitch, hem_stitch = stitches_for(fabric)
    thickness_m = N_LAYERS * fabric.thickness_m
    lines = []
    for i, seam in enumerate(pattern.seams, start=1):
        a_m, b_m = (_length_m(pattern, runs) for runs in (seam.runs_a, seam.runs_b))
        side_a, side_b = (_side(pattern, runs) for runs in (seam.runs_a, seam.runs_b))
        # What is gathered or eased is sewn at the length of the shorter side.
        thread_m = min(a_m, b_m) * seam_stitch.ratio(thickness_m)
        lines.append(
            SeamLine(
                code=f"S{i}", side_a=side_a, side_b=side_b, length_a_m=a_m, length_b_m=b_m,
                kind=seam.kind, stitch=seam_stitch, thread_m=thread_m,
            )
        )  # fmt: skip
    for i, (panel, edge) in enumerate(open_edges(pattern), start=1):
        length_m = panel.length_m(edge)
        lines.append(
            SeamLine(
                code=f"H{i}", side_a=_edge(pattern, panel.name, edge), side_b="",
                length_a_m=length_m, length_b_m=float("nan"), kind="hem", stitch=hem_stitch,
                thread_m=length_m * hem_stitch.ratio(thickness_m),
            )
        )  # fmt: skip
    return tuple(lines)


def edge_codes(pattern: Pattern) -> dict[tuple[str, int], str]:
    """Number of the seam or hem at every edge, for the drawings."""
    codes: dict[tuple[str, int], str] = {}
    for i, seam in enumerate(pattern.seams, start=1):
        for run in (*seam.runs_a, *seam.runs_b):
            before = codes.get((run.panel, run.edge))
            codes[run.panel, run.edge] = f"{before} S{i}" if before else f"S{i}"
    for i, (panel, edge) in enumerate(open_edges(pattern), start=1):
        codes[panel.name, edge] = f"H{i}"
    return codes


def sensor_fields(pattern: Pattern) -> list[tuple[str, str, float]]:
    """Fields for sensors: panel, label, and area [m2]."""
    import shapely

    return [
        (panel.name, line.label, float(shapely.Polygon(line.points_m).area))
        for panel in pattern.panels
        for line in panel.internal_lines
        if "sensor" in line.label and len(line.points_m) >= 3
    ]


def bands(pattern: Pattern) -> list[tuple[str, float, float]]:
    """Panels that are bands, such as waistbands and ribs: name, length and width [m]."""
    found = []
    for panel in pattern.panels:
        size_m = np.ptp(panel.outline_m(), axis=0)
        if len(panel.edges) == 4 and max(size_m) > 4 * min(size_m):
            found.append((panel.name, float(max(size_m)), float(min(size_m))))
    return found


def _length_m(pattern: Pattern, runs: tuple[Run, ...]) -> float:
    return sum(
        abs(run.stop - run.start) * pattern.panel(run.panel).length_m(run.edge) for run in runs
    )


def _side(pattern: Pattern, runs: tuple[Run, ...]) -> str:
    return " + ".join(_edge(pattern, run.panel, run.edge) for run in runs)


def _edge(pattern: Pattern, panel: str, edge: int) -> str:
    label = pattern.panel(panel).edges[edge].label
    return f"{panel} {label or f'edge {edge}'}".replace("_", " ")
