"""Force-strain curves of fabrics as tables of smooth monotone cubics."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.fabric import Fabric
from fitting.errors import DrapeError

_N_KNOTS = 33


def curve_tables(
    fabrics: Sequence[Fabric],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tabulate the curves of those fabrics that have them.

    Returns:
        Row of each fabric, -1 where it is linear, shape (n_fabrics,); and strain, energy [J/m2],
        force [N/m], tangent [N/m] per row, axis and knot, shape (n_rows, 2, 33, 4).

    Raises:
        DrapeError: If a curve falls, or does not start at no strain and no force.
    """
    row, tables = np.full(len(fabrics), -1, dtype=np.int64), []
    for index, fabric in enumerate(fabrics):
        if fabric.curve_warp or fabric.curve_weft:
            row[index] = len(tables)
            tables.append([
                _table(fabric.curve_warp, fabric.tensile_warp_n_m, f"{fabric.name}, warp"),
                _table(fabric.curve_weft, fabric.tensile_weft_n_m, f"{fabric.name}, weft"),
            ])  # fmt: skip
    return row, np.array(tables) if tables else np.zeros((1, 2, 2, 4))


def _table(
    points: Sequence[tuple[float, float]], stiffness_n_m: float, where: str
) -> NDArray[np.float64]:
    from scipy.interpolate import PchipInterpolator

    curve = np.array(points or [(0.0, 0.0), (1.0, stiffness_n_m)])
    rising = curve.shape[0] >= 2 and (np.diff(curve, axis=0) > 0).all()
    if not rising or curve[0].any():
        raise DrapeError(
            f"the force-strain curve of {where} must start at (0, 0) and rise with the strain"
        )
    force = PchipInterpolator(curve[:, 0], curve[:, 1])
    strain = np.linspace(0.0, curve[-1, 0], _N_KNOTS)
    tangent = np.maximum(force.derivative()(strain), 1e-3 * curve[-1, 1] / curve[-1, 0])
    values = force(strain)
    step = strain[1]
    # Energy of the cubic that the engine itself draws between the knots.
    area = step * (values[:-1] + values[1:]) / 2 + step**2 * (tangent[:-1] - tangent[1:]) / 12
    return np.stack([strain, np.r_[0.0, area.cumsum()], values, tangent], axis=1)
