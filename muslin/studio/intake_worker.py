"""Reads one uploaded file in a process that may use little time, memory and no disk.

Runs as ``python -m muslin.studio.intake_worker FILE``; says what it found as one message. The file
is a stranger's: what it names is never opened, and what comes of it is plain numbers and text.
"""

import sys
from pathlib import Path
from typing import Any

from muslin.studio.pipe import Office

MEMORY_B = 3 << 30
CPU_S = 20
N_FILES = 64
MAX_PANELS = 400


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


def read(path: Path) -> dict[str, Any]:
    """Pattern of a file, written anew as GarmentCode.

    Raises:
        FittingError: If it cannot be used.
    """
    from fitting.errors import PatternError
    from fitting.pattern import garmentcode_from_pattern, read_pattern

    pattern = read_pattern(path)
    n_panels = len(pattern.panels)
    if n_panels > MAX_PANELS:
        raise PatternError(f"the pattern has {n_panels} panels, at most {MAX_PANELS} are taken")
    return {
        "type": "pattern",
        "n_panels": n_panels,
        "n_seams": len(pattern.seams),
        "garmentcode": garmentcode_from_pattern(pattern),
    }


def main() -> None:
    """Read, say, end."""
    limit_resources()
    office = Office()
    path = Path(sys.argv[1])
    try:
        office.tell(read(path))
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
