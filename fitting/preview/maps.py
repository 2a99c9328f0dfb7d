"""Maps that pictures show: which number of a garment, in which unit, with which fixed colours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.errors import PreviewError
from fitting.preview.colors import Scale
from fitting.preview.scene import PaintedMesh

Numbers = Mapping[str, NDArray[np.floating]]
_MMHG_PER_KPA = 1000 / 133.322


@dataclass(frozen=True, slots=True, kw_only=True)
class MapStyle:
    """How one map is shown.

    Attributes:
        scale: Colours and legend.
        needs: Names of the numbers that it is made of.
        values: From these numbers to the legend's unit, per vertex.
    """

    scale: Scale
    needs: tuple[str, ...]
    values: Callable[[Numbers], NDArray[np.float64]]


def _plain(name: str, factor: float) -> Callable[[Numbers], NDArray[np.float64]]:
    return lambda numbers: np.asarray(numbers[name], dtype=np.float64) * factor


def _larger(first: str, second: str, factor: float) -> Callable[[Numbers], NDArray[np.float64]]:
    return lambda numbers: np.maximum(numbers[first], numbers[second]) * factor


_PRESSURE = Scale(title="Contact pressure [kPa]", low=0.0, high=2.5, second=(_MMHG_PER_KPA, "mmHg"))

MAPS: dict[str, MapStyle] = {
    "stretch": MapStyle(
        scale=Scale(title="Stretch, the larger of warp and weft [%]", low=0.0, high=10.0),
        needs=("strain_warp", "strain_weft"),
        values=_larger("strain_warp", "strain_weft", 100.0),
    ),
    "warp": MapStyle(
        scale=Scale(title="Stretch along the warp [%]", low=-10, high=10, palette="red_high"),
        needs=("strain_warp",),
        values=_plain("strain_warp", 100.0),
    ),
    "weft": MapStyle(
        scale=Scale(title="Stretch along the weft [%]", low=-10, high=10, palette="red_high"),
        needs=("strain_weft",),
        values=_plain("strain_weft", 100.0),
    ),
    "shear": MapStyle(
        scale=Scale(title="Shear of warp against weft [degrees]", low=0.0, high=20.0),
        needs=("shear_rad",),
        values=lambda numbers: np.degrees(np.abs(numbers["shear_rad"])),
    ),
    "limit": MapStyle(
        scale=Scale(title="Stretch [% of the fabric's own limit]", low=0.0, high=100.0),
        needs=("strain_share",),
        values=_plain("strain_share", 100.0),
    ),
    "stress": MapStyle(
        scale=Scale(title="Tension, the larger of warp and weft [N/m]", low=0.0, high=100.0),
        needs=("stress_warp_n_m", "stress_weft_n_m"),
        values=_larger("stress_warp_n_m", "stress_weft_n_m", 1.0),
    ),
    "pressure": MapStyle(
        scale=_PRESSURE, needs=("pressure_pa",), values=_plain("pressure_pa", 1e-3)
    ),
    "laplace": MapStyle(
        scale=replace(_PRESSURE, title="Pressure by tension and curvature (Laplace) [kPa]"),
        needs=("laplace_pa",),
        values=_plain("laplace_pa", 1e-3),
    ),
    "ease": MapStyle(
        scale=Scale(
            title="Ease of the girth here, cloth less tape [cm]",
            low=-20.0, high=20.0, palette="red_low",
        ),
        needs=("ease_m",),
        values=_plain("ease_m", 100.0),
    ),
    "gap": MapStyle(
        scale=Scale(title="Distance to the skin [mm]", low=0.0, high=50.0),
        needs=("gap_m",),
        values=_plain("gap_m", 1000.0),
    ),
}  # fmt: skip


def map_style(name: str, *, low: float | None = None, high: float | None = None) -> MapStyle:
    """Find a map, with another range if one is given in its unit.

    Raises:
        PreviewError: If the map is not known, or the range is empty.
    """
    if name not in MAPS:
        raise PreviewError(f"map {name!r} is not known; known are {', '.join(MAPS)}")
    style = MAPS[name]
    low = style.scale.low if low is None else low
    high = style.scale.high if high is None else high
    if not low < high:
        raise PreviewError(f"a colour range from {low:g} to {high:g} is empty")
    if style.scale.palette != "sequential" and low != -high:
        raise PreviewError(
            f"the map {name!r} has zero in the middle; its range must be from -x to x, "
            f"not from {low:g} to {high:g}"
        )
    return replace(style, scale=replace(style.scale, low=low, high=high))


def paint(mesh: PaintedMesh, style: MapStyle) -> PaintedMesh:
    """Give a garment the colours of a map.

    Raises:
        PreviewError: If the mesh lacks a number that the map needs.
    """
    missing = [name for name in style.needs if name not in mesh.numbers]
    if missing:
        raise PreviewError(f"mesh {mesh.name!r} has no {missing[0]}, which this map needs")
    return replace(mesh, colors=style.scale.colors(style.values(mesh.numbers)))
