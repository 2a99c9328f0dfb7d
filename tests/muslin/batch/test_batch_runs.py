"""Whole batches in processes of their own: killed, resumed, over a scheduler, always one table."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from muslin.batch import batch_analyze, read_bodies
from muslin.batch.case import cases_of
from muslin.batch.fit import _styles as styles_of
from muslin.batch.store import BatchFolder, plan_rows
from muslin.batch.work import run_case
from muslin.cli import run_command

# One body that every size of a chest band tries on; coarse, so that a fit takes about a second.
BODIES = "name,sex,stature,bust_girth,hip_girth\nada,female,166,92,102\nbo,male,180,101,99\n"
SIZES = "S,M,L"
LIMIT_S = 240


def fit_command(bodies, out, *more):
    return [
        sys.executable, "-m", "muslin", "batch", "fit", str(bodies), "--pattern", "chest_band",
        "--sizes", SIZES, "--edge", "3", "--out", str(out), *more,
    ]  # fmt: skip


def finish(bodies, out, *more):
    done = subprocess.run(
        fit_command(bodies, out, *more), capture_output=True, text=True, timeout=LIMIT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    return (out / "fits.parquet").read_bytes(), done.stderr


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    path = tmp_path_factory.mktemp("batch") / "bodies.csv"
    path.write_text(BODIES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(bodies):
    """Table of a batch whose cases were called one by one, here, without any worker."""
    people, folder = read_bodies(bodies), BatchFolder(bodies.parent / "whole")
    styles = styles_of(
        people, patterns=["chest_band"], sizes=SIZES.split(","), fabrics=(), base=None,
        fit_class=None, edge_length_m=0.03,
    )  # fmt: skip
    cases = cases_of(people, styles, seed=0)
    folder.write_plan(plan_rows(cases, people))
    for case in cases:
        folder.keep(run_case(case, timeout_s=LIMIT_S))
    batch_analyze(folder.folder)
    return (folder.folder / "fits.parquet").read_bytes()


@pytest.mark.slow(seconds=25)
@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_a_killed_batch_goes_on_and_ends_with_the_same_table(
    bodies, undisturbed, kill_after_a_result
):
    out = bodies.parent / "killed"
    n_known = kill_after_a_result(fit_command(bodies, out, "--workers", "2"), out)
    assert 1 <= n_known < 6
    table, said = finish(bodies, out, "--workers", "1")
    assert table == undisturbed
    assert f"{6 - n_known} fits were run, {n_known} were there already" in said


@pytest.mark.slow(seconds=15)
def test_a_scheduler_with_workers_elsewhere_gives_the_same_table(
    bodies, undisturbed, tmp_path, scheduler
):
    table, _ = finish(bodies, tmp_path / "remote", "--scheduler", scheduler)
    assert table == undisturbed


@pytest.mark.slow(seconds=10)
def test_a_failure_is_kept_with_its_seed_and_run_again_on_demand(bodies, undisturbed, capsys):
    out = bodies.parent / "whole"
    result = next(iter(sorted(Path(out, "results").glob("*.json"))))
    content = json.loads(result.read_text(encoding="utf-8"))
    failed = {key: content[key] for key in ("format", "key", "seed")}
    result.write_text(
        json.dumps(failed | {"state": "failed", "error": "worker died"}), encoding="utf-8"
    )
    assert run_command(["batch", "analyze", str(out), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["n_failed"] == 1
    assert said["failures"][0]["error"] == "worker died"
    assert "seed" in said["failures"][0]
    table, _ = finish(bodies, out, "--workers", "1", "--retry-failed")
    assert table == undisturbed


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--workers", "0"], "workers"),
        (["--timeout", "0"], "s for a fit"),
        (["--memory", "0"], "GiB"),
        (["--edge", "90"], "edge length"),
        (["--pattern", "cape"], "no block"),
        (["--pattern", ""], "at least one pattern"),
        (["--sizes", "Q"], "size 'Q'"),
        (["--sizes", "S,M,S"], "size S was given twice"),
        (["--pattern", "tshirt,a/tshirt.json"], "pattern tshirt was given twice"),
        (["--fabrics", "denim,denim"], "fabric denim was given twice"),
        (["--fabrics", "spider_silk"], "spider_silk"),
        (["--fit-class", "ballgown"], "ballgown"),
        (["--base", "nobody.toml"], "nobody.toml"),
        (["--scheduler", "tcp://127.0.0.1:1"], "does not answer"),
        (["--scheduler", "nonsense://x"], "does not answer"),
    ],
)
def test_wrong_inputs_are_one_sentence(bodies, tmp_path, capsys, monkeypatch, arguments, word):
    monkeypatch.setattr("muslin.batch.cluster.CONNECT_S", 1.0)
    out = ["--out", str(tmp_path / "out")]
    assert run_command(["batch", "fit", str(bodies), *out, *arguments]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("muslin:")]
    assert len(said) == 1
    assert word in said[0]
