"""How patient a source is with its radio."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSettings:
    """Patience, in seconds unless the name says otherwise.

    Attributes:
        scan_timeout_s: Longest scan of one attempt.
        connect_timeout_s: Longest connect with discovery, without the wait for other garments'.
        reconnect_timeout_s: The same once a link has served; what is known goes faster.
        operation_timeout_s: Longest read, write or control request.
        silence_s: Longest time without data; nothing takes max(2 s, 4 x largest frame latency).
        backoff_first_s: Pause after the second failure in a row; it doubles. After the first there
            is none, nor does it grow while a garment is merely away.
        backoff_max_s: Longest pause; a garment that comes back waits no longer than this.
        backoff_jitter: Random share of the pause, both ways, no unit.
        settled_s: A link that lasted this long forgets earlier failures.
        queue_size: Notifications that may wait for the consumer.
        first_attempts: Failures in a row that are borne before the first link came up.
        exchanges_per_burst: Clock exchanges at once.
        exchange_spacing_s: Time between two of them.
        exchange_every_s: Time between two bursts.
        dither_us: Upper bound of the garment's random wait before a clock response.
        drain_s: Wait for late notifications after stop.
        farewell_s: How long after stop a garment that is away is still looked for, because only it
            knows how far it got.
        backfill_s: Longest wait, after stop, for what the garment's log still holds.
    """

    scan_timeout_s: float = 10.0
    connect_timeout_s: float = 20.0
    reconnect_timeout_s: float = 5.0
    operation_timeout_s: float = 5.0
    silence_s: float | None = None
    backoff_first_s: float = 0.25
    backoff_max_s: float = 1.0
    backoff_jitter: float = 0.2
    settled_s: float = 2.0
    queue_size: int = 4096
    first_attempts: int = 3
    exchanges_per_burst: int = 8
    exchange_spacing_s: float = 0.11
    exchange_every_s: float = 10.0
    dither_us: int = 100_000
    drain_s: float = 0.05
    farewell_s: float = 10.0
    backfill_s: float = 20.0

    def longest_connect_s(self, *, is_known: bool) -> float:
        """Longest connect to a device, depending on whether a link to it has served before."""
        if is_known:
            return min(self.connect_timeout_s, self.reconnect_timeout_s)
        return self.connect_timeout_s


def pause_s(n_failures: int, *, settings: SupervisorSettings, rng: np.random.Generator) -> float:
    """Pause after so many failures in a row: none after the first, then doubling to a limit."""
    if n_failures <= 1:
        return 0.0
    # Far fewer doublings than this reach any limit, and a float holds them.
    n_doublings = min(n_failures - 2, 60)
    delay_s = min(settings.backoff_first_s * 2**n_doublings, settings.backoff_max_s)
    return delay_s * (1 + settings.backoff_jitter * float(rng.uniform(-1, 1)))
