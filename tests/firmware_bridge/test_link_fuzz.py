"""Fifty thousand mutated frames: none crashes, and the checksum lets no more pass than it must."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "link_fuzz.py"


def test_mutated_frames_are_refused():
    run = subprocess.run(
        [sys.executable, SCRIPT, "--frames", "50000", "--json"], capture_output=True, check=True
    )
    result = json.loads(run.stdout)
    assert result["frames"] >= 50_000
    # Poisson with a mean below 0.8: six or more have a chance of one in ten thousand.
    assert result["accepted"] <= 5
    assert result["batch_disagreements"] == 0
