"""Activity models by name: the one that ships, and those that installed packages bring."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from wearables.errors import ModelError

ENTRY_POINT_GROUP = "muslin.models"
SUFFIX = ".safetensors"


def models_folder() -> Path:
    """Folder of the models that ship, in a checkout or in an installed package."""
    root = Path(__file__).resolve().parents[2]
    checkout = root / "assets" / "models"
    return checkout if checkout.is_dir() else root / "muslin" / "assets" / "models"


def known_models() -> dict[str, Path]:
    """Weights by name. A package brings a folder of them by an entry point of `muslin.models`.

    The entry point is a folder, or a function without arguments that returns one. A model that
    ships keeps its name.

    Raises:
        ModelError: If a plug-in cannot be loaded, or names no folder.
    """
    models = _models_in(models_folder())
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        models = _models_in(folder_of(entry)) | models
    return models


def find_model(name: str) -> Path:
    """Weights by the name of a model, or by a path: what exists, or ends in ``.safetensors``.

    Raises:
        ModelError: If the name is not known.
    """
    if name.endswith(SUFFIX) or Path(name).is_file():
        return Path(name)
    known = known_models()
    if name not in known:
        raise ModelError(
            f"model {name!r} is not known; known are {', '.join(known)}, or a file ({SUFFIX})"
        )
    return known[name]


def folder_of(entry: EntryPoint) -> Path:
    """Folder that a plug-in brings.

    Raises:
        ModelError: If it cannot be loaded, or names no folder.
    """
    try:
        value = entry.load()
        folder = Path(str(value() if callable(value) else value))
    except Exception as error:
        raise ModelError(f"model plug-in {entry.name!r} cannot be loaded: {error}") from error
    if not folder.is_dir():
        raise ModelError(f"model plug-in {entry.name!r}: {folder} is no folder")
    return folder


def _models_in(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
