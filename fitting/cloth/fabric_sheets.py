"""Result sheets of fabric laboratories into SI: KES-F, FAST and Cusick.

A sheet is a CSV file with the columns ``quantity, warp, weft``; where a quantity has one value only
``warp`` holds it. Quantities carry the names and units of their instrument. What a sheet does not
say is taken from a base card and marked "estimated".
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from fitting.cloth.fabric import Fabric
from fitting.cloth.fabric_cards import fabric_from, load_fabric
from fitting.errors import FabricError

Method = Literal["kes", "fast", "cusick"]
GRAVITY_M_S2 = 9.80665
# KES-F: 1 gf cm2/cm; 1 gf/(cm deg); 1 gf cm/cm2; 500 gf/cm, its largest tensile load.
KES_BENDING_N_M = 9.80665e-5
KES_SHEAR_N_M_RAD = 56.188
KES_WORK_J_M2 = 0.980665
KES_LOAD_N_M = 490.3325
# FAST: 100 gf/cm in extension, 5 gf/cm on the bias.
FAST_LOAD_N_M = 98.0665
FAST_BIAS_N_M = 4.903325
# Cusick: areas of the 18 cm support and of the 30 cm disc.
CUSICK_SUPPORT_CM2 = 254.47
CUSICK_DISC_CM2 = 706.86


def bending_from_length_n_m(area_density_kg_m2: float, bending_length_m: float) -> float:
    """Bending stiffness B = w c^3 from Peirce's bending length (ASTM D1388, FAST-2) [N m]."""
    return area_density_kg_m2 * GRAVITY_M_S2 * bending_length_m**3


def shear_from_bias_n_m_rad(extension: float) -> float:
    """Shear stiffness G = F / (4 e) from the extension of a bias strip at 5 gf/cm (FAST-3)."""
    return FAST_BIAS_N_M / (4 * extension)


