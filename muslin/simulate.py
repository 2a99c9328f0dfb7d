"""A virtual garment on a radio, a line or a network: what `muslin simulate` does."""

import asyncio
import json
import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file, readable_session
from muslin.screen import say

DOORS = ("ble", "pty", "udp")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """Where a virtual garment is reached.

    Attributes:
        kind: ``ble``, ``pty`` or ``udp``.
        port: The virtual radio's TCP port, or the UDP data port; 0 takes a free one, nothing the
            usual one.
        control_port: UDP port of the control messages, likewise.
        interval_ms: Connection interval of the radio.
        budget: Packets of one direction in a connection event.
        miss: Share of packets that the radio has to repeat.
        supervision_s: Time out of range after which a radio link is lost.
    """

    kind: str = "ble"
    port: int | None = None
    control_port: int | None = None
    interval_ms: float = 7.5
    budget: int = 6
    miss: float = 0.0
    supervision_s: float = 2.0

    def __post_init__(self) -> None:
        if self.kind not in DOORS:
            raise InputError(f"door is {self.kind!r}, known are {', '.join(DOORS)}")
        if self.kind == "pty" and not hasattr(os, "openpty"):
            raise InputError("this system has no pseudo-terminals; use UDP or the virtual radio")
        for name, port in (("port", self.port), ("control-port", self.control_port)):
            if port is not None and not 0 <= port <= 65_535:
                raise InputError(f"{name} is {port}, wanted 0 to 65535")
        if not 7.5 <= self.interval_ms <= 4000:
            raise InputError(f"interval is {self.interval_ms:g} ms, Bluetooth knows 7.5 to 4000 ms")
        if not 0 <= self.miss < 1:
            raise InputError(f"miss is {self.miss:g}, wanted a share from 0 to below 1")
        if self.budget < 1:
            raise InputError(f"budget is {self.budget} packets an event, wanted at least 1")
        if not 0.1 <= self.supervision_s <= 32:
            raise InputError(f"supervision is {self.supervision_s:g} s, wanted 0.1 to 32 s")

    def options(self) -> list[str]:
        """What `firmware_bridge.sim.serve` is told."""
        from firmware_bridge.sim.doors import CONTROL_PORT, DATA_PORT

        usual = (DATA_PORT, CONTROL_PORT) if self.kind == "udp" else (0, 0)
        ports = [
            number if given is None else given
            for given, number in zip((self.port, self.control_port), usual, strict=True)
        ]
        return [
            "--door", self.kind, "--port", str(ports[0]), "--control-port", str(ports[1]),
            "--interval-ms", str(self.interval_ms), "--budget", str(self.budget),
            "--miss", str(self.miss), "--supervision-s", str(self.supervision_s),
        ]  # fmt: skip


def simulate(
    *,
    replay: Path | None,
    seconds: float,
    seed: int,
    mapping: Path | None = None,
    serial: int,
    idle_s: float,
    summary: Path | None,
    knobs: dict[str, Any],
    door: DoorSettings | None = None,
    boot: tuple[Path | None, Path | None, bool] = (None, None, False),
) -> Exit:
    """Be a garment until the replay is over and nobody listens, or until interrupted.

    Args:
        replay: What to play: a session (.h5), a replay file (.npz) or a recording that
            `muslin import` reads; nothing for a synthetic wearer.
        seconds: Length of the synthetic wearer's recording.
        seed: Seed of the wearer and of the losses.
        mapping: Which column of a CSV file is what, TOML.
        serial: Serial number it advertises.
        idle_s: How long to wait for a listener once the replay is over.
        summary: File for what it really sent, JSON.
        knobs: What goes wrong, see `firmware_bridge.sim.Faults`.
        door: Where it is reached; a virtual radio if nothing is said.
        boot: Firmware image, the key its bootloader trusts, whether a new one fails its test.

    Raises:
        InputError: If an option cannot be used.
        SchemaError: If a knob is out of its range.
    """
    from firmware_bridge.sim import Faults
    from firmware_bridge.sim.serve import parse, serve

    Faults(**knobs)
    if not 0 < seconds <= 86_400:
        raise InputError(f"seconds is {seconds:g}, wanted more than 0 and at most a day")
    managed = _managed(boot)
    with tempfile.TemporaryDirectory(prefix="muslin-garment-") as folder:
        path = replay_file_of(replay, Path(folder), mapping=mapping, seconds=seconds, seed=seed)
        _check_names(path, knobs)
        options = parse(
            ["--replay", str(path), "--seed", str(seed), "--serial", str(serial),
             "--idle-s", str(idle_s), "--faults", json.dumps(knobs),
             *(door or DoorSettings()).options(), *managed,
             *(["--summary", str(summary)] if summary else [])]
        )  # fmt: skip
        try:
            asyncio.run(_until_told(serve, options))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"the garment's port cannot be opened: {reason}") from error
    return Exit.DONE


