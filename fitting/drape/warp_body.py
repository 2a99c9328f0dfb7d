"""Distance to the body as a warp kernel: warp finds the triangle, float64 the point on it."""
# Annotations of kernels are warp's own types, which a checker of Python types cannot read.
# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportOperatorIssue=false
# pyright: reportCallIssue=false, reportArgumentType=false, reportAttributeAccessIssue=false

import warp as wp

wp.set_module_options({"enable_backward": False})

_ZERO = wp.constant(wp.float64(0.0))
_ONE = wp.constant(wp.float64(1.0))
_FAR_M = wp.constant(1.0e6)


@wp.func
def closest_weights(p: wp.vec3d, a: wp.vec3d, b: wp.vec3d, c: wp.vec3d):
    """Weights of b and c at the triangle's point nearest to p, and its feature as a number.

    Features: 0 face, 1 to 3 vertices, 4 to 6 edges, as in `sdf.py` (Ericson 2005, chapter 5).
    """
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = wp.dot(ab, ap), wp.dot(ac, ap)
    aa, bb, cc = wp.dot(ab, ab), wp.dot(ab, ac), wp.dot(ac, ac)
    d3, d4, d5, d6 = d1 - aa, d2 - bb, d1 - bb, d2 - cc
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    if d1 <= _ZERO and d2 <= _ZERO:
        return wp.vec3d(_ZERO, _ZERO, wp.float64(1.0))
    if d3 >= _ZERO and d4 <= d3:
        return wp.vec3d(_ONE, _ZERO, wp.float64(2.0))
    if d6 >= _ZERO and d5 <= d6:
        return wp.vec3d(_ZERO, _ONE, wp.float64(3.0))
    if vc <= _ZERO and d1 >= _ZERO and d3 <= _ZERO:
        return wp.vec3d(d1 / (d1 - d3), _ZERO, wp.float64(4.0))
    if vb <= _ZERO and d2 >= _ZERO and d6 <= _ZERO:
        return wp.vec3d(_ZERO, d2 / (d2 - d6), wp.float64(6.0))
    if va <= _ZERO and d4 - d3 >= _ZERO and d5 - d6 >= _ZERO:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        return wp.vec3d(_ONE - w, w, wp.float64(5.0))
    s = _ONE / (va + vb + vc)
    return wp.vec3d(vb * s, vc * s, _ZERO)


@wp.kernel
def update_planes(
    mesh: wp.uint64,
    corners: wp.array2d(dtype=wp.vec3d),
    normals: wp.array2d(dtype=wp.vec3d),
    x: wp.array(dtype=wp.vec3d),
    reach: wp.float64,
    held: wp.array(dtype=wp.float64),
    phi: wp.array(dtype=wp.float64),
    normal: wp.array(dtype=wp.vec3d),
    origin: wp.array(dtype=wp.vec3d),
    hint: wp.array(dtype=wp.int64),
    fresh: wp.array(dtype=wp.bool),
):
    """Refresh distance, gradient, query point and closest face of vertices that may be near."""
    i = wp.tid()
    p = x[i]
    travel = wp.length(p - origin[i])
    if fresh[i] or (travel > held[i] and phi[i] - travel <= reach):
        query = wp.mesh_query_point_no_sign(mesh, wp.vec3f(p), _FAR_M)
        if query.result:
            f = query.face
            a, b, c = corners[f, 0], corners[f, 1], corners[f, 2]
            w = closest_weights(p, a, b, c)
            away = p - (a + w[0] * (b - a) + w[1] * (c - a))
            outward = normals[f, int(w[2])]
            distance = wp.length(away)
            sign = wp.where(wp.dot(away, outward) >= _ZERO, _ONE, -_ONE)
            phi[i] = sign * distance
            if distance > wp.float64(1e-9):
                normal[i] = sign / distance * away
            else:
                normal[i] = wp.normalize(outward)
            origin[i] = p
            hint[i] = wp.int64(f)
            fresh[i] = False
