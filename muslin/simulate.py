"""A virtual garment on the air: what `muslin simulate` does."""

import asyncio
import json
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file
from muslin.screen import say


def simulate(
    *,
    replay: Path | None,
    seconds: float,
    port: int,
    interval_ms: float,
    seed: int,
    serial: int,
    idle_s: float,
    summary: Path | None,
    knobs: dict[str, Any],
    boot: tuple[Path | None, Path | None, bool] = (None, None, False),
) -> Exit:
    """Be a garment until the replay is over and nobody listens, or until interrupted.

    Args:
        replay: Session (.h5) or replay file (.npz) to play; nothing for a synthetic wearer.
        seconds: Length of the synthetic wearer's recording.
        port: TCP port of the virtual radio on the loopback interface; 0 takes a free one.
        interval_ms: Connection interval.
        seed: Seed of the wearer and of the losses.
        serial: Serial number it advertises.
        idle_s: How long to wait for a listener.
        summary: File for what it really sent, JSON.
        knobs: What goes wrong, see `firmware_bridge.sim.Faults`.
        boot: Firmware image, the key its bootloader trusts, whether a new one fails its test.

    Raises:
        InputError: If an option cannot be used.
        SchemaError: If a knob is out of its range.
    """
    from firmware_bridge.sim import Faults, write_replay
    from firmware_bridge.sim.serve import parse, serve

    Faults(**knobs)
    image, key, fails = boot
    if (image is None) != (key is None):
        raise InputError("--firmware and --key belong together: a bootloader trusts one key")
    if not 0 < seconds <= 86_400:
        raise InputError(f"seconds is {seconds:g}, wanted more than 0 and at most a day")
    if not 0 <= port <= 65_535:
        raise InputError(f"port is {port}, wanted 0 to 65535")
    if not 7.5 <= interval_ms <= 4000:
        raise InputError(f"interval is {interval_ms:g} ms, Bluetooth knows 7.5 to 4000 ms")
    with tempfile.TemporaryDirectory(prefix="muslin-garment-") as folder:
        path = Path(folder) / "replay.npz"
        if replay is None:
            from muslin.wearer import demo_replay

            schema, counts, markers = demo_replay(
                assets_folder(), seconds_per_activity=max(seconds / 4, 1.0),
                rng=np.random.default_rng(seed),
            )  # fmt: skip
            write_replay(path, schema, counts, markers)
        elif replay.suffix == ".npz":
            path = existing_file(replay, "replay")
        else:
            _replay_of_session(existing_file(replay, "session file"), path)
        port = port or _free_port()
        managed: list[str] = []
        if image is not None and key is not None:
            existing_file(image, "firmware image")
            existing_file(key, "public key")
            test = "fail" if fails else "pass"
            managed = ["--firmware", str(image), "--key", str(key), "--self-test", test]
        options = parse(
            ["--replay", str(path), "--port", str(port), "--seed", str(seed), "--serial",
             str(serial), "--interval-ms", str(interval_ms), "--idle-s", str(idle_s),
             "--faults", json.dumps(knobs), *(["--summary", str(summary)] if summary else []),
             *managed]
        )  # fmt: skip
        say(f"the garment is on the air: muslin record --garment tcp-client:127.0.0.1:{port}")
        asyncio.run(_until_told(serve, options))
    return Exit.DONE


async def _until_told(serve: Any, options: Any) -> None:
    """Serve; an interrupt lets it write its summary first."""
    closed, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, closed.set)
        loop.add_signal_handler(signal.SIGTERM, closed.set)
    except NotImplementedError:
        pass  # Windows has no handlers in its loop; there an interrupt ends at once.
    await serve(options, closed=closed)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _replay_of_session(session: Path, path: Path) -> None:
    """The stored counts of a session's longest boot; holes repeat what came before, and are told.

    Raises:
        InputError: If there is nothing to play.
    """
    from firmware_bridge.sim import write_replay
    from wearables.sessions import Session

    with Session.open(session) as opened:
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
