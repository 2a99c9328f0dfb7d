"""Orthotropic membrane: engineering axial strain along warp and weft, and shear.

Per flat area ``1/2 Cu eu^2 + 1/2 Cv ev^2 + Cuv eu ev + 1/2 G g^2`` with ``eu = |F_u| - 1``,
``ev = |F_v| - 1``, ``g = F_u . F_v``. The Hessian leaves out what may be negative.
"""

import numpy as np

from fitting.drape.jit import njit


@njit
def membrane_energy(x, faces, wu, wv, area, stiff, soft):  # noqa: ANN201
    """Return the membrane energy [J]."""
    total = 0.0
    for t in range(faces.shape[0]):
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
        density = (
            0.5 * stiff[t, 0] * eu * eu
            + 0.5 * stiff[t, 1] * ev * ev
            + stiff[t, 2] * eu * ev
            + 0.5 * stiff[t, 3] * uv * uv
        )
        total += area[t] * density
    return soft * total


@njit
def membrane_assemble(x, faces, wu, wv, area, stiff, soft, slot, gradient, blocks, hessian):  # noqa: ANN201
    """Add the membrane's gradient [N] and, if asked, its SPD blocks [N/m] in place."""
    fu = np.zeros(3)
    fv = np.zeros(3)
    nu = np.zeros(3)
    nv = np.zeros(3)
    huu = np.zeros((3, 3))
    huv = np.zeros((3, 3))
    hvv = np.zeros((3, 3))
    for t in range(faces.shape[0]):
        uu = vv = g = 0.0
        for d in range(3):
            fu[d] = fv[d] = 0.0
            for k in range(3):
                fu[d] += wu[t, k] * x[faces[t, k], d]
                fv[d] += wv[t, k] * x[faces[t, k], d]
            uu += fu[d] * fu[d]
            vv += fv[d] * fv[d]
            g += fu[d] * fv[d]
        lu = max(np.sqrt(uu), 1e-9)
        lv = max(np.sqrt(vv), 1e-9)
        scale = soft * area[t]
        cu, cv, cuv, cg = (
            scale * stiff[t, 0],
            scale * stiff[t, 1],
            scale * stiff[t, 2],
            scale * stiff[t, 3],
        )
        su = cu * (lu - 1.0) + cuv * (lv - 1.0)
        sv = cv * (lv - 1.0) + cuv * (lu - 1.0)
        for d in range(3):
            nu[d] = fu[d] / lu
            nv[d] = fv[d] / lv
        for k in range(3):
            i = faces[t, k]
            for d in range(3):
                gradient[i, d] += wu[t, k] * (su * nu[d] + cg * g * fv[d]) + wv[t, k] * (
                    sv * nv[d] + cg * g * fu[d]
                )
        if not hessian:
            continue
        tu = max(su, 0.0) / lu
        tv = max(sv, 0.0) / lv
        for d in range(3):
            for e in range(3):
                huu[d, e] = (cu - tu) * nu[d] * nu[e] + cg * fv[d] * fv[e]
                hvv[d, e] = (cv - tv) * nv[d] * nv[e] + cg * fu[d] * fu[e]
                huv[d, e] = cuv * nu[d] * nv[e] + cg * fv[d] * fu[e]
            huu[d, d] += tu
            hvv[d, d] += tv
        for k in range(3):
            for m in range(3):
                s = slot[t, 3 * k + m]
                a = wu[t, k] * wu[t, m]
                b = wu[t, k] * wv[t, m]
                c = wv[t, k] * wu[t, m]
                q = wv[t, k] * wv[t, m]
                for d in range(3):
                    for e in range(3):
                        blocks[s, d, e] += (
                            a * huu[d, e] + b * huv[d, e] + c * huv[e, d] + q * hvv[d, e]
                        )
