"""Matrix rows of all levels and multigrid PCG as warp kernels.

Rows stand as in `pcg.py`. The smoother is damped block Jacobi instead of Gauss-Seidel in chunks:
every row at once, which is what a GPU is good at. Dot products are summed in fixed chunks, so the
same device gives the same bits.
"""
# Annotations of kernels are warp's own types, which a checker of Python types cannot read.
# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportOperatorIssue=false
# pyright: reportCallIssue=false, reportArgumentType=false, reportGeneralTypeIssues=false

from typing import Any

import warp as wp

wp.set_module_options({"enable_backward": False})

N_PARTS = 256
# Row products of neighbours overlap: above 2/3 a triangle's three corners overshoot together.
_DAMPING = wp.constant(0.6)
RHO, SQUARE, NORM, ALPHA, BETA = (wp.constant(k) for k in range(5))


@wp.struct
class Matrix:
    """Rows of all levels: 3 x 3 blocks of the membrane, and bending, the same for x, y and z."""

    ptr: wp.array(dtype=wp.int32)
    col: wp.array(dtype=wp.int32)
    val: wp.array(dtype=wp.mat33f)
    bptr: wp.array(dtype=wp.int32)
    bcol: wp.array(dtype=wp.int32)
    bval: wp.array(dtype=wp.float32)


@wp.func
def add_weighted(
    total: Any,
    i: int,
    ptr: wp.array(dtype=wp.int32),
    col: wp.array(dtype=wp.int32),
    weight: wp.array(dtype=Any),
    x: wp.array(dtype=Any),
):
    """Add what row i of a sparse matrix of numbers makes of the vectors x, in order."""
    for s in range(ptr[i], ptr[i + 1]):
        total += weight[s] * x[col[s]]
    return total


@wp.kernel
def add_own(
    own: wp.array2d(dtype=wp.float64),
    owner: wp.array2d(dtype=wp.int32),
    blocks: wp.array2d(dtype=wp.mat33f),
):
    """Add vertices' own symmetric blocks (xx xy xz yy yz zz) to their owner triangles'.

    Corners of one triangle have different places, so no two vertices write the same block.
    """
    i = wp.tid()
    xx, xy, xz = float(own[i, 0]), float(own[i, 1]), float(own[i, 2])
    yy, yz, zz = float(own[i, 3]), float(own[i, 4]), float(own[i, 5])
    t, m = owner[i, 0], owner[i, 1]
    blocks[t, m] = blocks[t, m] + wp.mat33f(xx, xy, xz, xy, yy, yz, xz, yz, zz)


@wp.func
def pair_of(i: int, j: int) -> int:
    """Place of corner pair i, j among 00 01 02 11 12 22."""
    a, b = wp.min(i, j), wp.max(i, j)
    return a * 3 - a * (a - 1) // 2 + b - a


@wp.kernel
def coarsen(
    above: int,
    lo: int,
    shares: wp.array3d(dtype=wp.float32),
    blocks: wp.array2d(dtype=wp.mat33f),
):
    """Write the blocks of coarse triangles: the Galerkin product over four children each."""
    k = wp.tid()
    t = lo + k
    for a in range(3):
        for b in range(a, 3):
            total = wp.mat33f()
            for child in range(4):
                c = above + 4 * k + child
                for i in range(3):
                    for j in range(3):
                        w = shares[c, i, a] * shares[c, j, b]
                        if w != 0.0:
                            block = blocks[c, pair_of(i, j)]
                            if i > j:
                                block = wp.transpose(block)
                            total += w * block
            blocks[t, pair_of(a, b)] = total


