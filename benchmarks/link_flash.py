"""Cut the power of the flash log at random bytes: is every acknowledged frame still there?"""

import argparse
import json

import numpy as np

from firmware_bridge.flash_log import FlashLog
from firmware_bridge.packet import FrameKind, device_frame
from firmware_bridge.sim.flash import NorFlash, PowerCutError


def frames_of(rng: np.random.Generator, first: int, n: int) -> list[bytes]:
    return [
        device_frame(
            FrameKind.EVENT, {1: "x" * int(rng.integers(0, 220))}, session=1, counter=first + i,
            device_us=first + i,
        )
        for i in range(n)
    ]  # fmt: skip


def append_all(log: FlashLog, frames: list[bytes]) -> tuple[int, int]:
    """Frames acknowledged and frames tried until power fails."""
    for i, frame in enumerate(frames):
        try:
            log.append(frame)
        except PowerCutError:
            return i, i + 1
    return len(frames), len(frames)


def cut_once(rng: np.random.Generator, *, n_sectors: int) -> tuple[int, int]:
    """One life: write, cut, mount, write on, mount. Returns frames lost and phantoms."""
    flash = NorFlash(n_sectors=n_sectors, sector_bytes=1024)
    frames = frames_of(rng, 0, 60)
    flash.budget_bytes = int(rng.integers(0, 12_000))
    n_safe, n_tried = append_all(FlashLog(flash), frames)
    flash.budget_bytes = None
    log = FlashLog(flash)
    later = frames_of(rng, 1000, 3)
    append_all(log, later)
    found = list(FlashLog(flash).frames())
    known = frames[:n_tried] + later
    n_phantom = sum(frame not in known for frame in found)
    # What a full ring has overwritten is no loss: what must be there is the newest, without a hole.
    safe = frames[:n_safe] + later
    kept = [frame for frame in found if frame in safe]
    capacity = log.capacity_bytes - 1024
    size, due = 0, 0
    for frame in reversed(safe):
        size += len(frame) + 2 + 32
        if size > capacity:
            break
        due += 1
    n_lost = sum(frame not in kept for frame in safe[len(safe) - due :])
    n_lost += kept != safe[len(safe) - len(kept) :]
    return n_lost, n_phantom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    lost = phantom = 0
    for i in range(options.cuts):
        n_lost, n_phantom = cut_once(rng, n_sectors=16 if i % 2 else 5)
        lost, phantom = lost + n_lost, phantom + n_phantom
    result = {"cuts": options.cuts, "acknowledged_lost": lost, "phantoms": phantom}
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{options.cuts} power cuts: {lost} acknowledged frames lost, {phantom} phantoms")


if __name__ == "__main__":
    main()
