"""Load: garments that send full notifications, recorded by one process, beside a bare callback.

The garments live in a process of their own, behind one virtual radio. Theirs are real frames that
were encoded before and get new index, time and checksum, so that the sender is not the limit. They
keep a log, as garments do: what a late machine let pass is asked for again, and counted.
The floor is bleak's callback putting the same notifications into a list. CPU is that of the
recording process alone; latency is from the notification to its flush into the file, counted for
notifications that came once all garments were connected and the recording ran.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
from binascii import crc_hqx
from bisect import bisect_right
from pathlib import Path

import numpy as np

from firmware_bridge.control import Command, encode_message, request
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Garment, Replay
from firmware_bridge.uuids import DATA_UUID, SMP_UUID
from wearables.ble import GarmentSource, backend_for
from wearables.ble.backends import radio_held
from wearables.ble.scanning import find_garment
from wearables.sessions import Session, SessionWriter, SubjectInfo, Take, record_all

N_CANNED = 400


def schema(rate_hz: float) -> GarmentSchema:
    channels = tuple(
        ChannelSchema(
            name=f"c{i}", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"
        )
        for i in range(6)
    )
    stream = StreamSchema(
        id=1, name="imu", rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=1000, store=True,
        channels=channels,
    )  # fmt: skip
    return GarmentSchema(vendor="bench", name="load", hw="1", schema=1, streams=(stream,))


def canned(rng: np.random.Generator) -> list[bytes]:
    """Frames of a random walk, as full as the encoder makes them."""
    stream = schema(1000.0).streams[0]
    encoder, frames = FrameEncoder(stream, session=1, size=244), []
    values = np.clip(np.cumsum(rng.integers(-60, 61, (N_CANNED * 60, 6)), axis=0), -30000, 30000)
    for i, row in enumerate(values.tolist()):
        frame = encoder.push(row, device_us=i * 1000)
        if frame is not None:
            frames.append(frame)
        if len(frames) == N_CANNED:
            break
    return frames


class CannedLog:
    """A log that holds everything, since every frame can be made again; as a flash log is asked."""

    used_bytes = 0

    def __init__(self, garment: "CannedGarment") -> None:
        self._garment = garment

    def oldest(self, _stream_id: int, session: int) -> int | None:
        return 0 if session == self._garment.session else None

    def find(self, _stream_id: int, _session: int, start: int, stop: int) -> list[bytes]:
        garment = self._garment
        first, last = garment.frame_of(start), garment.frame_of(max(start, stop - 1))
        return [garment.frame(i) for i in range(first, min(last + 1, garment.n_frames))]

    def settle(self, _at_us: int) -> None:
        return


class CannedGarment(Garment):
    """Sends prepared frames at a steady pace, over and over with new index and time."""

    def __init__(self, frames: list[bytes], frames_hz: float, seed: int) -> None:
        sizes = [frame[14] for frame in frames]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int).tolist()
        self._rate_hz = float(round(frames_hz * np.mean(sizes)))
        garment = schema(self._rate_hz)
        one = Replay(schema=garment, counts={1: np.zeros((2, 6), dtype=np.int64)})
        super().__init__(one, rng=np.random.default_rng(seed))
        self._frames_hz, self._canned = frames_hz, frames
        self._memory = CannedLog(self)
        self.n_frames = 0

    def start_of(self, i: int) -> int:
        """Index of the first sample of a frame; of the one to come: samples so far."""
        rounds, place = divmod(i, N_CANNED)
        return rounds * self._starts[-1] + self._starts[place]

    def frame_of(self, index: int) -> int:
        rounds, rest = divmod(index, self._starts[-1])
        return rounds * N_CANNED + bisect_right(self._starts, rest) - 1

    def frame(self, i: int) -> bytes:
        start, one = self.start_of(i), self._canned[i % N_CANNED]
        at_us = self._origin_us + round(start / self._rate_hz * 1e6)
        body = one[:4] + struct.pack("<IQ", start, at_us)[:10] + one[14:-2]
        return body + struct.pack("<H", crc_hqx(body, 0xFFFF))

    @property
    def n_samples(self) -> int:
        return self.start_of(self.n_frames)

    @property
    def is_finished(self) -> bool:
        return False

    def advance(self, device_us: int) -> list[bytes]:
        if not self.is_streaming or self._origin_us is None:
            return []
        n_due = int((device_us - self._origin_us) * 1e-6 * self._frames_hz)
        made = [self.frame(i) for i in range(self.n_frames, n_due)]
        self.n_frames = max(self.n_frames, n_due)
        return made

    def stop(self, device_us: int) -> None:
        self._stopped_us = device_us

    def log_status(self) -> dict:
        return {"1": {"session": self.session, "oldest": 0, "newest": self.n_samples}}


async def serve(n_garments: int, frames_hz: float) -> None:
    """The garments' process: says its port, runs until standard input closes."""
    from firmware_bridge.sim.hci_server import HciServer
    from firmware_bridge.sim.peripheral import GarmentPeripheral
    from firmware_bridge.sim.radio import AirSettings, RadioLink, VirtualController

    frames = canned(np.random.default_rng(1))
    link = RadioLink(settings=AirSettings(interval_s=0.015, budget=6))
    peripherals = [
        GarmentPeripheral(CannedGarment(frames, frames_hz, i), link=link, serial=i + 1)
        for i in range(n_garments)
    ]
    for peripheral in peripherals:
        await peripheral.open()
    server = HciServer(VirtualController("central", link=link, number=200))
    print(json.dumps({"port": await server.open(port=0)}), flush=True)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(p.outlet.run()) for p in peripherals]
        await loop.run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
    for peripheral in peripherals:
        peripheral.close()
    # What the controllers have answered arrives before those who wait for it are cancelled.
    await server.close()
    sent = [[p.outlet.garment.n_frames, p.outlet.garment.n_samples] for p in peripherals]
    print(json.dumps(sent), flush=True)


