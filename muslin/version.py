"""Version of the installed package."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """Version as installed, or ``0+checkout`` when run from a bare checkout."""
    try:
        return installed("muslin")
    except PackageNotFoundError:
        return "0+checkout"
