"""What ends a command, and with which exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


class InputError(ValueError):
    """Something a person typed or pointed at cannot be used; the message is one sentence."""


def describe_os_error(error: OSError) -> str:
    """Say an operating-system error in one sentence that names the file."""
    name = f" {error.filename}" if error.filename else ""
    reason = (error.strerror or str(error)).lower()
    return f"cannot use{name}: {reason}"
