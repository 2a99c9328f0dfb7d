"""How long ingestion waits for what, and how it retries."""

from dataclasses import dataclass

import numpy as np

from firmware_bridge.schema import GarmentSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSettings:
    """Time limits and retry policy of a supervised link.

    Attributes:
        scan_s: Longest scan for the garment.
        connect_s: Longest connection and discovery.
        operation_s: Longest wait for one answer.
        silence_s: Link counts as dead after this; ``None`` takes it from the schema.
        backoff_s: First pause between attempts; it doubles up to ``backoff_max_s``.
        backoff_max_s: Longest pause.
        first_attempts: Attempts before the first link is given up.
        burst_every_s: Pause between bursts of clock exchanges.
        burst_size: Exchanges in a burst.
        exchange_gap_s: Pause between exchanges of a burst.
        dither_s: Bound of the random waits on both ends.
        queue_size: Received notifications that may wait.
    """

    scan_s: float = 10.0
    connect_s: float = 20.0
    operation_s: float = 5.0
    silence_s: float | None = None
    backoff_s: float = 0.25
    backoff_max_s: float = 15.0
    first_attempts: int = 3
    burst_every_s: float = 10.0
    burst_size: int = 8
    exchange_gap_s: float = 0.11
    dither_s: float = 0.015
    queue_size: int = 4096

    def silence_limit_s(self, schema: GarmentSchema) -> float:
        """Silence after which the link counts as dead."""
        if self.silence_s is not None:
            return self.silence_s
        latencies_ms = [stream.max_latency_ms for stream in schema.streams]
        return max(2.0, 4e-3 * max(latencies_ms, default=0))

    def pause_s(self, attempt: int, rng: np.random.Generator) -> float:
        """Pause after a failed attempt, with 20 % of jitter either way."""
        pause_s = min(self.backoff_s * 2.0**attempt, self.backoff_max_s)
        return pause_s * float(rng.uniform(0.8, 1.2))
