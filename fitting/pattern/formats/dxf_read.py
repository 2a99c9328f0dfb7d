"""Read DXF AAMA / ASTM D6673: every piece of one size of a graded nest, as panels without seams.

The standard keeps no relation between pieces, so seams come from a file beside it
(`fitting.pattern.seams.seams_file`). What only the sample size has (turn points, curve points,
notches) is carried over to the other sizes by edge and share of its length.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.finding import Finding
from fitting.pattern.formats.dxf_outline import Outline, outline_of
from fitting.pattern.formats.dxf_pieces import RawFile, RawPiece, read_raw
from fitting.pattern.marks import Hole, InternalLine, LineKind, Notch
from fitting.pattern.model import Panel, Pattern
from fitting.pattern.panels.allowance import without_allowance
from fitting.pattern.panels.fold import edges_on_line, notch_at, unfold
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions, checked_points
from fitting.pattern.wraps import wrap_of_loose

Points = NDArray[np.float64]
LINE_LAYERS: dict[int, LineKind] = {8: "internal", 5: "grade", 9: "stripe", 10: "plaid"}
EXTRAS = "dxf"


def read_dxf_file(path: Path, options: ReadOptions) -> Reading:
    """Read one size of a file.

    Raises:
        PatternError: If it holds no pieces, states no unit and none is given, or lacks the size.
    """
    raw = read_raw(path)
    return _Reader(path, raw, options).reading(options.size)


def read_dxf_sizes(path: Path, options: ReadOptions) -> dict[str, Reading]:
    """Read every size of a file, in file order.

    Raises:
        PatternError: As `read_dxf_file`.
    """
    raw = read_raw(path)
    reader = _Reader(path, raw, options)
    return {size: reader.reading(size) for size in reader.sizes}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What the sample size says about a piece."""

    outline: Outline
    panel: Panel


