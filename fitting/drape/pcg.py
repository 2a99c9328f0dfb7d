"""Conjugate gradients with a multigrid V-cycle over the nested levels of the mesh.

The rows of all levels stand one after another, finest first. Vectors and matrices are float32,
sums float64 in a fixed order. The smoother is Gauss-Seidel inside a fixed number of chunks and
Jacobi between them, damped there: forward on the way down, backward on the way up, so that the
cycle is symmetric and positive definite.
"""

import numpy as np

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_inline, njit_part, njit_spliced
from fitting.drape.lanes import relax_row, row_product
from fitting.drape.levels import SERIAL_ROWS


@njit_inline
def chunk(lo, hi, k, n):  # noqa: ANN201
    """Bounds of chunk k of n of the rows lo..hi."""
    return lo + (hi - lo) * k // n, lo + (hi - lo) * (k + 1) // n


@njit_part
def _sweep_part(first, last, backward, ptr, col, val, bptr, bcol, bval, inv, right, x, far):
    for j in range(last - first):
        i = last - 1 - j if backward else first + j
        relax_row(
            ptr[i], ptr[i + 1], col, val, bptr[i], bptr[i + 1], bcol, bval, x, far, first,
            last, i, inv, right,
        )  # fmt: skip


@njit_spliced
def _backward(lo, hi, ptr, col, val, bptr, bcol, bval, inv, right, x, old):
    """Smooth once backward in place; rows of other chunks are read from old."""
    in_chunks(
        _sweep_part, lo, hi, N_CHUNKS, None,
        (True, ptr, col, val, bptr, bcol, bval, inv, right, x, old),
    )  # fmt: skip


@njit_part
def _start_part(first, last, col, val, bcol, bval, near, diagonal, bnear, bfrom, inv, right, x):
    for i in range(first, last):
        relax_row(
            near[i], diagonal[i], col, val, bnear[i], bfrom[i], bcol, bval, x, x, first, last, i,
            inv, right,
        )  # fmt: skip


@njit_spliced
def _start(lo, hi, col, val, bcol, bval, near, diagonal, bnear, bfrom, inv, right, x):
    """Smooth once forward from zero, x: what stands right of the diagonal is zero until then."""
    in_chunks(
        _start_part, lo, hi, N_CHUNKS, None,
        (col, val, bcol, bval, near, diagonal, bnear, bfrom, inv, right, x),
    )  # fmt: skip


@njit_part
def _left_part(
    first, last, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter, free, calm,
    x, out,
):  # fmt: skip
    for i in range(first, last):
        a, b, c = row_product(ptr[i], near[i], col, val, bptr[i], bnear[i], bcol, bval, x, x, 0, 0)
        d, e, g = row_product(
            diagonal[i] + 1, ptr[i + 1], col, val, bafter[i], bptr[i + 1], bcol, bval, x, x, 0, 0
        )
        f = free[i]
        out[i, 0], out[i, 1], out[i, 2] = -f * (a + d), -f * (b + e), -f * (c + g)
        if calm[i] != f:  # solved for as if its own block were larger
            a, b, c = row_product(
                diagonal[i], diagonal[i] + 1, col, val, bfrom[i], bafter[i], bcol, bval, x, x, 0, 0
            )
            more = f / calm[i] - f
            out[i, 0] += more * a
            out[i, 1] += more * b
            out[i, 2] += more * c


@njit_spliced
def _left(
    lo, hi, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter, free, calm, x,
    out,
):  # fmt: skip
    """Write the residual that _start leaves: the rest of each row has just been solved."""
    in_chunks(
        _left_part, lo, hi, N_CHUNKS, None,
        (
            ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter, free, calm, x,
            out,
        ),
    )  # fmt: skip


@njit_part
def _residual_part(first, last, ptr, col, val, bptr, bcol, bval, free, right, x, out):
    for i in range(first, last):
        a, b, c = row_product(
            ptr[i], ptr[i + 1], col, val, bptr[i], bptr[i + 1], bcol, bval, x, x, 0, 0
        )
        f = free[i]
        out[i, 0] = f * (right[i, 0] - a)
        out[i, 1] = f * (right[i, 1] - b)
        out[i, 2] = f * (right[i, 2] - c)


@njit_spliced
def _residual(lo, hi, ptr, col, val, bptr, bcol, bval, free, right, x, out):
    in_chunks(
        _residual_part, lo, hi, N_CHUNKS, None,
        (ptr, col, val, bptr, bcol, bval, free, right, x, out),
    )  # fmt: skip