def drape_coefficient(shadow_cm2: float) -> float:
    """Cusick's drape coefficient from the area of the shadow of a 30 cm disc, no unit."""
    return (shadow_cm2 - CUSICK_SUPPORT_CM2) / (CUSICK_DISC_CM2 - CUSICK_SUPPORT_CM2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A laboratory's results.

    Attributes:
        method: Instrument.
        values: (warp, weft) by quantity; both alike where there is one value.
        source: Name of the file, for the provenance.
    """

    method: Method
    values: Mapping[str, tuple[float, float]]
    source: str


_QUANTITIES: dict[Method, tuple[str, ...]] = {
    "kes": ("W", "B", "G", "EMT", "WT", "LT", "RT", "T0", "TM", "2HB", "2HG", "2HG5", "LC", "WC",
            "RC", "MIU", "MMD", "SMD"),
    "fast": ("W", "C", "B", "EB5", "E5", "E20", "E100", "T2", "T100", "ST", "RS", "HE", "F", "G"),
    "cusick": ("W", "shadow_cm2", "DC", "nodes"),
}  # fmt: skip
_SIGN: dict[Method, set[str]] = {
    "kes": {"EMT", "WT", "2HB", "2HG", "T0", "MIU"},
    "fast": {"EB5", "E100", "E5", "C", "T2"},
    "cusick": {"shadow_cm2", "DC"},
}


def read_sheet(path: Path, *, method: Method | None = None) -> Sheet:
    """Read a sheet; the method follows from its quantities when it is not given.

    Raises:
        FabricError: If it cannot be read; names line and quantity.
    """
    values: dict[str, tuple[float, float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for number, row in enumerate(csv.reader(stream), start=1):
                cells = [cell.strip() for cell in row]
                if not any(cells) or cells[0].startswith("#") or cells[0].lower() == "quantity":
                    continue
                values[cells[0]] = _values(path, number, cells)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FabricError(f"sheet {path} cannot be read: {error}") from error
    found = method or _method(path, values)
    unknown = [name for name in values if name not in _QUANTITIES[found]]
    if unknown:
        raise FabricError(
            f"sheet {path}: {found} has no {', '.join(unknown)}; it has "
            f"{', '.join(_QUANTITIES[found])}"
        )
    return Sheet(method=found, values=values, source=path.name)


def _values(path: Path, number: int, cells: list[str]) -> tuple[float, float]:
    try:
        numbers = [float(cell) for cell in cells[1:3] if cell]
    except ValueError:
        numbers = []
    if not numbers or not all(0 < value < 1e7 for value in numbers):
        raise FabricError(f"sheet {path}, line {number}: {cells[1:3]} holds no positive number")
    return numbers[0], numbers[-1]


def _method(path: Path, values: Mapping[str, object]) -> Method:
    scores: dict[Method, int] = {m: len(signs & set(values)) for m, signs in _SIGN.items()}
    best = max(_SIGN, key=lambda method: scores[method])
    if scores[best] == 0:
        raise FabricError(
            f"sheet {path} has no quantity of KES-F, FAST or Cusick; it has {', '.join(values)}"
        )
    return best


def fabric_from_sheet(sheet: Sheet, *, name: str, base: str = "cotton_jersey") -> Fabric:
    """Make a card of a sheet.

    Args:
        sheet: Measured values.
        name: Name of the new card.
        base: Card that lends what was not measured.

    Raises:
        FabricError: If the base is not known or the numbers make no fabric.
    """
    card = load_fabric(base)
    readers: dict[Method, Callable[[Sheet], dict[str, tuple[float, str]]]] = {
        "kes": _from_kes, "fast": _from_fast, "cusick": _from_cusick,
    }  # fmt: skip
    measured = readers[sheet.method](sheet)
    content: dict[str, object] = {"name": name}
    provenance = {}
    for field in fields(Fabric):
        if field.name in ("name", "provenance"):
            continue
        if field.name in measured:
            content[field.name], provenance[field.name] = measured[field.name]
        else:
            content[field.name] = getattr(card, field.name)
            provenance[field.name] = f"estimated, as {base}"
    _derived(content, provenance, card)
    return fabric_from({**content, "provenance": provenance}, f"sheet {sheet.source}")


def _derived(content: dict[str, object], provenance: dict[str, str], card: Fabric) -> None:
    """Twist from bending, coupling from the base's Poisson ratio, where both were measured."""

    def number(key: str) -> float:
        return float(content[key])  # type: ignore[arg-type]

    if not provenance["bending_warp_n_m"].startswith("estimated"):
        content["bending_twist_n_m"] = (number("bending_warp_n_m") + number("bending_weft_n_m")) / 4
        provenance["bending_twist_n_m"] = "a quarter of the sum of warp and weft bending"
    if not provenance["tensile_warp_n_m"].startswith("estimated"):
        ratio = card.tensile_coupling_n_m / (card.tensile_warp_n_m * card.tensile_weft_n_m) ** 0.5
        content["tensile_coupling_n_m"] = (
            ratio * (number("tensile_warp_n_m") * number("tensile_weft_n_m")) ** 0.5
        )
        provenance["tensile_coupling_n_m"] = "estimated, by the ratio of the base card"


def _both(
    sheet: Sheet, quantity: str, keys: tuple[str, str], convert: Callable[[float], float], text: str
) -> dict[str, tuple[float, str]]:
    if quantity not in sheet.values:
        return {}
    note = f"{text}, {sheet.source}"
    return {k: (convert(v), note) for k, v in zip(keys, sheet.values[quantity], strict=True)}


def _one(
    sheet: Sheet, quantity: str, key: str, convert: Callable[[float], float], text: str
) -> dict[str, tuple[float, str]]:
    if quantity not in sheet.values:
        return {}
    warp, weft = sheet.values[quantity]
    return {key: (convert((warp + weft) / 2), f"{text}, {sheet.source}")}


_TENSILE = ("tensile_warp_n_m", "tensile_weft_n_m")
_BENDING = ("bending_warp_n_m", "bending_weft_n_m")


def _from_kes(sheet: Sheet) -> dict[str, tuple[float, str]]:
    """W in mg/cm2, B in gf cm2/cm, G in gf/(cm deg), EMT in per cent at 500 gf/cm, T0 in mm."""
    return {
        **_one(sheet, "W", "area_density_kg_m2", lambda x: x * 0.01, "KES-F W"),
        **_both(sheet, "B", _BENDING, lambda x: x * KES_BENDING_N_M, "KES-F2 B"),
        **_one(sheet, "G", "shear_n_m_rad", lambda x: x * KES_SHEAR_N_M_RAD, "KES-F1 G"),
        **_both(sheet, "EMT", _TENSILE, lambda x: KES_LOAD_N_M / (x / 100),
                "KES-F1 EMT, secant to 500 gf/cm"),
        **_one(sheet, "T0", "thickness_m", lambda x: x * 1e-3, "KES-F3 T0"),
    }  # fmt: skip


def _from_fast(sheet: Sheet) -> dict[str, tuple[float, str]]:
    """W in g/m2, C in mm or B in uN m, E100 and EB5 in per cent, T2 in mm."""
    found = {
        **_one(sheet, "W", "area_density_kg_m2", lambda x: x * 1e-3, "FAST W"),
        **_both(sheet, "E100", _TENSILE, lambda x: FAST_LOAD_N_M / (x / 100),
                "FAST-3 E100, secant to 100 gf/cm"),
        **_one(sheet, "EB5", "shear_n_m_rad", lambda x: shear_from_bias_n_m_rad(x / 100),
               "FAST-3 EB5"),
        **_one(sheet, "T2", "thickness_m", lambda x: x * 1e-3, "FAST-1 T2"),
        **_both(sheet, "B", _BENDING, lambda x: x * 1e-6, "FAST-2 B"),
    }  # fmt: skip
    if "C" in sheet.values:
        if "W" not in sheet.values:
            raise FabricError(f"sheet {sheet.source}: bending length C needs the mass W too")
        mass = found["area_density_kg_m2"][0]
        found |= _both(
            sheet, "C", _BENDING, lambda c: bending_from_length_n_m(mass, c * 1e-3), "FAST-2 C"
        )
    return found


def _from_cusick(sheet: Sheet) -> dict[str, tuple[float, str]]:
    """W in g/m2. The drape coefficient is no property of the model; see `sheet_drape`."""
    return _one(sheet, "W", "area_density_kg_m2", lambda x: x * 1e-3, "Cusick sheet W")


def sheet_drape(sheet: Sheet) -> float | None:
    """Drape coefficient of a Cusick sheet, no unit; none when it has neither DC nor a shadow.

    Raises:
        FabricError: If the shadow is smaller than the support or larger than the disc.
    """
    if "DC" in sheet.values:
        value = sheet.values["DC"][0]
        value = value / 100 if value > 1 else value
    elif "shadow_cm2" in sheet.values:
        value = drape_coefficient(sheet.values["shadow_cm2"][0])
    else:
        return None
    if not 0 <= value <= 1:
        raise FabricError(
            f"sheet {sheet.source}: a drape coefficient of {value:.3f} is outside 0 to 1; the "
            f"shadow lies between {CUSICK_SUPPORT_CM2:.0f} and {CUSICK_DISC_CM2:.0f} cm2"
        )
    return value
