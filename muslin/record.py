"""Record garments into session files: what `muslin record` does."""

import asyncio
import dataclasses
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, readable_session, writable_folder
from muslin.recording.preflight import Limits
from muslin.recording.run import MarkerDoors, Outcome, run_recordings
from muslin.recording.study import Study, read_study
from muslin.screen import print_json, say, say_table, step

if TYPE_CHECKING:
    from wearables.events import Source
    from wearables.sessions import RecordSummary
    from wearables.sessions.clocks import ClockFacts

# A virtual garment is there within this time, also on a busy machine.
_OPENING_S = 10.0
SIM, LSL, REPLAY = "sim:", "lsl:", "replay:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """What a recording holds.

    Attributes:
        path: The session file.
        duration_s: Recorded time.
        n_stored: Samples in the file, by stream.
        n_lost: Samples in gap rows, by stream.
        clocks: How the garment's clock was brought to the host's, boot by boot.
    """

    path: Path
    duration_s: float
    n_stored: dict[str, int]
    n_lost: dict[str, int]
    clocks: "tuple[ClockFacts, ...]" = ()

    def numbers(self) -> dict[str, Any]:
        """Result for a program, units in the key names."""
        return {
            "path": str(self.path),
            "duration_s": self.duration_s,
            "n_stored": self.n_stored,
            "n_lost": self.n_lost,
            "clocks": [clock.to_json() for clock in self.clocks],
        }

    def rows(self) -> list[tuple[str, str]]:
        """One row per stream, one per clock."""
        streams = [
            (
                f"stream {name}",
                f"{stored} samples stored, {self.n_lost[name]} lost and listed as gaps "
                f"({100 * stored / max(stored + self.n_lost[name], 1):.1f} % covered)",
            )
            for name, stored in self.n_stored.items()
        ]
        return streams + [(clock.name, str(clock)) for clock in self.clocks]


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualGarment:
    """How ``sim:`` garments behave.

    Attributes:
        loss: Share of frames lost on purpose.
        seed: Seed of the first one; the others count on.
        played_s: How long it plays; nothing for as long as it is recorded, or 40 s.
    """

    loss: float = 0.03
    seed: int = 7
    played_s: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.loss < 1:
            raise InputError(
                f"loss of {self.loss:g} is outside [0, 1); it is a share, not per cent"
            )


def record(
    *,
    garment: str = SIM,
    duration_s: float = 40.0,
    subject: str = "anonymous",
    out: Path = Path("session.h5"),
    loss: float = 0.03,
    seed: int = 7,
) -> RecordResult:
    """Record one garment.

    Args:
        garment: ``sim:`` starts a virtual garment in its own process; else see `open_source`.
        duration_s: Time to record; 0 records until the garment ends or the user interrupts.
        subject: Pseudonym.
        out: Session file to write.
        loss: Share of frames that the virtual garment loses on purpose.
        seed: Seed of the virtual garment.

    Raises:
        InputError: If an option cannot be used.
        LinkError: If no garment answers.
    """
    virtual = VirtualGarment(loss=loss, seed=seed)
    study, limits = read_study(None, subject=subject), Limits(duration_s=duration_s)
    outcome = record_many([garment], out=out, study=study, limits=limits, virtual=virtual)
    return result_of(outcome.summaries[0])


def record_many(
    garments: Sequence[str],
    *,
    out: Path,
    study: Study,
    limits: Limits,
    virtual: VirtualGarment | None = None,
    doors: MarkerDoors | None = None,
    is_live: bool = False,
    in_one_file: bool = False,
) -> Outcome:
    """Record garments at the same time on one clock, into files of their own or into one.

    Args:
        garments: See `open_source`; ``NAME=URI`` gives one a name.
        out: Session file; of several garments ``OUT-NAME.h5`` each, or one for all. Without a name
            of their own they are ``1``, ``2`` ..., in one file ``garment-1``, ``garment-2`` ...
        study: Subject, protocol, calibrations.
        limits: What is needed to start, and how long it lasts.
        virtual: How ``sim:`` garments behave.
        doors: Where markers come from.
        is_live: Whether the terminal shows the live view.
        in_one_file: Whether several garments share one file.

    Raises:
        InputError: If an option cannot be used, or the check before the start refuses.
        LinkError: If a garment does not answer.
    """
    if limits.duration_s < 0:
        raise InputError(f"duration of {limits.duration_s:g} s is negative")
    if not garments:
        raise InputError("nothing to record: name at least one garment")
    if out.is_dir():
        raise InputError(f"session file {out} is a folder; a file name is needed")
    writable_folder(out.parent)
    named = [_named(garment) for garment in garments]
    names, uris = [name for name, _ in named], [uri for _, uri in named]
    is_shared = in_one_file and len(uris) > 1
    devices = _devices(names) if is_shared else []
    paths = session_paths(out, [""]) * len(uris) if is_shared else session_paths(out, names)

    async def run() -> Outcome:
        async with AsyncExitStack() as stack:
            sources: list[tuple[Source, Path]] = []
            # Of several garments the time counts from when all are there.
            alone = len(uris) == 1
            own_s = limits.duration_s if alone else 0.0
            made = virtual or VirtualGarment()
            if limits.duration_s and not alone:
                played_s = limits.duration_s + _OPENING_S * len(uris)
                made = dataclasses.replace(made, played_s=played_s)
            # One after the other: a garment that is connected is not found a second time.
            for i, (garment, path) in enumerate(zip(uris, paths, strict=True)):
                opened = open_source(garment, own_s, made, i)
                sources.append((await stack.enter_async_context(opened), path))
            return await run_recordings(
                sources, study=study, limits=limits, doors=doors, is_live=is_live,
                devices=devices,
            )  # fmt: skip

    wanted = f"{limits.duration_s:g} s" if limits.duration_s else "until stopped"
    with step(f"recording {wanted} from {', '.join(uris)}"):
        return asyncio.run(run())


_NAME = re.compile(r"([A-Za-z][\w-]*)=(.+)")


def _named(garment: str) -> tuple[str, str]:
    """Name and URI of ``NAME=URI``; no name if nothing is said."""
    found = _NAME.fullmatch(garment)
    return (found[1], found[2]) if found else ("", garment)


def _devices(names: Sequence[str]) -> list[str]:
    """Names of garments that share a file.

    Raises:
        InputError: If two are the same.
    """
    devices = [name or f"garment-{i}" for i, name in enumerate(names, 1)]
    if len(set(devices)) < len(devices):
        raise InputError(f"garments of one file need names that differ: {', '.join(devices)}")
    return devices


def session_paths(out: Path, names: Sequence[str]) -> list[Path]:
    """Where sessions of their own go: as named, or with name or number when there are several.

    Raises:
        InputError: If one is a folder, or two are the same.
    """
    numbered = [
        out.with_name(f"{out.stem}-{name or i}{out.suffix}") for i, name in enumerate(names, 1)
    ]
    paths = [out] if len(names) == 1 else numbered
    for path in paths:
        if path.is_dir():
            raise InputError(f"session file {path} is a folder; a file name is needed")
    if len(set(paths)) < len(paths):
        raise InputError(f"two garments would go into one file: {', '.join(map(str, paths))}")
    return paths


@asynccontextmanager
async def open_source(
    garment: str, duration_s: float, virtual: VirtualGarment, number: int = 0
) -> "AsyncIterator[Source]":
    """Open what a URI names.

    Args:
        garment: ``sim:`` for a virtual garment, ``lsl:PREDICATE``, ``replay:FILE``, or what
            `wearables.ble.dialling` knows, with ``#SERIAL`` (hexadecimal) for a certain garment.
        duration_s: How long it will be recorded; 0 if that is not known.
        virtual: How a virtual garment behaves.
        number: Which of several garments.

    Raises:
        InputError: If the URI cannot be understood.
        LinkError: If nothing answers.
    """
    if garment.startswith(LSL):
        from wearables.sources.lsl import LslSource

        async with LslSource(garment.removeprefix(LSL)) as source:
            yield source
    elif garment.startswith(REPLAY):
        from wearables.sources import ReplaySource

        path = readable_session(Path(garment.removeprefix(REPLAY)))
        async with ReplaySource(path, speed=1.0, rebase=True) as source:
            yield source
    else:
        from wearables.ble import GarmentSource

        uri, serial = _serial_of(garment)
        async with (
            garment_place(uri, duration_s, virtual, number) as place,
            GarmentSource(place, serial=serial, duration_s=duration_s or None) as source,
        ):
            yield source


def _serial_of(garment: str) -> tuple[str, int | None]:
    uri, _, text = garment.partition("#")
    if not text:
        return uri, None
    try:
        return uri, int(text, 16)
    except ValueError:
        raise InputError(f"serial number {text!r} of {garment} is not hexadecimal") from None


def result_of(summary: "RecordSummary") -> RecordResult:
    """What a finished recording holds."""
    from wearables.sessions import Session
    from wearables.sessions.clocks import clock_facts

    with Session.open(summary.path) as session:
        duration_s, clocks = session.duration_s, clock_facts(session)
    return RecordResult(
        path=summary.path,
        duration_s=duration_s,
        n_stored=dict(summary.n_stored),
        n_lost=dict(summary.n_lost),
        clocks=clocks,
    )


def tell(outcome: Outcome, *, as_json: bool) -> Exit:
    """Say what was recorded to a person or a program, and choose the exit code."""
    results = [result_of(summary) for summary in outcome.summaries]
    if as_json:
        one = results[0].numbers()
        many = {"recordings": [result.numbers() for result in results]}
        print_json(one if len(results) == 1 else many)
    for result in () if as_json else results:
        say_table("Recording", [*result.rows(), ("session", str(result.path))])
        for doubt in (doubt for clock in result.clocks for doubt in clock.doubts):
            say(f"{result.path}: {doubt}")
    if outcome.is_interrupted:
        return Exit.INTERRUPTED
    has_loss = any(n for result in results for n in result.n_lost.values())
    return Exit.INCOMPLETE if has_loss else Exit.DONE


@asynccontextmanager
async def garment_place(
    garment: str, duration_s: float, virtual: VirtualGarment, number: int
) -> AsyncIterator[str]:
    """Start the virtual garment when asked for; yields the URI to connect to."""
    if garment != SIM:
        yield garment
        return
    from firmware_bridge.sim import sim_process, write_replay
    from muslin.wearer import demo_replay

    seed = virtual.seed + number
    with tempfile.TemporaryDirectory(prefix="muslin-garment-") as folder:
        replay = Path(folder) / "replay.npz"
        schema, counts, markers = demo_replay(
            assets_folder(),
            seconds_per_activity=max((virtual.played_s or duration_s or 40.0) / 4, 1.0),
            rng=np.random.default_rng(seed),
        )
        write_replay(replay, schema, counts, markers)
        serial = 1 + number
        async with sim_process(replay, loss=virtual.loss, seed=seed, serial=serial) as uri:
            yield uri
