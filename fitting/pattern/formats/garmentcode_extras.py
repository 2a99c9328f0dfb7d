"""What GarmentCode has no words for, in a table called ``muslin`` that other readers pass over.

Panels: wrap, half, layer, grain, notches, inner lines, holes, material. Seams: kind and ease.
Lengths are metres, angles radians, as in the model.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.marks import Hole, InternalLine, LineKind, Notch, NotchKind
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.seam import Seam, SeamKind


def extras_of_panel(panel: Panel) -> dict[str, Any]:
    """Table of a panel."""
    table: dict[str, Any] = {"wrap": panel.wrap, "half": panel.half}
    plain = Panel(name="", vertices_m=panel.vertices_m, edges=panel.edges)
    for key in ("layer", "grain_rad", "grain_known", "n_cut", "fabric"):
        if getattr(panel, key) != getattr(plain, key):
            table[key] = getattr(panel, key)
    if panel.notches:
        table["notches"] = [
            {"edge": n.edge, "share": n.share, "kind": n.kind, "label": n.label}
            | ({} if n.depth_m is None else {"depth_m": n.depth_m})
            for n in panel.notches
        ]
    if panel.internal_lines:
        table["lines"] = [
            {"points_m": line.points_m.tolist(), "kind": line.kind, "label": line.label}
            for line in panel.internal_lines
        ]
    if panel.holes:
        table["holes"] = [
            {"center_m": list(h.center_m), "outline_m": h.outline_m.tolist(), "label": h.label}
            for h in panel.holes
        ]
    through = {
        str(i): {"points_m": [list(p) for p in edge.through_m], "smooth": edge.smooth}
        for i, edge in enumerate(panel.edges)
        if edge.through_m
    }
    return table | ({"through": through} if through else {})


def extras_of_seams(pattern: Pattern) -> dict[str, Any]:
    """Table of all seams that are more than plain, by number."""
    return {
        str(i): {"kind": seam.kind} | ({} if seam.ease is None else {"ease": seam.ease})
        for i, seam in enumerate(pattern.seams)
        if seam.kind != "plain" or seam.ease is not None
    }


def _one_of(value: Any, words: Any, what: str) -> Any:
    if value not in get_args(words):
        raise PatternError(f"{what} {value!r} is not known; {', '.join(get_args(words))} are")
    return value


def panel_extras(panel: Panel, table: Any) -> Panel:
    """The panel with what its table says.

    Raises:
        PatternError: If a word or number is not known.
    """
    if not isinstance(table, Mapping):
        return panel
    edges = list(panel.edges)
    for key, item in (table.get("through") or {}).items():
        i, points = int(key), tuple((float(x), float(y)) for x, y in item["points_m"])
        if not 0 <= i < len(edges):
            raise PatternError(f"panel {panel.name!r} has no edge {i} to run through points")
        edges[i] = replace(
            edges[i], through_m=points, smooth=bool(item.get("smooth")), controls_m=(), arc=None
        )
    return replace(
        panel,
        edges=tuple(edges),
        wrap=_one_of(table.get("wrap", panel.wrap), Wrap, "wrap"),
        half=_one_of(table.get("half", panel.half), Half, "half"),
        layer=int(table.get("layer", panel.layer)),
        grain_rad=_finite(table.get("grain_rad", panel.grain_rad)),
        grain_known=bool(table.get("grain_known", panel.grain_known)),
        n_cut=int(table.get("n_cut", panel.n_cut)),
        fabric=str(table.get("fabric", panel.fabric)),
        notches=tuple(_notch(panel, item) for item in table.get("notches") or []),
        internal_lines=tuple(_line(item) for item in table.get("lines") or []),
        holes=tuple(_hole(item) for item in table.get("holes") or []),
    )


def seam_extras(seam: Seam, i: int, table: Any) -> Seam:
    """The seam with what the table of seams says about its number.

    Raises:
        PatternError: If a word is not known.
    """
    seams = table.get("seams") if isinstance(table, Mapping) else None
    own = seams.get(str(i)) if isinstance(seams, Mapping) else None
    if not isinstance(own, Mapping):
        return seam
    kind = _one_of(own.get("kind", "plain"), SeamKind, "kind of seam")
    return replace(seam, kind=kind, ease=None if own.get("ease") is None else float(own["ease"]))


def _finite(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise PatternError(f"{value!r} is not a number")
    return number


def _notch(panel: Panel, item: Mapping[str, Any]) -> Notch:
    edge, share = int(item["edge"]), _finite(item["share"])
    if not 0 <= edge < len(panel.edges) or not 0 <= share <= 1:
        raise PatternError(
            f"panel {panel.name!r}: no place for a notch at {share:g} of edge {edge}"
        )
    depth = item.get("depth_m")
    return Notch(
        edge=edge,
        share=share,
        kind=_one_of(item.get("kind", "v"), NotchKind, "kind of notch"),
        depth_m=None if depth is None else _finite(depth),
        label=str(item.get("label", "")),
    )


def _points(values: Any) -> Any:
    points = np.array(values, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise PatternError("a point of an inner line is not a number")
    return points


def _line(item: Mapping[str, Any]) -> InternalLine:
    kind = _one_of(item.get("kind", "internal"), LineKind, "kind of line")
    return InternalLine(
        points_m=_points(item["points_m"]), kind=kind, label=str(item.get("label", ""))
    )


def _hole(item: Mapping[str, Any]) -> Hole:
    x, y = (_finite(value) for value in item["center_m"])
    return Hole(
        center_m=(x, y), outline_m=_points(item.get("outline_m", [])),
        label=str(item.get("label", "")),
    )  # fmt: skip
