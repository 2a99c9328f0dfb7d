"""What goes wrong in the soak, and when: faults of garments, and a host that stands still."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from firmware_bridge.sim import Faults
from wearables.ble import GarmentSource

QUIET_END_S = 12.0
LOSS = 0.02
KINDS = ("terminate", "radio", "stall", "reboot", "freeze", "kill", "overflow")


@dataclass
class Life:
    """One process of a garment: its knobs, and what is done to it from outside."""

    faults: Faults
    freezes_s: list[tuple[float, float]]
    length_s: float
    ends_s: list[float]
    kinds: list[str]


def plan_life(rng: np.random.Generator, *, mean_s: float, left_s: float, log_kib: int) -> Life:
    """Draw faults one after the other until one of them is a kill, or the time is over."""
    cuts, outages, silences, reboots, freezes, ends, kinds = [], [], [], [], [], [], []
    jams: list[tuple[float, float, float]] = []
    at_s = 0.0
    while True:
        at_s += float(rng.uniform(0.5, 1.5)) * mean_s
        if at_s > left_s - QUIET_END_S:
            at_s = left_s
            break
        kind = KINDS[rng.integers(len(KINDS))]
        kinds.append(kind)
        stop_s = at_s + float(rng.uniform(2.5, 6.0))
        if kind == "kill":
            break
        if kind == "terminate":
            cuts.append(at_s)
            stop_s = at_s
        elif kind == "radio":
            outages.append((at_s, stop_s))
        elif kind == "stall":
            silences.append((at_s, stop_s))
        elif kind == "reboot":
            stop_s = at_s + float(rng.uniform(0.5, 2.0))
            reboots.append((at_s, stop_s - at_s))
        elif kind == "overflow":
            # Half of what it makes: its queue is full after some 4 s and drops; the link stays.
            at_s, jam_s = at_s + float(rng.uniform(6.0, 9.0)), at_s
            jams.append((jam_s, at_s, 5.0))
            continue
        else:
            freezes.append((at_s, stop_s))
        ends.append(stop_s)
        at_s = stop_s
    faults = Faults(
        loss=LOSS, cuts_s=tuple(cuts), outages_s=tuple(outages), silences_s=tuple(silences),
        brown_outs=tuple(reboots), jams=tuple(jams), queue_frames=24, log_kib=log_kib,
        drift_ppm=float(rng.uniform(-80, 80)),
    )  # fmt: skip
    return Life(faults, freezes, at_s, ends, kinds)


class Diary:
    """What links were doing, and how late this process was, so that a slow one can be explained.

    Attributes:
        lags: Time and lateness of a wake-up [s], where it was late.
    """

    def __init__(self) -> None:
        self.lags: list[tuple[float, float]] = []
        self._states: dict[int, list[tuple[float, str]]] = {}

    async def keep(self, sources: dict[int, GarmentSource]) -> None:
        due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if now_s - due_s > 0.2:
                self.lags.append((now_s, now_s - due_s))
            for number, source in sources.items():
                kept, text = self._states.setdefault(number, []), str(source.state)
                if not kept or kept[-1][1] != text:
                    kept.append((now_s, text))
            due_s = time.monotonic() + 0.05
            await asyncio.sleep(0.05)

    def before(self, number: int, at_s: float, *, span_s: float) -> dict[str, object]:
        """States of a link and the worst lateness in the seconds before a moment."""
        lags = [lag for when, lag in self.lags if at_s - span_s <= when <= at_s]
        states = [
            [round(when - at_s, 2), text]
            for when, text in self._states.get(number, [])
            if at_s - span_s <= when <= at_s
        ]
        return {"host_late_s": max(lags, default=0.0), "states": states}


class SlowHost:
    """A source whose consumer stands still now and then, so that the link's queue overflows."""

    def __init__(self, source: GarmentSource, rng: np.random.Generator, mean_s: float) -> None:
        self.source, self.schema = source, source.schema
        self._rng, self._mean_s = rng, mean_s
        self.n_stalls = 0

    async def stop(self) -> None:
        await self.source.stop()

    async def __aiter__(self):
        due_s = time.monotonic() + self._mean_s * float(self._rng.uniform(0.5, 1.5))
        async for event in self.source:
            yield event
            if time.monotonic() > due_s:
                self.n_stalls += 1
                await asyncio.sleep(float(self._rng.uniform(3, 6)))
                due_s = time.monotonic() + self._mean_s * float(self._rng.uniform(0.5, 1.5))
