"""Sizes: codes and steps of EN 13402-3, grade rules for any pattern, sizes between nested ones.

Blocks are graded by drafting them again for the measures of the size. An imported pattern grows by
rules: each panel along the girth by its share of it, across the girth by a share of its length. A
file that holds several sizes is graded by what its own sizes say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from fitting.body.measurements import Measurements, Sex
from fitting.errors import PatternError
from fitting.pattern.figure import SIZE_STEP_M
from fitting.pattern.model import Edge, Panel, Pattern

LARGE_STEP_M = 0.06
# Chest or bust girths [m] at which one letter code ends and the next begins.
_LETTERS: Mapping[Sex, tuple[tuple[str, float, float], ...]] = {
    "female": (("XS", 0.74, 0.82), ("S", 0.82, 0.90), ("M", 0.90, 0.98), ("L", 0.98, 1.07),
               ("XL", 1.07, 1.19), ("XXL", 1.19, 1.31), ("3XL", 1.31, 1.43)),
    "male": (("XS", 0.78, 0.86), ("S", 0.86, 0.94), ("M", 0.94, 1.02), ("L", 1.02, 1.10),
             ("XL", 1.10, 1.18), ("XXL", 1.18, 1.29), ("3XL", 1.29, 1.41)),
}  # fmt: skip
# What a person of the next size measures more, for each metre of bust or chest [m/m].
_GROWTH = {
    "bust_girth": 1.0, "under_bust_girth": 0.95, "waist_girth": 1.0, "waist_navel_girth": 1.0,
    "hip_girth": 0.95, "neck_girth": 0.25, "upper_arm_girth": 0.30, "wrist_girth": 0.08,
    "thigh_girth": 0.50, "knee_girth": 0.25, "calf_girth": 0.22, "shoulder_width": 0.20,
    "back_neck_to_waist": 0.10, "arm_length": 0.05,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRules:
    """How an imported pattern grows by one size.

    Attributes:
        girth_m: Added to the whole girth of torso, skirt and waist.
        sleeve_share: Share of that for a sleeve's width.
        leg_share: Share of that for a leg's width.
        length_share: Growth of all lengths, as a share of them.
    """

    girth_m: float = SIZE_STEP_M
    sleeve_share: float = 0.20
    leg_share: float = 0.60
    length_share: float = 0.01


def size_code(girth_m: float, sex: Sex) -> str:
    """Letter code of a bust or chest girth.

    Raises:
        PatternError: If the table ends before.
    """
    table = _LETTERS[sex]
    for code, low, high in table:
        if low <= girth_m < high:
            return code
    raise PatternError(
        f"bust or chest of {girth_m * 100:.1f} cm is outside the size table "
        f"({table[0][1] * 100:.0f} to {table[-1][2] * 100:.0f} cm)"
    )


def size_girth_m(code: str, sex: Sex) -> float:
    """Bust or chest girth in the middle of a letter code.

    Raises:
        PatternError: If the code is not known.
    """
    for known, low, high in _LETTERS[sex]:
        if known == code:
            return (low + high) / 2
    known_codes = ", ".join(row[0] for row in _LETTERS[sex])
    raise PatternError(f"size {code!r} is not known; known are {known_codes}, or a step like +1")


def graded_measures(measurements: Measurements, *, bust_m: float) -> Measurements:
    """The same person at another bust or chest girth; lengths stay or grow a little.

    Raises:
        PatternError: If the bust or chest is not known.
    """
    if measurements.bust_girth is None:
        raise PatternError("grading by size needs bust_girth; it was not given")
    add_m = bust_m - measurements.bust_girth
    known = {field.name for field in fields(Measurements)}
    return replace(
        measurements,
        **{
            name: value + share * add_m
            for name, share in _GROWTH.items()
            if name in known and (value := getattr(measurements, name)) is not None
        },
    )


def grade_pattern(pattern: Pattern, step: int, *, rules: GradeRules | None = None) -> Pattern:
    """Grow or shrink a pattern by sizes.

    Raises:
        PatternError: If the step leaves a panel without width.
    """
    rules = rules or GradeRules()
    family: dict[str, float] = {}
    for panel in pattern.panels:
        family[_family(panel)] = family.get(_family(panel), 0.0) + _width_m(panel)
    panels = []
    for panel in pattern.panels:
        kind = _family(panel)
        if panel.label == "insert":
            # Gussets fill a hole whose edges hardly grow.
            panels.append(panel)
            continue
        share = {"sleeve": rules.sleeve_share, "leg": rules.leg_share}.get(kind[:-1], 1.0)
        # Panels that go round nothing grow as a girth of a metre does.
        girth_m = 1.0 if kind == "as_placed" else family[kind]
        across = 1 + step * rules.girth_m * share / girth_m
        along = 1 + step * rules.length_share
        if across <= 0.2 or along <= 0.2:
            raise PatternError(f"{step:+d} sizes leave nothing of panel {panel.name!r}")
        panels.append(_scaled(panel, across, along))
    return replace(pattern, panels=tuple(panels), size=f"{pattern.size or 'base'} {step:+d}")


def _family(panel: Panel) -> str:
    """Panels that share one girth: sleeves and legs by side, everything else by its part."""
    kind, _, side = panel.wrap.rpartition("_")
    if kind in ("sleeve", "leg"):
        return kind + side
    return "torso" if panel.wrap.startswith("torso") else panel.wrap


def _across_rad(panel: Panel) -> float:
    """Direction of the girth in the panel: level as the file places it; half sleeves by grain."""
    if panel.wrap.startswith("sleeve") and panel.half != "whole":
        return panel.grain_rad - np.pi / 2
    return -panel.rotation_rad[2]


def _width_m(panel: Panel) -> float:
    turn = _across_rad(panel)
    return float(np.ptp(panel.outline_m(0.01) @ np.array([np.cos(turn), np.sin(turn)])))


def _scaled(panel: Panel, across: float, along: float) -> Panel:
    """Stretch a panel about its origin, along its girth and across it."""
    c, s = np.cos(_across_rad(panel)), np.sin(_across_rad(panel))
    turn = np.array([[c, s], [-s, c]])
    return _mapped(panel, turn.T @ np.diag([across, along]) @ turn)


def _mapped(panel: Panel, matrix: np.ndarray) -> Panel:
    def points(many: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        moved = [matrix @ np.array(point) for point in many]
        return tuple((float(x), float(y)) for x, y in moved)

    # An arc becomes part of an ellipse, so it is drawn through its points.
    edges = []
    for i, edge in enumerate(panel.edges):
        through = edge.through_m
        if edge.arc is not None:
            through = tuple(map(tuple, panel.points_m(i, np.linspace(0, 1, 17)[1:-1]).tolist()))
        edges.append(replace(
            edge, controls_m=points(edge.controls_m), through_m=points(through), arc=None,
            smooth=edge.smooth or edge.arc is not None,
        ))  # fmt: skip
    lines = tuple(replace(line, points_m=line.points_m @ matrix.T) for line in panel.internal_lines)
    return replace(
        panel, vertices_m=panel.vertices_m @ matrix.T, edges=tuple(edges), internal_lines=lines
    )


def between_sizes(small: Pattern, large: Pattern, share: float) -> Pattern:
    """A size between two of one nest, or beyond them: 0 is the first, 1 the second.

    Raises:
        PatternError: If the sizes do not have the same panels and edges; names the panel.
    """
    names = [panel.name for panel in small.panels]
    if names != [panel.name for panel in large.panels]:
        raise PatternError(f"sizes {small.size!r} and {large.size!r} have different panels")
    panels = tuple(_between(a, b, share) for a, b in zip(small.panels, large.panels, strict=True))
    size = f"{small.size or 'first'} to {large.size or 'second'}, {share:g}"
    return replace(small, panels=panels, size=size)


def _between(a: Panel, b: Panel, share: float) -> Panel:
    if len(a.vertices_m) != len(b.vertices_m) or len(a.edges) != len(b.edges):
        raise PatternError(
            f"panel {a.name!r} has {len(a.edges)} edges in one size and {len(b.edges)} in the other"
        )
    edges = []
    for i, (one, other) in enumerate(zip(a.edges, b.edges, strict=True)):
        same = len(one.controls_m) == len(other.controls_m) and not one.arc and not other.arc
        if same and len(one.through_m) == len(other.through_m):
            edges.append(replace(
                one, controls_m=_mix(one.controls_m, other.controls_m, share),
                through_m=_mix(one.through_m, other.through_m, share),
            ))  # fmt: skip
            continue
        # Curves of different kinds meet at equal shares of their length.
        at = np.linspace(0, 1, 33)[1:-1]
        points = (1 - share) * a.points_m(i, at) + share * b.points_m(i, at)
        through = tuple((float(x), float(y)) for x, y in points)
        edges.append(Edge(start=one.start, stop=one.stop, label=one.label, through_m=through))
    vertices = (1 - share) * a.vertices_m + share * b.vertices_m
    return replace(a, vertices_m=vertices, edges=tuple(edges))


def _mix(
    a: tuple[tuple[float, float], ...], b: tuple[tuple[float, float], ...], share: float
) -> tuple[tuple[float, float], ...]:
    return tuple(
        ((1 - share) * p[0] + share * q[0], (1 - share) * p[1] + share * q[1])
        for p, q in zip(a, b, strict=True)
    )