@wp.kernel
def gather_rows(
    matrix: Matrix,
    source_ptr: wp.array(dtype=wp.int32),
    source: wp.array(dtype=wp.int32),
    diagonal: wp.array(dtype=wp.int32),
    bdiagonal: wp.array(dtype=wp.float32),
    free: wp.array(dtype=wp.float32),
    blocks: wp.array2d(dtype=wp.mat33f),
    inv: wp.array(dtype=wp.mat33f),
):
    """Sum triangle blocks into matrix blocks, and invert diagonals (zero where pinned)."""
    i = wp.tid()
    for s in range(matrix.ptr[i], matrix.ptr[i + 1]):
        total = wp.mat33f()
        for o in range(source_ptr[s], source_ptr[s + 1]):
            code = source[o]
            block = blocks[code // 12, (code % 12) // 2]
            if code % 2 == 1:
                block = wp.transpose(block)
            total += block
        matrix.val[s] = total
    eye = wp.identity(n=3, dtype=wp.float32)
    own = wp.mat33d(matrix.val[diagonal[i]] + bdiagonal[i] * eye)
    inv[i] = wp.mat33f()
    if free[i] > 0.0 and wp.determinant(own) > wp.float64(0.0):
        inv[i] = wp.mat33f(wp.inverse(own))


@wp.func
def row_product(
    i: int,
    matrix: Matrix,
    x: wp.array(dtype=wp.vec3f),
) -> wp.vec3f:
    """Return one row of the matrix times x."""
    total = wp.vec3f()
    for s in range(matrix.ptr[i], matrix.ptr[i + 1]):
        total += matrix.val[s] * x[matrix.col[s]]
    return add_weighted(total, i, matrix.bptr, matrix.bcol, matrix.bval, x)


@wp.kernel
def start_level(
    lo: int,
    inv: wp.array(dtype=wp.mat33f),
    right: wp.array(dtype=wp.vec3f),
    x: wp.array(dtype=wp.vec3f),
):
    """Smooth once from zero."""
    i = lo + wp.tid()
    x[i] = _DAMPING * (inv[i] * right[i])


@wp.kernel
def residual(
    lo: int,
    matrix: Matrix,
    free: wp.array(dtype=wp.float32),
    right: wp.array(dtype=wp.vec3f),
    x: wp.array(dtype=wp.vec3f),
    out: wp.array(dtype=wp.vec3f),
):
    """Write ``out = right - A x`` on free rows."""
    i = lo + wp.tid()
    out[i] = free[i] * (right[i] - row_product(i, matrix, x))


@wp.kernel
def relax(
    lo: int,
    inv: wp.array(dtype=wp.mat33f),
    out: wp.array(dtype=wp.vec3f),
    x: wp.array(dtype=wp.vec3f),
):
    """Correct x by the residual."""
    i = lo + wp.tid()
    x[i] = x[i] + _DAMPING * (inv[i] * out[i])


@wp.kernel
def restrict(
    lo: int,
    rptr: wp.array(dtype=wp.int32),
    rcol: wp.array(dtype=wp.int32),
    rweight: wp.array(dtype=wp.float32),
    free: wp.array(dtype=wp.float32),
    fine: wp.array(dtype=wp.vec3f),
    right: wp.array(dtype=wp.vec3f),
):
    """Gather the residual of the finer level."""
    i = lo + wp.tid()
    right[i] = free[i] * add_weighted(wp.vec3f(), i, rptr, rcol, rweight, fine)


@wp.kernel
def prolong(
    lo: int,
    parents: wp.array2d(dtype=wp.int32),
    free: wp.array(dtype=wp.float32),
    x: wp.array(dtype=wp.vec3f),
):
    """Add the coarse correction: half of each parent's."""
    i = lo + wp.tid()
    x[i] = x[i] + 0.5 * free[i] * (x[parents[i, 0]] + x[parents[i, 1]])


@wp.kernel
def apply(
    matrix: Matrix,
    free: wp.array(dtype=wp.float32),
    p: wp.array(dtype=wp.vec3f),
    q: wp.array(dtype=wp.vec3f),
):
    """Write ``q = A p`` on free rows."""
    i = wp.tid()
    q[i] = free[i] * row_product(i, matrix, p)


@wp.kernel
def dot(
    n: int,
    a: wp.array(dtype=wp.vec3f),
    b: wp.array(dtype=wp.vec3f),
    partial: wp.array(dtype=wp.float64),
):
    """Write the dot product of each chunk of the first n rows."""
    k = wp.tid()
    total = wp.float64(0.0)
    for i in range(n * k // N_PARTS, n * (k + 1) // N_PARTS):
        total += wp.dot(wp.vec3d(a[i]), wp.vec3d(b[i]))
    partial[k] = total


@wp.kernel
def total(partial: wp.array(dtype=wp.float64), which: int, scalars: wp.array(dtype=wp.float64)):
    """Sum the chunks; RHO also makes the next BETA, ALPHA is RHO over the sum."""
    value = wp.float64(0.0)
    for k in range(N_PARTS):
        value += partial[k]
    if which == RHO:
        scalars[BETA] = wp.where(
            scalars[RHO] > wp.float64(0.0), value / scalars[RHO], wp.float64(0.0)
        )
    if which == ALPHA:
        value = wp.where(value > wp.float64(0.0), scalars[RHO] / value, wp.float64(0.0))
    scalars[which] = value


@wp.kernel
def turn(
    scalars: wp.array(dtype=wp.float64), z: wp.array(dtype=wp.vec3f), p: wp.array(dtype=wp.vec3f)
):
    """Write ``p = z + beta p``."""
    i = wp.tid()
    p[i] = z[i] + float(scalars[BETA]) * p[i]


@wp.kernel
def advance(
    scalars: wp.array(dtype=wp.float64),
    p: wp.array(dtype=wp.vec3f),
    q: wp.array(dtype=wp.vec3f),
    x: wp.array(dtype=wp.vec3f),
    r: wp.array(dtype=wp.vec3f),
):
    """Move x along p, and the residual with it."""
    i = wp.tid()
    alpha = float(scalars[ALPHA])
    x[i] = x[i] + alpha * p[i]
    r[i] = r[i] - alpha * q[i]
