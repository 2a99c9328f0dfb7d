"""Closest points of segments and of a point and a triangle; vertices by index, no views."""

from fitting.drape.jit import njit_inline


@njit_inline
def _dots(x, o, a, b):
    """Products of a - o and b - o, of the former with itself, and of the latter."""
    ax, ay, az = x[a, 0] - x[o, 0], x[a, 1] - x[o, 1], x[a, 2] - x[o, 2]
    bx, by, bz = x[b, 0] - x[o, 0], x[b, 1] - x[o, 1], x[b, 2] - x[o, 2]
    return (
        ax * bx + ay * by + az * bz, ax * ax + ay * ay + az * az, bx * bx + by * by + bz * bz
    )  # fmt: skip


@njit_inline
def close_points(x, p, q, r, s):  # noqa: ANN201
    """Parameters of the closest points of segments pq and rs."""
    ux, uy, uz = x[q, 0] - x[p, 0], x[q, 1] - x[p, 1], x[q, 2] - x[p, 2]
    vx, vy, vz = x[s, 0] - x[r, 0], x[s, 1] - x[r, 1], x[s, 2] - x[r, 2]
    wx, wy, wz = x[p, 0] - x[r, 0], x[p, 1] - x[r, 1], x[p, 2] - x[r, 2]
    a, b = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz
    c, d = ux * wx + uy * wy + uz * wz, vx * vx + vy * vy + vz * vz
    e = vx * wx + vy * wy + vz * wz
    det = a * d - b * b
    t = min(max((b * e - c * d) / det, 0.0), 1.0) if det > 1e-12 * a * d else 0.5
    m = (b * t + e) / d
    if m < 0.0:
        m = 0.0
        t = min(max(-c / a, 0.0), 1.0)
    elif m > 1.0:
        m = 1.0
        t = min(max((b - c) / a, 0.0), 1.0)
    return t, m


@njit_inline
def face_weights(x, p, a, b, c):  # noqa: ANN201
    """Weights of the triangle's point closest to p."""
    bb, aa, cc = _dots(x, a, b, c)
    px, py, pz = x[p, 0] - x[a, 0], x[p, 1] - x[a, 1], x[p, 2] - x[a, 2]
    d1 = (x[b, 0] - x[a, 0]) * px + (x[b, 1] - x[a, 1]) * py + (x[b, 2] - x[a, 2]) * pz
    d2 = (x[c, 0] - x[a, 0]) * px + (x[c, 1] - x[a, 1]) * py + (x[c, 2] - x[a, 2]) * pz
    d3, d4, d5, d6 = d1 - aa, d2 - bb, d1 - bb, d2 - cc
    if d1 <= 0 and d2 <= 0:
        return 1.0, 0.0, 0.0
    if d3 >= 0 and d4 <= d3:
        return 0.0, 1.0, 0.0
    if d6 >= 0 and d5 <= d6:
        return 0.0, 0.0, 1.0
    vc, vb, va = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        v = d1 / (d1 - d3)
        return 1 - v, v, 0.0
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        w = d2 / (d2 - d6)
        return 1 - w, 0.0, w
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return 0.0, 1 - w, w
    s = 1.0 / (va + vb + vc)
    return 1 - (vb + vc) * s, vb * s, vc * s


@njit_inline
def apart(x, vertices, weights, k):  # noqa: ANN201
    """Vector from the second side's point to the first side's."""
    a = b = c = 0.0
    for m in range(4):
        w, i = weights[k, m], vertices[k, m]
        a += w * x[i, 0]
        b += w * x[i, 1]
        c += w * x[i, 2]
    return a, b, c
