"""Planes between close pairs of one cloth: what pushes them apart, and what a step may do.

Every pair gets the plane between its closest points. A push acts inside the layer; each step is
then cut so that both sides stay on their side of the plane.
"""

import numpy as np

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_part, njit_spliced
from fitting.drape.pairs import apart, close_points, face_weights
from fitting.drape.pcg import chunk

_SHARE = 0.425  # each side may use this much of a gap, so 15 % of it always stays
_LEAST_GAP_M = 1e-5  # always stays between layers: closer, and rounding lets them cross
_NEAR = 1 / 3  # share of the layer in which a push grows without bound
_N_SWEEPS = 4
_PARALLEL = 1e-3  # squared sine of the angle below which edges push less


@njit_inline
def _plane(x, vertices, weights, planes, k):
    gap = 0.0
    for d in range(3):
        planes[k, d] = 0.0
        for m in range(4):
            planes[k, d] += weights[k, m] * x[vertices[k, m], d]
        gap += planes[k, d] * planes[k, d]
    gap = np.sqrt(gap)
    for d in range(3):
        planes[k, d] /= max(gap, 1e-12)
    planes[k, 3] = gap


@njit_inline
def _gap(a, b, c, planes, k):
    """Gap of a pair: along its plane's normal, or round an edge or corner straight."""
    if planes[k, 4] < 1.0:
        return np.sqrt(a * a + b * b + c * c)
    return a * planes[k, 0] + b * planes[k, 1] + c * planes[k, 2]


@njit_inline
def spring(gap, layer):  # noqa: ANN201
    """Energy, force and stiffness of a push over the stiffness that it has where layers touch.

    A spring as long as the layer; near its end it stiffens like n (n - g)^2 / 2 g, whose force has
    no bound (a barrier as in Li et al. 2020, IPC, rational instead of logarithmic), so that what
    presses two layers together finds its balance before they meet.
    """
    depth, near = layer - gap, _NEAR * layer
    if gap >= near:
        return 0.5 * depth * depth, depth, 1.0
    gap = max(gap, _LEAST_GAP_M)
    ratio, rest = near / gap, near - gap
    return (
        0.5 * depth * depth + 0.5 * ratio * rest * rest,
        depth + 0.5 * near * (ratio * ratio - 1.0),
        1.0 + ratio * ratio * ratio,
    )


@njit
def slopes(gaps, layer):  # noqa: ANN201
    """Return the stiffness that `spring` has at each of the gaps (n_pairs,)."""
    found = np.ones(gaps.shape[0])
    for k in range(gaps.shape[0]):
        found[k] = spring(gaps[k], layer)[2]
    return found


@njit_spliced
def _face_share(a, b, c):
    """Share of a vertex and a triangle: what lies on an edge or corner has several triangles."""
    n_inner = int(a > 0.0) + int(b > 0.0) + int(c > 0.0)
    return 1.0 if n_inner == 3 else (0.5 if n_inner == 2 else 1.0 / 6.0)


