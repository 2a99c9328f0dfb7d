"""Pattern files with random damage: each is read, refused with a sentence, and neither hangs.

    python benchmarks/pattern_fuzz.py --data DIR [--n 2000] [--seed 0] [--json]

Every JSON, DXF and SVG file below DIR is a seed; bytes, numbers and whole lines are damaged. A
result other than "read" or "refused" (a traceback), or one over the time limit, is a failure.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fitting.errors import PatternError
from fitting.pattern import inspect_pattern

LIMIT_S = 2.0
SUFFIXES = (".json", ".dxf", ".svg")
NUMBERS = (b"0", b"-1", b"1e308", b"1e-308", b"nan", b"Infinity", b"99999999999", b"", b"x")


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four damages."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        # Mostly numbers: other damage seldom gets past the parser.
        kind = int(rng.choice(6, p=(0.08, 0.06, 0.08, 0.64, 0.08, 0.06)))
        at = int(rng.integers(max(1, len(out))))
        if kind == 0:
            out[at : at + 1] = bytes([int(rng.integers(256))])
        elif kind == 1:
            del out[at : at + int(rng.integers(1, 200))]
        elif kind == 2:
            out[at:at] = out[at : at + int(rng.integers(1, 400))]
        elif kind == 3:
            match = re.compile(rb"-?\d+\.?\d*").search(bytes(out), at)
            if match:
                out[match.start() : match.end()] = NUMBERS[int(rng.integers(len(NUMBERS)))]
        elif kind == 4:
            lines = bytes(out).split(b"\n")
            i, j = (int(x) for x in rng.integers(len(lines), size=2))
            lines[i], lines[j] = lines[j], lines[i]
            out = bytearray(b"\n".join(lines))
        else:
            del out[at : len(out) if rng.random() < 0.1 else at + 1]
    return bytes(out)


def read_one(path: Path) -> str:
    """``read``, ``refused``, or the name of what else happened."""
    try:
        inspect_pattern(path)
    except PatternError:
        return "refused"
    except Exception as error:  # noqa: BLE001  the very thing that is looked for
        return f"{type(error).__name__}: {error}"
    return "read"


def run(folder: Path, *, n: int, seed: int) -> dict[str, object]:
    """Damage files and count what becomes of them."""
    seeds = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    seeds = [p for p in seeds if p.stat().st_size < 2_000_000]
    if not seeds:
        raise SystemExit(f"no pattern file below {folder}")
    rng = np.random.default_rng(seed)
    counts, failures, slowest = {"read": 0, "refused": 0}, [], (0.0, "")
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(n):
            source = seeds[int(rng.integers(len(seeds)))]
            path = Path(scratch) / f"p{source.suffix}"
            path.write_bytes(damaged(source.read_bytes(), rng))
            start = time.process_time()
            result = read_one(path)
            spent = time.process_time() - start
            slowest = max(slowest, (spent, source.name))
            if result in counts and spent <= LIMIT_S:
                counts[result] += 1
            else:
                failures.append(f"case {i}, {source.name}, {spent:.2f} s: {result}"[:300])
    return {
        "n_cases": n, "seed": seed, "n_seed_files": len(seeds), **counts,
        "n_failures": len(failures), "failures": failures[:20],
        "slowest_cpu_s": round(slowest[0], 3), "slowest_file": slowest[1],
    }  # fmt: skip


def main() -> int:
    """Print the counts; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options.data, n=options.n, seed=options.seed)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for key, value in result.items():
            print(f"{key:16s} {value}")
    return 1 if result["n_failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
