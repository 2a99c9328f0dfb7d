"""Orthotropic membrane: engineering axial strain along warp and weft, and shear.

Per flat area ``U(eu) + V(ev) + Cuv eu ev + 1/2 G g^2`` with ``eu = |F_u| - 1``,
``ev = |F_v| - 1``, ``g = F_u . F_v``; U and V are ``1/2 C e^2`` or integrals of the fabric's own
force-strain curve. The Hessian leaves out what may be negative. Sides of triangles may carry
elastic threads: seams and bands, which pull and never push.
"""

import numpy as np

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_part, njit_spliced


@njit_inline
def axial(strain, stiffness, row, axis, curves):  # noqa: ANN201
    """Energy [J/m2], force [N/m] and tangent [N/m] at a strain along one axis.

    curves: (n, 2, n_knots, 4) of strain, energy, force, tangent per warp and weft; row -1 means
    linear. Between knots the force is the cubic through forces and tangents. For axes that are
    plain numbers it would be compiled once each.
    """
    if row < 0 or strain <= 0.0:
        if row >= 0:
            stiffness = curves[row, axis, 0, 3]
        return 0.5 * stiffness * strain * strain, stiffness * strain, stiffness
    last = curves.shape[2] - 1
    step = curves[row, axis, 1, 0]
    if strain >= curves[row, axis, last, 0]:
        over = strain - curves[row, axis, last, 0]
        force, tangent = curves[row, axis, last, 2], curves[row, axis, last, 3]
        energy = curves[row, axis, last, 1] + over * (force + 0.5 * tangent * over)
        return energy, force + tangent * over, tangent
    k = min(int(strain / step), last - 1)
    s = strain / step - k
    f0, f1 = curves[row, axis, k, 2], curves[row, axis, k + 1, 2]
    m0, m1 = step * curves[row, axis, k, 3], step * curves[row, axis, k + 1, 3]
    a, b = 2.0 * f0 + m0 - 2.0 * f1 + m1, -3.0 * f0 - 2.0 * m0 + 3.0 * f1 - m1
    force = ((a * s + b) * s + m0) * s + f0
    tangent = ((3.0 * a * s + 2.0 * b) * s + m0) / step
    area = (((a / 4.0 * s + b / 3.0) * s + m0 / 2.0) * s + f0) * s * step
    return curves[row, axis, k, 1] + area, force, tangent


@njit_part
def _membrane_energy_part(
    first, last, x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull
):
    total = 0.0
    for t in range(first, last):
        a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
        uu = vv = uv = 0.0
        for d in range(3):
            fu = wu[t, 0] * x[a, d] + wu[t, 1] * x[b, d] + wu[t, 2] * x[c, d]
            fv = wv[t, 0] * x[a, d] + wv[t, 1] * x[b, d] + wv[t, 2] * x[c, d]
            uu += fu * fu
            vv += fv * fv
            uv += fu * fv
        eu = np.sqrt(uu) - 1.0
        ev = np.sqrt(vv) - 1.0
        warp, _, _ = axial(eu, stiff[t, 0], curve[t], np.int64(0), curves)
        weft, _, _ = axial(ev, stiff[t, 1], curve[t], np.int64(1), curves)
        density = warp + weft + stiff[t, 2] * eu * ev + 0.5 * stiff[t, 3] * uv * uv
        total += soft * area[t] * density
        for e in range(3):
            if pull[t, e] > 0.0:
                i, j = faces[t, e], faces[t, (e + 1) % 3]
                square = 0.0
                for d in range(3):
                    square += (x[j, d] - x[i, d]) ** 2
                strain = max(np.sqrt(square) / side[t, e] - 1.0, 0.0)
                total += 0.5 * pull[t, e] * side[t, e] * strain * strain
    return total


@njit
def membrane_energy(  # noqa: ANN201
    x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull, partial
):
    """Return the membrane energy, threads included [J]."""
    in_chunks(
        _membrane_energy_part, 0, faces.shape[0], N_CHUNKS, partial,
        (x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull),
    )  # fmt: skip
    return partial.sum()


