"""Two slots and a bootloader that swaps, checks and goes back, as a host sees MCUboot."""

import hashlib
from typing import Any

from firmware_bridge.control import SmpMessage, encode_message, response
from firmware_bridge.errors import ImageError
from firmware_bridge.image import FirmwareImage
from firmware_bridge.sim.garment import Reply

GROUP_OS, GROUP_IMAGE = 0, 1
MANAGED_GROUPS = (GROUP_OS, GROUP_IMAGE)
BUFFER_BYTES, N_BUFFERS = 2048, 2
_RC_UNKNOWN, _RC_NO_HASH = 1, 8


class Bootloader:
    """Primary and secondary slot; what runs is always an image whose signature holds.

    Attributes:
        running: Image in the primary slot.
        is_confirmed: Whether it stays at the next reset.
        is_reset_due: Whether a reset was asked for.
    """

    def __init__(self, running: bytes, *, public_key: bytes, passes_self_test: bool = True) -> None:
        self.running = FirmwareImage.from_bytes(running)
        self.running.check_signature(public_key)
        self._key = public_key
        self._passes = passes_self_test
        self.is_confirmed = True
        self.is_reset_due = False
        self._secondary = b""
        self._length: int = 0
        self._sha: bytes = b""
        self._pending: bytes = b""

    def upload(self, off: int, data: bytes, length: int | None, sha: bytes | None) -> int:
        """Take in a piece; returns the offset that is wanted next."""
        if off == 0 and length is not None:
            is_same = bool(sha) and sha == self._sha and length == self._length
            if not is_same or len(self._secondary) == 0:
                self._secondary, self._length, self._sha = b"", length, sha or b""
                self._pending = b""
            else:
                return len(self._secondary)
        if off == len(self._secondary):
            self._secondary += data[: self._length - off]
        return len(self._secondary)

    def stored(self) -> FirmwareImage | None:
        """Image in the secondary slot, if it is whole."""
        try:
            return FirmwareImage.from_bytes(self._secondary)
        except ImageError:
            return None

    def test(self, sha256: bytes) -> bool:
        """Boot the stored image once at the next reset; returns whether there is one."""
        stored = self.stored()
        if stored is None or stored.sha256 != sha256:
            return False
        self._pending = sha256
        return True

    def reset(self) -> None:
        """Boot: swap to a pending image that is genuine, or back from an unconfirmed one."""
        self.is_reset_due = False
        stored = self.stored()
        if stored is not None and self._pending == stored.sha256 and self._is_genuine(stored):
            self._secondary, self.running = self.running.data, stored
            self._length, self._sha = len(self._secondary), b""
            self.is_confirmed = False
        elif not self.is_confirmed and stored is not None:
            self._secondary, self.running = self.running.data, stored
            self._length = len(self._secondary)
            self._sha = hashlib.sha256(self._secondary).digest()
            self.is_confirmed = True
        self._pending = b""

    def _is_genuine(self, image: FirmwareImage) -> bool:
        try:
            image.check_signature(self._key)
        except ImageError:
            return False
        return image.version >= self.running.version

    def run_self_test(self) -> None:
        """What the firmware does after boot: confirm itself, unless something is wrong."""
        if self._passes:
            self.is_confirmed = True

    def states(self) -> list[dict[str, Any]]:
        """Rows of the image state answer."""
        rows: list[dict[str, Any]] = [
            {
                "slot": 0, "version": str(self.running.version), "hash": self.running.sha256,
                "bootable": True, "active": True, "confirmed": self.is_confirmed,
                "pending": False, "permanent": False,
            }
        ]  # fmt: skip
        stored = self.stored()
        if stored is not None:
            rows.append(
                {
                    "slot": 1, "version": str(stored.version), "hash": stored.sha256,
                    "bootable": True, "active": False, "confirmed": not self.is_confirmed,
                    "pending": self._pending == stored.sha256, "permanent": False,
                }
            )  # fmt: skip
        return rows


def answer_management(boot: Bootloader, request: SmpMessage) -> Reply:
    """Answer a message of the OS or the image group."""
    message = encode_message(response(request, _content(boot, request)))
    return Reply(wait_us=0, make=lambda _sent_us: message)


def _content(boot: Bootloader, request: SmpMessage) -> dict[str, Any]:
    body = request.body
    match (request.group, request.command):
        case (0, 0):
            return {"r": body.get("d", "")}
        case (0, 5):
            boot.is_reset_due = True
            return {}
        case (0, 6):
            return {"buf_size": BUFFER_BYTES, "buf_count": N_BUFFERS}
        case (1, 0):
            sha256 = body.get("hash")
            if sha256 is not None and not boot.test(bytes(sha256)):
                return {"err": {"group": GROUP_IMAGE, "rc": _RC_NO_HASH}}
            return {"images": boot.states()}
        case (1, 1):
            off = boot.upload(
                int(body.get("off", 0)), bytes(body.get("data", b"")), body.get("len"),
                body.get("sha"),
            )  # fmt: skip
            return {"off": off}
        case _:
            return {"err": {"group": request.group, "rc": _RC_UNKNOWN}}
