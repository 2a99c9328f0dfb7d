"""What `muslin scan`, `record-device`, `import` and `replay` do."""

import asyncio
import contextlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import readable_session, writable_folder
from muslin.record import tell
from muslin.recording.preflight import Limits
from muslin.recording.run import MarkerDoors, Outcome, run_recordings
from muslin.recording.study import read_study
from muslin.screen import print_json, say, say_table, step
from muslin.version import version

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wearables.sessions import Session

LSL_GROUP, GARMENT_GROUP = "lsl", "garment"


def scan_radio(*, radio: str, duration_s: float, everything: bool, as_json: bool) -> Exit:
    """List garments and sensors in range; exit 1 if there are none."""
    from wearables.ble.scanning import scan
    from wearables.ble.trouble import radio_open
    from wearables.profiles import known_profiles

    if not 0 < duration_s <= 3600:
        raise InputError(f"duration of {duration_s:g} s is outside of 0 to 3600 s")
    names = {profile.service_uuid: name for name, profile in known_profiles().items()}

    async def look() -> list[dict[str, Any]]:
        async with radio_open(radio):
            found = await scan(radio, timeout_s=duration_s)
        return [
            {
                "address": device.address,
                "name": device.name,
                "rssi_dbm": device.rssi_dbm,
                "serial": None if device.serial is None else f"{device.serial:08x}",
                "profiles": [names[uuid] for uuid in device.service_uuids if uuid in names],
            }
            for device in found
        ]

    with step(f"scanning {duration_s:g} s on {radio}"):
        rows = asyncio.run(look())
    shown = [row for row in rows if everything or row["serial"] or row["profiles"]]
    if as_json:
        print_json({"devices": shown, "n_others": len(rows) - len(shown)})
    for row in () if as_json else shown:
        what = f"garment {row['serial']}" if row["serial"] else ", ".join(row["profiles"])
        say(f"{row['rssi_dbm']:5d} dBm  {row['address']}  {row['name'] or '-'}  {what or '?'}")
    say(f"{len(shown)} devices, {len(rows) - len(shown)} others not shown")
    return Exit.DONE if shown else Exit.FAILED


def record_device(
    *,
    radio: str,
    device: str,
    profiles: list[str],
    subject: str,
    out: Path,
    doors: MarkerDoors,
    limits: Limits,
    is_live: bool,
    as_json: bool,
) -> Exit:
    """Record a sensor of another maker into a session file."""
    from wearables.profiles import profiles_named
    from wearables.profiles.source import ProfileSource

    duration_s = limits.duration_s
    if not 0 <= duration_s < math.inf:
        raise InputError(f"duration of {duration_s:g} s is not a time to record")
    if out.is_dir():
        raise InputError(f"session file {out} is a folder; a file name is needed")
    writable_folder(out.parent)
    source = ProfileSource(
        radio,
        device=device,
        profiles=profiles_named(profiles) if profiles else None,
        duration_s=duration_s or None,
    )

    async def run() -> Outcome:
        async with source:
            say(f"recording {', '.join(p.name for p in source.profiles)} of {source.schema.name}")
            return await run_recordings(
                [(source, out)], study=read_study(None, subject=subject), limits=limits,
                doors=doors, is_live=is_live,
            )  # fmt: skip

    return tell(asyncio.run(run()), as_json=as_json)


def import_file(
    path: Path, *, out: Path | None, subject: str, mapping: Path | None, kind: str, as_json: bool
) -> Exit:
    """Write a foreign recording as a session."""
    from wearables.sessions import SubjectInfo
    from wearables.sessions.importers import import_recording

    target = out or Path(f"{path.stem if path.suffix else path.name}.h5")
    writable_folder(target.parent)
    report = import_recording(
        path,
        target,
        subject=SubjectInfo(id=subject),
        mapping=mapping,
        kind=kind or None,
        software=f"muslin {version()}",
    )
    if as_json:
        print_json(report.to_json())
    else:
        for note in report.notes:
            say(f"note: {note}")
        rows = [
            (f"stream {name}", f"{n} samples, {report.n_lost[name]} listed as gaps")
            for name, n in report.n_stored.items()
        ]
        rows += [("markers", str(report.n_markers)), ("session", str(report.path))]
        say_table("Import", rows)
    return Exit.INCOMPLETE if any(report.n_lost.values()) else Exit.DONE


def replay_file(session: Path, *, to: str, speed: float, duration_s: float) -> Exit:
    """Play a session as an LSL outlet or as a virtual garment."""
    readable_session(session)
    if to not in (LSL_GROUP, GARMENT_GROUP):
        raise InputError(f"target {to!r} is not known; known are {LSL_GROUP}, {GARMENT_GROUP}")
    if not 0 < speed < math.inf:
        raise InputError(f"speed of a replay is {speed:g}, wanted above 0")
    if not 0 <= duration_s < math.inf:
        raise InputError(f"duration of {duration_s:g} s is not a time to play; 0 plays to the end")
    if to == LSL_GROUP:
        asyncio.run(_to_lsl(session, speed, duration_s))
    else:
        if speed != 1:
            raise InputError(f"a virtual garment plays at speed 1, not {speed:g}")
        asyncio.run(_to_garment(session, duration_s))
    return Exit.DONE


