"""Angle of a joint from its strain lines, with the strain that the twin predicts for each angle.

The angle is the one whose predicted change of strain fits that of all lines best; lines that
stretch more count more. Either the gauge factor is known, or two poses put every line on its own
scale, standing and bent as far as it went.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError

Rows = NDArray[np.float64]
_N_GRID = 361
_BENT_SHARE = 0.03
# A line that stretches by less than this share of the best one says nothing about the angle.
_HEARD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainCurve:
    """Predicted strain of lines over the angle of a joint.

    Attributes:
        angle_rad: Rising angles, shape (n,).
        strain: Strain of each line, shape (n, n_lines).
    """

    angle_rad: Rows
    strain: Rows

    def on_grid(self) -> tuple[Rows, Rows]:
        """Angles, shape (m,), and change of strain since the first, shape (m, n_lines)."""
        from scipy.interpolate import PchipInterpolator

        grid = np.linspace(self.angle_rad[0], self.angle_rad[-1], _N_GRID)
        return grid, np.asarray(
            PchipInterpolator(self.angle_rad, self.strain - self.strain[0])(grid)
        )


def angle_from_strain(
    readings: Rows,
    rest: Rows,
    curve: StrainCurve,
    *,
    gauge_factor: float | None = None,
    bent_rad: float | None = None,
    bent: Rows | None = None,
) -> Rows:
    """Angle of each row, NaN where a line is, shape (n,) [rad].

    Args:
        readings: Readings of the lines, shape (n, n_lines).
        rest: Readings while standing, shape (n_lines,).
        curve: What the twin predicts.
        gauge_factor: Reading per strain, where it is known.
        bent_rad: Else the largest angle that was reached.
        bent: Readings at that angle, shape (n_lines,); where the line that is predicted to stretch
            most stretches most when absent.

    Raises:
        InputError: If neither or both are given, or no line answers.
    """
    if (gauge_factor is None) == (bent_rad is None):
        raise InputError("either the gauge factor or the largest angle is needed, not both")
    grid, predicted = curve.on_grid()
    change = readings - rest
    if gauge_factor is not None:
        change = change / gauge_factor
        heard = np.abs(predicted).max(axis=0)
    else:
        at = int(np.searchsorted(grid, min(float(bent_rad or 0.0), grid[-1])))
        full = predicted[min(at, len(grid) - 1)]
        leading = int(np.abs(full).argmax())
        sign = float(np.sign(full[leading]))
        far = _bent(change, leading, sign=sign) if bent is None else bent - rest
        heard = np.where(np.sign(far) == np.sign(full), np.abs(full), 0.0)
        change = change / np.where(far == 0, np.inf, far)
        predicted = predicted / np.where(full == 0, np.inf, full)
    if not heard.max() > 0:
        raise InputError("no strain line answers to this joint as predicted")
    weight = np.where(heard > _HEARD * heard.max(), heard**2, 0.0)
    found = np.full(len(readings), np.nan)
    good = np.flatnonzero(np.isfinite(change).all(axis=1))
    for part in np.array_split(good, max(1, len(good) // 2000)):
        misfit = (np.square(change[part, None] - predicted) * weight).sum(axis=2)
        found[part] = grid[misfit.argmin(axis=1)]
    return found


def _bent(change: Rows, leading: int, *, sign: float) -> Rows:
    """Mean change where the line that stretches most stretches most, shape (n_lines,)."""
    finite = change[np.isfinite(change).all(axis=1)]
    if len(finite) < 10:
        raise InputError("the strain lines hold too few samples")
    order = np.argsort(finite[:, leading] * sign)
    return finite[order[-max(3, round(_BENT_SHARE * len(order))) :]].mean(axis=0)
