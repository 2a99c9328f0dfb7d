"""Records garments in a process of its own, and shows what it records; `python -m` runs it.

The first command that names garments starts; ``mark``, ``pause`` and ``stop`` follow. The end of
the commands, when the studio goes, ends the recording cleanly.
"""

import asyncio
import contextlib
import importlib
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from muslin.studio.pipe import Content, Office, Outbox
from muslin.studio.tap import STREAMS_PER_GARMENT, LiveTap
from muslin.studio.wire import pack_json

if TYPE_CHECKING:
    from muslin.record import VirtualGarment
    from wearables.events import Event, Source
    from wearables.sessions import RecordSummary, Take
    from wearables.sources import Controls

TICK_S = 1 / 30
STATE_S = 0.5
LONGEST_S = 4 * 3600.0


class _Watched:
    """One garment: its take, what watches it, what shows it."""

    def __init__(self, source: "Source", number: int, *, start_ns: int) -> None:
        from wearables.sources import Monitor

        self.source = source
        self.monitor = Monitor(source.schema)
        self.tap = LiveTap(source.schema, number, start_ns=start_ns)
        self.number = number

    def watch(self, event: "Event") -> None:
        """See an event."""
        self.monitor.feed(event)
        self.tap.feed(event)

    def state(self, now_s: float) -> Content:
        """How it stands ``now_s`` after the start, numbers that are not known as null."""
        monitor = self.monitor
        rssi = getattr(self.source, "rssi_dbm", None)
        return {
            "name": monitor.name,
            "battery_pct": _known(monitor.battery_pct),
            "is_linked": monitor.is_linked or not hasattr(self.source, "n_overflow"),
            "n_links": monitor.n_links,
            "trouble": monitor.trouble,
            "rssi_dbm": rssi,
            "n_damaged": monitor.n_damaged,
            "site": self.tap.site,
            "vitals": self.tap.vitals.rates(now_s),
            "streams": [
                {
                    "name": stream.name, "rate_hz": _known(stream.rate_hz),
                    "nominal_hz": stream.nominal_hz, "coverage": _known(stream.coverage),
                    "n_gaps": stream.n_gaps, "lost_s": _known(stream.lost_s),
                    "latency_s": _known(stream.latency_s), "quality": _known(stream.quality),
                    "age_s": _known(stream.age_s),
                }
                for stream in monitor.streams()
            ],
        }  # fmt: skip

    def schema(self) -> Content:
        """Streams and channels, as the page draws them."""
        first = self.number * STREAMS_PER_GARMENT
        return {
            "name": self.monitor.name,
            "site": self.tap.site,
            "streams": [
                {
                    "number": first + i, "name": stream.name, "rate_hz": stream.rate_hz,
                    "channels": [channel.name for channel in stream.channels],
                    "units": [channel.unit for channel in stream.channels],
                    "kinds": [channel.kind for channel in stream.channels],
                    "sites": [channel.site or "" for channel in stream.channels],
                }
                for i, stream in enumerate(self.source.schema.streams)
            ],
        }  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Recorder:
    """One recording from its start to its end."""

    def __init__(self, outbox: Outbox, loop: asyncio.AbstractEventLoop) -> None:
        self._outbox = outbox
        self._loop = loop
        self._stopping = asyncio.Event()
        self._start_ns = time.monotonic_ns()
        self._main = asyncio.current_task()
        self.controls: Controls | None = None
        self.is_told = False

    def command(self, command: Content | None) -> None:
        """Obey, from any thread."""
        self._loop.call_soon_threadsafe(self._obey, command)

    def _obey(self, command: Content | None) -> None:
        if command is None or command.get("do") == "stop":
            self._stopping.set()
            if self.controls is None and self._main is not None:
                self._main.cancel()  # It still waits for a garment.
        elif self.controls is None:
            return
        elif command.get("do") == "mark":
            self.controls.mark(str(command.get("text", "marker")))
            time_s = (time.monotonic_ns() - self._start_ns) * 1e-9
            text = str(command.get("text", "marker"))
            self._outbox.put({"type": "event", "event": "marker", "time_s": time_s, "text": text})
        elif command.get("do") == "pause":
            self.controls.pause(on=bool(command.get("on")))

    async def run(self, command: Content, *, spare: str = "") -> None:
        """Record what a command names, until it is stopped.

        Args:
            command: Garments, paths and what is known of the session.
            spare: Address of a virtual garment that runs already; empty for none.
        """
        from muslin.record import SIM, open_source

        virtual = _virtual()
        paths = [Path(path) for path in command["paths"]]
        async with contextlib.AsyncExitStack() as stack:
            watched: list[_Watched] = []
            for i, uri in enumerate(command["garments"]):
                self._outbox.put({"type": "event", "event": "opening", "garment": uri})
                place = spare if spare and uri == SIM and i == 0 else uri
                opened = open_source(place, LONGEST_S, virtual, i)
                source = await stack.enter_async_context(opened)
                watched.append(_Watched(source, i, start_ns=self._start_ns))
            schemas = [item.schema() for item in watched]
            start_s = self._start_ns * 1e-9
            self._outbox.put({"type": "opened", "garments": schemas, "start_host_s": start_s})
            summaries = await self._record(watched, paths, command)
        self._outbox.put({"type": "ended", "files": [_told(summary) for summary in summaries]})
        self.is_told = True

    async def _record(
        self, watched: Sequence[_Watched], paths: Sequence[Path], command: Content
    ) -> "list[RecordSummary]":
        from wearables.sessions import record_all
        from wearables.sources import Controls

        self.controls = Controls()
        takes = [_take(item, self.controls, path, command)
                 for item, path in zip(watched, paths, strict=True)]  # fmt: skip
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(self._keep_sending(watched)),
                group.create_task(self._keep_telling(watched)),
                group.create_task(self._until_stopped()),
            ]
            try:
                return await record_all(takes)
            finally:
                for task in beside:
                    task.cancel()
                self._send_samples(watched)

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        if self.controls is not None:
            await self.controls.stop()

    async def _keep_sending(self, watched: Sequence[_Watched]) -> None:
        """Thirty times a second, all that came, as one message."""
        while True:
            await asyncio.sleep(TICK_S)
            self._send_samples(watched)

    def _send_samples(self, watched: Sequence[_Watched]) -> None:
        bundles = [item.tap.take() for item in watched]
        frames = [frame for bundle in bundles for frame in bundle.frames]
        if frames:
            oldest_ns = min(b.oldest_ns for b in bundles if b.frames)
            frames.append(pack_json({"type": "tick", "host_s": oldest_ns * 1e-9}))
            self._outbox.put({"type": "samples"}, b"".join(frames), may_drop=True)

    async def _keep_telling(self, watched: Sequence[_Watched]) -> None:
        while True:
            now_s = (time.monotonic_ns() - self._start_ns) * 1e-9
            state = {
                "type": "state", "time_s": now_s,
                "is_paused": self.controls is not None and self.controls.is_paused,
                "n_dropped": self._outbox.n_dropped,
                "garments": [item.state(now_s) for item in watched],
            }  # fmt: skip
            self._outbox.put(state)
            await asyncio.sleep(STATE_S)


