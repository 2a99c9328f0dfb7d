"""Read fabric cards: the ones that ship, or a person's own (TOML, SI units in the key names)."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from fitting.assets import shipped_folder
from fitting.cloth.fabric import Fabric
from fitting.errors import FabricError

ENTRY_POINT = "muslin.fabrics"
_MUST_BE_POSITIVE = (
    "area_density_kg_m2", "tensile_warp_n_m", "tensile_weft_n_m", "shear_n_m_rad",
    "bending_warp_n_m", "bending_weft_n_m", "bending_twist_n_m", "thickness_m",
    "strain_limit_warp", "strain_limit_weft",
)  # fmt: skip
_NO_NUMBERS = ("name", "provenance", "curve_warp", "curve_weft")


def fabrics_folder() -> Path:
    """Folder of the cards that ship."""
    return shipped_folder("fabrics")


def fabric_names() -> tuple[str, ...]:
    """Names of the cards that ship and of those that other packages bring."""
    return tuple(sorted(_cards()))


def _cards() -> dict[str, Path]:
    """Cards by name. A package brings a folder of them by an entry point of `muslin.fabrics`.

    The entry point is a folder, or a function without arguments that returns one.
    """
    cards = {path.stem: path for path in fabrics_folder().glob("*.toml")}
    for entry in entry_points(group=ENTRY_POINT):
        cards = {path.stem: path for path in folder_of(entry).glob("*.toml")} | cards
    return cards


def folder_of(entry: EntryPoint) -> Path:
    """Folder of cards that a plug-in brings.

    Raises:
        FabricError: If it cannot be loaded, or names no folder.
    """
    try:
        value = entry.load()
        folder = Path(str(value() if callable(value) else value))
    except Exception as error:
        raise FabricError(f"fabric plug-in {entry.name!r} cannot be loaded: {error}") from error
    if not folder.is_dir():
        raise FabricError(f"fabric plug-in {entry.name!r}: {folder} is no folder")
    return folder


def load_fabric(name: str) -> Fabric:
    """Load a card by name, or from a path that ends in ``.toml``.

    Raises:
        FabricError: If it is not known, or a number is missing or impossible.
    """
    path = Path(name) if name.endswith(".toml") else _cards().get(name)
    if path is None or not path.is_file():
        known = ", ".join(fabric_names())
        raise FabricError(f"fabric {name!r} is not known; known are {known}, or a card (.toml)")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FabricError(f"fabric card {path} cannot be read: {error}") from error
    return fabric_from(content, f"fabric card {path}")


def fabric_from(content: Mapping[str, Any], place: str) -> Fabric:
    """Check the content of a card.

    Args:
        content: Values by field name.
        place: Where they are from, for the message.

    Raises:
        FabricError: If a number is missing or impossible.
    """
    values: dict[str, Any] = {}
    for field in fields(Fabric):
        if field.name.startswith("curve_"):
            values[field.name] = _curve(content.get(field.name, ()), f"{place}: {field.name}")
            continue
        if field.name not in content:
            raise FabricError(f"{place} has no {field.name}")
        values[field.name] = content[field.name]
    for key, value in values.items():
        if key not in _NO_NUMBERS and not _is_number(value):
            raise FabricError(f"{place}: {key} is {value!r}, wanted a number")
    if not isinstance(values["provenance"], Mapping):
        raise FabricError(f"{place}: provenance is {values['provenance']!r}, wanted a table")
    for key in _MUST_BE_POSITIVE:
        if not values[key] > 0:
            raise FabricError(f"{place}: {key} is {values[key]:g}, wanted above 0")
    coupling = values["tensile_coupling_n_m"] ** 2
    if coupling >= values["tensile_warp_n_m"] * values["tensile_weft_n_m"]:
        raise FabricError(
            f"{place}: the coupling's square {coupling:g} is not below the product of "
            "the tensile stiffnesses, so the cloth would gain energy when stretched"
        )
    return Fabric(**values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _curve(points: object, place: str) -> tuple[tuple[float, float], ...]:
    """Points of a force-strain curve, each a strain and a force."""
    rows: Sequence[Any] = points if isinstance(points, list | tuple) else [points]
    for row in rows:
        if not (isinstance(row, list | tuple) and len(row) == 2 and all(map(_is_number, row))):
            raise FabricError(f"{place} has {row!r}, wanted pairs of strain and force [N/m]")
    return tuple((float(strain), float(force)) for strain, force in rows)


def card_text(fabric: Fabric, *, notes: tuple[str, ...] = (), extra: str = "") -> str:
    """A card as it is written to a file.

    Args:
        fabric: What to write.
        notes: Lines of comment on top.
        extra: Further TOML at the end.
    """
    lines = [f"# {note}" for note in notes] + [f'name = "{fabric.name}"']
    keys = [f.name for f in fields(Fabric) if f.name not in ("name", "provenance")]
    curves = [key for key in keys if key.startswith("curve_")]
    # A card without a measured curve does not speak of one.
    keys = [key for key in keys if key not in curves or getattr(fabric, key)]
    for key in keys:
        value = getattr(fabric, key)
        points = [[float(part) for part in point] for point in value] if key in curves else None
        lines.append(f"{key} = {float(value)!r}" if points is None else f"{key} = {points}")
    lines += ["", "[provenance]"]
    lines += [f'{key} = "{fabric.provenance.get(key, "estimated")}"' for key in keys]
    return "\n".join(lines) + "\n" + extra
