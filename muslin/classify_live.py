"""Tell activities while they happen: what `muslin classify --garment URI` does.

Judging goes through a worker thread, one frame after the other. While it is behind, frames wait in
the source's own bounded queue, which counts what it has to drop.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from muslin.classify import answer_json, counted, say_answer, stream_with
from muslin.errors import Exit, InputError
from muslin.record import VirtualGarment, open_source
from muslin.recording.keys import keys_to
from muslin.recording.run import Stopping, stop_after
from muslin.screen import print_json_line, say, say_table

if TYPE_CHECKING:
    from wearables.activity.answer import Activity
    from wearables.activity.models import ActivityModel
    from wearables.events import Event, Source
    from wearables.sources import Controls, Feed

# After so long without samples a person is told.
_QUIET_S = 5.0
_LOOK_S = 0.25


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What was said so far, and since when nothing came."""

    counts: Counter[str] = field(default_factory=Counter)
    last_ns: int = field(default_factory=time.monotonic_ns)
    is_silent: bool = False


def classify_live(
    garment: str,
    *,
    model: "ActivityModel",
    stream: str | None,
    duration_s: float,
    patience_s: float,
    virtual: VirtualGarment,
    as_json: bool,
) -> Exit:
    """Judge a live source window by window, until it ends or is stopped.

    Args:
        garment: See `muslin.record.open_source`.
        model: Opened weights, see `muslin.personal.opened_model`.
        stream: Stream to judge; the first that has the model's channels if nothing is said.
        duration_s: How long; 0 until stopped.
        patience_s: After so long without a sample it ends.
        virtual: How a ``sim:`` garment behaves.
        as_json: One object a line on stdout instead of lines for people.

    Raises:
        InputError: If an option or the source's streams do not serve.
        LinkError: If nothing answers.
        ModelError: If the stream has another rate.
    """
    from wearables.errors import WearablesError

    check_times(duration_s, patience_s)

    async def run() -> Exit:
        async with open_source(garment, duration_s, virtual) as source:
            try:
                return await _listen(
                    source, model, stream, duration_s=duration_s, patience_s=patience_s,
                    as_json=as_json,
                )  # fmt: skip
            except (InputError, WearablesError, OSError) as error:
                # Told outside of the source, whose tasks would wrap it.
                trouble = error
        raise trouble

    return asyncio.run(run())


def check_times(duration_s: float, patience_s: float) -> None:
    """Refuse times that make no sense.

    Raises:
        InputError: If there is one.
    """
    if not 0 <= duration_s < float("inf"):
        raise InputError(f"duration of {duration_s:g} s is not a time to listen")
    if not 0 < patience_s <= 3600:
        raise InputError(f"patience of {patience_s:g} s is outside of 0 to 3600 s")


async def _listen(
    source: "Source", model: "ActivityModel", stream: str | None, *,
    duration_s: float, patience_s: float, as_json: bool,
) -> Exit:  # fmt: skip
    from wearables.sources import Controls

    feed, name = _feed_of(source, model, stream)
    say(f"  {name} of {source.schema.name}, a window of {model.window_s:g} s "
        f"every {model.hop_s:g} s; q stops")  # fmt: skip
    controls, progress = Controls(), _Progress()
    beside = [_watch_silence(progress, controls, patience_s)]
    if duration_s:
        beside.append(stop_after(controls, duration_s))
    events = controls.attach(source)
    is_interrupted = await _run(events, feed, controls, beside, progress, as_json=as_json)
    return _end(feed, progress, is_interrupted=is_interrupted, as_json=as_json)


def _feed_of(
    source: "Source", model: "ActivityModel", stream: str | None
) -> "tuple[Feed[Activity], str]":
    """The operator on the stream that fits."""
    from wearables.sources import Feed, stream_channels

    schemas = {own.name: own for own in source.schema.streams}
    there = {name: stream_channels(own) for name, own in schemas.items()}
    name, columns = stream_with(there, model.channels, stream)
    operator = model.open(model.channels, schemas[name].rate_hz)
    return Feed(schemas[name], operator, columns=columns, start_ns=time.monotonic_ns()), name


async def _run(
    source: "Source",
    feed: "Feed[Activity]",
    controls: "Controls",
    beside: Sequence[Coroutine[Any, Any, None]],
    progress: _Progress,
    *,
    as_json: bool,
) -> bool:
    """Take events until they end, with what goes on beside; returns whether Ctrl-C ended it."""
    from wearables.errors import WearablesError

    trouble: WearablesError | OSError | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in beside]
        stopping = Stopping(group, controls, asyncio.current_task())
        with stopping.on_interrupt(), ExitStack() as stack:
            stack.enter_context(keys_to(lambda key: stopping.ask() if key == "q" else None))
            try:
                await _take(source, feed, progress, as_json=as_json)
            except (WearablesError, OSError) as error:
                # Told outside of the group, which would wrap it.
                trouble = error
            finally:
                for task in tasks:
                    task.cancel()
    # Whoever reads along may go away first, as `head` does.
    if trouble is not None and not isinstance(trouble, BrokenPipeError):
        raise trouble
    return stopping.is_interrupted


async def _take(
    source: "Source", feed: "Feed[Activity]", progress: _Progress, *, as_json: bool
) -> None:
    async for event in source:
        before = feed.n_samples
        answers = await asyncio.to_thread(feed, event)
        if feed.n_samples != before:
            progress.last_ns = time.monotonic_ns()
        _tell_link(event)
        _tell(answers, progress, as_json=as_json)
    _tell(feed.flush(), progress, as_json=as_json)


def _tell(answers: "list[Activity]", progress: _Progress, *, as_json: bool) -> None:
    for one in answers:
        progress.counts[one.smoothed] += 1
        if as_json:
            print_json_line(answer_json(one))
        else:
            say_answer(one)


def _tell_link(event: "Event") -> None:
    from wearables.events import LinkClosed, LinkOpened

    if isinstance(event, LinkClosed) and event.reason != "stopped":
        say(f"  link ended: {event.reason}")
    elif isinstance(event, LinkOpened) and event.epoch > 1:
        say("  link is up again")


async def _watch_silence(progress: _Progress, controls: "Controls", patience_s: float) -> None:
    """Say that nothing comes, and end when it has lasted too long."""
    was_told = False
    while True:
        await asyncio.sleep(_LOOK_S)
        silent_s = (time.monotonic_ns() - progress.last_ns) * 1e-9
        if silent_s > patience_s:
            progress.is_silent = True
            say(f"  no sample for {patience_s:g} s; this ends")
            await controls.stop()
            return
        if silent_s > _QUIET_S and not was_told:
            say(f"  no sample for {_QUIET_S:g} s")
        was_told = silent_s > _QUIET_S


def _end(
    feed: "Feed[Activity]", progress: _Progress, *, is_interrupted: bool, as_json: bool
) -> Exit:
    if not as_json:
        missing = [("missing samples", str(feed.n_missing))] if feed.n_missing else []
        say_table("Activity", [*counted(progress.counts), *missing])
    if is_interrupted:
        return Exit.INTERRUPTED
    return Exit.INCOMPLETE if feed.n_missing or progress.is_silent else Exit.DONE
