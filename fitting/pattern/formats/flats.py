"""Panels laid side by side for drawing and printing: outlines with names, notches, grain, seams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fitting.pattern.formats.dxf_write import grain_line_m
from fitting.pattern.model import Panel, Pattern

Points = NDArray[np.float64]
GAP_M = 0.03
NOTCH_M = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """A panel and where it lies on the sheet.

    Attributes:
        panel: The panel.
        shift_m: What is added to its coordinates, shape (2,).
    """

    panel: Panel
    shift_m: Points


def lay_out(pattern: Pattern, *, width_m: float = 1.5) -> tuple[tuple[Flat, ...], Points]:
    """Panels in rows from the top, in pattern order, and the size of the sheet [m], shape (2,).

    y points up; the sheet reaches from (0, 0) to its size.
    """
    flats: list[tuple[Panel, Points]] = []
    x = y = row = widest = 0.0
    for panel in pattern.panels:
        outline = panel.outline_m()
        low, size = outline.min(axis=0), np.ptp(outline, axis=0)
        if x > 0 and x + size[0] > width_m:
            x, y, row = 0.0, y + row + GAP_M, 0.0
        flats.append((panel, np.array([x, -y - size[1]]) - low))
        x, row = x + float(size[0]) + GAP_M, max(row, float(size[1]))
        widest = max(widest, x - GAP_M)
    height = y + row
    margin = np.array([GAP_M, GAP_M])
    up = margin + np.array([0.0, height])
    placed = tuple(Flat(panel=panel, shift_m=shift + up) for panel, shift in flats)
    return placed, np.array([widest, height]) + 2 * margin


def notch_strokes_m(panel: Panel) -> list[Points]:
    """A short stroke into the panel for every notch, each of shape (2, 2)."""
    x, y = panel.outline_m(0.01).T
    inward = 1.0 if float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) > 0 else -1.0
    strokes = []
    for notch in panel.notches:
        near = np.clip(np.array([notch.share - 0.01, notch.share, notch.share + 0.01]), 0, 1)
        before, at, after = panel.points_m(notch.edge, near)
        along = (after - before) / max(float(np.linalg.norm(after - before)), 1e-12)
        normal = inward * np.array([-along[1], along[0]])
        strokes.append(np.array([at, at + (notch.depth_m or NOTCH_M) * normal]))
    return strokes


def arrow_m(panel: Panel) -> list[Points]:
    """Grain line with its heads, polylines of shape (n, 2)."""
    a, b = grain_line_m(panel)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-12)
    across = np.array([-along[1], along[0]])
    heads = []
    for tip, back in ((a, along), (b, -along)):
        wings = [tip + 0.008 * back + side * 0.004 * across for side in (1, -1)]
        heads.append(np.array([wings[0], tip, wings[1]]))
    return [np.array([a, b]), *heads]
