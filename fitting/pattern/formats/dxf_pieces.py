"""Take a DXF AAMA / ASTM D6673 file apart: one raw piece for every block, still in file units.

Layers: 1 boundary, 2 turn points, 3 curve points, 4 notches, 6 mirror, 7 grain, 8 inner lines,
11 cut-outs, 13 drill holes, 14 sew line, 80-83 other notches, 84-87 validation curves of 1, 8,
11, 14.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PatternError
from fitting.pattern.marks import NotchKind
from fitting.pattern.reading import read_bytes

if TYPE_CHECKING:
    from ezdxf.document import Drawing

Points = NDArray[np.float64]
NOTCH_LAYERS: dict[int, NotchKind] = {4: "v", 80: "t", 81: "castle", 82: "check", 83: "u"}
INSUNITS_M = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0}
UNIT_WORDS_M = {"METRIC": 0.001, "ENGLISH": 0.0254}
MAX_POINTS = 500_000
# What a damaged file makes the library raise.
_PARSE_ERRORS = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, RecursionError,
    OverflowError, ZeroDivisionError, EOFError, NotImplementedError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNotch:
    """A notch as the file has it: place, depth in file units (0 when not given), kind."""

    point: Points
    depth: float
    kind: NotchKind


@dataclass(slots=True, kw_only=True)
class RawPiece:
    """One piece in one size, in file units.

    Attributes:
        name: Piece name.
        size: Size, empty when not stated.
        texts: Other key words of its texts, in lower case.
        lines: Polylines by layer, each of shape (n, 2); a closed one repeats its first point.
        points: Single points by layer.
        notches: Notches.
        n_inserted: How often the model space shows it.
    """

    name: str
    size: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    lines: dict[int, list[Points]] = field(default_factory=dict)
    points: dict[int, list[Points]] = field(default_factory=dict)
    notches: list[RawNotch] = field(default_factory=list)
    n_inserted: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """All pieces of a file.

    Attributes:
        pieces: In file order.
        texts: Key words of the style, in lower case.
        unit_m: Length of the file's unit, none when it does not say.
    """

    pieces: tuple[RawPiece, ...]
    texts: dict[str, str]
    unit_m: float | None


def read_raw(path: Path) -> RawFile:
    """Take a file apart.

    Raises:
        PatternError: If it is no DXF file, or holds no piece.
    """
    document = _document(path)
    try:
        texts = dict(_texts(document.modelspace()))
        inserted: dict[str, int] = {}
        for insert in document.modelspace().query("INSERT"):
            inserted[insert.dxf.name] = inserted.get(insert.dxf.name, 0) + 1
        pieces = [
            _piece(block, inserted.get(block.name, 1))
            for block in document.blocks
            if not block.is_any_layout and not block.name.startswith(("*", "$"))
        ]
        unit_m = _unit_m(document, texts)
    except _PARSE_ERRORS as error:
        raise PatternError(f"{path} is a damaged DXF file: {error!r}") from error
    pieces = [piece for piece in pieces if piece.lines.get(1) or piece.lines.get(14)]
    if not pieces:
        raise PatternError(
            f"{path} holds no pattern piece: no block has a boundary on layer 1, as AAMA and "
            "ASTM D6673 ask for"
        )
    return RawFile(pieces=tuple(pieces), texts=texts, unit_m=unit_m)


def _document(path: Path) -> "Drawing":
    import ezdxf

    data = read_bytes(path)
    if data[:22].startswith(b"AutoCAD Binary DXF"):
        raise PatternError(f"{path} is a binary DXF file; save it as text (ASCII)")
    try:
        # R12 files state no encoding of their own; names outside ASCII come through as they can.
        stream = io.StringIO(data.decode("cp1252", errors="replace").replace("\r\n", "\n"))
        return ezdxf.read(stream)  # pyright: ignore[reportPrivateImportUsage]
    except (ezdxf.DXFError, *_PARSE_ERRORS) as error:  # pyright: ignore[reportPrivateImportUsage]
        raise PatternError(f"{path} is not a readable DXF file: {error}") from error


def _texts(entities: Any) -> Iterator[tuple[str, str]]:
    """Key words and values of ``KEY: value`` texts."""
    from ezdxf.lldxf.encoding import decode_dxf_unicode

    for entity in entities:
        if entity.dxftype() == "TEXT" and ":" in entity.dxf.text:
            key, value = decode_dxf_unicode(entity.dxf.text).split(":", 1)
            yield key.strip().lower(), value.strip()


def _unit_m(document: "Drawing", texts: dict[str, str]) -> float | None:
    word = texts.get("units", "").upper()
    if word in UNIT_WORDS_M:
        return UNIT_WORDS_M[word]
    return INSUNITS_M.get(int(document.header.get("$INSUNITS", 0)))


def _layer(entity: Any) -> int:
    """Number of a layer; some systems write ``AAMA-08`` or ``L8``."""
    match = re.search(r"(\d+)\s*$", str(entity.dxf.layer))
    return int(match.group(1)) if match else -1


def _piece(block: Any, n_inserted: int) -> RawPiece:
    texts = dict(_texts(block))
    name, _, tail = block.name.rpartition("_")
    piece = RawPiece(
        name=texts.pop("piece name", "") or (name or block.name),
        size=texts.pop("size", "") or (tail if name else ""),
        texts=texts,
        n_inserted=n_inserted,
    )
    n_points = 0
    for entity in block:
        layer = _layer(entity)
        for points in _curves(entity):
            n_points += len(points)
            if n_points > MAX_POINTS:
                raise PatternError(f"piece {piece.name!r} has more than {MAX_POINTS} points")
            if layer in NOTCH_LAYERS:
                piece.notches.append(RawNotch(point=points[0], depth=0.0, kind=NOTCH_LAYERS[layer]))
            else:
                piece.lines.setdefault(layer, []).append(points)
        if entity.dxftype() == "POINT":
            point = np.array([entity.dxf.location.x, entity.dxf.location.y])
            if layer in NOTCH_LAYERS:
                depth = abs(float(entity.dxf.location.z))
                piece.notches.append(RawNotch(point=point, depth=depth, kind=NOTCH_LAYERS[layer]))
            else:
                piece.points.setdefault(layer, []).append(point)
    return piece


def _curves(entity: Any) -> Iterator[Points]:
    """Polylines of an entity; arcs and circles are sampled."""
    match entity.dxftype():
        case "LINE":
            a, b = entity.dxf.start, entity.dxf.end
            yield np.array([[a.x, a.y], [b.x, b.y]])
        case "POLYLINE":
            points = np.array([[p.x, p.y] for p in entity.points()]).reshape(-1, 2)
            yield _closed(points) if entity.is_closed else points
        case "LWPOLYLINE":
            points = np.array([p[:2] for p in entity.get_points("xy")]).reshape(-1, 2)
            yield _closed(points) if entity.closed else points
        case "CIRCLE" | "ARC" | "SPLINE" | "ELLIPSE":
            flat = list(entity.flattening(0.05))
            yield np.array([[p.x, p.y] for p in flat]).reshape(-1, 2)
        case _:
            return


def _closed(points: Points) -> Points:
    if len(points) and not np.array_equal(points[0], points[-1]):
        return np.concatenate([points, points[:1]])
    return points
