"""Membrane, threads and bending as warp kernels; the same formulas as `membrane.py`.

State and forces are float64, matrix blocks float32. Every kernel writes what one thread owns, so
that no sum depends on the order of threads.
"""
# Annotations of kernels are warp's own types, which a checker of Python types cannot read.
# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportOperatorIssue=false
# pyright: reportCallIssue=false, reportArgumentType=false, reportGeneralTypeIssues=false

import warp as wp

from fitting.drape.warp_linear import add_weighted

wp.set_module_options({"enable_backward": False})

_LEAST = wp.constant(wp.float64(1e-9))
_ZERO = wp.constant(wp.float64(0.0))
_HALF = wp.constant(wp.float64(0.5))
_ONE = wp.constant(wp.float64(1.0))


@wp.struct
class Cloth:
    """What does not change in a cloth, triangle by triangle; see `RestShape`."""

    faces: wp.array2d(dtype=wp.int32)
    wu: wp.array(dtype=wp.vec3d)
    wv: wp.array(dtype=wp.vec3d)
    area: wp.array(dtype=wp.float64)
    stiff: wp.array(dtype=wp.vec4d)
    curve: wp.array(dtype=wp.int32)
    curves: wp.array4d(dtype=wp.float64)
    side: wp.array(dtype=wp.vec3d)
    pull: wp.array(dtype=wp.vec3d)


@wp.func
def of_corners(x: wp.array(dtype=wp.vec3d), cloth: Cloth, t: int, weight: wp.vec3d):
    """Return the weighted sum of a triangle's corners."""
    a, b, c = cloth.faces[t, 0], cloth.faces[t, 1], cloth.faces[t, 2]
    return weight[0] * x[a] + weight[1] * x[b] + weight[2] * x[c]


@wp.func
def axial(
    strain: wp.float64,
    linear: wp.float64,
    row: int,
    axis: int,
    curves: wp.array4d(dtype=wp.float64),
):
    """Energy [J/m2], force [N/m] and tangent [N/m] at a strain along one axis."""
    stiffness = linear
    if row < 0 or strain <= _ZERO:
        if row >= 0:
            stiffness = curves[row, axis, 0, 3]
        return wp.vec3d(_HALF * stiffness * strain * strain, stiffness * strain, stiffness)
    last = curves.shape[2] - 1
    step = curves[row, axis, 1, 0]
    if strain >= curves[row, axis, last, 0]:
        over = strain - curves[row, axis, last, 0]
        force = curves[row, axis, last, 2]
        tangent = curves[row, axis, last, 3]
        energy = curves[row, axis, last, 1] + over * (force + _HALF * tangent * over)
        return wp.vec3d(energy, force + tangent * over, tangent)
    k = wp.min(int(strain / step), last - 1)
    s = strain / step - wp.float64(k)
    f0 = curves[row, axis, k, 2]
    f1 = curves[row, axis, k + 1, 2]
    m0 = step * curves[row, axis, k, 3]
    m1 = step * curves[row, axis, k + 1, 3]
    two, three = wp.float64(2.0), wp.float64(3.0)
    a = two * f0 + m0 - two * f1 + m1
    b = -three * f0 - two * m0 + three * f1 - m1
    force = ((a * s + b) * s + m0) * s + f0
    tangent = ((three * a * s + two * b) * s + m0) / step
    area = (((a / wp.float64(4.0) * s + b / three) * s + m0 * _HALF) * s + f0) * s * step
    return wp.vec3d(curves[row, axis, k, 1] + area, force, tangent)


@wp.kernel
def elements(
    x: wp.array(dtype=wp.vec3d),
    cloth: Cloth,
    soft: wp.float64,
    forces: wp.array2d(dtype=wp.vec3d),
    blocks: wp.array2d(dtype=wp.mat33f),
):
    """Write each triangle's gradient [N] and its six SPD blocks [N/m], threads included."""
    t = wp.tid()
    u, v, c = cloth.wu[t], cloth.wv[t], cloth.stiff[t]
    fu, fv = of_corners(x, cloth, t, u), of_corners(x, cloth, t, v)
    lu = wp.max(wp.length(fu), _LEAST)
    lv = wp.max(wp.length(fv), _LEAST)
    g = wp.dot(fu, fv)
    scale = soft * cloth.area[t]
    warp_law = axial(lu - _ONE, c[0], cloth.curve[t], 0, cloth.curves)
    weft_law = axial(lv - _ONE, c[1], cloth.curve[t], 1, cloth.curves)
    cu, cv = scale * warp_law[2], scale * weft_law[2]
    cuv, cg = scale * c[2], scale * c[3]
    su = scale * warp_law[1] + cuv * (lv - _ONE)
    sv = scale * weft_law[1] + cuv * (lu - _ONE)
    pu = su / lu * fu + cg * g * fv
    pv = sv / lv * fv + cg * g * fu
    for m in range(3):
        forces[t, m] = u[m] * pu + v[m] * pv
    tu, tv = wp.max(su, _ZERO) / lu, wp.max(sv, _ZERO) / lv
    eye = wp.identity(n=3, dtype=wp.float64)
    huu = (cu - tu) / (lu * lu) * wp.outer(fu, fu) + cg * wp.outer(fv, fv) + tu * eye
    hvv = (cv - tv) / (lv * lv) * wp.outer(fv, fv) + cg * wp.outer(fu, fu) + tv * eye
    huv = cuv / (lu * lv) * wp.outer(fu, fv) + cg * wp.outer(fv, fu)
    hvu = wp.transpose(huv)
    pair = 0
    for i in range(3):
        for j in range(i, 3):
            block = u[i] * u[j] * huu + v[i] * v[j] * hvv + u[i] * v[j] * huv + v[i] * u[j] * hvu
            blocks[t, pair] = wp.mat33f(block)
            pair += 1
    for e in range(3):
        if cloth.pull[t][e] > _ZERO:
            add_thread(x, cloth, t, e, forces, blocks)


