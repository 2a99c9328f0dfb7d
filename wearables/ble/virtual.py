"""Start a virtual garment in its own process, and be sure that it ends."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from wearables.errors import LinkError

START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 5.0


@contextlib.asynccontextmanager
async def sim_process(
    replay: Path, *, loss: float = 0.0, seed: int = 0, serial: int = 1, summary: Path | None = None
) -> AsyncIterator[str]:
    """Serve a replay file as a garment.

    Args:
        replay: File of `firmware_bridge.sim.replay.write_replay`.
        loss: Share of data frames lost on purpose.
        seed: Seed of loss and radio.
        serial: Serial number to advertise.
        summary: File where the garment writes its own counts when it ends.

    Yields:
        The URI to connect to.

    Raises:
        LinkError: If the process does not come up.
    """
    command = [sys.executable, "-m", "firmware_bridge.sim.serve", "--replay", str(replay)]
    command += ["--loss", str(loss), "--seed", str(seed), "--serial", str(serial)]
    if summary is not None:
        command += ["--summary", str(summary)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield f"tcp-client:127.0.0.1:{await _port(process)}"
    finally:
        await _end(process)


async def _port(process: asyncio.subprocess.Process) -> int:
    if process.stdout is None:
        raise LinkError("the virtual garment has no output")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            line = await process.stdout.readline()
        return int(json.loads(line)["port"])
    except (TimeoutError, ValueError, KeyError) as error:
        raise LinkError("the virtual garment did not start; its own message is above") from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it; kill it when that does not help."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