@contextlib.contextmanager
def garments(n_garments: int, frames_hz: float):
    command = [sys.executable, __file__, "--serve", str(n_garments), "--hz", str(frames_hz)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        port = json.loads(process.stdout.readline())["port"]
        sent: list[list[int]] = []
        yield f"tcp-client:127.0.0.1:{port}", sent
        process.stdin.close()
        sent += json.loads(process.stdout.readline())


class Meter:
    """CPU and memory of this process from now on."""

    def __init__(self) -> None:
        self.start = self._now()
        self.rss_mb: list[float] = []

    @staticmethod
    def _now() -> tuple[float, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), usage.ru_utime + usage.ru_stime

    def sample(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.rss_mb.append(pages * resource.getpagesize() / 1e6)

    def cpu_share(self) -> float:
        wall, cpu = self._now()
        return (cpu - self.start[1]) / (wall - self.start[0])


class Ages:
    """How old notifications were when they were flushed, in milliseconds; no list that grows."""

    def __init__(self) -> None:
        self._counts = np.zeros(30_000, dtype=np.int64)
        self.largest_s = 0.0

    def add(self, ages_s: np.ndarray) -> None:
        if ages_s.size:
            place = np.minimum((ages_s * 1e3).astype(np.int64), self._counts.size - 1)
            self._counts += np.bincount(place, minlength=self._counts.size)
            self.largest_s = max(self.largest_s, float(ages_s.max()))

    def quantile_s(self, share: float) -> float:
        """Upper end of the millisecond in which a share of them is reached."""
        return float(np.searchsorted(np.cumsum(self._counts), share * self._counts.sum()) + 1) / 1e3


async def floor(n_garments: int, frames_hz: float, seconds: float) -> dict:
    """bleak's callback into a list, nothing else."""
    from bleak import BleakClient

    with garments(n_garments, frames_hz) as (uri, _sent):
        seen: list[bytes] = []
        clients = []
        start = encode_message(request(Command.START, {"streams": [1]}, sequence=0))
        async with radio_held(uri):
            for serial in range(1, n_garments + 1):
                device, _ = await find_garment(uri, serial=serial, timeout_s=20)
                client = BleakClient(device, **backend_for(uri).for_client)
                await client.connect()
                await client.start_notify(DATA_UUID, lambda _sender, data: seen.append(data))
                clients.append(client)
            for client in clients:
                await client.write_gatt_char(SMP_UUID, start, response=False)
            await asyncio.sleep(1)
            meter, n_before = Meter(), len(seen)
            await asyncio.sleep(seconds)
            share, n = meter.cpu_share(), len(seen) - n_before
            for client in clients:
                await client.disconnect()
    return {"cpu_share": share, "notifications_hz": n / seconds}


async def load(n_garments: int, frames_hz: float, seconds: float, folder: Path) -> dict:
    ages, began_ns = Ages(), 0
    plain = SessionWriter._flush_file

    def timed(self: SessionWriter, *, sync: bool) -> None:
        streams = [s for device in self._devices.values() for s in device.streams.values()]
        stamps = [row[-1] for stream in streams for row in stream._frames]
        plain(self, sync=sync)
        arrived_ns = np.array([stamp for stamp in stamps if stamp > began_ns], dtype=np.int64)
        ages.add((time.monotonic_ns() - arrived_ns) * 1e-9)

    SessionWriter._flush_file = timed
    with garments(n_garments, frames_hz) as (uri, sent):
        async with contextlib.AsyncExitStack() as stack:
            sources = [
                await stack.enter_async_context(GarmentSource(uri, serial=serial))
                for serial in range(1, n_garments + 1)
            ]
            paths = [folder / f"{i}.h5" for i in range(n_garments)]
            takes = [
                Take(source=source, path=path, subject=SubjectInfo(id="load"))
                for source, path in zip(sources, paths, strict=True)
            ]
            meter, began_ns = Meter(), time.monotonic_ns()

            async def watch() -> float:
                for _ in range(max(2, round(seconds / 5))):
                    await asyncio.sleep(5 if seconds >= 10 else seconds / 2)
                    meter.sample()
                share = meter.cpu_share()
                for source in sources:
                    await source.stop()
                return share

            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch())
                summaries = await record_all(takes)
        overflow = sum(source.n_overflow for source in sources)
    SessionWriter._flush_file = plain
    n_links, n_filled = from_files(paths)
    n_sent = sum(row[1] for row in sent)
    n_stored = sum(summary.n_stored["imu"] for summary in summaries)
    third = max(1, len(meter.rss_mb) // 3)
    return {
        "garments": n_garments,
        "seconds": seconds,
        "notifications": sum(row[0] for row in sent),
        "mean_bytes": float(np.mean([len(frame) for frame in canned(np.random.default_rng(1))])),
        "notifications_hz": sum(row[0] for row in sent) / seconds,
        "samples_sent": n_sent,
        "samples_stored": n_stored,
        "samples_lost": n_sent - n_stored,
        "samples_in_gaps": sum(summary.n_lost["imu"] for summary in summaries),
        "samples_backfilled": n_filled,
        "links": n_links,
        "overflow": overflow,
        "cpu_share": watching.result(),
        "latency_p50_s": ages.quantile_s(0.5),
        "latency_p99_s": ages.quantile_s(0.99),
        "latency_max_s": ages.largest_s,
        "rss_early_mb": float(np.mean(meter.rss_mb[-2 * third : -third] or meter.rss_mb[:third])),
        "rss_late_mb": float(np.mean(meter.rss_mb[-third:])),
    }


def from_files(paths: list[Path]) -> tuple[int, int]:
    """Links, and samples that came from the garments' logs, of all sessions."""
    n_links = n_filled = 0
    for path in paths:
        with Session.open(path) as session:
            n_links += len(session.epochs)
            n_filled += sum(gap.n_filled for gap in session.streams["imu"].gaps)
    return n_links, n_filled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--garments", type=int, default=16)
    parser.add_argument(
        "--hz", type=float, default=100.0, help="notifications a garment and second"
    )
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--floor-seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve, arguments.hz))
        return
    bare = asyncio.run(floor(arguments.garments, arguments.hz, arguments.floor_seconds))
    with tempfile.TemporaryDirectory() as folder:
        ours = asyncio.run(load(arguments.garments, arguments.hz, arguments.seconds, Path(folder)))
    result = {**ours, "floor": bare, "ratio_cpu": ours["cpu_share"] / bare["cpu_share"]}
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
