"""Trouble of a radio or a link as one sentence in a `LinkError`, whatever the platform raises."""

import contextlib
from collections.abc import AsyncGenerator, Iterator

from wearables.ble.backends import radio_held
from wearables.errors import LinkError


@contextlib.contextmanager
def as_link_errors(what: str) -> Iterator[None]:
    """Turn trouble inside into a `LinkError` that starts with what failed.

    Raises:
        LinkError: Instead of what bleak, the platform or a time limit raises.
    """
    from bleak.exc import BleakError

    try:
        yield
    except LinkError:
        raise
    except BleakError as error:
        text = str(error.args[0]) if error.args else type(error).__name__
        raise LinkError(text if text.startswith(what) else f"{what}: {text}") from error
    except TimeoutError as error:
        raise LinkError(f"{what}: no answer in time") from error
    except FileNotFoundError as error:
        # The socket of the platform's own stack is not there.
        text = "this computer's Bluetooth service does not run (Linux: bluetoothd and its D-Bus)"
        raise LinkError(f"{what}: {text}") from error
    except OSError as error:
        raise LinkError(f"{what}: {(error.strerror or str(error)).lower()}") from error


@contextlib.asynccontextmanager
async def radio_open(uri: str) -> AsyncGenerator[None]:
    """Keep the radio open between scans and links.

    Raises:
        LinkError: If it cannot be opened.
    """
    async with contextlib.AsyncExitStack() as stack:
        with as_link_errors(f"radio {uri} cannot be opened"):
            await stack.enter_async_context(radio_held(uri))
        yield
