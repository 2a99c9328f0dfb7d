"""From triangle blocks to the matrix rows of all levels."""

import numpy as np

from fitting.drape.chunks import in_chunks
from fitting.drape.jit import N_CHUNKS, njit, njit_part, njit_spliced
from fitting.drape.pcg import chunk


@njit_part
def _gather_gradient_part(
    first, last, x, corner_ptr, corner, forces, bptr, bcol, bval, load, gradient
):
    for i in range(first, last):
        a, b, c = -load[i, 0], -load[i, 1], -load[i, 2]
        for s in range(corner_ptr[i], corner_ptr[i + 1]):
            t, m = corner[s] // 3, corner[s] % 3
            a += forces[t, m, 0]
            b += forces[t, m, 1]
            c += forces[t, m, 2]
        for s in range(bptr[i], bptr[i + 1]):
            j, q = bcol[s], bval[s]
            a += q * x[j, 0]
            b += q * x[j, 1]
            c += q * x[j, 2]
        gradient[i, 0], gradient[i, 1], gradient[i, 2] = a, b, c


@njit
def gather_gradient(x, corner_ptr, corner, forces, bptr, bcol, bval, load, gradient):  # noqa: ANN201
    """Write membrane and bending gradient less the load [N], shape (n_vertices, 3)."""
    in_chunks(
        _gather_gradient_part, 0, x.shape[0], N_CHUNKS, None,
        (x, corner_ptr, corner, forces, bptr, bcol, bval, load, gradient),
    )  # fmt: skip


@njit_spliced
def _add_own_part(first, last, own, owner, blocks):
    for i in range(first, last):
        t, m = owner[i, 0], owner[i, 1]
        xx, xy, xz, yy, yz, zz = own[i]
        blocks[t, m, 0] += xx
        blocks[t, m, 1] += xy
        blocks[t, m, 2] += xz
        blocks[t, m, 3] += xy
        blocks[t, m, 4] += yy
        blocks[t, m, 5] += yz
        blocks[t, m, 6] += xz
        blocks[t, m, 7] += yz
        blocks[t, m, 8] += zz


@njit
def add_own(own, owner, blocks):  # noqa: ANN201
    """Add each vertex's own symmetric block (xx xy xz yy yz zz) to its owner triangle's."""
    for k in range(N_CHUNKS):
        first, last = chunk(0, own.shape[0], k, N_CHUNKS)
        _add_own_part(first, last, own, owner, blocks)


@njit_spliced
def _add_child(t, c, shares, blocks):
    pair = ((0, 1, 2), (1, 3, 4), (2, 4, 5))
    for i in range(3):
        for j in range(3):
            p = pair[i][j]
            for a in range(3):
                for b in range(a, 3):
                    w = shares[c, i, a] * shares[c, j, b]
                    if w == 0.0:
                        continue
                    to = pair[a][b]
                    if i <= j:
                        for q in range(9):
                            blocks[t, to, q] += w * blocks[c, p, q]
                    else:
                        for d in range(3):
                            for e in range(3):
                                blocks[t, to, 3 * d + e] += w * blocks[c, p, 3 * e + d]


@njit_part
def _coarsen_part(first, last, above, lo, shares, blocks):
    for t in range(first, last):
        for p in range(6):
            for q in range(9):
                blocks[t, p, q] = np.float32(0.0)
        for child in range(4):
            _add_child(t, above + 4 * (t - lo) + child, shares, blocks)


@njit
def coarsen(above, lo, hi, shares, blocks):  # noqa: ANN201
    """Write the blocks of triangles lo..hi: the Galerkin product over four children each."""
    in_chunks(_coarsen_part, lo, hi, N_CHUNKS, None, (above, lo, shares, blocks))


@njit_part
def _gather_rows_part(
    first, last, ptr, source_ptr, source, diagonal, bdiagonal, calm, blocks, val, inv
):
    for i in range(first, last):
        for s in range(ptr[i], ptr[i + 1]):
            for q in range(12):
                val[s, q] = np.float32(0.0)
            for o in range(source_ptr[s], source_ptr[s + 1]):
                code = source[o]
                t, p = code // 12, (code % 12) // 2
                if code % 2 == 0:
                    for d in range(3):
                        for e in range(3):
                            val[s, 4 * e + d] += blocks[t, p, 3 * d + e]
                else:
                    for d in range(3):
                        for e in range(3):
                            val[s, 4 * e + d] += blocks[t, p, 3 * e + d]
        s, q = diagonal[i], float(bdiagonal[i])
        a, b, c = float(val[s, 0]) + q, float(val[s, 4]), float(val[s, 8])
        d, e, f = float(val[s, 5]) + q, float(val[s, 9]), float(val[s, 10]) + q
        u, v, w = d * f - e * e, c * e - b * f, b * e - c * d
        det = a * u + b * v + c * w
        r = calm[i] / det if det > 0 else 0.0
        inv[i, 0], inv[i, 1], inv[i, 2] = u * r, v * r, w * r
        inv[i, 4], inv[i, 5], inv[i, 6] = v * r, (a * f - c * c) * r, (b * c - a * e) * r
        inv[i, 8], inv[i, 9], inv[i, 10] = w * r, inv[i, 6], (a * d - b * b) * r


@njit
def gather_rows(ptr, source_ptr, source, diagonal, bdiagonal, calm, blocks, val, inv):  # noqa: ANN201
    """Sum triangle blocks into matrix blocks (columns of four lanes), and invert diagonals.

    calm: Share of the inverse that is written, 0 where pinned, shape (n_all,).
    """
    in_chunks(
        _gather_rows_part, 0, diagonal.shape[0], N_CHUNKS, None,
        (ptr, source_ptr, source, diagonal, bdiagonal, calm, blocks, val, inv),
    )  # fmt: skip