@njit_spliced
def _face(x, faces, wu, wv, area, stiff, curve, curves, soft, t, forces, blocks, hessian):
    a, b, c = faces[t, 0], faces[t, 1], faces[t, 2]
    u0, u1, u2 = wu[t, 0], wu[t, 1], wu[t, 2]
    v0, v1, v2 = wv[t, 0], wv[t, 1], wv[t, 2]
    fu = (
        u0 * x[a, 0] + u1 * x[b, 0] + u2 * x[c, 0],
        u0 * x[a, 1] + u1 * x[b, 1] + u2 * x[c, 1],
        u0 * x[a, 2] + u1 * x[b, 2] + u2 * x[c, 2],
    )
    fv = (
        v0 * x[a, 0] + v1 * x[b, 0] + v2 * x[c, 0],
        v0 * x[a, 1] + v1 * x[b, 1] + v2 * x[c, 1],
        v0 * x[a, 2] + v1 * x[b, 2] + v2 * x[c, 2],
    )
    lu = max(np.sqrt(fu[0] * fu[0] + fu[1] * fu[1] + fu[2] * fu[2]), 1e-9)
    lv = max(np.sqrt(fv[0] * fv[0] + fv[1] * fv[1] + fv[2] * fv[2]), 1e-9)
    g = fu[0] * fv[0] + fu[1] * fv[1] + fu[2] * fv[2]
    scale = soft * area[t]
    _, warp, cu = axial(lu - 1.0, stiff[t, 0], curve[t], np.int64(0), curves)
    _, weft, cv = axial(lv - 1.0, stiff[t, 1], curve[t], np.int64(1), curves)
    cu, cv = scale * cu, scale * cv
    cuv, cg = scale * stiff[t, 2], scale * stiff[t, 3]
    su = scale * warp + cuv * (lv - 1.0)
    sv = scale * weft + cuv * (lu - 1.0)
    for d in range(3):
        pu = su * fu[d] / lu + cg * g * fv[d]
        pv = sv * fv[d] / lv + cg * g * fu[d]
        forces[t, 0, d] = u0 * pu + v0 * pv
        forces[t, 1, d] = u1 * pu + v1 * pv
        forces[t, 2, d] = u2 * pu + v2 * pv
    if not hessian:
        return
    tu = max(su, 0.0) / lu
    tv = max(sv, 0.0) / lv
    for d in range(3):
        for e in range(3):
            nunu = fu[d] * fu[e] / (lu * lu)
            nvnv = fv[d] * fv[e] / (lv * lv)
            huu = (cu - tu) * nunu + cg * fv[d] * fv[e]
            hvv = (cv - tv) * nvnv + cg * fu[d] * fu[e]
            huv = cuv * fu[d] * fv[e] / (lu * lv) + cg * fv[d] * fu[e]
            hvu = cuv * fu[e] * fv[d] / (lu * lv) + cg * fv[e] * fu[d]
            if d == e:
                huu += tu
                hvv += tv
            q = 3 * d + e
            blocks[t, 0, q] = u0 * u0 * huu + u0 * v0 * (huv + hvu) + v0 * v0 * hvv
            blocks[t, 1, q] = u0 * u1 * huu + u0 * v1 * huv + v0 * u1 * hvu + v0 * v1 * hvv
            blocks[t, 2, q] = u0 * u2 * huu + u0 * v2 * huv + v0 * u2 * hvu + v0 * v2 * hvv
            blocks[t, 3, q] = u1 * u1 * huu + u1 * v1 * (huv + hvu) + v1 * v1 * hvv
            blocks[t, 4, q] = u1 * u2 * huu + u1 * v2 * huv + v1 * u2 * hvu + v1 * v2 * hvv
            blocks[t, 5, q] = u2 * u2 * huu + u2 * v2 * (huv + hvu) + v2 * v2 * hvv


@njit_spliced
def _thread(x, faces, t, e, rest, pull, forces, blocks, hessian):
    """Add one side's elastic thread to its triangle."""
    m = (e + 1) % 3
    i, j = faces[t, e], faces[t, m]
    dx, dy, dz = x[j, 0] - x[i, 0], x[j, 1] - x[i, 1], x[j, 2] - x[i, 2]
    length = max(np.sqrt(dx * dx + dy * dy + dz * dz), 1e-9)
    if length <= rest:
        return
    n = (dx / length, dy / length, dz / length)
    force = pull * (length / rest - 1.0)
    first, second = 3 * e - e // 2, 3 * m - m // 2  # own pairs of corners 0, 1, 2: 0, 3, 5
    both = 1 if e == 0 else (4 if e == 1 else 2)
    for d in range(3):
        forces[t, e, d] -= force * n[d]
        forces[t, m, d] += force * n[d]
        if hessian:
            for f in range(3):
                value = (pull / rest - force / length) * n[d] * n[f]
                if d == f:
                    value += force / length
                blocks[t, first, 3 * d + f] += value
                blocks[t, second, 3 * d + f] += value
                blocks[t, both, 3 * d + f] -= value


@njit_part
def _membrane_elements_part(
    first, last, x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull, forces, blocks,
    hessian,
):  # fmt: skip
    for t in range(first, last):
        _face(x, faces, wu, wv, area, stiff, curve, curves, soft, t, forces, blocks, hessian)
        for e in range(3):
            if pull[t, e] > 0.0:
                _thread(x, faces, t, e, side[t, e], pull[t, e], forces, blocks, hessian)


@njit
def membrane_elements(  # noqa: ANN201
    x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull, forces, blocks, hessian
):
    """Write each triangle's gradient [N] and, if asked, its six SPD blocks [N/m].

    forces: shape (n_faces, 3, 3). blocks: Corner pairs 00 01 02 11 12 22, rows first,
    shape (n_faces, 6, 9).
    """
    in_chunks(
        _membrane_elements_part, 0, faces.shape[0], N_CHUNKS, None,
        (x, faces, wu, wv, area, stiff, curve, curves, soft, side, pull, forces, blocks, hessian),
    )  # fmt: skip
