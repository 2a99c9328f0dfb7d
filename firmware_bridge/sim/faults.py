"""What may go wrong with a virtual garment, as knobs.

Bluetooth repeats until a packet arrives, so loss happens before the transport, in the garment.
"""

import math
from dataclasses import dataclass

from firmware_bridge.errors import SchemaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Knobs; the defaults give a healthy garment with an ordinary crystal.

    Attributes:
        loss: Probability that a data frame is logged, then dropped before the transport.
        queue_frames: Frames that wait for the radio; beyond it the newest is dropped.
        clock_offset_s: Device time when the garment wakes.
        drift_ppm: How much faster the device clock runs than the host's.
        wander_ppm: Amplitude of the slow change of drift.
        wander_period_s: Period of it.
        cuts_s: Times since start of the stream at which the garment ends the link.
        silences_s: Intervals since start in which it keeps the link and sends nothing.
        budget_b_s: Link budget; a start above it is refused.
        battery_pct: Charge, 0..100.
        slow_control_s: Wait before every control response but the clock's.
        overruns: Stream, time since start [s], samples that the sensor's own queue loses there.
        stuck: Stream, channel, start and stop [s] since start: the value of the start stays.
        log_kib: Size of the flash log; 0 for a garment that keeps nothing.
        outages_s: Intervals since start in which the host is out of range.
        drain_frames_s: Frames a second that the transport takes at most; 0 as many as it can.
        jams: Start and stop since start, and the frames a second that the transport takes between.
        brown_outs: Time since start, time without power [s]: a record is torn, a new boot follows.
        flash_ms: Time to store a frame; frames that wait for a slow flash in vain are not logged.
    """

    loss: float = 0.0
    queue_frames: int = 256
    clock_offset_s: float = 12.345
    drift_ppm: float = 37.0
    wander_ppm: float = 0.0
    wander_period_s: float = 600.0
    cuts_s: tuple[float, ...] = ()
    silences_s: tuple[tuple[float, float], ...] = ()
    budget_b_s: float = 90_000.0
    battery_pct: float = 87.0
    slow_control_s: float = 0.0
    overruns: tuple[tuple[str, float, int], ...] = ()
    stuck: tuple[tuple[str, str, float, float], ...] = ()
    log_kib: int = 0
    outages_s: tuple[tuple[float, float], ...] = ()
    drain_frames_s: float = 0.0
    jams: tuple[tuple[float, float, float], ...] = ()
    brown_outs: tuple[tuple[float, float], ...] = ()
    flash_ms: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1:
            raise SchemaError(f"loss is {self.loss:g}, wanted a probability from 0 to 1")
        if not 0 <= self.battery_pct <= 100:
            raise SchemaError(f"battery_pct is {self.battery_pct:g}, wanted 0 to 100")
        if self.log_kib and self.log_kib < 8:
            raise SchemaError(f"log_kib is {self.log_kib}, wanted 0 or at least 8")
        for name in ("queue_frames", "drain_frames_s", "slow_control_s", "flash_ms"):
            if getattr(self, name) < 0:
                raise SchemaError(f"{name} is {getattr(self, name):g}, wanted 0 or more")
        for name in ("silences_s", "outages_s"):
            for start, stop in getattr(self, name):
                if not 0 <= start < stop:
                    raise SchemaError(
                        f"{name} has {start:g} to {stop:g} s, wanted a start from 0 on and a "
                        "later stop"
                    )
        for start, stop, rate_hz in self.jams:
            if not 0 <= start < stop or rate_hz <= 0:
                raise SchemaError(
                    f"jam from {start:g} to {stop:g} s at {rate_hz:g} frames/s, wanted a start "
                    "from 0 on, a later stop, and a rate above 0"
                )
        for at_s, off_s in self.brown_outs:
            if at_s < 0 or off_s < 0:
                raise SchemaError(f"brown-out at {at_s:g} s for {off_s:g} s, wanted 0 or more")

    def device_us(self, elapsed_ns: int) -> int:
        """Device clock, this long after the garment woke on the host's clock."""
        elapsed_s = elapsed_ns * 1e-9
        turn = 2 * math.pi / self.wander_period_s
        wandered_s = self.wander_ppm * 1e-6 * (1 - math.cos(turn * elapsed_s)) / turn
        drifted_s = elapsed_s * self.drift_ppm * 1e-6
        return round((self.clock_offset_s + drifted_s + wandered_s) * 1e6) + elapsed_ns // 1000

    def is_silent(self, since_start_s: float) -> bool:
        """Whether the firmware sends nothing at this time."""
        return any(start <= since_start_s < stop for start, stop in self.silences_s)

    def drain_at(self, since_start_s: float) -> float:
        """Frames a second that the transport takes at this time; 0 for as many as it can."""
        rates = [rate for start, stop, rate in self.jams if start <= since_start_s < stop]
        return min(rates, default=self.drain_frames_s)

    def is_away(self, since_start_s: float) -> bool:
        """Whether the host is out of range at this time."""
        return any(start <= since_start_s < stop for start, stop in self.outages_s)
