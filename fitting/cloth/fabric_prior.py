"""How ordinary a fabric's numbers are, against the ranges of the literature.

Mass and bending: 5th, 50th and 95th percentile of 618 apparel fabrics (ClothDrapeTester). Other
ranges are those of apparel as laboratories report them, wide on purpose. A hint to look at the
number again, never a refusal: spacer fabrics and coated cloth are rare, not wrong.
"""

from dataclasses import dataclass

from fitting.cloth.fabric import Fabric

# Beyond the percentiles by this factor a number is implausible.
SLACK = 4.0
_PERCENTILES = {
    "area_density_kg_m2": (0.030, 0.197, 0.487),
    "bending_warp_n_m": (1.1e-6, 13.6e-6, 109e-6),
    "bending_weft_n_m": (0.85e-6, 8.7e-6, 49e-6),
}
_RANGES = {
    "tensile_warp_n_m": (20.0, 30_000.0),
    "tensile_weft_n_m": (20.0, 30_000.0),
    "shear_n_m_rad": (2.0, 1_500.0),
    "thickness_m": (5e-5, 8e-3),
    "friction_skin": (0.05, 1.2),
    "friction_cloth": (0.05, 1.2),
    "strain_limit_warp": (0.01, 1.5),
    "strain_limit_weft": (0.01, 1.5),
}
# Mass over thickness: from lofty spacers to coated films.
_BULK_KG_M3 = (40.0, 1_600.0)
_BENDING_LENGTH_M = (0.006, 0.07)
_ANISOTROPY = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricFinding:
    """One number that is hard to believe.

    Attributes:
        field: Which number.
        text: What was found and what is ordinary.
    """

    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


def check_fabric(fabric: Fabric) -> tuple[FabricFinding, ...]:
    """List numbers that no ordinary apparel fabric has."""
    found = []
    for key, (low, middle, high) in _PERCENTILES.items():
        value = getattr(fabric, key)
        if not low / SLACK <= value <= high * SLACK:
            found.append(_finding(key, f"{value:g}; apparel has {low:g} to {high:g}, {middle:g} "
                                       "in the middle"))  # fmt: skip
    for key, (low, high) in _RANGES.items():
        value = getattr(fabric, key)
        if not low <= value <= high:
            found.append(_finding(key, f"{value:g} is outside {low:g} to {high:g}"))
    return (*found, *_relations(fabric))


def _finding(field: str, text: str) -> FabricFinding:
    return FabricFinding(field=field, text=text)


def _relations(fabric: Fabric) -> list[FabricFinding]:
    """Numbers that are ordinary alone and odd together."""
    found = []
    bulk = fabric.area_density_kg_m2 / fabric.thickness_m
    if not _BULK_KG_M3[0] <= bulk <= _BULK_KG_M3[1]:
        found.append(_finding("thickness_m", f"mass over thickness is {bulk:.0f} kg/m3, ordinary "
                                             "is 40 to 1600; is the unit right?"))  # fmt: skip
    for side, bending in (("warp", fabric.bending_warp_n_m), ("weft", fabric.bending_weft_n_m)):
        length_m = (bending / (9.81 * fabric.area_density_kg_m2)) ** (1 / 3)
        if not _BENDING_LENGTH_M[0] <= length_m <= _BENDING_LENGTH_M[1]:
            found.append(_finding(f"bending_{side}_n_m", f"its bending length is "
                                  f"{length_m * 1e3:.1f} mm, ordinary is 6 to 70"))  # fmt: skip
    ratio = max(fabric.tensile_warp_n_m, fabric.tensile_weft_n_m) / min(
        fabric.tensile_warp_n_m, fabric.tensile_weft_n_m
    )
    if ratio > _ANISOTROPY:
        found.append(_finding("tensile_warp_n_m", f"warp and weft differ {ratio:.0f} times"))
    return found
