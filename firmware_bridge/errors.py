"""Errors of the garment link.

FirmwareBridgeError
├── SchemaError (ValueError)       a garment description that makes no sense
├── FrameError (ValueError)        bytes that are not a valid frame
│   └── ChecksumError              whole, yet the checksum does not match
├── MessageError (ValueError)      bytes that are not a valid control message
├── ControlError (RuntimeError)    the garment refused a command
├── ImageError (ValueError)        a firmware image that must not be sent
└── UpdateError (RuntimeError)     the garment does not run the new firmware
"""


class FirmwareBridgeError(Exception):
    """Base of all errors raised here."""


class SchemaError(FirmwareBridgeError, ValueError):
    """A garment description that makes no sense; names stream, channel and key.

    Attributes:
        key: Key of the description that is wrong, where it is one.
    """

    def __init__(self, text: str, *, key: str = "") -> None:
        super().__init__(text)
        self.key = key


class FrameError(FirmwareBridgeError, ValueError):
    """Bytes that are not a valid frame."""


class ChecksumError(FrameError):
    """A frame arrived whole, yet its checksum does not match."""

    def __init__(self, *, expected: int, actual: int) -> None:
        super().__init__(f"frame checksum is {actual:#06x}, the frame says {expected:#06x}")
        self.expected = expected
        self.actual = actual


class MessageError(FirmwareBridgeError, ValueError):
    """Bytes that are not a valid control message."""


class ControlError(FirmwareBridgeError, RuntimeError):
    """The garment refused a command."""

    def __init__(self, *, command: str, group: int, rc: int, reason: str) -> None:
        super().__init__(f"the garment refused {command}: {reason} (group {group}, rc {rc})")
        self.group = group
        self.rc = rc


class ImageError(FirmwareBridgeError, ValueError):
    """A firmware image that must not be sent: damaged, forged or older."""


class UpdateError(FirmwareBridgeError, RuntimeError):
    """An update ended, and the garment does not run the new firmware."""
