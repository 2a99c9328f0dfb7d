"""Update a garment's firmware over the supervised radio link."""

import asyncio
from collections.abc import Callable

import numpy as np

from firmware_bridge.dfu import LinkTransport, Progress, Updater
from firmware_bridge.image import FirmwareImage
from wearables.ble.backends import radio_held
from wearables.ble.link import Link, LinkEndedError
from wearables.ble.settings import SupervisorSettings
from wearables.ble.states import Stopped
from wearables.ble.supervisor import Supervisor
from wearables.errors import LinkError


async def update_firmware(
    uri: str,
    image: FirmwareImage,
    *,
    serial: int | None = None,
    allow_downgrade: bool = False,
    timeout_s: float = 1800.0,
    settings: SupervisorSettings | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> None:
    """Lead a garment to an image; links that break are made again and the upload goes on.

    Args:
        uri: Radio, see `wearables.ble.backends`.
        image: What shall run; check its signature first.
        serial: Which garment; the first one seen if nothing is said.
        allow_downgrade: Whether an older version may be sent.
        timeout_s: Longest time for all of it.
        settings: Patience.
        on_progress: Called with every step.

    Raises:
        LinkError: If no garment answers, or not for so long.
        ImageError: If the garment runs a newer version.
        UpdateError: If it refused the image or went back to the old one.
    """
    updater = Updater(image, allow_downgrade=allow_downgrade, on_progress=on_progress)
    supervisor = Supervisor(
        uri, serial=serial, settings=settings or SupervisorSettings(), rng=np.random.default_rng()
    )

    async def serve(link: Link) -> None:
        await link.open()
        supervisor.has_streamed = True
        if not await updater.step(LinkTransport(link.exchange, mtu=link.mtu - 3)):
            await asyncio.sleep(0.2)
            raise LinkEndedError("reset")

    try:
        async with asyncio.timeout(timeout_s), radio_held(uri):
            await supervisor.run(serve)
    except TimeoutError as error:
        raise LinkError(f"the update was not done within {timeout_s:g} s") from error
    if isinstance(supervisor.state, Stopped) and supervisor.state.error:
        raise LinkError(supervisor.state.error)
