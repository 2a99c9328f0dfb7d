"""A fabric in SI units, every number with its provenance."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """Mechanical card of one fabric.

    Attributes:
        name: Key of the card.
        area_density_kg_m2: Mass per area.
        tensile_warp_n_m: Membrane stiffness along the warp.
        tensile_weft_n_m: Membrane stiffness along the weft.
        tensile_coupling_n_m: Coupling of both; its square is below the product of the other two.
        shear_n_m_rad: Shear stiffness.
        bending_warp_n_m: Bending stiffness along the warp [N m].
        bending_weft_n_m: Bending stiffness along the weft [N m].
        bending_twist_n_m: Twisting stiffness; a quarter of the sum of both by default [N m].
        thickness_m: Thickness.
        friction_skin: Coulomb coefficient against skin, no unit.
        friction_cloth: Coulomb coefficient against cloth, no unit.
        strain_limit_warp: Largest wearable strain along the warp, no unit.
        strain_limit_weft: The same along the weft, no unit.
        curve_warp: Points (strain, N/m) of a measured force-strain curve along the warp, rising
            from (0, 0); it replaces the warp stiffness in tension. Empty where the cloth is linear.
        curve_weft: The same along the weft.
        provenance: Source of each number by field name; "estimated" where nobody measured it.
    """

    name: str
    area_density_kg_m2: float
    tensile_warp_n_m: float
    tensile_weft_n_m: float
    tensile_coupling_n_m: float
    shear_n_m_rad: float
    bending_warp_n_m: float
    bending_weft_n_m: float
    bending_twist_n_m: float
    thickness_m: float
    friction_skin: float
    friction_cloth: float
    strain_limit_warp: float
    strain_limit_weft: float
    provenance: Mapping[str, str]
    curve_warp: tuple[tuple[float, float], ...] = ()
    curve_weft: tuple[tuple[float, float], ...] = ()