def _take(watched: _Watched, controls: "Controls", path: Path, command: Content) -> "Take":
    from muslin.recording.study import read_study
    from muslin.version import version
    from wearables.sessions import Take

    study = read_study(None, subject=str(command["subject"]), task=str(command["task"]))
    return Take(
        source=controls.attach(watched.source), path=path, subject=study.subject,
        title=study.title, software=f"muslin {version()}", watch=watched.watch,
        about={"protocol": study.protocol},
    )  # fmt: skip


def _told(summary: "RecordSummary") -> Content:
    return {
        "name": summary.path.stem,
        "n_stored": sum(summary.n_stored.values()),
        "n_lost": sum(summary.n_lost.values()),
    }


def _load() -> None:
    """Import what a recording needs while nobody waits yet."""
    for module in (
        "muslin.record", "muslin.recording.study", "muslin.version", "wearables.ble",
        "wearables.ble.bumble_backend", "wearables.sessions",
        "wearables.signals.motion.orientation", "wearables.sources",
    ):  # fmt: skip
        importlib.import_module(module)


async def _serve(office: Office, outbox: Outbox, *, has_spare: bool) -> None:
    from firmware_bridge.errors import FirmwareBridgeError
    from muslin.errors import InputError
    from muslin.record import SIM, garment_place
    from wearables.errors import WearablesError

    try:
        async with contextlib.AsyncExitStack() as stack:
            spare = ""
            if has_spare:
                # Starting a virtual garment takes seconds, connecting to one half a second.
                place = garment_place(SIM, LONGEST_S, _virtual(), 0)
                spare = await stack.enter_async_context(place)
            outbox.put({"type": "ready"})
            command = await asyncio.to_thread(office.commands)
            if command is not None and command.get("do") == "record":
                recorder = Recorder(outbox, asyncio.get_running_loop())
                office.listen(recorder.command)
                with contextlib.suppress(asyncio.CancelledError):
                    await recorder.run(command, spare=spare)
                if not recorder.is_told:
                    outbox.put({"type": "ended", "files": []})
    except* (InputError, WearablesError, FirmwareBridgeError, OSError) as errors:
        outbox.put({"type": "failed", "text": str(_first(errors))[:500]})


def _virtual() -> "VirtualGarment":
    from muslin.record import VirtualGarment

    return VirtualGarment(loss=0.03, seed=7)


def _first(error: BaseException) -> BaseException:
    """What went wrong first, out of the groups that wrap it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main() -> None:
    """Be ready, record once, end."""
    office = Office()
    outbox = Outbox(office)
    _load()
    asyncio.run(_serve(office, outbox, has_spare="--spare" in sys.argv))
    outbox.close()


if __name__ == "__main__":
    main()
