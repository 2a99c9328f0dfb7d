"""The claim of benchmarks/link_backfill.py, small: every door ends bit-exact."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "link_backfill.py"


@pytest.mark.slow
def test_losses_and_an_outage_come_back_on_radio_network_and_line():
    run = subprocess.run(
        [sys.executable, SCRIPT, "--seconds", "5", "--json"], capture_output=True, check=True
    )
    result = json.loads(run.stdout)
    assert set(result) == {"ble", "udp", "pty"}
    for door, row in result.items():
        assert row["bit_exact"], (door, row)
        assert row["not_sent_live"] > 20
