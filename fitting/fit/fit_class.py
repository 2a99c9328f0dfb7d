"""Fit classes: where verdicts change for a kind of garment, in a TOML that a designer edits.

Centimetres, kilopascals and per cent in the file; SI inside.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from fitting.assets import shipped_folder
from fitting.body.body import REGIONS
from fitting.errors import FitClassError

Verdict = Literal["tight", "close", "easy", "loose", "none"]
VERDICTS: tuple[Verdict, ...] = ("tight", "close", "easy", "loose")
_LIMITS = ("tight", "close", "loose")
# Key in the file, factor to SI, whether more of it means looser.
QUANTITIES: dict[str, tuple[float, bool]] = {
    "ease_cm": (0.01, True),
    "gap_mean_cm": (0.01, True),
    "strain_percent_of_limit": (0.01, False),
    "pressure_mean_kpa": (1000.0, False),
    "pressure_p95_kpa": (1000.0, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Thresholds of one quantity, SI; None where a verdict does not follow from it.

    Attributes:
        tight: From here on the region is tight.
        close: From here on it is close.
        loose: From here on it is loose.
        rises: Whether more of the quantity means looser, as with ease.
    """

    tight: float | None = None
    close: float | None = None
    loose: float | None = None
    rises: bool = False

    def verdict(self, value: float) -> Verdict:
        """Verdict of a value; easy where no threshold is passed."""
        if self._passed(value, self.tight, towards_tight=True):
            return "tight"
        if self._passed(value, self.loose, towards_tight=False):
            return "loose"
        if self._passed(value, self.close, towards_tight=True):
            return "close"
        return "easy"

    def _passed(self, value: float, limit: float | None, *, towards_tight: bool) -> bool:
        if limit is None:
            return False
        return value < limit if self.rises == towards_tight else value >= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FitClass:
    """A kind of garment and what fits means for it.

    Attributes:
        name: Key of the class.
        title: What people call it.
        intended: Verdict that a region should have.
        accepted: Verdicts with which a size still fits.
        default: Bands by quantity for regions without their own.
        regions: Bands by region and quantity.
        sources: Where thresholds come from, by their path in the file.
    """

    name: str
    title: str
    intended: Verdict
    accepted: tuple[Verdict, ...]
    default: Mapping[str, Band]
    regions: Mapping[str, Mapping[str, Band]]
    sources: Mapping[str, str]

    def bands(self, region: str) -> Mapping[str, Band]:
        """Bands by quantity of a region."""
        return self.regions.get(region, self.default)


def fit_classes_folder() -> Path:
    """Folder of the classes that ship."""
    return shipped_folder("fit")


def fit_class_names() -> tuple[str, ...]:
    """Names of the classes that ship."""
    return tuple(sorted(path.stem for path in fit_classes_folder().glob("*.toml")))


def load_fit_class(name: str) -> FitClass:
    """Load a fit class by name, or from a path that ends in ``.toml``.

    Raises:
        FitClassError: If it is not known, or a threshold is impossible.
    """
    path = Path(name) if name.endswith(".toml") else fit_classes_folder() / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(fit_class_names())
        raise FitClassError(f"fit class {name!r} is not known; known are {known}, or a .toml file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FitClassError(f"fit class {path} cannot be read: {error}") from error
    return _fit_class(content, path)


def _fit_class(content: dict[str, Any], path: Path) -> FitClass:
    intended = content.get("intended")
    accepted = content.get("accepted", [intended])
    if not isinstance(accepted, list):
        raise FitClassError(f"fit class {path}: accepted is {accepted!r}, wanted a list")
    for verdict in (intended, *accepted):
        if verdict not in VERDICTS:
            raise FitClassError(
                f"fit class {path}: {verdict!r} is no verdict; known are {', '.join(VERDICTS)}"
            )
    tables = content.get("region", {})
    if not isinstance(tables, dict):
        raise FitClassError(f"fit class {path}: region is {tables!r}, wanted tables")
    for region in tables:
        if region not in REGIONS:
            raise FitClassError(
                f"fit class {path}: region {region!r} is not known; known are {', '.join(REGIONS)}"
            )
    return FitClass(
        name=str(content.get("name", path.stem)),
        title=str(content.get("title", path.stem)),
        intended=cast("Verdict", intended),
        accepted=tuple(cast("list[Verdict]", accepted)),
        default=_bands(content.get("default", {}), f"{path}: default"),
        regions={name: _bands(table, f"{path}: region {name}") for name, table in tables.items()},
        sources={str(key): str(text) for key, text in content.get("sources", {}).items()},
    )


def _bands(table: Any, where: str) -> dict[str, Band]:
    if not isinstance(table, dict):
        raise FitClassError(f"fit class {where} is {table!r}, wanted a table of quantities")
    return {name: _band(name, limits, where) for name, limits in table.items()}


def _band(name: str, limits: Any, where: str) -> Band:
    if name not in QUANTITIES:
        known = ", ".join(QUANTITIES)
        raise FitClassError(f"fit class {where}: {name!r} is not known; known are {known}")
    factor, rises = QUANTITIES[name]
    if not isinstance(limits, dict) or not limits or set(limits) - set(_LIMITS):
        raise FitClassError(
            f"fit class {where}: {name} is {limits!r}, wanted {{ tight, close, loose }}"
        )
    values: dict[str, float] = {}
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FitClassError(f"fit class {where}: {name}.{key} is {value!r}, wanted a number")
        values[key] = value * factor
    order = [values[key] for key in _LIMITS if key in values]
    if order != sorted(order, reverse=not rises):
        direction = "rise" if rises else "fall"
        raise FitClassError(
            f"fit class {where}: {name} must {direction} from tight over close to loose, "
            f"found {limits!r}"
        )
    return Band(rises=rises, **values)
