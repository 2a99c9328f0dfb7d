"""Contact with the body and anchored Coulomb friction, on planes frozen for one step.

The plane of a vertex touches the body at its closest point; the cloth's middle keeps ``offset``
from it. Friction pulls to an anchor that follows only when the cloth slides, so that cloth that
sticks does not creep.
"""

import numpy as np

from fitting.drape.jit import njit

_SLIDING_STIFFNESS = 0.05  # share that stays, so that a step remains bounded


@njit
def contact_forces(x, phi, normal, origin, offset, stiffness, force):  # noqa: ANN201
    """Write the normal force of every vertex [N], shape (n_vertices,)."""
    for i in range(x.shape[0]):
        gap = phi[i]
        for d in range(3):
            gap += normal[i, d] * (x[i, d] - origin[i, d])
        force[i] = stiffness[i] * max(offset[i] - gap, 0.0)


@njit
def contact_energy(x, phi, normal, origin, offset, stiffness, anchor, grip, slip):  # noqa: ANN201
    """Return contact and friction energy [J]; grip is mu times the lagged normal force."""
    total = 0.0
    for i in range(x.shape[0]):
        gap = phi[i]
        along = 0.0
        square = 0.0
        for d in range(3):
            gap += normal[i, d] * (x[i, d] - origin[i, d])
            u = x[i, d] - anchor[i, d]
            along += normal[i, d] * u
            square += u * u
        depth = max(offset[i] - gap, 0.0)
        total += 0.5 * stiffness[i] * depth * depth
        if grip[i] > 0.0:
            u2 = max(square - along * along, 0.0)
            u1 = np.sqrt(u2)
            total += grip[i] * (0.5 * u2 / slip if u1 < slip else u1 - 0.5 * slip)
    return total


@njit
def contact_assemble(force, normal, stiffness, anchor, x, grip, slip, diagonal, gradient, blocks):  # noqa: ANN201
    """Add gradient [N] and diagonal blocks [N/m] of contact and friction in place."""
    u = np.zeros(3)
    for i in range(x.shape[0]):
        if force[i] <= 0.0:
            continue
        n = normal[i]
        along = 0.0
        for d in range(3):
            u[d] = x[i, d] - anchor[i, d]
            along += n[d] * u[d]
        square = 0.0
        for d in range(3):
            u[d] -= along * n[d]
            square += u[d] * u[d]
        length = np.sqrt(square)
        hold = grip[i] / max(length, slip)
        drive = 0.0
        for d in range(3):
            drive -= gradient[i, d] * u[d]
        # Friction that is used up resists no further motion; a stiff slope there would let cloth
        # that slides look like cloth at rest.
        slides = length > 0.999 * slip and drive > grip[i] * length
        loose = (1.0 - _SLIDING_STIFFNESS) * hold / square if slides else 0.0
        s = diagonal[i]
        for d in range(3):
            gradient[i, d] += hold * u[d] - force[i] * n[d]
            for e in range(3):
                blocks[s, d, e] += (stiffness[i] - hold) * n[d] * n[e] - loose * u[d] * u[e]
            blocks[s, d, d] += hold


@njit
def move_anchors(x, force, normal, anchor, slip):  # noqa: ANN201
    """Let anchors follow where the cloth slid or left the body, in place."""
    u = np.zeros(3)
    for i in range(x.shape[0]):
        if force[i] <= 0.0:
            for d in range(3):
                anchor[i, d] = x[i, d]
            continue
        along = 0.0
        for d in range(3):
            u[d] = x[i, d] - anchor[i, d]
            along += normal[i, d] * u[d]
        square = 0.0
        for d in range(3):
            u[d] -= along * normal[i, d]
            square += u[d] * u[d]
        length = np.sqrt(square)
        if length > slip:
            for d in range(3):
                anchor[i, d] = x[i, d] - slip * u[d] / length