@njit_spliced
def _edge_share(x, p, q, r, s, t, m):
    """Share of two edges: none at an end, which vertices and triangles see; less if parallel."""
    if t <= 0.0 or t >= 1.0 or m <= 0.0 or m >= 1.0:
        return 0.0
    ux, uy, uz = x[q, 0] - x[p, 0], x[q, 1] - x[p, 1], x[q, 2] - x[p, 2]
    vx, vy, vz = x[s, 0] - x[r, 0], x[s, 1] - x[r, 1], x[s, 2] - x[r, 2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    sine2 = (nx * nx + ny * ny + nz * nz) / (
        (ux * ux + uy * uy + uz * uz) * (vx * vx + vy * vy + vz * vz)
    )
    c = min(sine2 / _PARALLEL, 1.0)
    return c * (2.0 - c)


@njit_spliced
def _hold_push(k, x, vertices, held, share, weights, planes, push_weights, push_planes, push_at):
    """Take the new direction of a push where a vertex has moved; else only its gap."""
    far = False
    for m in range(4):
        square = 0.0
        for d in range(3):
            square += (x[vertices[k, m], d] - push_at[k, m, d]) ** 2
        far |= square > held * held
    if far:
        for m in range(4):
            push_weights[k, m], push_planes[k, m] = weights[k, m], planes[k, m]
            for d in range(3):
                push_at[k, m, d] = x[vertices[k, m], d]
        push_planes[k, 4] = share
        return
    if push_planes[k, 4] < 1.0:
        _plane(x, vertices, push_weights, push_planes, k)
        return
    gap = 0.0
    for m in range(4):
        for d in range(3):
            gap += push_weights[k, m] * push_planes[k, d] * x[vertices[k, m], d]
    push_planes[k, 3] = gap


@njit_part
def _refresh_planes_part(
    first, last, x, vertices, split, held, weights, planes, push_weights, push_planes, push_at
):
    for k in range(first, last):
        p, q, r, s = vertices[k, 0], vertices[k, 1], vertices[k, 2], vertices[k, 3]
        if split[k] == 1:
            a, b, c = face_weights(x, p, q, r, s)
            weights[k, 0], weights[k, 1] = 1.0, -a
            weights[k, 2], weights[k, 3] = -b, -c
            share = _face_share(a, b, c)
        else:
            t, m = close_points(x, p, q, r, s)
            weights[k, 0], weights[k, 1] = 1 - t, t
            weights[k, 2], weights[k, 3] = m - 1, -m
            share = _edge_share(x, p, q, r, s, t, m)
        _plane(x, vertices, weights, planes, k)
        _hold_push(k, x, vertices, held, share, weights, planes, push_weights, push_planes, push_at)


@njit
def refresh_planes(  # noqa: ANN201
    x, vertices, split, held, weights, planes, push_weights, push_planes, push_at
):
    """Write closest-point weights, first side positive, and planes: normal and gap [m].

    Those of the push follow only where a vertex has moved by ``held`` since: a direction that
    turned in every step would keep folds from balancing. Their fifth number is the share of the
    stiffness, which keeps the push steady where the closest points pass from one pair to another:
    an edge that two triangles have counts once (after Li et al. 2020, IPC; parallel edges too).
    """
    in_chunks(
        _refresh_planes_part, 0, vertices.shape[0], N_CHUNKS, None,
        (x, vertices, split, held, weights, planes, push_weights, push_planes, push_at),
    )  # fmt: skip


@njit_spliced
def _push_energy_part(first, last, x, vertices, weights, planes, layer, stiffness):
    total = 0.0
    for k in range(first, last):
        a, b, c = apart(x, vertices, weights, k)
        gap = _gap(a, b, c, planes, k)
        if gap < layer and planes[k, 4] > 0.0:
            total += stiffness * planes[k, 4] * spring(gap, layer)[0]
    return total


@njit
def push_energy(x, vertices, weights, planes, layer, stiffness, partial):  # noqa: ANN201
    """Return the energy of the layer [J], on the frozen planes."""
    for part in range(N_CHUNKS):
        first, last = chunk(0, vertices.shape[0], part, N_CHUNKS)
        partial[part] = _push_energy_part(
            first, last, x, vertices, weights, planes, layer, stiffness
        )
    return partial.sum()


@njit_inline
def _add_push(k, depth, slope, stiffness, vertices, weights, planes, gradient, own):
    x, y, z = planes[k, 0], planes[k, 1], planes[k, 2]
    stiff = stiffness * planes[k, 4]
    for m in range(4):
        i = vertices[k, m]
        force = stiff * depth * weights[k, m]
        gradient[i, 0] -= force * x
        gradient[i, 1] -= force * y
        gradient[i, 2] -= force * z
        # The row sum of |weights| is 2: a diagonal that bounds the full block.
        bound = 2.0 * abs(weights[k, m]) * stiff * slope
        own[i, 0] += bound * x * x
        own[i, 1] += bound * x * y
        own[i, 2] += bound * x * z
        own[i, 3] += bound * y * y
        own[i, 4] += bound * y * z
        own[i, 5] += bound * z * z


@njit
def push_assemble(vertices, weights, planes, layer, stiffness, gradient, own):  # noqa: ANN201
    """Add the layer's gradient [N] and a diagonal bound of its Hessian [N/m] in place."""
    for k in range(vertices.shape[0]):
        if planes[k, 3] < layer and planes[k, 4] > 0.0:
            _, depth, slope = spring(planes[k, 3], layer)
            _add_push(k, depth, slope, stiffness, vertices, weights, planes, gradient, own)


@njit
def push_foresee(  # noqa: ANN201
    move, vertices, weights, planes, layer, stiffness, known, gradient, own
):
    """Add the pairs that a move would bring into the layer; returns how many were not known.

    Without it two folds that touch would part and meet again in every other step.
    """
    count = 0
    for k in range(vertices.shape[0]):
        depth = layer - planes[k, 3]
        if depth > 0.0 or known[k] or planes[k, 4] == 0.0:
            continue
        a, b, c = apart(move, vertices, weights, k)
        if planes[k, 4] < 1.0:
            gap = planes[k, 3]
            a, b, c = a + gap * planes[k, 0], b + gap * planes[k, 1], c + gap * planes[k, 2]
            after = layer - np.sqrt(a * a + b * b + c * c)
        else:
            after = depth - _gap(a, b, c, planes, k)
        if after > 0.0:
            known[k] = True
            count += 1
            _add_push(k, depth, 1.0, stiffness, vertices, weights, planes, gradient, own)
    return count


@njit_inline
def _room(planes, k):
    """How far each side of a pair may come towards its plane [m]."""
    return _SHARE * max(planes[k, 3] - _LEAST_GAP_M, 0.0)


@njit
def limit_step(move, room, vertices, split, planes):  # noqa: ANN201
    """Cut a step in place: no pair crosses its plane, nobody moves beyond its room [m]."""
    n = move.shape[0]
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2)
        if length > room[i]:
            for d in range(3):
                move[i, d] *= room[i] / length
    scale = np.ones(n)
    for sweep in range(_N_SWEEPS + 1):
        for k in range(vertices.shape[0]):
            room_k = _room(planes, k)
            for m in range(4):
                i = vertices[k, m]
                # The first side is on the normal's side, and must not move against it.
                sign = -1.0 if m < split[k] else 1.0
                along = sign * (
                    planes[k, 0] * move[i, 0] + planes[k, 1] * move[i, 1]
                    + planes[k, 2] * move[i, 2]
                )  # fmt: skip
                if along > room_k:
                    if sweep < _N_SWEEPS:
                        for d in range(3):
                            move[i, d] -= (along - room_k) * sign * planes[k, d]
                    else:
                        scale[i] = min(scale[i], room_k / along)
    for i in range(n):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2) * scale[i]
        if length > room[i]:
            scale[i] *= room[i] / length
        for d in range(3):
            move[i, d] *= scale[i]


@njit
def whole_share(move, room, vertices, split, planes):  # noqa: ANN201
    """Largest share of a step that `limit_step` would leave as it is."""
    share = 1.0
    for i in range(move.shape[0]):
        length = np.sqrt(move[i, 0] ** 2 + move[i, 1] ** 2 + move[i, 2] ** 2)
        if length > room[i]:
            share = min(share, room[i] / length)
    for k in range(vertices.shape[0]):
        room_k = _room(planes, k)
        for m in range(4):
            i = vertices[k, m]
            sign = -1.0 if m < split[k] else 1.0
            along = sign * (
                planes[k, 0] * move[i, 0] + planes[k, 1] * move[i, 1] + planes[k, 2] * move[i, 2]
            )
            if along > room_k:
                share = min(share, room_k / along)
    return share