def _check_names(replay: Path, knobs: dict[str, Any]) -> None:
    """Refuse faults of streams and channels that the garment does not have."""
    from firmware_bridge.sim import read_replay

    known = {
        stream.name: [channel.name for channel in stream.channels]
        for stream in read_replay(replay).schema.streams
    }
    for knob in ("overruns", "stuck"):
        for stream, *rest in knobs.get(knob, ()):
            if stream not in known:
                names = ", ".join(known)
                raise InputError(f"{knob} names stream {stream!r}; the garment has {names}")
            if knob == "stuck" and rest[0] not in known[stream]:
                names = ", ".join(known[stream])
                raise InputError(f"stuck names channel {rest[0]!r}; {stream} has {names}")


def _managed(boot: tuple[Path | None, Path | None, bool]) -> list[str]:
    image, key, fails = boot
    if image is None and key is None:
        return []
    if image is None or key is None:
        raise InputError("--firmware and --key belong together: a bootloader trusts one key")
    existing_file(image, "firmware image")
    existing_file(key, "public key")
    test = "fail" if fails else "pass"
    return ["--firmware", str(image), "--key", str(key), "--self-test", test]


def replay_file_of(
    replay: Path | None,
    folder: Path,
    *,
    mapping: Path | None = None,
    seconds: float = 60.0,
    seed: int = 0,
) -> Path:
    """Make a replay file of whatever a garment shall play.

    Args:
        replay: Session, replay file, foreign recording, or nothing for a synthetic wearer.
        folder: Folder for files on the way.
        mapping: Which column of a CSV file is what, TOML.
        seconds: Length of the synthetic wearer's recording.
        seed: Seed of the wearer.

    Raises:
        InputError: If it cannot be played.
    """
    from firmware_bridge.sim import write_replay

    path = folder / "replay.npz"
    if replay is None:
        from muslin.wearer import demo_replay

        schema, counts, markers = demo_replay(
            assets_folder(), seconds_per_activity=max(seconds / 4, 1.0),
            rng=np.random.default_rng(seed),
        )  # fmt: skip
        write_replay(path, schema, counts, markers)
        return path
    from wearables.sessions.reader import split_device

    file, _ = split_device(replay)
    if not file.exists():
        raise InputError(f"replay {file} does not exist")
    if file.suffix == ".npz":
        return file
    if file.is_dir() or file.suffix not in (".h5", ".hdf5"):
        replay = _imported(replay, folder / "imported.h5", mapping)
    _replay_of_session(replay, path)
    return path


def _imported(recording: Path, out: Path, mapping: Path | None) -> Path:
    from muslin.version import version
    from wearables.sessions import SubjectInfo
    from wearables.sessions.importers import import_recording

    report = import_recording(
        recording, out, mapping=mapping, subject=SubjectInfo(id="replay"),
        software=f"muslin {version()}",
    )  # fmt: skip
    for note in report.notes:
        say(f"note: {note}")
    return report.path


async def _until_told(serve: Any, options: Any) -> None:
    """Serve; an interrupt lets it write its summary first."""
    closed, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, closed.set)
        loop.add_signal_handler(signal.SIGTERM, closed.set)
    except NotImplementedError:
        pass  # Windows has no handlers in its loop; there an interrupt ends at once.
    await serve(
        options,
        closed=closed,
        on_open=lambda uri: say(f"the garment is there: muslin record --garment {uri}"),
    )


def _replay_of_session(session: Path, path: Path) -> None:
    """The stored counts of a session's longest boot; holes repeat what came before, and are told.

    Raises:
        InputError: If there is nothing to play.
    """
    from firmware_bridge.sim import write_replay
    from wearables.sessions import Session

    with Session.open(readable_session(session)) as opened:
        counts, n_held = {}, 0
        for stream in opened.schema.streams:
            reader = opened.streams[stream.name]
            if reader.n_stored == 0:
                raise InputError(f"stream {stream.name!r} of {session} holds no sample to play")
            stored = reader.stored_rows()
            rows = np.flatnonzero(stored)
            last = np.maximum.accumulate(np.where(stored, np.arange(len(stored)), rows[0]))
            counts[stream.id] = reader.counts(0, reader.n_rows)[last]
            n_held += len(stored) - len(rows)
        markers = [(m.time_s, m.kind, m.text) for m in opened.markers if m.time_s >= 0]
        write_replay(path, opened.schema, counts, markers)
    if n_held:
        say(f"{n_held} samples were missing in {session}; each repeats the one before it")
