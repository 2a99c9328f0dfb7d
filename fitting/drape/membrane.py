"""Orthotropic membrane: engineering axial strain along warp and weft, and shear.

Per flat area ``1/2 Cu eu^2 + 1/2 Cv ev^2 + Cuv eu ev + 1/2 G g^2`` with ``eu = |F_u| - 1``,
``ev = |F_v| - 1``, ``g = F_u . F_v``. The Hessian leaves out what may be negative.
"""

import numpy as np

from fitting.drape.jit import N_CHUNKS, njit, njit_inline, pjit, prange
from fitting.drape.pcg import chunk


@njit
def _membrane_energy_part(first, last, x, faces, wu, wv, area, stiff):
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
        total += area[t] * (
            0.5 * stiff[t, 0] * eu * eu
            + 0.5 * stiff[t, 1] * ev * ev
            + stiff[t, 2] * eu * ev
            + 0.5 * stiff[t, 3] * uv * uv
        )
    return total


@pjit
def membrane_energy(x, faces, wu, wv, area, stiff, soft, partial):  # noqa: ANN201
    """Return the membrane energy [J]."""
    for chunk_index in prange(N_CHUNKS):
        first, last = chunk(0, faces.shape[0], chunk_index, N_CHUNKS)
        partial[chunk_index] = _membrane_energy_part(first, last, x, faces, wu, wv, area, stiff)
    return soft * partial.sum()


@njit_inline
def _face(x, faces, wu, wv, area, stiff, soft, t, forces, blocks, hessian):
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
    cu, cv = scale * stiff[t, 0], scale * stiff[t, 1]
    cuv, cg = scale * stiff[t, 2], scale * stiff[t, 3]
    su = cu * (lu - 1.0) + cuv * (lv - 1.0)
    sv = cv * (lv - 1.0) + cuv * (lu - 1.0)
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


@njit
def _membrane_elements_part(
    first, last, x, faces, wu, wv, area, stiff, soft, forces, blocks, hessian
):
    for t in range(first, last):
        _face(x, faces, wu, wv, area, stiff, soft, t, forces, blocks, hessian)


@pjit
def membrane_elements(x, faces, wu, wv, area, stiff, soft, forces, blocks, hessian):  # noqa: ANN201
    """Write each triangle's gradient [N] and, if asked, its six SPD blocks [N/m].

    forces: shape (n_faces, 3, 3). blocks: Corner pairs 00 01 02 11 12 22, rows first,
    shape (n_faces, 6, 9).
    """
    for k in prange(N_CHUNKS):
        first, last = chunk(0, faces.shape[0], k, N_CHUNKS)
        _membrane_elements_part(
            first, last, x, faces, wu, wv, area, stiff, soft, forces, blocks, hessian
        )