@wp.func
def add_thread(
    x: wp.array(dtype=wp.vec3d),
    cloth: Cloth,
    t: int,
    e: int,
    forces: wp.array2d(dtype=wp.vec3d),
    blocks: wp.array2d(dtype=wp.mat33f),
):
    """Add one side's elastic thread to its triangle."""
    m = (e + 1) % 3
    rest, pull = cloth.side[t][e], cloth.pull[t][e]
    d = x[cloth.faces[t, m]] - x[cloth.faces[t, e]]
    length = wp.max(wp.length(d), _LEAST)
    if length > rest:
        n = d / length
        force = pull * (length / rest - _ONE)
        forces[t, e] = forces[t, e] - force * n
        forces[t, m] = forces[t, m] + force * n
        eye = wp.identity(n=3, dtype=wp.float64)
        value = wp.mat33f((pull / rest - force / length) * wp.outer(n, n) + force / length * eye)
        first, second = 3 * e - e // 2, 3 * m - m // 2  # own pairs of corners 0, 1, 2: 0, 3, 5
        both = wp.where(e == 0, 1, wp.where(e == 1, 4, 2))
        blocks[t, first] = blocks[t, first] + value
        blocks[t, second] = blocks[t, second] + value
        blocks[t, both] = blocks[t, both] - value


@wp.kernel
def gather_gradient(
    x: wp.array(dtype=wp.vec3d),
    corner_ptr: wp.array(dtype=wp.int32),
    corner: wp.array(dtype=wp.int32),
    forces: wp.array2d(dtype=wp.vec3d),
    bptr: wp.array(dtype=wp.int32),
    bcol: wp.array(dtype=wp.int32),
    bval: wp.array(dtype=wp.float64),
    load: wp.array(dtype=wp.vec3d),
    gradient: wp.array(dtype=wp.vec3d),
):
    """Write membrane and bending gradient less the load [N]."""
    i = wp.tid()
    total = -load[i]
    for s in range(corner_ptr[i], corner_ptr[i + 1]):
        total += forces[corner[s] // 3, corner[s] % 3]
    gradient[i] = add_weighted(total, i, bptr, bcol, bval, x)


@wp.kernel
def membrane_energy(
    x: wp.array(dtype=wp.vec3d),
    cloth: Cloth,
    soft: wp.float64,
    partial: wp.array(dtype=wp.float64),
):
    """Write the membrane energy of each chunk of triangles [J], threads included."""
    k = wp.tid()
    n, n_parts = cloth.faces.shape[0], partial.shape[0]
    total = wp.float64(0.0)
    for t in range(n * k // n_parts, n * (k + 1) // n_parts):
        c = cloth.stiff[t]
        fu, fv = of_corners(x, cloth, t, cloth.wu[t]), of_corners(x, cloth, t, cloth.wv[t])
        eu, ev, g = wp.length(fu) - _ONE, wp.length(fv) - _ONE, wp.dot(fu, fv)
        warp_law = axial(eu, c[0], cloth.curve[t], 0, cloth.curves)
        weft_law = axial(ev, c[1], cloth.curve[t], 1, cloth.curves)
        density = warp_law[0] + weft_law[0] + c[2] * eu * ev + _HALF * c[3] * g * g
        total += soft * cloth.area[t] * density
        for e in range(3):
            rest, pull = cloth.side[t][e], cloth.pull[t][e]
            if pull > _ZERO:
                d = x[cloth.faces[t, (e + 1) % 3]] - x[cloth.faces[t, e]]
                strain = wp.max(wp.length(d) / rest - _ONE, _ZERO)
                total += _HALF * pull * rest * strain * strain
    partial[k] = total
