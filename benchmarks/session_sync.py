"""Clocks of several garments: one shake that all of them feel, found in every file at one time?

Each garment has a crystal and a radio of its own. Shakes come at times that are common to all;
every garment samples them by its own clock. After the session the files are compared pair by pair
around every shake: the lag of the best cross-correlation is the offset of their clocks. Beside it
stands the same with arrival times instead of exchanges.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, Garment, Replay
from firmware_bridge.sim.hci_server import HciServer
from firmware_bridge.sim.peripheral import GarmentPeripheral
from firmware_bridge.sim.radio import AirSettings, RadioLink, VirtualController
from wearables.ble import GarmentSource
from wearables.sessions import Session, SubjectInfo, Take, record_all

RATE_HZ = 200.0
GRID_S = 0.0005
INTERVALS_S = (0.0075, 0.015, 0.03, 0.05)


def schema() -> GarmentSchema:
    channel = ChannelSchema(
        name="acc_x", unit="m/s2", bits=16, signed=True, scale=0.01, offset=0.0, kind="acc"
    )
    stream = StreamSchema(
        id=1, name="imu", rate_hz=RATE_HZ, rates_hz=(RATE_HZ,), max_latency_ms=200, store=True,
        channels=(channel,),
    )  # fmt: skip
    return GarmentSchema(vendor="bench", name="sync", hw="1", schema=1, streams=(stream,))


def shake(time_s: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    """Damped 7 Hz swings after every shake."""
    since_s = time_s[:, None] - at_s[None, :]
    swing = np.exp(-np.abs(since_s) / 0.12) * np.sin(2 * np.pi * 7 * since_s)
    return 1500 * swing.sum(axis=1)


class ShakenGarment(Garment):
    """Its samples are what the world does at their host time, so they are made at the start."""

    woke_ns = 0
    shakes_s: np.ndarray

    def start(self, device_us: int) -> None:
        is_first = self._origin_us is None
        super().start(device_us)
        if not is_first:
            return
        n = len(self.replay.counts[1])
        wanted_us = device_us + np.arange(n) / RATE_HZ * 1e6
        elapsed_ns = np.linspace(0, wanted_us[-1] * 1000, 4000)
        clock_us = [self.faults.device_us(int(ns)) for ns in elapsed_ns]
        host_s = (self.woke_ns + np.interp(wanted_us, clock_us, elapsed_ns)) * 1e-9
        noise = self._rng.normal(0, 4, n)
        self.replay.counts[1][:, 0] = np.rint(shake(host_s, self.shakes_s) + noise)


@contextlib.asynccontextmanager
async def on_air(number: int, seconds: float, shakes_s: np.ndarray, rng: np.random.Generator):
    interval_s = INTERVALS_S[number % len(INTERVALS_S)]
    faults = Faults(
        clock_offset_s=float(rng.uniform(1, 500)), drift_ppm=float(rng.uniform(-80, 80)),
        wander_ppm=4.0, wander_period_s=600.0,
    )  # fmt: skip
    counts = np.zeros((round((seconds + 60) * RATE_HZ), 1), dtype=np.int64)
    unit = ShakenGarment(Replay(schema=schema(), counts={1: counts}), rng=rng, faults=faults)
    unit.shakes_s = shakes_s
    link = RadioLink(settings=AirSettings(interval_s=interval_s, miss=0.05, seed=number))
    peripheral = GarmentPeripheral(unit, link=link, serial=number + 1)
    unit.woke_ns = peripheral.woke_ns
    await peripheral.open()
    server = HciServer(VirtualController("central", link=link, number=200))
    port = await server.open(port=0)
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(peripheral.outlet.run())
        yield f"tcp-client:127.0.0.1:{port}", faults
        playing.cancel()
    peripheral.close()
    await server.close()


async def record_shakes(folder: Path, n_garments: int, seconds: float, seed: int):
    rng = np.random.default_rng(seed)
    shakes_s = time.monotonic_ns() * 1e-9 + np.arange(4.0, seconds + 30, 2.0)
    shakes_s = shakes_s + rng.uniform(-0.3, 0.3, shakes_s.size)
    async with contextlib.AsyncExitStack() as stack:
        takes, knobs = [], []
        for number, child in enumerate(rng.spawn(n_garments)):
            uri, faults = await stack.enter_async_context(on_air(number, seconds, shakes_s, child))
            source = GarmentSource(uri, duration_s=seconds)
            await stack.enter_async_context(source)
            path = folder / f"{number}.h5"
            takes.append(Take(source=source, path=path, subject=SubjectInfo(id="sync")))
            knobs.append(faults.drift_ppm)
        await record_all(takes)
    return shakes_s, knobs


def signal(path: Path, *, by_arrival: bool) -> tuple[np.ndarray, np.ndarray]:
    """Host time and acceleration of a file."""
    with Session.open(path) as session:
        if by_arrival:
            session.only.place_by_arrival()
        block = session.streams["imu"].read()
        return block.time_s + session.anchor_host_ns * 1e-9, block.values[:, 0]


def offsets_ms(files: list[tuple[np.ndarray, np.ndarray]], shakes_s: np.ndarray) -> np.ndarray:
    """Lag of each pair of files around every shake that all of them hold."""
    low = max(times[0] for times, _ in files) + 1
    high = min(times[-1] for times, _ in files) - 1
    found = []
    for at_s in shakes_s[(shakes_s > low) & (shakes_s < high)]:
        grid = np.arange(at_s - 0.4, at_s + 0.4, GRID_S)
        parts = [np.interp(grid, times, values) for times, values in files]
        for one, other in combinations(parts, 2):
            like = np.correlate(one - one.mean(), other - other.mean(), "full")
            top = int(np.clip(np.argmax(like), 1, like.size - 2))
            left, mid, right = like[top - 1 : top + 2]
            peak = top + 0.5 * (left - right) / (left - 2 * mid + right)
            found.append((peak - (grid.size - 1)) * GRID_S * 1000)
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--garments", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shakes_s, drifts = asyncio.run(
            record_shakes(folder, arguments.garments, arguments.seconds, arguments.seed)
        )
        paths = [folder / f"{i}.h5" for i in range(arguments.garments)]
        result: dict[str, object] = {"drifts_ppm": [round(drift, 1) for drift in drifts]}
        for name, by_arrival in (("fitted", False), ("arrival", True)):
            lags_ms = np.abs(
                offsets_ms([signal(path, by_arrival=by_arrival) for path in paths], shakes_s)
            )
            result[name] = {
                "n": lags_ms.size,
                "p50_ms": float(np.median(lags_ms)),
                "p95_ms": float(np.quantile(lags_ms, 0.95)),
                "max_ms": float(lags_ms.max()),
                "share_below_2_ms": float((lags_ms < 2).mean()),
            }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:12} {value}")


if __name__ == "__main__":
    main()
