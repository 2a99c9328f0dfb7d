"""Inside the emulated machine: a virtual garment behind /dev/vhci, recorded through bluetoothd."""

import asyncio
import sys
from pathlib import Path

import numpy as np
from bumble.transport import open_transport

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Garment, Replay
from firmware_bridge.sim.peripheral import GarmentPeripheral
from firmware_bridge.sim.radio import RadioLink, VirtualController
from wearables.ble import GarmentSource, SupervisorSettings
from wearables.events import Lost, Sampled

DAEMONS = ("/usr/libexec/bluetooth/bluetoothd", "/usr/lib/bluetooth/bluetoothd")


def content(seconds: float) -> Replay:
    channel = ChannelSchema(
        name="x", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="acc"
    )
    stream = StreamSchema(
        id=1, name="s", rate_hz=500.0, rates_hz=(500.0,), max_latency_ms=100, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    counts = np.random.default_rng(3).integers(-900, 900, (round(500 * seconds), 1))
    return Replay(schema=schema, counts={1: counts})


async def main(radio: str) -> int:
    truth = content(20.0)
    link = RadioLink()
    unit = Garment(truth, rng=np.random.default_rng(1))
    peripheral = GarmentPeripheral(unit, link=link)
    await peripheral.open()
    transport = await open_transport("vhci")
    controller = VirtualController("hci0", link=link, number=200)
    # The kernel is the host: its packets go to the controller, the controller's to the kernel.
    controller.set_packet_sink(transport.sink)
    transport.source.set_packet_sink(controller)
    daemon = next(path for path in DAEMONS if Path(path).exists())  # noqa: ASYNC240
    bluetoothd = await asyncio.create_subprocess_exec(daemon, "-n")
    await asyncio.sleep(3)
    power = await asyncio.create_subprocess_exec("bluetoothctl", "power", "on")
    await power.wait()
    found = np.full(truth.counts[1].shape, 99_999)
    n_lost = 0
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(peripheral.outlet.run())
        patience = SupervisorSettings(scan_timeout_s=30.0, connect_timeout_s=60.0)
        async with GarmentSource(radio, settings=patience) as source:
            async for event in source:
                if isinstance(event, Sampled):
                    rows = slice(event.first_index, event.first_index + len(event.counts))
                    found[rows] = event.counts
                n_lost += event.n_samples if isinstance(event, Lost) else 0
        playing.cancel()
    bluetoothd.terminate()
    n_wrong = int((found != truth.counts[1]).sum())
    sys.stdout.write(f"{found.size} samples, {n_lost} lost, {n_wrong} wrong or missing\n")
    return 0 if n_wrong == 0 and n_lost == 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
