"""Seconds until the drape engine has done its first step: the first time ever, and from then on.

A process of its own, with an empty cache for kernels, imports the engine and drapes a small
T-shirt on a body with self-collision; then the same again with the cache that it left. The garment
is made beforehand, and the interpreter's own start is counted.

Run: python benchmarks/drape_start.py [--starts 3] [--json]
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_LIMIT_S = 300

_CHILD = """
import pickle, sys, time
import numpy as np
from fitting.cloth import load_fabric
from fitting.drape import DrapeSettings, drape
import fitting.drape.engine
garment, body = pickle.load(open(sys.argv[1], "rb"))
stamps = [time.monotonic()]
drape(
    garment, body, (load_fabric("cotton_jersey"),), settings=DrapeSettings(n_steps_max=15),
    rng=np.random.default_rng(0), progress=lambda step, speed: stamps.append(time.monotonic()),
)
print(stamps[0], stamps[1], time.monotonic(), time.process_time())
"""


def start(scene, cache):
    """Seconds of one process: imports, first step, all kernels used; wall clock and processor."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(scene)], env=environment, check=True,
        capture_output=True, text=True, timeout=_LIMIT_S,
    )  # fmt: skip
    imported, stepped, end, cpu_s = map(float, done.stdout.split())
    return {
        "imports_s": imported - begin, "first_step_s": stepped - begin, "end_s": end - begin,
        "cpu_s": cpu_s,
    }  # fmt: skip


def make_scene(path):
    from fitting.body import body_from_measurements, read_measurements
    from fitting.cloth import garment_levels_on_body
    from fitting.pattern import complete_measures, draft_block

    given, sex = read_measurements(ROOT / "assets" / "body" / "demo.toml")
    fitted = body_from_measurements(given, sex=sex)
    pattern = draft_block("tshirt", complete_measures(given, fitted.achieved))
    garment = garment_levels_on_body(pattern, fitted.body, edge_length_m=0.03, n_levels=2)
    path.write_bytes(pickle.dumps((garment, fitted.body)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3, help="starts with a filled cache")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scene, cache = Path(folder) / "scene.pickle", Path(folder) / "cache"
        make_scene(scene)
        rows = [{"kernels": "to compile"} | start(scene, cache)]
        rows += [{"kernels": "from the cache"} | start(scene, cache) for _ in range(options.starts)]
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print({key: round(v, 2) if isinstance(v, float) else v for key, v in row.items()})


if __name__ == "__main__":
    main()
