"""One piece of a worker's work at a time: what is being done, told to the page, with a limit."""

import asyncio
from collections.abc import Callable

from muslin.studio.pipe import Content
from muslin.studio.sockets import Hub


class Turn:
    """What a desk is doing, under the name by which the page knows it."""

    def __init__(self, hub: Hub, name: str, idle: Content) -> None:
        self._hub = hub
        self._name = name
        self._ended = asyncio.Event()
        self._ended.set()
        self.idle = idle
        self.state: Content = dict(idle)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done."""
        return self.state["phase"] == "idle"

    def tell(self, state: Content) -> None:
        """Take a state and tell the page."""
        self.state = state
        if self.is_idle:
            self._ended.set()
        else:
            self._ended.clear()
        self._hub.state(self._name, state)

    def rest(self, **more: object) -> None:
        """Be idle again, and say how it ended."""
        self.tell({**self.idle, **more})

    async def over(self, timeout_s: float) -> bool:
        """Wait until nothing is being done; False where that takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    async def limit(self, number: int, timeout_s: float, end: Callable[[str], None]) -> None:
        """End what takes for ever, if it is still the work of that number."""
        if not await self.over(timeout_s) and self.state["id"] == number:
            end(f"ended after {timeout_s / 60:g} min")