@njit_spliced
def _restrict_part(first, last, rptr, rcol, rweight, free, fine, right, x):
    for i in range(first, last):
        a = b = c = np.float32(0.0)
        for s in range(rptr[i], rptr[i + 1]):
            j, w = rcol[s], rweight[s]
            a += w * fine[j, 0]
            b += w * fine[j, 1]
            c += w * fine[j, 2]
        f = free[i]
        right[i, 0], right[i, 1], right[i, 2] = f * a, f * b, f * c
        x[i, 0] = x[i, 1] = x[i, 2] = np.float32(0.0)


@njit_spliced
def _restrict(lo, hi, n, rptr, rcol, rweight, free, fine, right, x):
    """Gather the residual of the finer level, and clear the coarse correction."""
    for k in range(n):
        first, last = chunk(lo, hi, k, n)
        _restrict_part(first, last, rptr, rcol, rweight, free, fine, right, x)


@njit_part
def _prolong_part(first, last, parents, free, x, old):
    half = np.float32(0.5)
    for i in range(first, last):
        p, q, f = parents[i, 0], parents[i, 1], half * free[i]
        for d in range(3):
            x[i, d] += f * (x[p, d] + x[q, d])
            old[i, d] = x[i, d]


@njit_spliced
def _prolong(lo, hi, n, parents, free, x, old):
    for k in range(n):
        first, last = chunk(lo, hi, k, n)
        _prolong_part(first, last, parents, free, x, old)


@njit_spliced
def _cycle(
    starts, n_sweeps, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter, inv,
    free, calm, parents, rptr, rcol, rweight, right, x, old,
):  # fmt: skip
    """Precondition: x = about A^-1 right on the finest level; x must be zero there."""
    n_levels = starts.shape[0] - 1
    for level in range(n_levels - 1):
        lo, hi = starts[level], starts[level + 1]
        # One chunk is worked off here: waking the other threads would cost more.
        if hi - lo < SERIAL_ROWS:
            _start_part(lo, hi, col, val, bcol, bval, near, diagonal, bnear, bfrom, inv, right, x)
            _left_part(
                lo, hi, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter,
                free, calm, x, old,
            )  # fmt: skip
        else:
            _start(lo, hi, col, val, bcol, bval, near, diagonal, bnear, bfrom, inv, right, x)
            _left(
                lo, hi, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter,
                free, calm, x, old,
            )  # fmt: skip
        below, end = starts[level + 1], starts[level + 2]
        m = 1 if end - below < SERIAL_ROWS else N_CHUNKS
        _restrict(below, end, m, rptr, rcol, rweight, free, old, right, x)
    lo, hi = starts[n_levels - 1], starts[n_levels]
    for _ in range(n_sweeps):
        for backward in (False, True):
            _sweep_part(lo, hi, backward, ptr, col, val, bptr, bcol, bval, inv, right, x, x)
    for up in range(n_levels - 1):
        level = n_levels - 2 - up
        lo, hi = starts[level], starts[level + 1]
        if hi - lo < SERIAL_ROWS:
            _prolong_part(lo, hi, parents, free, x, old)
            _sweep_part(lo, hi, True, ptr, col, val, bptr, bcol, bval, inv, right, x, old)
        else:
            _prolong(lo, hi, N_CHUNKS, parents, free, x, old)
            _backward(lo, hi, ptr, col, val, bptr, bcol, bval, inv, right, x, old)


@njit_spliced
def _direction_part(first, last, beta, z, p):
    for i in range(4 * first, 4 * last):
        p[i] = z[i] + beta * p[i]


@njit_spliced
def _direction(n, beta, z, p):
    """Write ``p = z + beta p``; all arrays flat."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, n, k, N_CHUNKS)
        _direction_part(first, last, beta, z, p)


@njit_part
def _apply_part(first, last, ptr, col, val, bptr, bcol, bval, free, p, q):
    total = 0.0
    for i in range(first, last):
        a, b, c = row_product(
            ptr[i], ptr[i + 1], col, val, bptr[i], bptr[i + 1], bcol, bval, p, p, 0, 0
        )
        f = free[i]
        q[i, 0], q[i, 1], q[i, 2] = f * a, f * b, f * c
        total += f * (float(p[i, 0]) * a + float(p[i, 1]) * b + float(p[i, 2]) * c)
    return total


@njit_spliced
def _apply(n, ptr, col, val, bptr, bcol, bval, free, p, q, partial):
    """Write ``q = A p`` and the chunks of p . q."""
    in_chunks(_apply_part, 0, n, N_CHUNKS, partial, (ptr, col, val, bptr, bcol, bval, free, p, q))


@njit_spliced
def _advance_part(first, last, alpha, x, r, p, q, z):
    for i in range(4 * first, 4 * last):
        x[i] += alpha * p[i]
        r[i] -= alpha * q[i]
        z[i] = np.float32(0.0)
    # In one loop with what it writes, the order of the sum would hang on where arrays lie.
    return _dot_part(first, last, r, r)


@njit_spliced
def _advance(n, alpha, x, r, p, q, z, partial):
    """Move x and r, clear z, and write the chunks of r . r; all arrays flat."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, n, k, N_CHUNKS)
        partial[k] = _advance_part(first, last, alpha, x, r, p, q, z)


