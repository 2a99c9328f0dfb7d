"""A virtual garment in its own process: ``python -m firmware_bridge.sim.serve --replay FILE``.

Three doors: HCI over TCP on the loopback interface, so that the host runs its real Bluetooth stack;
UDP; two pseudo-terminals. One JSON line with the address says when it is ready. It ends when
standard input closes, or when the replay is over and nobody has listened for a while.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.sim.bootloader import Bootloader
from firmware_bridge.sim.faults import Faults
from firmware_bridge.sim.flash import DEFAULT_SECTOR_BYTES, NorFlash
from firmware_bridge.sim.garment import Garment
from firmware_bridge.sim.outlet import Outlet
from firmware_bridge.sim.signals import read_replay

_LOOK_S = 0.1


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="firmware_bridge.sim.serve", description=__doc__)
    parser.add_argument("--replay", type=Path, required=True, help="file of samples to play")
    parser.add_argument("--door", choices=("ble", "udp", "pty"), default="ble")
    parser.add_argument("--port", type=int, default=0, help="radio's or data port; 0 a free one")
    parser.add_argument("--control-port", type=int, default=0, help="UDP; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serial", type=int, default=1)
    parser.add_argument("--session", type=int, default=1, help="boot counter")
    parser.add_argument("--interval-ms", type=float, default=7.5, help="connection interval")
    parser.add_argument("--budget", type=int, default=6, help="packets per connection event")
    parser.add_argument("--miss", type=float, default=0.0, help="share of packets sent again")
    parser.add_argument("--supervision-s", type=float, default=2.0, help="link lost after")
    parser.add_argument("--summary", type=Path, help="JSON file written at the end")
    parser.add_argument("--idle-s", type=float, default=30.0, help="wait after the replay's end")
    parser.add_argument("--flash", type=Path, help="file that keeps the log beyond a kill")
    parser.add_argument("--ledger", type=Path, help="file that gets every frame produced")
    parser.add_argument("--firmware", type=Path, help="image that runs at the start")
    parser.add_argument("--key", type=Path, help="public key (PEM) that the bootloader trusts")
    parser.add_argument("--self-test", choices=("pass", "fail"), default="pass")
    parser.add_argument("--faults", default="{}", help="knobs as a JSON object")
    return parser.parse_args(arguments)


def faults_from_json(text: str) -> Faults:
    """Read knobs; lists become tuples."""
    knobs: dict[str, Any] = json.loads(text)
    if "cuts_s" in knobs:
        knobs["cuts_s"] = tuple(float(at_s) for at_s in knobs["cuts_s"])
    for key in ("silences_s", "outages_s", "brown_outs"):
        if key in knobs:
            knobs[key] = tuple((float(start_s), float(stop_s)) for start_s, stop_s in knobs[key])
    for key in ("overruns", "stuck", "jams"):
        if key in knobs:
            knobs[key] = tuple(tuple(row) for row in knobs[key])
    return Faults(**knobs)


def flash_of(faults: Faults, *, file: Path | None = None) -> NorFlash | None:
    """The flash of a garment that has one."""
    if not faults.log_kib:
        return None
    return NorFlash(n_sectors=faults.log_kib * 1024 // DEFAULT_SECTOR_BYTES, file=file)


def note_in(ledger: Path) -> Callable[[bytes], None]:
    """Appends frames to a file, unbuffered so that a kill loses none: u16 length, frame."""
    file = ledger.open("ab", buffering=0)

    def note(frame: bytes) -> None:
        file.write(len(frame).to_bytes(2, "little") + frame)

    return note


def _bootloader(options: argparse.Namespace) -> Bootloader | None:
    if options.firmware is None or options.key is None:
        return None
    return Bootloader(
        options.firmware.read_bytes(),
        public_key=options.key.read_bytes(),
        passes_self_test=options.self_test == "pass",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """An open door.

    Attributes:
        uri: What a host connects to.
        outlet: Plays the garment.
        is_listened: Whether a host is there.
        close: Shuts the door.
    """

    uri: str
    outlet: Outlet
    is_listened: Callable[[], bool]
    close: Callable[[], Awaitable[None]]


async def _open_radio(
    options: argparse.Namespace, garment: Garment, boot: Bootloader | None
) -> _Served:
    from firmware_bridge.sim.hci_server import HciServer
    from firmware_bridge.sim.peripheral import GarmentPeripheral
    from firmware_bridge.sim.radio import AirSettings, RadioLink, VirtualController

    air = AirSettings(
        interval_s=options.interval_ms * 1e-3,
        budget=options.budget,
        miss=options.miss,
        supervision_s=options.supervision_s,
        seed=options.seed,
    )
    link = RadioLink(settings=air)
    peripheral = GarmentPeripheral(garment, link=link, serial=options.serial, bootloader=boot)
    await peripheral.open()
    server = HciServer(VirtualController("central", link=link, number=200))
    port = await server.open(port=options.port)

    async def close() -> None:
        peripheral.close()
        await server.close()

    return _Served(
        uri=f"tcp-client:127.0.0.1:{port}",
        outlet=peripheral.outlet,
        is_listened=lambda: peripheral.is_connected,
        close=close,
    )


async def _open_line(
    options: argparse.Namespace, garment: Garment, boot: Bootloader | None
) -> _Served:
    from firmware_bridge.sim.doors import PtyDoor, UdpDoor

    door = UdpDoor() if options.door == "udp" else PtyDoor()
    outlet = Outlet(garment, door, bootloader=boot)
    door.obey, door.forget_link = outlet.obey, outlet.forget_link
    if isinstance(door, UdpDoor):
        await door.open(data_port=options.port, control_port=options.control_port)
    else:
        await door.open()

    async def close() -> None:
        door.close()

    # A line does not say whether somebody is there; who asks something is.
    return _Served(uri=door.uri, outlet=outlet, is_listened=lambda: outlet.is_asked, close=close)


async def serve(
    options: argparse.Namespace,
    *,
    closed: asyncio.Event,
    on_open: Callable[[str], None] = lambda _uri: None,
) -> None:
    """Be a garment until told to end.

    Args:
        options: What `parse` returns.
        closed: Set it to end.
        on_open: Called with the address once a host can come.

    Raises:
        OSError: If a port cannot be opened.
    """
    faults = faults_from_json(options.faults)
    garment = Garment(
        read_replay(options.replay),
        rng=np.random.default_rng(options.seed),
        faults=faults,
        session=options.session,
        flash=flash_of(faults, file=options.flash),
    )
    if options.ledger is not None:
        garment.on_frame = note_in(options.ledger)
    make = _open_radio if options.door == "ble" else _open_line
    served = await make(options, garment, _bootloader(options))
    about = {"uri": served.uri, "serial": options.serial}
    sys.stdout.write(json.dumps(about) + "\n")
    sys.stdout.flush()
    on_open(served.uri)
    try:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(served.outlet.run())
            await _wait_for_end(closed, garment, served.is_listened, idle_s=options.idle_s)
            playing.cancel()
    finally:
        await served.close()
        if options.summary is not None:
            options.summary.write_text(json.dumps(garment.summary(), indent=1))


async def _wait_for_end(
    closed: asyncio.Event, garment: Garment, is_listened: Callable[[], bool], *, idle_s: float
) -> None:
    busy_ns = time.monotonic_ns()
    while not closed.is_set():
        if is_listened() or not garment.is_finished:
            busy_ns = time.monotonic_ns()
        if time.monotonic_ns() - busy_ns > idle_s * 1e9:
            return
        try:
            async with asyncio.timeout(_LOOK_S):
                await closed.wait()
        except TimeoutError:
            continue


async def _main() -> None:
    options = parse()
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        # The raw descriptor: a buffered reader would hold its lock at interpreter exit.
        while os.read(0, 256):
            pass
        loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=watch, daemon=True).start()
    await serve(options, closed=closed)


if __name__ == "__main__":
    asyncio.run(_main())
