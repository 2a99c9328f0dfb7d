"""Before a recording starts: is there room, charge, every stream that is needed, a good link?"""

import shutil
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from muslin.errors import InputError
from muslin.screen import say

if TYPE_CHECKING:
    from firmware_bridge.schema import GarmentSchema
    from wearables.events import Event

LEAST_DISK_S, LAST_DISK_S = 600.0, 60.0
WEAK_RSSI_DBM = -85
WEAK_COVERAGE = 0.9
PEEK_S = 3.0
# File and journal hold each sample; each frame costs a row of its table and a journal head.
_COPIES, _FRAME_B, _FRAMES_S = 2, 120, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a recording needs to start.

    Attributes:
        required: Streams without which it makes no sense.
        min_battery_pct: Least charge.
        duration_s: How long it shall last; 0 if that is not known.
        force: Whether to start all the same.
    """

    required: tuple[str, ...] = ()
    min_battery_pct: float = 10.0
    duration_s: float = 0.0
    force: bool = False


def bytes_per_second(schema: "GarmentSchema") -> float:
    """Most that a recording of a garment writes a second, journal included."""
    samples_b = sum(
        stream.rate_hz * sum(max(1, -(-channel.bits // 8)) for channel in stream.channels)
        for stream in schema.streams
    )
    return _COPIES * samples_b + _FRAME_B * _FRAMES_S * len(schema.streams)


async def peek(
    events: "AsyncIterator[Event]", schema: "GarmentSchema", *, seconds: float = PEEK_S
) -> "list[Event]":
    """Take events until every stream and the garment's state were seen, or for so long.

    Nothing is lost: what was taken is recorded as the first events.
    """
    from wearables.events import Sampled, Status

    taken: list[Event] = []
    wanted = {stream.id for stream in schema.streams}
    has_status = False
    until_ns = time.monotonic_ns() + round(seconds * 1e9)
    async for event in events:
        taken.append(event)
        if isinstance(event, Sampled):
            wanted.discard(event.stream_id)
        has_status = has_status or isinstance(event, Status)
        if (has_status and not wanted) or time.monotonic_ns() > until_ns:
            break
    return taken


def check(
    schema: "GarmentSchema",
    taken: "Sequence[Event]",
    *,
    folder: Path,
    limits: Limits,
    rssi_dbm: int | None = None,
) -> tuple[list[str], list[str]]:
    """Judge what was seen.

    Args:
        schema: The garment.
        taken: Its first events.
        folder: Where the file will lie.
        limits: What is needed.
        rssi_dbm: Strength of reception.

    Returns:
        Sentences that forbid the start, and sentences that only warn.
    """
    from wearables.events import Status

    refusals = [_disk(schema, folder, limits.duration_s)]
    names = {stream.name: stream.id for stream in schema.streams}
    n_stored, n_lost = _counts(taken)
    for name in limits.required:
        if name not in names:
            refusals.append(f"required stream {name!r} is missing; there are {', '.join(names)}")
        elif not n_stored.get(names[name]):
            refusals.append(f"required stream {name!r} sends nothing")
    batteries = [event.battery_pct for event in taken if isinstance(event, Status)]
    if batteries and batteries[-1] < limits.min_battery_pct:
        least = limits.min_battery_pct
        refusals.append(f"battery holds {batteries[-1]:.0f} %, at least {least:g} % are needed")
    warnings = [
        f"stream {name!r} has sent nothing yet"
        for name, number in names.items()
        if not n_stored.get(number) and name not in limits.required
    ]
    if rssi_dbm is not None and rssi_dbm < WEAK_RSSI_DBM:
        warnings.append(f"the link is weak: {rssi_dbm} dBm, below {WEAK_RSSI_DBM} dBm")
    total = sum(n_stored.values()) + sum(n_lost.values())
    if total and sum(n_stored.values()) / total < WEAK_COVERAGE:
        share = 100 * sum(n_lost.values()) / total
        warnings.append(f"the link is weak: {share:.0f} % of the first samples were lost")
    return [text for text in refusals if text], warnings


def must_be_ready(refusals: Sequence[str], warnings: Sequence[str], *, force: bool) -> None:
    """Say the warnings, and stop at a refusal.

    Raises:
        InputError: If there is one and the start was not forced.
    """
    for text in [*warnings, *(refusals if force else ())]:
        say(f"warning: {text}")
    if refusals and not force:
        raise InputError(f"not started: {'; '.join(refusals)} (--force starts all the same)")


def _counts(taken: "Sequence[Event]") -> tuple[dict[int, int], dict[int, int]]:
    from wearables.events import Lost, Sampled

    n_stored: dict[int, int] = {}
    n_lost: dict[int, int] = {}
    for event in taken:
        if isinstance(event, Sampled):
            n_stored[event.stream_id] = n_stored.get(event.stream_id, 0) + len(event.counts)
        elif isinstance(event, Lost):
            n_lost[event.stream_id] = n_lost.get(event.stream_id, 0) + event.n_samples
    return n_stored, n_lost


def _disk(schema: "GarmentSchema", folder: Path, duration_s: float) -> str:
    wanted_s = max(LEAST_DISK_S, duration_s)
    wanted_b = bytes_per_second(schema) * wanted_s
    free_b = shutil.disk_usage(folder).free
    if free_b >= wanted_b:
        return ""
    return (
        f"disk of {folder} has {free_b / 1e6:.0f} MB free, {wanted_s / 60:.0f} min of recording "
        f"need {wanted_b / 1e6:.0f} MB"
    )
