"""What tests of several rooms of the front door share."""

import json
import subprocess
import sys
import time

import pytest


@pytest.fixture
def scheduler(tmp_path):
    """Address of a dask scheduler with two workers, each a process of its own on the loopback."""
    address_file = tmp_path / "scheduler.json"
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
             "--port", "0", "--no-dashboard", "--scheduler-file", str(address_file)], **quiet,
        )
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not address_file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(address_file.read_text(encoding="utf-8"))["address"]
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", address, "--host",
                 "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--nworkers", "2",
                 "--local-directory", str(tmp_path)], **quiet,
            )
        )  # fmt: skip
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)
