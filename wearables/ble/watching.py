"""When a link that says nothing is given up.

Only silence that this process was awake for counts: on a machine that was busy, data wait in the
socket, and a link that is cut for that would lose what is merely late.
"""

import asyncio
import contextlib
import time

from wearables.ble.link import Link, LinkEndedError

# A loop that wakes this much too late was held up, and so was whoever brings the data.
_LATE_NS = 250_000_000


class SilenceWatch:
    """Watches one link."""

    def __init__(self, link: Link, *, silence_s: float) -> None:
        self._link = link
        self._silence_ns = round(silence_s * 1e9)
        self._awake_ns = 0

    @property
    def due_ns(self) -> int:
        """When the link will have been silent for too long."""
        return max(self._link.last_data_ns, self._awake_ns) + self._silence_ns + 1

    def check(self) -> None:
        """Look at the link.

        Raises:
            LinkEndedError: If it is lost or silent.
        """
        if self._link.is_lost:
            raise LinkEndedError("lost")
        if time.monotonic_ns() >= self.due_ns:
            raise LinkEndedError("silent")

    async def sleep_until(self, due_ns: int) -> None:
        """Sleep until a host time, or until something wakes the link."""
        wait_s = max(due_ns - time.monotonic_ns(), 0) * 1e-9
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._link.woken.wait()
        self._link.woken.clear()
        now_ns = time.monotonic_ns()
        if now_ns - due_ns > _LATE_NS:
            self._awake_ns = now_ns
