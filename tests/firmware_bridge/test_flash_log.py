import numpy as np
import pytest

from firmware_bridge.errors import FrameError
from firmware_bridge.flash_log import FlashLog
from firmware_bridge.packet import Frame, FrameKind
from firmware_bridge.sim.flash import NorFlash, PowerCutError


def make_frame(i, size=60):
    body = np.random.default_rng(i).bytes(size)
    return Frame(
        kind=FrameKind.DATA, stream_id=1, session=1, first_index=i, device_us=i, n_samples=1,
        flags=0, body=body,
    ).to_bytes()  # fmt: skip


def test_frames_come_back_in_order_after_a_reboot():
    flash = NorFlash(n_sectors=4, sector_bytes=512)
    frames = [make_frame(i, 20 + i) for i in range(15)]
    log = FlashLog(flash)
    for frame in frames:
        log.append(frame)
    assert list(log.frames()) == frames
    assert list(FlashLog(flash).frames()) == frames
    assert FlashLog(flash).used_bytes == log.used_bytes > 0


def test_a_full_ring_gives_up_its_oldest_sector():
    flash = NorFlash(n_sectors=3, sector_bytes=256)
    log = FlashLog(flash)
    frames = [make_frame(i) for i in range(50)]
    for frame in frames:
        log.append(frame)
    kept = list(FlashLog(flash).frames())
    assert kept == frames[-len(kept) :]
    assert sum(len(frame) + 2 for frame in kept) > log.capacity_bytes / 2
    assert log.n_erases > 0


def test_power_may_fail_at_every_byte():
    frames = [make_frame(i) for i in range(30)]
    for budget in range(0, 2600, 13):
        flash = NorFlash(n_sectors=3, sector_bytes=256, budget_bytes=budget)
        safe = write_until_cut(flash, frames)
        flash.budget_bytes = None
        log = FlashLog(flash)
        kept = list(log.frames())
        assert_no_loss(kept, frames, safe)
        later = [make_frame(1000 + i) for i in range(3)]
        for frame in later:
            log.append(frame)
        assert list(FlashLog(flash).frames())[-3:] == later


def write_until_cut(flash, frames):
    safe = 0
    try:
        log = FlashLog(flash)
        for frame in frames:
            log.append(frame)
            safe += 1
    except PowerCutError:
        pass
    return safe


def assert_no_loss(kept, frames, safe):
    """Nothing invented, nothing reordered, nothing acknowledged lost but the oldest."""
    if not safe:
        assert kept in ([], frames[:1])
        return
    # The frame being written may or may not have made it; the acknowledged ones must have.
    newest = frames.index(kept[-1]) + 1
    assert newest in (safe, safe + 1)
    assert kept == frames[newest - len(kept) : newest]


def test_what_does_not_fit_is_refused_with_a_sentence():
    log = FlashLog(NorFlash(n_sectors=2, sector_bytes=128))
    with pytest.raises(FrameError, match="does not fit into a sector of 128 bytes"):
        log.append(make_frame(1, 200))
    with pytest.raises(FrameError, match="at least 2"):
        FlashLog(NorFlash(n_sectors=1))


def test_a_driver_that_reports_violations_sees_none():
    # NorFlash raises when a cleared bit is to be set: half-written bytes must not be written over.
    flash = NorFlash(n_sectors=4, sector_bytes=256, budget_bytes=100)
    assert write_until_cut(flash, [make_frame(i) for i in range(9)]) == 1
    flash.budget_bytes = None
    log = FlashLog(flash)
    for i in range(20, 40):
        log.append(make_frame(i))
    assert list(log.frames())[-1] == make_frame(39)
