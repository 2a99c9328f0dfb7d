"""What tests of several rooms of the front door share."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

KILL_LIMIT_S = 240


@pytest.fixture
def kill_after_a_result():
    """Run a command with its workers until its folder holds a result, kill all, count results."""

    def run_and_kill(command, out):
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + KILL_LIMIT_S
        while not list(out.glob("results/*.json")) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        return len(list(out.glob("results/*.json")))

    return run_and_kill


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
