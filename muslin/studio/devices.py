"""Bluetooth devices in range, found by `muslin scan` in a process of its own."""

import asyncio
import json
import re
import sys
from typing import Any

from muslin.errors import Exit, InputError
from muslin.studio.child import as_text, worker_environment

SCAN_S = 4.0
# The adapter has to be opened too, which a busy machine may do slowly.
SCAN_TIMEOUT_S = 30.0
_RADIO = re.compile(r"sim:|os:[\w.]*|usb:\d+|tcp-client:[\w.-]{1,80}:\d{1,5}")


class Scanner:
    """Looks at the air, one look at a time."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def look(self, radio: Any) -> list[dict[str, Any]]:
        """Garments and known sensors in range, strongest first.

        Args:
            radio: Address of a radio, as a page sent it.

        Returns:
            Of each device ``name``, ``address``, ``rssi_dbm``, ``profiles``, and ``garment``: what
            to record it by, empty for a sensor that is no garment.

        Raises:
            InputError: If the radio is not known or does not work.
        """
        if not isinstance(radio, str) or not _RADIO.fullmatch(radio):
            raise InputError(f"radio {as_text(radio)!r} is not one of os:, usb:0, tcp-client:…")
        if self._one.locked():
            raise InputError("the radio is listening already; wait a moment")
        async with self._one:
            devices = await _scan(radio)
        for device in devices:
            serial = device.pop("serial")
            device["garment"] = f"{radio}#{serial}" if serial else ""
        return sorted(devices, key=lambda device: -device["rssi_dbm"])


async def _scan(radio: str) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "muslin", "scan", "--radio", radio, "--duration", f"{SCAN_S:g}",
        "--json", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=worker_environment(),
    )  # fmt: skip
    try:
        async with asyncio.timeout(SCAN_TIMEOUT_S):
            out, said = await process.communicate()
    except TimeoutError as error:
        raise InputError(f"the radio said nothing within {SCAN_TIMEOUT_S:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # A scan that finds nobody ends with 1 and still prints its empty list.
    if process.returncode not in (Exit.DONE, Exit.FAILED) or not out.strip():
        lines = said.decode(errors="replace").strip().splitlines()
        raise InputError(lines[-1].removeprefix("muslin: ") if lines else "the radio does not work")
    return json.loads(out)["devices"]
