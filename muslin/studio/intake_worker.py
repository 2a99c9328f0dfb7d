"""Reads one uploaded file in a process that may use little time, memory and no disk.

Runs as ``python -m muslin.studio.intake_worker FILE``; says what it found as one message. The file
is a stranger's: what it names is never opened, and what comes of it is plain numbers and text.
"""

import json
import sys
from pathlib import Path

from muslin.studio.mesh_bytes import pack_arrays
from muslin.studio.pipe import Content, Office
from muslin.studio.uploads import SCAN_SUFFIXES

MEMORY_B = 3 << 30
CPU_S = 20
N_FILES = 64
MAX_PANELS = 400
MAX_TRIANGLES = 2_000_000


def limit_resources() -> None:
    """Give this process its limits, where the system has them."""
    try:
        import resource
    except ImportError:
        return  # Windows: the server's own time limit remains.
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_B),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, N_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (allowed, allowed))


def read(path: Path) -> tuple[Content, bytes]:
    """What a file holds, written anew: a pattern as GarmentCode, a scan as arrays.

    Raises:
        FittingError: If it cannot be used.
    """
    return _scan(path) if path.suffix in SCAN_SUFFIXES else _pattern(path)


def _pattern(path: Path) -> tuple[Content, bytes]:
    from fitting.errors import PatternError
    from fitting.pattern import garmentcode_from_pattern, read_pattern

    pattern = read_pattern(path)
    n_panels = len(pattern.panels)
    if n_panels > MAX_PANELS:
        raise PatternError(f"the pattern has {n_panels} panels, at most {MAX_PANELS} are taken")
    told = f"{n_panels} panels, {len(pattern.seams)} seams"
    text = json.dumps(garmentcode_from_pattern(pattern))
    return {"type": "pattern", "told": told}, text.encode()


def _scan(path: Path) -> tuple[Content, bytes]:
    from fitting.body import read_scan
    from fitting.errors import ScanError

    scan = read_scan(path)
    n_faces = len(scan.faces)
    if n_faces > MAX_TRIANGLES:
        raise ScanError(f"the scan has {n_faces} triangles, at most {MAX_TRIANGLES} are taken")
    told = f"{n_faces} triangles in {scan.unit}, {len(scan.holes)} holes"
    arrays = {"vertices_m": scan.vertices_m, "faces": scan.faces}
    return {"type": "scan", "told": told}, pack_arrays({}, arrays)


def main() -> None:
    """Read, say, end."""
    limit_resources()
    office = Office()
    path = Path(sys.argv[1])
    try:
        office.tell(*read(path))
    except MemoryError:
        office.tell({"type": "refused", "text": "it needs more memory than an upload may"})
    except RecursionError:
        office.tell({"type": "refused", "text": "it is nested too deeply"})
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        # The name under which it lies here means nothing to the person.
        text = str(error).replace(str(path), "the file").replace(path.name, "the file")
        office.tell({"type": "refused", "text": text[:500]})


if __name__ == "__main__":
    main()
