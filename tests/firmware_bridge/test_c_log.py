"""The C flash log leaves the same flash as the Python one, power cuts included."""

import struct
import subprocess

import numpy as np
import pytest

from firmware_bridge.flash_log import FlashLog
from firmware_bridge.packet import FrameKind, device_frame
from firmware_bridge.sim.flash import NorFlash, PowerCutError

N_SECTORS, SECTOR_BYTES = 4, 256


@pytest.fixture(scope="module")
def play_in_c(compile_c):
    program = compile_c("log_cases.c")

    def play(image, budget, frames):
        data = struct.pack("<III", N_SECTORS, SECTOR_BYTES, budget) + image
        data += struct.pack("<I", len(frames))
        data += b"".join(struct.pack("<H", len(frame)) + frame for frame in frames)
        run = subprocess.run([program], input=data, capture_output=True, check=False)
        assert run.returncode == 0, run.stderr.decode()
        (n_safe,) = struct.unpack_from("<I", run.stdout)
        end = 4 + len(image)
        left, at, found = run.stdout[4:end], end + 4, []
        while at < len(run.stdout):
            (length,) = struct.unpack_from("<H", run.stdout, at)
            found.append(run.stdout[at + 2 : at + 2 + length])
            at += 2 + length
        assert len(found) == struct.unpack_from("<I", run.stdout, end)[0]
        return n_safe, left, found

    return play


def play_in_python(flash, frames):
    log = FlashLog(flash)
    for i, frame in enumerate(frames):
        try:
            log.append(frame)
        except PowerCutError:
            return i
    return len(frames)


@pytest.mark.parametrize("seed", range(25))
def test_both_logs_leave_the_same_flash_after_power_cuts(play_in_c, seed):
    rng = np.random.default_rng(seed)
    flash = NorFlash(n_sectors=N_SECTORS, sector_bytes=SECTOR_BYTES)
    size = N_SECTORS * SECTOR_BYTES
    for _ in range(4):
        frames = [
            device_frame(
                FrameKind.EVENT, {1: "x" * int(rng.integers(0, 150))}, session=1, counter=i,
                device_us=i,
            )
            for i in range(int(rng.integers(1, 12)))
        ]  # fmt: skip
        budget = int(rng.integers(0, 1200))
        before = flash.read(0, size)
        flash.budget_bytes = budget
        n_safe = play_in_python(flash, frames)
        flash.budget_bytes = None
        answer = play_in_c(before, budget, frames)
        assert answer == (n_safe, flash.read(0, size), list(FlashLog(flash).frames()))
