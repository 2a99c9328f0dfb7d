"""Run recordings that are open: check, show, take markers, watch the disk, write, end."""

import asyncio
import contextlib
import dataclasses
import shutil
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muslin.errors import InputError
from muslin.recording.keys import keys_to
from muslin.recording.panel import RecordingPanel, Watched, keep_showing, keep_telling
from muslin.recording.preflight import (
    LAST_DISK_S,
    Limits,
    bytes_per_second,
    check,
    must_be_ready,
    peek,
)
from muslin.recording.study import Study
from muslin.screen import say
from muslin.version import version

if TYPE_CHECKING:
    from wearables.events import Event, Source
    from wearables.sessions import RecordSummary, Take
    from wearables.sources import Controls

_DISK_LOOK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerDoors:
    """From where markers are taken beside the keyboard.

    Attributes:
        udp_port: Port on the loopback; nothing for none.
        lsl: Predicate of LSL streams; empty for all marker streams, nothing for none.

    Raises:
        InputError: If there can be no such port.
    """

    udp_port: int | None = None
    lsl: str | None = None

    def __post_init__(self) -> None:
        if self.udp_port is not None and not 0 <= self.udp_port <= 65_535:
            raise InputError(f"port of markers is {self.udp_port}, wanted 0 to 65535")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        summaries: One for each recording.
        is_interrupted: Whether Ctrl-C ended it.
    """

    summaries: "list[RecordSummary]"
    is_interrupted: bool


async def run_recordings(
    sources: "Sequence[tuple[Source, Path]]",
    *,
    study: Study,
    limits: Limits,
    doors: MarkerDoors | None = None,
    is_live: bool = False,
    devices: Sequence[str] = (),
) -> Outcome:
    """Record open sources, each into its file, under one set of controls.

    Args:
        sources: What is recorded, and where to; the same path for those that share a file.
        study: What is known of subject and protocol.
        limits: What is needed to start, and how long it lasts.
        doors: Where markers come from.
        is_live: Whether the terminal shows the live view.
        devices: Name of each source in a file that it shares; nothing for files of their own.

    Raises:
        InputError: If the check before the start refuses.
        SessionError: If a file cannot be written any more.
    """
    from wearables.sources import Controls

    controls = Controls()
    # Files that are made together find each other by it.
    n_files = len({path for _, path in sources})
    together = str(uuid.uuid4()) if n_files > 1 else ""
    named = zip(sources, devices or [""] * len(sources), strict=True)
    made = [
        await _take(source, path, device, controls, study, limits, together)
        for (source, path), device in named
    ]
    takes, watched = [take for take, _ in made], [item for _, item in made]
    if n_files < len(takes):
        takes = _on_one_clock(takes)
    panel = RecordingPanel(watched, controls, duration_s=limits.duration_s)
    async with contextlib.AsyncExitStack() as stack:
        await _open_doors(stack, doors or MarkerDoors(), controls)
        is_terminal = sys.stderr.isatty() and is_live
        beside = [_watch_disk(controls, takes)]
        if limits.duration_s:
            beside.append(stop_after(controls, limits.duration_s))
        if is_live:
            beside.append(keep_showing(panel) if is_terminal else keep_telling(panel, watched))
        return await _run(stack, takes, beside, controls, has_keys=is_live)


async def _run(
    stack: contextlib.AsyncExitStack,
    takes: "Sequence[Take]",
    beside: "Sequence[Coroutine[Any, Any, None]]",
    controls: "Controls",
    *,
    has_keys: bool,
) -> Outcome:
    """Record, with what goes on beside it; Ctrl-C asks for the end, a second one forces it."""
    from wearables.errors import WearablesError
    from wearables.sessions import record_all

    trouble: WearablesError | OSError | None = None
    summaries: list[RecordSummary] = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in beside]
        stopping = Stopping(group, controls, asyncio.current_task())
        with stopping.on_interrupt():
            if has_keys:
                stack.enter_context(keys_to(lambda key: _on_key(key, controls, stopping)))
            try:
                summaries = await record_all(takes)
            except (WearablesError, OSError) as error:
                # Told outside of the group, which would wrap it.
                trouble = error
            finally:
                for task in tasks:
                    task.cancel()
    if trouble is not None:
        raise trouble
    return Outcome(summaries=summaries, is_interrupted=stopping.is_interrupted)


class Stopping:
    """Ends recordings once, however it was asked for."""

    def __init__(
        self, group: asyncio.TaskGroup, controls: "Controls", main: "asyncio.Task[Any] | None"
    ) -> None:
        self._group, self._controls, self._main = group, controls, main
        self._is_asked = False
        self.is_interrupted = False

    def ask(self) -> None:
        """Ask every source for the end."""
        if not self._is_asked:
            self._is_asked = True
            self._group.create_task(self._controls.stop())

    def _interrupt(self) -> None:
        if self.is_interrupted and self._main is not None:
            self._main.cancel()
            return
        self.is_interrupted = True
        say("  stopping; once more to end at once")
        self.ask()

    @contextlib.contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Listen to Ctrl-C, where the loop can."""
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
        except (NotImplementedError, RuntimeError, ValueError):
            yield  # Windows, or not the main thread: there an interrupt ends at once.
            return
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)


