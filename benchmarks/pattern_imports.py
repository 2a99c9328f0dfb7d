"""Every pattern file reads or is refused with a reason, and round trips keep geometry.

    python benchmarks/pattern_imports.py --data DIR [--json]

Reads every JSON, DXF and SVG file below DIR, all sizes of a nest; writes each in its own format and
compares the same points. Bars: every file understood, 0.01 mm for JSON to JSON and DXF to DXF.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from fitting.errors import PatternError
from fitting.pattern import (
    Pattern,
    check_pattern,
    garmentcode_from_pattern,
    pattern_from_garmentcode,
    read_pattern,
    read_pattern_sizes,
)
from fitting.pattern.formats.dxf_write import write_dxf
from fitting.pattern.formats.svg_write import write_svg
from fitting.pattern.seams.propose import propose_seams

BAR_MM = 0.01
SHARE = np.linspace(0, 1, 101)


def largest_gap_mm(one: Pattern, other: Pattern) -> float:
    """Largest distance between the same points of all edges and notches."""
    worst = 0.0
    for p, q in zip(one.panels, other.panels, strict=True):
        if len(p.edges) != len(q.edges) or len(p.notches) != len(q.notches):
            return float("inf")
        for i in range(len(p.edges)):
            gaps = np.linalg.norm(p.points_m(i, SHARE) - q.points_m(i, SHARE), axis=1)
            worst = max(worst, float(gaps.max()))
        for m, n in zip(p.notches, q.notches, strict=True):
            a = p.points_m(m.edge, np.array([m.share]))
            worst = max(worst, float(np.linalg.norm(a - q.points_m(n.edge, np.array([n.share])))))
    return worst * 1000


def round_trip_mm(path: Path, sizes: tuple[Pattern, ...], scratch: Path) -> float | None:
    """Write in the file's own format, read again, compare; none where edges are not the same."""
    match path.suffix.lower():
        case ".json":
            content = json.loads(json.dumps(garmentcode_from_pattern(sizes[0])))
            again = (pattern_from_garmentcode(content, name=sizes[0].name),)
            if any(not seam.is_whole for seam in sizes[0].seams):
                # Seams of runs were cut into whole edges, so edges do not correspond.
                return None
        case ".dxf":
            write_dxf(scratch / "again.dxf", sizes)
            again = read_pattern_sizes(scratch / "again.dxf")
        case _:
            write_svg(scratch / "again.svg", sizes[0])
            read_pattern(scratch / "again.svg")
            return None
    return max(largest_gap_mm(a, b) for a, b in zip(sizes, again, strict=True))


def pairs(pattern_seams: object) -> set[frozenset[tuple[str, int]]]:
    """Seams as sets of edges."""
    return {
        frozenset((run.panel, run.edge) for run in (*seam.runs_a, *seam.runs_b))
        for seam in pattern_seams
    }


def measure(path: Path, scratch: Path) -> dict[str, object]:
    """What becomes of one file."""
    row: dict[str, object] = {"file": path.name}
    try:
        sizes = read_pattern_sizes(path)
    except PatternError as error:
        return row | {"refused": str(error)}
    first = sizes[0]
    row |= {"panels": len(first.panels), "seams": len(first.seams), "sizes": len(sizes)}
    row["round_trip_mm"] = round_trip_mm(path, sizes, scratch)
    row["problems"] = sum(f.severity != "hint" for f in check_pattern(first))
    if first.seams and all(seam.is_whole for seam in first.seams):
        bare = Pattern(name=first.name, panels=first.panels, seams=())
        proposed = pairs(note.seam for note in propose_seams([bare]))
        row |= {"proposed": len(proposed), "proposed_right": len(proposed & pairs(first.seams))}
    return row


def main() -> int:
    """Print a row a file; 1 when a round trip misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = sorted(
        p for p in options.data.rglob("*") if p.suffix.lower() in (".json", ".dxf", ".svg")
    )
    if not files:
        raise SystemExit(f"no pattern file below {options.data}")
    with tempfile.TemporaryDirectory() as scratch:
        rows = [measure(path, Path(scratch)) for path in files]
    read = [row for row in rows if "refused" not in row]
    sewn = [row for row in read if "proposed" in row]
    summary = {
        "n_files": len(rows),
        "n_read": len(read),
        "n_compared": sum(r["round_trip_mm"] is not None for r in read),
        "worst_round_trip_mm": max(
            (float(str(r["round_trip_mm"])) for r in read if r["round_trip_mm"] is not None),
            default=0.0,
        ),
        "seams": sum(int(str(r["seams"])) for r in sewn),
        "proposed": sum(int(str(r["proposed"])) for r in sewn),
        "proposed_right": sum(int(str(r["proposed_right"])) for r in sewn),
    }
    if options.json:
        print(json.dumps({"files": rows, "summary": summary}, indent=2))
    else:
        for row in rows:
            print(", ".join(f"{key} {value}" for key, value in row.items()))
        for key, value in summary.items():
            print(f"{key:20s} {value}")
    return 1 if summary["worst_round_trip_mm"] > BAR_MM else 0


if __name__ == "__main__":
    sys.exit(main())
