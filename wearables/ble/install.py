"""Make foreign code that uses bleak run on one of our radios."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

from wearables.ble.bumble_backend import BleakClientBumble, BleakScannerBumble


def install(radio_uri: str) -> Callable[[], None]:
    """Make bleak use this radio for code that names no backend.

    Args:
        radio_uri: Which radio.

    Returns:
        A function that undoes it.
    """
    bleak: Any = importlib.import_module("bleak")
    names = ("get_platform_scanner_backend_type", "get_platform_client_backend_type")
    before = [getattr(bleak, name) for name in names]

    class Scanner(BleakScannerBumble):
        """Scanner on the installed radio."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{"radio_uri": radio_uri, **kwargs})

    class Client(BleakClientBumble):
        """Client on the installed radio."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{"radio_uri": radio_uri, **kwargs})

    for name, ours in zip(names, (Scanner, Client), strict=True):
        setattr(bleak, name, functools.partial(tuple, (ours, "bumble")))

    def undo() -> None:
        for name, original in zip(names, before, strict=True):
            setattr(bleak, name, original)

    return undo
