"""Contact with the body and anchored Coulomb friction, on planes frozen for one step.

The plane of a vertex touches the body at its closest point; the cloth's middle keeps ``offset``
from it. Friction pulls to an anchor that follows only when the cloth slides, so that cloth that
sticks does not creep.
"""

import numpy as np

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_part, njit_spliced
from fitting.drape.pcg import chunk

_SLIDING_STIFFNESS = 0.05  # share that stays, so that a step remains bounded


@njit_spliced
def _contact_forces_part(first, last, x, phi, normal, origin, offset, stiffness, force):
    for i in range(first, last):
        gap = phi[i]
        for d in range(3):
            gap += normal[i, d] * (x[i, d] - origin[i, d])
        force[i] = stiffness[i] * max(offset[i] - gap, 0.0)


@njit
def contact_forces(x, phi, normal, origin, offset, stiffness, force):  # noqa: ANN201
    """Write the normal force of every vertex [N], shape (n_vertices,)."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, x.shape[0], k, N_CHUNKS)
        _contact_forces_part(first, last, x, phi, normal, origin, offset, stiffness, force)


@njit_part
def _vertex_energy_part(
    first, last, x, phi, normal, origin, offset, stiffness, anchor, grip, slip, bptr, bcol, bval,
    load, inertia, target,
):  # fmt: skip
    total = 0.0
    for i in range(first, last):
        gap = phi[i]
        along = square = kinetic = 0.0
        for d in range(3):
            gap += normal[i, d] * (x[i, d] - origin[i, d])
            u = x[i, d] - anchor[i, d]
            along += normal[i, d] * u
            square += u * u
            kinetic += (x[i, d] - target[i, d]) ** 2
            bent = 0.0
            for s in range(bptr[i], bptr[i + 1]):
                bent += bval[s] * x[bcol[s], d]
            total += x[i, d] * (0.5 * bent - load[i, d])
        depth = max(offset[i] - gap, 0.0)
        total += 0.5 * (stiffness[i] * depth * depth + inertia[i] * kinetic)
        if grip[i] > 0.0:
            u2 = max(square - along * along, 0.0)
            u1 = np.sqrt(u2)
            total += grip[i] * (0.5 * u2 / slip if u1 < slip else u1 - 0.5 * slip)
    return total


@njit
def vertex_energy(  # noqa: ANN201
    x, phi, normal, origin, offset, stiffness, anchor, grip, slip, bptr, bcol, bval, load,
    inertia, target, partial,
):  # fmt: skip
    """Return bending, load, contact, friction and inertia energy [J].

    grip is mu times the lagged normal force; inertia is mass over the square of the time step.
    """
    in_chunks(
        _vertex_energy_part, 0, x.shape[0], N_CHUNKS, partial,
        (
            x, phi, normal, origin, offset, stiffness, anchor, grip, slip, bptr, bcol, bval, load,
            inertia, target,
        ),
    )  # fmt: skip
    return partial.sum()


@njit_spliced
def _contact_assemble_part(
    first, last, force, normal, stiffness, anchor, x, grip, slip, gradient, own
):
    for i in range(first, last):
        if force[i] <= 0.0:
            continue
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        ux, uy, uz = x[i, 0] - anchor[i, 0], x[i, 1] - anchor[i, 1], x[i, 2] - anchor[i, 2]
        along = nx * ux + ny * uy + nz * uz
        ux, uy, uz = ux - along * nx, uy - along * ny, uz - along * nz
        square = ux * ux + uy * uy + uz * uz
        length = np.sqrt(square)
        hold = grip[i] / max(length, slip)
        drive = -(gradient[i, 0] * ux + gradient[i, 1] * uy + gradient[i, 2] * uz)
        # Friction that is used up resists no further motion; a stiff slope there would let
        # cloth that slides look like cloth at rest.
        slides = length > 0.999 * slip and drive > grip[i] * length
        loose = (1.0 - _SLIDING_STIFFNESS) * hold / square if slides else 0.0
        gradient[i, 0] += hold * ux - force[i] * nx
        gradient[i, 1] += hold * uy - force[i] * ny
        gradient[i, 2] += hold * uz - force[i] * nz
        stiff = stiffness[i] - hold
        own[i, 0] += hold + stiff * nx * nx - loose * ux * ux
        own[i, 1] += stiff * nx * ny - loose * ux * uy
        own[i, 2] += stiff * nx * nz - loose * ux * uz
        own[i, 3] += hold + stiff * ny * ny - loose * uy * uy
        own[i, 4] += stiff * ny * nz - loose * uy * uz
        own[i, 5] += hold + stiff * nz * nz - loose * uz * uz


@njit
def contact_assemble(force, normal, stiffness, anchor, x, grip, slip, gradient, own):  # noqa: ANN201
    """Add gradient [N] and own blocks [N/m] of contact and friction in place."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, x.shape[0], k, N_CHUNKS)
        _contact_assemble_part(
            first, last, force, normal, stiffness, anchor, x, grip, slip, gradient, own
        )


@njit_spliced
def _move_anchors_part(first, last, x, force, normal, anchor, slip):
    for i in range(first, last):
        ux, uy, uz = x[i, 0] - anchor[i, 0], x[i, 1] - anchor[i, 1], x[i, 2] - anchor[i, 2]
        nx, ny, nz = normal[i, 0], normal[i, 1], normal[i, 2]
        along = nx * ux + ny * uy + nz * uz
        ux, uy, uz = ux - along * nx, uy - along * ny, uz - along * nz
        length = np.sqrt(ux * ux + uy * uy + uz * uz)
        if force[i] <= 0.0:
            anchor[i, 0], anchor[i, 1], anchor[i, 2] = x[i, 0], x[i, 1], x[i, 2]
        elif length > slip:
            share = slip / length
            anchor[i, 0] = x[i, 0] - share * ux
            anchor[i, 1] = x[i, 1] - share * uy
            anchor[i, 2] = x[i, 2] - share * uz


@njit
def move_anchors(x, force, normal, anchor, slip):  # noqa: ANN201
    """Let anchors follow where the cloth slid or left the body, in place."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, x.shape[0], k, N_CHUNKS)
        _move_anchors_part(first, last, x, force, normal, anchor, slip)