class _Reader:
    def __init__(self, path: Path, raw: RawFile, options: ReadOptions) -> None:
        self._path, self._raw, self._options = path, raw, options
        unit_m = raw.unit_m if raw.unit_m is not None else options.unit_m
        if unit_m is None:
            raise PatternError(
                f"{path} states no unit (neither a text 'UNITS: METRIC' or 'UNITS: ENGLISH' nor "
                "$INSUNITS); say which with --unit mm, cm or inch"
            )
        self._unit_m = unit_m
        self.sizes = tuple(dict.fromkeys(piece.size for piece in raw.pieces))
        stated = raw.texts.get("sample size", "")
        for piece in raw.pieces:
            for points in (*piece.lines.values(), *piece.points.values()):
                for line in points:
                    checked_points(line * unit_m, f"piece {piece.name!r}")
            for notch in piece.notches:
                checked_points(notch.point * unit_m, f"a notch of piece {piece.name!r}")
        self._sample_size = stated if stated in self.sizes else self.sizes[0]
        self._samples: dict[str, _Sample] = {}
        self._findings: list[Finding] = []
        self._warnings: list[str] = []
        for piece in raw.pieces:
            if piece.size == self._sample_size and piece.name not in self._samples:
                outline = outline_of(piece, None, unit_m)
                self._samples[piece.name] = _Sample(
                    outline=outline, panel=self._half_panel(piece, outline)
                )

    def reading(self, size: str | None) -> Reading:
        size = self._sample_size if size is None else size
        if size not in self.sizes:
            known = ", ".join(self.sizes)
            raise PatternError(f"{self._path} has no size {size!r}; its sizes are {known}")
        self._findings, self._warnings = [], []
        pieces = [piece for piece in self._raw.pieces if piece.size == size]
        panels = tuple(self._panel(piece) for piece in pieces)
        missing = [name for name in self._samples if name not in {p.name for p in pieces}]
        if missing:
            self._warnings.append(f"size {size} lacks {', '.join(missing)}")
        extras = {"texts": self._raw.texts, "unit_m": self._unit_m, "sample": self._sample_size}
        pattern = Pattern(
            name=self._raw.texts.get("style name") or self._path.stem,
            panels=panels,
            seams=(),
            warnings=tuple(dict.fromkeys(self._warnings)),
            size=size,
            sizes=self.sizes,
            extras={EXTRAS: extras},
        )
        return Reading(pattern=pattern, findings=tuple(self._findings))

    def _panel(self, piece: RawPiece) -> Panel:
        sample = self._samples.get(piece.name)
        outline = outline_of(piece, sample.outline if sample else None, self._unit_m)
        panel = self._half_panel(piece, outline)
        self._warnings += outline.warnings
        if outline.gap_m > 0:
            self._findings.append(
                Finding(
                    code="OPEN_LOOP",
                    panel=panel.name,
                    edge=None,
                    severity="broken",
                    text=f"its boundary has a gap of {outline.gap_m * 1000:.2f} mm",
                    remedy="join the lines of layer 1 end to end",
                )
            )
            return panel
        if sample and not panel.notches and sample.panel.notches:
            panel = self._with_notches_of(panel, sample.panel)
        if self._options.allowance_m and not piece.lines.get(14):
            panel = without_allowance(panel, self._options.allowance_m)
        return self._unfolded(piece, panel)

    def _half_panel(self, piece: RawPiece, outline: Outline) -> Panel:
        """The piece as the file draws it, before its mirror line is minded."""
        grain = piece.lines.get(7, [])
        # Piece names repeat the style's, whose words say nothing of the piece.
        style = self._raw.texts.get("style name", "")
        wrap, half = wrap_of_loose(piece.name.removeprefix(style))
        panel = Panel(
            name=piece.name,
            vertices_m=outline.corners_m,
            edges=outline.edges,
            grain_rad=_direction(grain[0]) if grain else np.pi / 2,
            grain_known=bool(grain),
            wrap=wrap,
            half=half,
            internal_lines=self._lines(piece),
            holes=self._holes(piece),
            n_cut=_quantity(piece),
            fabric=piece.texts.get("fabric") or piece.texts.get("material", ""),
        )
        if outline.gap_m > 0 or len(outline.edges) < 2:
            return panel
        notches = []
        for raw in piece.notches:
            depth = raw.depth * self._unit_m
            blank = Notch(edge=0, share=0.0, kind=raw.kind, depth_m=depth or None)
            notch = notch_at(panel, raw.point * self._unit_m, blank)
            if notch is None:
                x, y = raw.point * self._unit_m * 100
                self._warnings.append(
                    f"{piece.name}: a notch at ({x:.1f}, {y:.1f}) cm is not on the outline"
                )
            elif notch not in notches:
                notches.append(notch)
        return replace(panel, notches=tuple(notches))

    def _with_notches_of(self, panel: Panel, sample: Panel) -> Panel:
        if len(sample.edges) != len(panel.edges):
            self._warnings.append(
                f"{panel.name}: notches exist in size {self._sample_size} only, and this size has "
                "other edges; they were left out"
            )
            return panel
        self._warnings.append(
            f"notches exist in size {self._sample_size} only; they were carried over by their "
            "share of the edge"
        )
        return replace(panel, notches=sample.notches)

    def _lines(self, piece: RawPiece) -> tuple[InternalLine, ...]:
        return tuple(
            InternalLine(points_m=points * self._unit_m, kind=kind)
            for layer, kind in LINE_LAYERS.items()
            for points in piece.lines.get(layer, [])
            if len(points) > 1
        )

    def _holes(self, piece: RawPiece) -> tuple[Hole, ...]:
        holes = []
        for points in piece.lines.get(11, []):
            outline = points[:-1] * self._unit_m
            x, y = outline.mean(axis=0) if len(outline) else (0.0, 0.0)
            holes.append(Hole(center_m=(float(x), float(y)), outline_m=outline))
        for point in piece.points.get(13, []):
            x, y = point * self._unit_m
            holes.append(Hole(center_m=(float(x), float(y)), outline_m=np.zeros((0, 2))))
        return tuple(holes)

    def _unfolded(self, piece: RawPiece, panel: Panel) -> Panel:
        """Mirror a half piece; a mirror line inside the piece only tells of its symmetry."""
        for points in piece.lines.get(6, []):
            a, b = points[0] * self._unit_m, points[-1] * self._unit_m
            if np.linalg.norm(b - a) < 1e-6:
                continue
            folds = edges_on_line(panel, a, b)
            inside = InternalLine(points_m=np.array([a, b]), kind="mirror")
            if folds and len(folds) < len(panel.edges) - 1:
                panel = unfold(panel, folds)
            else:
                panel = replace(panel, internal_lines=(*panel.internal_lines, inside))
        return panel


def _direction(points: Points) -> float:
    x, y = points[-1] - points[0]
    return float(np.arctan2(y, x))


def _quantity(piece: RawPiece) -> int:
    """``Quantity: 2`` or ``1,1`` (left, right); otherwise how often the piece is shown."""
    numbers = [int(word) for word in piece.texts.get("quantity", "").replace(",", " ").split()
               if word.isdigit() and len(word) < 4]  # fmt: skip
    return max(1, sum(numbers) or piece.n_inserted)


def _knows(start: bytes) -> bool:
    head = start[:400].lstrip()
    return head.startswith((b"0", b"999", b"AutoCAD Binary DXF")) and b"SECTION" in start[:4000]


DXF = PatternFormat(name="DXF AAMA/ASTM", suffixes=(".dxf",), knows=_knows, read=read_dxf_file)