@njit_part
def _dot_part(first, last, r, z):
    total = 0.0
    for i in range(4 * first, 4 * last):
        total += float(r[i]) * float(z[i])
    return total


@njit_part
def _dot(n, r, z, partial):
    """Write the chunks of r . z; both flat."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, n, k, N_CHUNKS)
        partial[k] = _dot_part(first, last, r, z)


@njit_part
def _pair_terms(sign, free, rows, weights, normals, stiffness, x, out):
    """Add sign times the pushes' true product with x less their bound's; returns x . product.

    The rows of the matrix hold a diagonal that bounds each push (four rows, 2 |w| k n n'); the
    push itself is k (w n)(w n)'. Serial, so the sums have one order.
    """
    total = 0.0
    for k in range(rows.shape[0]):
        nx, ny, nz = normals[k, 0], normals[k, 1], normals[k, 2]
        along = 0.0
        for m in range(4):
            i = rows[k, m]
            step = nx * x[i, 0] + ny * x[i, 1] + nz * x[i, 2]
            along += weights[k, m] * step
            total -= 2.0 * abs(weights[k, m]) * stiffness[k] * step * step
        total += stiffness[k] * along * along
        for m in range(4):
            i = rows[k, m]
            step = nx * x[i, 0] + ny * x[i, 1] + nz * x[i, 2]
            w = weights[k, m]
            f = sign * free[i] * stiffness[k] * (w * along - 2.0 * abs(w) * step)
            out[i, 0] += np.float32(f * nx)
            out[i, 1] += np.float32(f * ny)
            out[i, 2] += np.float32(f * nz)
    return total


@njit_inline
def _total(partial):
    total = 0.0
    for k in range(partial.shape[0]):
        total += partial[k]
    return total


@njit
def solve(  # noqa: ANN201
    starts, n_sweeps, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom, bafter, inv,
    free, calm, parents, rptr, rcol, rweight, rows, weights, normals, stiffness, right, x, r, z, p,
    q, old, partial, tolerance, cap,
):  # fmt: skip
    """Solve ``A x = right`` in place from x; returns iterations and the relative residual.

    rows (n_pairs, 4), weights, normals, stiffness: Pushes whose bound the matrix holds.
    right, x, p, q: Finest level, shape (n, 4). r, z, old: All levels, shape (n_all, 4).
    """
    n = starts[1]
    xf, rf, zf, pf, qf, bf = (
        x.reshape(-1), r.reshape(-1), z.reshape(-1), p.reshape(-1), q.reshape(-1),
        right.reshape(-1),
    )  # fmt: skip
    _dot(n, bf, bf, partial)
    norm = _total(partial)
    if norm == 0.0:
        x[:] = np.float32(0.0)
        return 0, 0.0
    _residual(0, n, ptr, col, val, bptr, bcol, bval, free, right, x, r)
    _pair_terms(-1.0, free, rows, weights, normals, stiffness, x, r)
    p[:] = np.float32(0.0)
    z[:] = np.float32(0.0)
    _dot(n, rf, rf, partial)
    square = _total(partial)
    rho = 1.0
    n_done = 0
    while square > tolerance * tolerance * norm and n_done < cap:
        _cycle(
            starts, n_sweeps, ptr, col, val, bptr, bcol, bval, near, diagonal, bnear, bfrom,
            bafter, inv, free, calm, parents, rptr, rcol, rweight, r, z, old,
        )  # fmt: skip
        _dot(n, rf, zf, partial)
        new = _total(partial)
        beta = np.float32(new / rho if n_done > 0 else 0.0)
        rho = new
        _direction(n, beta, zf, pf)
        _apply(n, ptr, col, val, bptr, bcol, bval, free, p, q, partial)
        curvature = _total(partial)
        curvature += _pair_terms(1.0, free, rows, weights, normals, stiffness, p, q)
        if not curvature > 0.0:
            break
        _advance(n, np.float32(rho / curvature), xf, rf, pf, qf, zf, partial)
        square = _total(partial)
        n_done += 1
    return n_done, np.sqrt(square / norm)
