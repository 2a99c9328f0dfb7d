"""Garments in trouble, in short: what they produced is in the file or in its gaps, exactly."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow(seconds=30)
def test_a_short_soak_loses_count_of_nothing():
    """The long one is `benchmarks/session_soak.py` without arguments; times are its matter."""
    script = Path(__file__).parents[3] / "benchmarks" / "session_soak.py"
    done = subprocess.run(
        [sys.executable, str(script), "--garments", "3", "--seconds", "26", "--mean-s", "3",
         "--seed", "3", "--json"],
        capture_output=True, text=True, check=True, timeout=240,
        env=os.environ | {"PYTHONPATH": str(script.parents[1])},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert sum(found["faults"].values()) > 5
    assert found["host_stalls"] > 0
    assert (found["duplicates"], found["different"], found["files_clean"]) == (0, 0, 3)
    assert found["inexact"] == {}
    assert found["streams_exact"] == found["streams"] == 9
