"""Start a virtual garment in a process of its own and end it again."""

import asyncio
import contextlib
import dataclasses
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

from firmware_bridge.sim.faults import Faults

_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 5.0


@contextlib.asynccontextmanager
async def sim_process(
    replay_path: Path,
    *,
    loss: float = 0.0,
    faults: Faults | None = None,
    seed: int = 0,
    serial: int = 1,
    session: int = 1,
    interval_ms: float = 7.5,
    door: Literal["ble", "udp", "pty"] = "ble",
    summary: Path | None = None,
) -> AsyncGenerator[str]:
    """Run a virtual garment beside the caller.

    Args:
        replay_path: Samples to play.
        loss: Share of data frames lost on purpose.
        faults: Whatever else goes wrong; its own `loss` is replaced.
        seed: Seed of losses and of the clock's dither.
        serial: Serial number it advertises.
        session: Boot counter.
        interval_ms: Connection interval of the virtual radio.
        door: Radio, UDP or two pseudo-terminals.
        summary: Where it writes its own counters when it ends.

    Yields:
        Where it is: ``tcp-client:127.0.0.1:PORT``, ``udp:127.0.0.1:DATA:CONTROL`` or
        ``uart:DATA,CONTROL``.

    Raises:
        ConnectionError: If the process does not come up.
    """
    knobs = dataclasses.replace(faults or Faults(), loss=loss)
    command = [
        sys.executable, "-m", "firmware_bridge.sim.serve", "--replay", str(replay_path),
        "--seed", str(seed), "--serial", str(serial), "--session", str(session),
        "--interval-ms", str(interval_ms), "--door", door,
        "--faults", json.dumps(dataclasses.asdict(knobs)),
    ]  # fmt: skip
    if summary is not None:
        command += ["--summary", str(summary)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield await _uri(process)
    finally:
        await _end(process)


async def _uri(process: asyncio.subprocess.Process) -> str:
    line = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START_TIMEOUT_S):
            line = await process.stdout.readline() if process.stdout else b""
    if not line:
        raise ConnectionError("the virtual garment did not start; its own message is above")
    return str(json.loads(line)["uri"])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close standard input, which ends it and lets it write its counters; kill it if that fails."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_END_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
