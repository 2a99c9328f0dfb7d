"""Soak: garments that are terminated, out of range, killed, frozen, silent, jammed and rebooted.

The host is in trouble, too: now and then whoever takes the notifications stands still until the
queue of the link overflows. Every garment runs in its own process with a flash log, and notes each
frame that it produces in a ledger before anything can happen to it. At the end each ledger is
compared with the session file, sample by sample: produced = stored + open gaps, nothing twice,
nothing different. Reconnects are timed from the moment the garment was back.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from soak_faults import Diary, SlowHost, plan_life

from firmware_bridge.codec import decode_frame
from firmware_bridge.flash_log import FlashLog
from firmware_bridge.packet import Frame
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Faults, write_replay
from firmware_bridge.sim.flash import DEFAULT_SECTOR_BYTES, NorFlash
from wearables.ble import GarmentSource, SupervisorSettings
from wearables.events import LinkClosed, LinkOpened
from wearables.sessions import Session, SubjectInfo, Take, record_all, verify

# Some two seconds of a garment; a stall of the host is longer.
HOST_QUEUE = 24
HOST_STALL_SHARE = 4.0


def stream(number: int, name: str, rate_hz: float, n_channels: int, bits: int) -> StreamSchema:
    channels = tuple(
        ChannelSchema(
            name=f"{name}_{i}", unit="1", bits=bits, signed=True, scale=1.0, offset=0.0, kind="acc"
        )
        for i in range(n_channels)
    )
    return StreamSchema(
        id=number, name=name, rate_hz=rate_hz, rates_hz=(rate_hz,), max_latency_ms=300,
        store=True, channels=channels,
    )  # fmt: skip


SCHEMA = GarmentSchema(
    vendor="bench", name="soak", hw="1", schema=1,
    streams=(stream(1, "imu", 100, 6, 16), stream(2, "strain", 50, 8, 12),
             stream(3, "ecg", 250, 1, 24)),
)  # fmt: skip


def make_replay(path: Path, seconds: float, rng: np.random.Generator) -> None:
    counts = {}
    for s in SCHEMA.streams:
        steps = rng.integers(-20, 21, (round(seconds * s.rate_hz), len(s.channels)))
        limit = 2 ** (s.channels[0].bits - 1) - 1
        counts[s.id] = np.clip(np.cumsum(steps, axis=0), -limit, limit)
    write_replay(path, SCHEMA, counts)


@dataclass
class Unit:
    """A garment over all its processes."""

    number: int
    folder: Path
    replay: Path
    rng: np.random.Generator
    log_kib: int
    port: int = 0
    session: int = 1
    kinds: Counter = field(default_factory=Counter)
    back_ns: list[int] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    links: list[tuple[str, int, str]] = field(default_factory=list)
    host: SlowHost | None = None

    @property
    def flash(self) -> Path:
        return self.folder / f"{self.number}.flash"

    @property
    def ledger(self) -> Path:
        return self.folder / f"{self.number}.ledger"

    async def start(self, faults: Faults) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "firmware_bridge.sim.serve", "--replay", str(self.replay),
            "--port", str(self.port), "--seed", str(self.number * 1000 + self.session),
            "--serial", str(self.number + 1), "--session", str(self.session),
            "--idle-s", "600", "--flash", str(self.flash), "--ledger", str(self.ledger),
            "--faults", json.dumps(asdict(faults)),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        line = await process.stdout.readline()
        self.port = int(json.loads(line)["uri"].rsplit(":", 1)[1])
        return process

    def note(self, event: object) -> None:
        """Links as the recorder sees them."""
        if isinstance(event, LinkOpened):
            self.links.append(("open", event.host_ns, ""))
            self.session = max(self.session, event.boot)
        elif isinstance(event, LinkClosed):
            self.links.append(("closed", event.host_ns, event.reason))

    def last_opened(self) -> int:
        return max((at for what, at, _ in self.links if what == "open"), default=0)

    def complete_ledger(self) -> None:
        """A kill may come between the flash and the ledger; the last stored frame is in both."""
        n_sectors = self.log_kib * 1024 // DEFAULT_SECTOR_BYTES
        stored = list(FlashLog(NorFlash(n_sectors=n_sectors, file=self.flash)).frames())
        if stored and stored[-1] not in set(read_ledger(self.ledger)[-40:]):
            with self.ledger.open("ab") as file:
                file.write(len(stored[-1]).to_bytes(2, "little") + stored[-1])


async def torment(unit: Unit, stop_ns: int, mean_s: float, ready: asyncio.Event) -> None:
    """Give a garment one life after the other."""
    is_first = True
    while True:
        left_s = (stop_ns - time.monotonic_ns()) * 1e-9
        life = plan_life(unit.rng, mean_s=mean_s, left_s=left_s, log_kib=unit.log_kib)
        process = await unit.start(life.faults)
        before_ns = unit.last_opened()
        if not is_first:
            unit.back_ns.append(time.monotonic_ns())
        is_first = False
        ready.set()
        try:
            while unit.last_opened() == before_ns:
                await asyncio.sleep(0.05)
                if time.monotonic_ns() > stop_ns:
                    return
            start_ns = unit.last_opened()
            # The garment counts the time of its faults on its own crystal.
            pace = 1 - life.faults.drift_ppm * 1e-6
            unit.back_ns += [start_ns + round(end_s * pace * 1e9) for end_s in life.ends_s]
            unit.kinds.update(life.kinds)
            for freeze_s, thaw_s in life.freezes_s:
                await until(start_ns + round(freeze_s * 1e9))
                process.send_signal(signal.SIGSTOP)
                await until(start_ns + round(thaw_s * 1e9))
                process.send_signal(signal.SIGCONT)
                unit.back_ns.append(time.monotonic_ns())
            await until(min(start_ns + round(life.length_s * 1e9), stop_ns))
            if time.monotonic_ns() >= stop_ns - 10**9:
                # The recorder still asks how far it got.
                await asyncio.sleep(60)
                return
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        # Reading a whole log here would hold up the recorder, whose links are watched.
        await asyncio.to_thread(unit.complete_ledger)
        unit.session += 1
        await asyncio.sleep(float(unit.rng.uniform(0.5, 3.0)))


async def until(host_ns: int) -> None:
    await asyncio.sleep(max(0.0, (host_ns - time.monotonic_ns()) * 1e-9))


def read_ledger(path: Path) -> list[bytes]:
    data, frames, place = path.read_bytes(), [], 0
    while place + 2 <= len(data):
        n = int.from_bytes(data[place : place + 2], "little")
        if place + 2 + n <= len(data):
            frames.append(data[place + 2 : place + 2 + n])
        place += 2 + n
    return frames


def compare(unit: Unit, path: Path) -> dict[str, object]:
    """Ledger against file, sample by sample."""
    produced: dict[tuple[int, int], list[tuple[int, np.ndarray]]] = {}
    for data in read_ledger(unit.ledger):
        frame = Frame.from_bytes(data)
        counts = decode_frame(frame, SCHEMA.stream(frame.stream_id))
        produced.setdefault((frame.stream_id, frame.session), []).append(
            (frame.first_index, counts)
        )
    rows = {}
    with Session.open(path) as session:
        for s in SCHEMA.streams:
            reader = session.streams[s.name]
            raw = reader.counts(0, reader.n_rows)
            n_sent = n_twice = n_different = 0
            for (stream_id, boot), frames in produced.items():
                if stream_id != s.id:
                    continue
                n_boot = max(first + len(counts) for first, counts in frames)
                n_sent += n_boot
                times = np.zeros(n_boot + 1, dtype=int)
                truth = np.zeros((n_boot, raw.shape[1]), dtype=np.int64)
                for first, counts in frames:
                    truth[first : first + len(counts)] = counts
                for row in reader.frames[reader.frames["boot"] == boot]:
                    low, n = int(row["index"]), int(row["n"])
                    times[low : low + n] += 1
                    stored = raw[int(row["row"]) : int(row["row"]) + n]
                    n_different += int((stored != truth[low : low + n]).any(axis=1).sum())
                n_twice += int((times > 1).sum())
            rows[s.name] = {
                "sent": n_sent, "stored": reader.n_stored, "gaps": reader.n_lost,
                "difference": n_sent - reader.n_stored - reader.n_lost,
                "duplicates": n_twice, "different": n_different,
                "filled": int(sum(gap.n_filled for gap in reader.gaps)),
            }  # fmt: skip
    return rows


def reconnects_s(unit: Unit) -> list[tuple[float, str, int]]:
    """From the moment the garment was back, or the link's end if that was later, to the link.

    Each with the reason of the link's end, and the time of the new link [ns].
    """
    found, closed = [], None
    for what, at_ns, reason in unit.links:
        if what == "closed":
            closed = (at_ns, reason)
        elif closed is not None:
            back = [at for at in unit.back_ns if at <= at_ns]
            found.append(((at_ns - max([closed[0], *back])) * 1e-9, closed[1], at_ns))
    return found


async def soak(n_garments: int, seconds: float, mean_s: float, seed: int, folder: Path) -> dict:
    rng = np.random.default_rng(seed)
    replay = folder / "replay.npz"
    make_replay(replay, seconds + 60, rng)
    units = [
        Unit(
            number=i, folder=folder, replay=replay, rng=child, log_kib=(96, 256, 1024, 4096)[i % 4]
        )
        for i, child in enumerate(rng.spawn(n_garments))
    ]
    stop_ns = time.monotonic_ns() + round(seconds * 1e9)
    paths = [folder / f"{unit.number}.h5" for unit in units]
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        tasks = []
        for unit in units:
            ready = asyncio.Event()
            tasks.append(group.create_task(torment(unit, stop_ns, mean_s, ready)))
            await ready.wait()
        takes = []
        for unit, path in zip(units, paths, strict=True):
            source = GarmentSource(
                f"tcp-client:127.0.0.1:{unit.port}", serial=unit.number + 1,
                settings=SupervisorSettings(queue_size=HOST_QUEUE),
            )  # fmt: skip
            # The first link comes up before anyone iterates.
            unit.links.append(("open", time.monotonic_ns(), ""))
            await stack.enter_async_context(source)
            unit.links.clear()
            unit.host = SlowHost(source, unit.rng.spawn(1)[0], HOST_STALL_SHARE * mean_s)
            takes.append(
                Take(source=unit.host, path=path, subject=SubjectInfo(id="soak"), watch=unit.note)
            )

        async def stop() -> None:
            await until(stop_ns)
            for take in takes:
                await take.source.stop()

        diary = Diary()
        sources = {unit.number: unit.host.source for unit in units if unit.host is not None}
        tasks += [group.create_task(stop()), group.create_task(diary.keep(sources))]
        await record_all(takes)
        for task in tasks:
            task.cancel()
    return report(units, paths, seconds, diary, start_ns=stop_ns - round(seconds * 1e9))


def report(
    units: list[Unit], paths: list[Path], seconds: float, diary: Diary, *, start_ns: int
) -> dict:
    streams = {}
    for unit, path in zip(units, paths, strict=True):
        for name, row in compare(unit, path).items():
            streams[f"{unit.number}/{name}"] = row
    latencies = [latency for unit in units for latency, _, _ in reconnects_s(unit)]
    slow = [
        {
            "garment": unit.number,
            "s": latency,
            "after": reason,
            "at_s": (at_ns - start_ns) * 1e-9,
            **diary.before(unit.number, at_ns * 1e-9, span_s=latency + 3),
        }
        for unit in units
        for latency, reason, at_ns in reconnects_s(unit)
        if latency > 3
    ]
    total = Counter()
    for row in streams.values():
        total.update({k: v for k, v in row.items() if k != "difference"})
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hosts = [unit.host for unit in units if unit.host is not None]
    return {
        "garments": len(units),
        "seconds": seconds,
        "faults": dict(sum((unit.kinds for unit in units), Counter())),
        "host_stalls": sum(host.n_stalls for host in hosts),
        "host_overflow": sum(host.source.n_overflow for host in hosts),
        "host_late_max_s": max((lag for _, lag in diary.lags), default=0.0),
        "links": sum(what == "open" for unit in units for what, _, _ in unit.links),
        "reconnect_p50_s": float(np.median(latencies)) if latencies else 0.0,
        "reconnect_max_s": max(latencies, default=0.0),
        "reconnects_over_3_s": len(slow),
        "slow": slow,
        "streams_exact": sum(row["difference"] == 0 for row in streams.values()),
        "streams": len(streams),
        **{f"samples_{name}": total[name] for name in ("sent", "stored", "gaps", "filled")},
        "duplicates": total["duplicates"],
        "different": total["different"],
        "files_clean": sum(not verify(path).is_damaged for path in paths),
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "inexact": {k: row for k, row in streams.items() if row["difference"]},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--garments", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--mean-s", type=float, default=30.0, help="between faults of a garment")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for files, ledgers and flash")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(
            soak(arguments.garments, arguments.seconds, arguments.mean_s, arguments.seed, folder)
        )
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
