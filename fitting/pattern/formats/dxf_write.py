"""Write DXF (R12) as ASTM D6673 asks: a block for every piece and size, in millimetres.

Edges are polylines end to end on layer 1; corners are turn points, inner points curve points, and
layer 84 holds the exact curve. Seams are not in the standard; `fitting.pattern.seams.seams_file`
keeps them beside the file.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.formats.dxf_pieces import NOTCH_LAYERS
from fitting.pattern.formats.overlay import Overlay, overlays_of
from fitting.pattern.marks import LineKind
from fitting.pattern.model import Panel, Pattern

if TYPE_CHECKING:
    from ezdxf.layouts.blocklayout import BlockLayout

MM_PER_M = 1000.0
CURVE_STEP_M = 0.001
GRAIN_SHARE = 0.4
_LAYER_OF_NOTCH = {kind: layer for layer, kind in NOTCH_LAYERS.items()} | {"slit": 4}
_LAYER_OF_LINE: dict[LineKind, str] = {
    "mirror": "6", "grade": "5", "stripe": "9", "plaid": "10",
}  # fmt: skip


def write_dxf(path: Path, sizes: Sequence[Pattern], *, overlays: Sequence[Overlay] = ()) -> None:
    """Write one pattern, or all sizes of a graded nest.

    Args:
        path: File to write.
        sizes: Pattern of every size; the first one's sample size is stated, or its own.
        overlays: Further lines, each on its own layer.

    Raises:
        PatternError: If an overlay lies on no panel.
    """
    from ezdxf.addons import gerber_D6673
    from ezdxf.document import Drawing

    document = Drawing.new("R12")
    space = document.modelspace()
    first = sizes[0]
    sample = first.extras.get("dxf", {}).get("sample") or first.size or "M"
    lines = [
        f"Style Name: {first.name}", "Author: Muslin", f"Sample Size: {sample}", "Units: METRIC",
        "ASTM/D13Proposal 1 Version: D 6673-04",
    ]  # fmt: skip
    for i, line in enumerate(lines):
        space.add_text(line, dxfattribs={"layer": "1", "height": 2, "insert": (0, 4.0 * i)})
    for pattern in sizes:
        for panel in pattern.panels:
            size = pattern.size or sample
            name = f"{panel.name}_{size}"
            block = document.blocks.new(name)
            _add_texts(block, panel, size)
            _add_outline(block, panel)
            _add_marks(block, panel)
            _add_overlays(block, overlays_of(overlays, pattern, panel.name))
            space.add_blockref(name, (0, 0), dxfattribs={"layer": "1"})
    stream = io.StringIO()
    gerber_D6673.export_stream(document, stream)
    path.write_text(stream.getvalue(), encoding="ascii", errors="dxfreplace", newline="\r\n")


def _mm(points_m: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points_m * MM_PER_M]


def _add_texts(block: "BlockLayout", panel: Panel, size: str) -> None:
    x, y = panel.vertices_m.mean(axis=0) * MM_PER_M
    lines = [f"Piece Name: {panel.name}", f"Size: {size}", f"Quantity: {panel.n_cut}"]
    lines += [f"Material: {panel.fabric}"] if panel.fabric else []
    for i, line in enumerate(lines):
        attribs = {"layer": "1", "height": 2, "insert": (x, y - 4.0 * i)}
        block.add_text(line, dxfattribs=attribs)


def edge_points_m(panel: Panel, i: int) -> NDArray[np.float64]:
    """Points that an edge is written by: its own where it runs through points, shape (n, 2)."""
    edge, (a, b) = panel.edges[i], panel.corners_m(i)
    if edge.through_m:
        return np.array([a, *edge.through_m, b])
    if not edge.controls_m and edge.arc is None:
        return np.array([a, b])
    n = max(8, int(np.ceil(panel.length_m(i) / CURVE_STEP_M)))
    return panel.sample_m(i, n)


def _add_outline(block: "BlockLayout", panel: Panel) -> None:
    for i, edge in enumerate(panel.edges):
        points = edge_points_m(panel, i)
        block.add_polyline2d(_mm(points), dxfattribs={"layer": "1"})
        block.add_point(_mm(points)[0], dxfattribs={"layer": "2"})
        for point in _mm(points)[1:-1]:
            block.add_point(point, dxfattribs={"layer": "3"})
        exact = panel.sample_m(i, 4 * len(points)) if edge.smooth else points
        block.add_polyline2d(_mm(exact), dxfattribs={"layer": "84"})


def _add_marks(block: "BlockLayout", panel: Panel) -> None:
    for notch in panel.notches:
        x, y = panel.points_m(notch.edge, np.array([notch.share]))[0] * MM_PER_M
        depth = -(notch.depth_m or 0.0) * MM_PER_M
        layer = str(_LAYER_OF_NOTCH[notch.kind])
        block.add_point((x, y, depth), dxfattribs={"layer": layer})
    if panel.grain_known:
        ends = _mm(grain_line_m(panel))
        block.add_line(ends[0], ends[1], dxfattribs={"layer": "7"})
    for line in panel.internal_lines:
        layer = _LAYER_OF_LINE.get(line.kind, "8")
        block.add_polyline2d(_mm(line.points_m), dxfattribs={"layer": layer})
    for hole in panel.holes:
        if len(hole.outline_m):
            closed = np.concatenate([hole.outline_m, hole.outline_m[:1]])
            block.add_polyline2d(_mm(closed), dxfattribs={"layer": "11"})
        else:
            block.add_point(_mm(np.array([hole.center_m]))[0], dxfattribs={"layer": "13"})


def _add_overlays(block: "BlockLayout", overlays: Sequence[Overlay]) -> None:
    for overlay in overlays:
        attribs = {"layer": overlay.layer}
        block.add_polyline2d(_mm(overlay.path_m()), dxfattribs=attribs)
        if overlay.label:
            at = _mm(overlay.points_m[:1])[0]
            block.add_text(overlay.label, dxfattribs=attribs | {"height": 2, "insert": at})


def grain_line_m(panel: Panel) -> NDArray[np.float64]:
    """A line along the grain in the middle of a panel, shape (2, 2)."""
    low, high = panel.vertices_m.min(axis=0), panel.vertices_m.max(axis=0)
    along = np.array([np.cos(panel.grain_rad), np.sin(panel.grain_rad)])
    reach = float(np.min((high - low) / np.maximum(np.abs(along), 1e-3))) * GRAIN_SHARE
    middle = (low + high) / 2
    return np.array([middle - along * reach, middle + along * reach])