def _on_one_clock(takes: "list[Take]") -> "list[Take]":
    """Takes of one file, whose session time starts with the first of them."""
    starts = [take.about["start_host_ns"] for take in takes]
    known = [start for start in starts if start is not None]
    about = {"start_host_ns": min(known, default=None)}
    return [dataclasses.replace(take, about={**take.about, **about}) for take in takes]


async def _take(
    source: "Source",
    path: Path,
    device: str,
    controls: "Controls",
    study: Study,
    limits: Limits,
    recording_id: str,
) -> "tuple[Take, Watched]":
    """Check a source and bring it under the controls."""
    from wearables.events import LinkOpened
    from wearables.sessions import Take
    from wearables.sources import Monitor

    first, rest = await _checked(source, path, limits)
    monitor = Monitor(source.schema)
    # Session time starts with the link, which is before the check of its first events.
    opened = [event.host_ns for event in first if isinstance(event, LinkOpened)]
    take = Take(
        source=controls.attach(source, first, rest), path=path, subject=study.subject,
        device=device, title=study.title, software=f"muslin {version()}", watch=monitor.feed,
        about={
            "protocol": study.protocol, "calibrations": study.calibrations,
            "start_host_ns": opened[0] if opened else None, "recording_id": recording_id,
        },
    )  # fmt: skip
    watched = Watched(
        monitor=monitor, path=path, device=device,
        rssi_dbm=lambda: getattr(source, "rssi_dbm", None),
    )  # fmt: skip
    return take, watched


async def _checked(
    source: "Source", path: Path, limits: Limits
) -> "tuple[list[Event], AsyncIterator[Event]]":
    """Look at the first events of a source and refuse what cannot end well."""
    events = aiter(source)
    # Only what comes live has a state worth looking at.
    first = await peek(events, source.schema) if hasattr(source, "n_overflow") else []
    refusals, warnings = check(
        source.schema, first, folder=path.parent, limits=limits,
        rssi_dbm=getattr(source, "rssi_dbm", None),
    )  # fmt: skip
    if not first:
        refusals = [text for text in refusals if "sends nothing" not in text]
        warnings = []
    try:
        must_be_ready(refusals, warnings, force=limits.force)
    except InputError:
        await source.stop()
        raise
    return first, events


def _on_key(key: str, controls: "Controls", stopping: Stopping) -> None:
    """Obey a key: m marks, 1 to 9 mark with their number, p pauses, q stops."""
    if key == "m":
        controls.mark("marker")
    elif key.isdigit() and key != "0":
        controls.mark(f"key {key}")
    elif key == "p":
        controls.pause(on=not controls.is_paused)
    elif key == "q":
        stopping.ask()


async def _open_doors(
    stack: contextlib.AsyncExitStack, doors: MarkerDoors, controls: "Controls"
) -> None:
    from wearables.sources import UdpMarkers

    if doors.udp_port is not None:
        listener = UdpMarkers(port=doors.udp_port, deliver=controls.put)
        await stack.enter_async_context(listener)
        say(f"  markers are taken on UDP port {listener.port}")
    if doors.lsl is not None:
        from wearables.sources.lsl_markers import LslMarkers

        inlets = LslMarkers(controls.put, match=doors.lsl)
        await stack.enter_async_context(inlets)
        say(f"  markers are taken from {inlets.n_streams} LSL streams")


async def stop_after(controls: "Controls", duration_s: float) -> None:
    """Most sources know when to end; this is for those that do not."""
    await asyncio.sleep(duration_s)
    await controls.stop()


async def _watch_disk(controls: "Controls", takes: "Sequence[Take]") -> None:
    """Stop cleanly, with a marker, while there is still room for a minute."""
    rate_b_s = sum(bytes_per_second(take.source.schema) for take in takes)
    while True:
        free_b = min(shutil.disk_usage(take.path.parent).free for take in takes)
        if free_b < LAST_DISK_S * rate_b_s:
            controls.mark("the disk is nearly full", kind="disk", source="program")
            say("the disk is nearly full; the recording ends")
            await controls.stop()
            return
        await asyncio.sleep(_DISK_LOOK_S)
