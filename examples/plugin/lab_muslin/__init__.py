"""What our lab adds to Muslin. Nothing here is imported until Muslin asks for it."""

from pathlib import Path


def fabrics_folder() -> Path:
    """Folder of our fabric cards."""
    return Path(__file__).parent / "fabrics"
