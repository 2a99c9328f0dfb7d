"""Why a radio cannot be opened, in words that say what to do."""

import socket

import pytest
from bleak.exc import BleakBluetoothNotAvailableError

from wearables.ble import bumble_radio
from wearables.ble.bumble_radio import BumbleRadio


@pytest.mark.parametrize(
    ("uri", "error", "words"),
    [
        ("tcp-client:far:1", socket.gaierror(-2, "x"), "no computer of that name is known"),
        ("tcp-client:far:1", ConnectionRefusedError(111, "x"), "nobody answers there"),
        ("tcp-client:far", ValueError("not enough values"), "wanted tcp-client:HOST:PORT"),
        ("serial:/dev/x", PermissionError(13, "x"), "permission denied"),
        ("usb:3", RuntimeError("LIBUSB"), "no such dongle, or no right to use it"),
        ("hci-socket:0", Exception("not supported on this platform"), "not supported on this"),
        ("hci-socket:0", KeyError(), "KeyError"),
    ],
)
async def test_what_a_transport_raises_becomes_one_reason(monkeypatch, uri, error, words):
    async def refuse(_uri: str) -> None:
        raise error

    monkeypatch.setattr(bumble_radio, "open_transport", refuse)
    with pytest.raises(BleakBluetoothNotAvailableError, match=words):
        await BumbleRadio.acquire(uri)
