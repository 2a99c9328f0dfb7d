"""Batches: throughput of two workers over one, and the same table however it was run.

    python benchmarks/batch_fits.py --part throughput|kills|scheduler|same [--bodies 16] [--json]

Bodies are drawn from the survey's statistics that ship (ANSUR II), half women, half men, inside its
5th to 95th percentile. Every part runs the command as a person does, in processes of their own.

- throughput: all fits on one worker, then on two; starting the workers is part of both.
- kills: a batch that is killed, workers and all, three times on the way, beside an undisturbed one.
- scheduler: a scheduler and two workers in other processes, on the loopback interface.
- same: kills and scheduler, beside one undisturbed run.

The key of a case knows the code it runs through: leave the checkout alone until all runs ended.
"""

import argparse
import csv
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from fitting.body.survey import survey_draws

MEASURES = ("stature", "bust_girth", "waist_navel_girth", "hip_girth", "inside_leg_height")


def write_bodies(path, n, seed):
    rng = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "sex", *MEASURES])
        for i in range(n):
            sex = ("female", "male")[i % 2]
            draw = survey_draws(sex, rng=rng)
            rows.writerow([f"{sex[0]}{i:02d}", sex, *(f"{draw[m] * 100:.1f}" for m in MEASURES)])


def command(options, bodies, out, *more):
    return [
        sys.executable, "-m", "muslin", "batch", "fit", str(bodies), "--pattern", options.pattern,
        "--sizes", options.sizes, "--edge", str(options.edge), "--out", str(out), *map(str, more),
    ]  # fmt: skip


def run(options, bodies, out, *more):
    """Run a batch to its end; returns seconds, and processor seconds of all its processes."""
    start, before = time.monotonic(), processor_s()
    done = subprocess.run(
        command(options, bodies, out, *more), stderr=subprocess.PIPE, text=True,
        timeout=options.limit, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    taken_s = time.monotonic() - start
    print(f"{out.name}: {taken_s:.1f} s", file=sys.stderr, flush=True)
    return taken_s, processor_s() - before


def processor_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def digest(out):
    return hashlib.sha256((out / "fits.parquet").read_bytes()).hexdigest()


def facts(out):
    import pyarrow.parquet as parquet

    rows = parquet.read_table(out / "fits.parquet").to_pylist()
    vertices = [row["n_vertices"] for row in rows if row["n_vertices"]]
    return {
        "n_fits": len(rows),
        "n_done": sum(row["state"] == "done" for row in rows),
        "n_converged": sum(row["converged"] is True for row in rows),
        "n_vertices_mean": round(float(np.mean(vertices))),
    }


def throughput(options, bodies, folder):
    (one_s, one_cpu_s), (two_s, two_cpu_s) = (
        run(options, bodies, folder / f"w{n}", "--workers", n) for n in (1, 2)
    )
    return {
        **facts(folder / "w2"),
        "one_worker_s": one_s,
        "two_workers_s": two_s,
        "throughput_ratio": one_s / two_s,
        # Work that two workers do more than one; on a busy machine this is what can be known.
        "one_worker_processor_s": one_cpu_s,
        "two_workers_processor_s": two_cpu_s,
        "processor_share_kept": one_cpu_s / two_cpu_s,
        "same_table": digest(folder / "w1") == digest(folder / "w2"),
    }


def n_results(out):
    return len(list((out / "results").glob("*.json"))) if (out / "results").is_dir() else 0


def kill_when(options, bodies, out, n_wanted):
    """Start a batch and kill it, workers and all, as soon as some results are there."""
    process = subprocess.Popen(
        command(options, bodies, out, "--workers", 2), stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + options.limit
    while n_results(out) < n_wanted and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    alive = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    return alive


def kills(options, bodies, folder):
    return killed(options, bodies, folder, undisturbed(options, bodies, folder))


def scheduler(options, bodies, folder):
    return by_scheduler(options, bodies, folder, undisturbed(options, bodies, folder))


def same(options, bodies, folder):
    local = undisturbed(options, bodies, folder)
    found = killed(options, bodies, folder, local)
    return found | by_scheduler(options, bodies, folder, local)


def undisturbed(options, bodies, folder):
    out = folder / "undisturbed"
    run(options, bodies, out, "--workers", 2)
    return out


def killed(options, bodies, folder, local):
    """Whether a batch that was killed three times ends with the table of an undisturbed one."""
    n_all, out, times = facts(local)["n_fits"], folder / "killed", []
    for i in (1, 2, 3):
        alive = kill_when(options, bodies, out, round(n_all * i / 4))
        times.append({"n_results": n_results(out), "in_the_middle": alive})
    run(options, bodies, out, "--workers", 2)
    return {**facts(out), "kills": times, "same_table_after_kills": digest(out) == digest(local)}


def by_scheduler(options, bodies, folder, local):
    """Whether a scheduler and two workers in other processes give the table of a local run."""
    with ExitStack() as stack:
        address_file = folder / "scheduler.json"
        start(stack, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
              "--no-dashboard", "--scheduler-file", address_file)  # fmt: skip
        deadline = time.monotonic() + 60
        while not address_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(address_file.read_text(encoding="utf-8"))["address"]
        for _ in range(2):
            start(stack, "distributed.cli.dask_worker", address, "--host", "127.0.0.1",
                  "--nthreads", "1", "--no-dashboard", "--local-directory", folder)  # fmt: skip
        out = folder / "remote"
        run(options, bodies, out, "--scheduler", address)
    return {**facts(out), "same_table_by_scheduler": digest(out) == digest(local)}


def start(stack, module, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)], stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)


PARTS = {"throughput": throughput, "kills": kills, "scheduler": scheduler, "same": same}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=sorted(PARTS), default="throughput")
    parser.add_argument("--bodies", type=int, default=16)
    parser.add_argument("--sizes", default="S,M,L,XL")
    parser.add_argument("--pattern", default="tshirt")
    parser.add_argument("--edge", type=float, default=1.73)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=1800, help="seconds for one batch")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-fits-") as name:
        folder = Path(name)
        bodies = folder / "bodies.csv"
        write_bodies(bodies, options.bodies, options.seed)

        result = {"part": options.part, **PARTS[options.part](options, bodies, folder)}
    print(json.dumps(result, indent=2) if options.json else "\n".join(
        f"{key}: {value}" for key, value in result.items()
    ))  # fmt: skip


if __name__ == "__main__":
    main()
