"""Where the data lies that ships with fitting: bodies, fabrics, fit classes."""

from pathlib import Path


def shipped_folder(name: str) -> Path:
    """Folder of shipped data, in a checkout or in an installed package.

    Args:
        name: Of the folder in ``assets/``: ``body``, ``fabrics`` or ``fit``.
    """
    root = Path(__file__).resolve().parents[1]
    checkout = root / "assets" / name
    return checkout if checkout.is_dir() else root / "muslin" / "assets" / name