def _garments_of(path: Path) -> tuple[list[tuple[str, Path]], int]:
    """Garments of a session with the path that plays each, and where session time starts [ns]."""
    from wearables.sessions import Session

    with Session.open(path) as session:
        if len(session.devices) == 1:
            return [("", path)], session.anchor_host_ns
        named = [(key, Path(f"{session.path}#{key}")) for key in session.devices]
        return named, session.anchor_host_ns


async def _to_lsl(path: Path, speed: float, duration_s: float) -> None:
    from wearables.sources import ReplaySource
    from wearables.sources.lsl import LslOutlet

    garments, start_ns = _garments_of(path)
    origin_ns = start_ns if len(garments) > 1 else None

    async def play(source: ReplaySource, name: str) -> None:
        outlet = LslOutlet(source.schema, name=name)
        called = name or source.schema.name
        say(f"LSL streams: {', '.join(f'{called} {s.name}' for s in source.schema.streams)}")
        async for event in source:
            outlet.push(event)

    async with contextlib.AsyncExitStack() as stack:
        sources = [
            await stack.enter_async_context(
                ReplaySource(each, speed=speed, rebase=True, origin_ns=origin_ns)
            )
            for _, each in garments
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(duration_s or None), asyncio.TaskGroup() as group:
                for source, (name, _) in zip(sources, garments, strict=True):
                    group.create_task(play(source, name))


async def _to_garment(path: Path, duration_s: float) -> None:
    from firmware_bridge.sim import sim_process

    garments, _ = _garments_of(path)
    with tempfile.TemporaryDirectory(prefix="muslin-replay-") as folder:
        async with contextlib.AsyncExitStack() as stack:
            for i, (name, each) in enumerate(garments, 1):
                replay = Path(folder) / f"replay-{i}.npz"
                start_s = _write_unbroken(each, replay)
                who = f" of {name}" if name else ""
                say(f"playing the longest part{who} without a gap, from {start_s:.2f} s")
                uri = await stack.enter_async_context(sim_process(replay, serial=i))
                say(f"virtual garment: muslin record --garment {name and name + '='}{uri}")
            # Until interrupted, as long as no time was given.
            await asyncio.sleep(duration_s or math.inf)


def _write_unbroken(path: Path, replay: Path) -> float:
    """Write what a virtual garment plays; returns the session time of its start."""
    from firmware_bridge.sim import write_replay
    from wearables.sessions import Session

    with Session.open(path) as session:
        start_s, counts = unbroken_counts(session)
        marks = [(m.time_s - start_s, m.kind, m.text) for m in session.markers]
        write_replay(replay, session.schema, counts, [m for m in marks if m[0] >= 0])
    return start_s


def unbroken_counts(session: "Session") -> tuple[float, "dict[int, NDArray[np.int64]]"]:
    """Raw integers of all streams in the longest part that none of them interrupts.

    Returns:
        Session time of its start, and counts by stream id, shape (n_samples, n_channels).

    Raises:
        InputError: If the streams have no time in common.
    """
    spans = [(-math.inf, math.inf)]
    for schema in session.schema.streams:
        spans = list(_common(spans, _runs(session, schema.name)))
    start_s, stop_s = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0))
    if not start_s < stop_s < math.inf:
        raise InputError(f"{session.path} has no part in which all streams were recorded")
    counts: dict[int, NDArray[np.int64]] = {}
    for schema in session.schema.streams:
        stream = session.streams[schema.name]
        rows = np.flatnonzero(stream.stored_rows())
        times_s = stream.time_s(rows)
        rows = rows[(times_s >= start_s - 1e-6) & (times_s <= stop_s + 1e-6)]
        raw = stream.counts(int(rows[0]), int(rows[-1]) + 1)
        counts[schema.id] = raw.astype(np.int64)
    return start_s, counts


def _runs(session: "Session", name: str) -> list[tuple[float, float]]:
    stream = session.streams[name]
    rows = np.flatnonzero(stream.stored_rows())
    if not rows.size:
        return []
    breaks = np.flatnonzero(np.diff(rows) != 1)
    first = stream.time_s(rows[np.concatenate([[0], breaks + 1])])
    last = stream.time_s(rows[np.concatenate([breaks, [rows.size - 1]])])
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _common(
    spans: list[tuple[float, float]], others: list[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    for start_s, stop_s in spans:
        for other_start_s, other_stop_s in others:
            low, high = max(start_s, other_start_s), min(stop_s, other_stop_s)
            if low < high:
                yield low, high
