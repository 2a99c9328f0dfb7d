"""Conjugate gradients on membrane blocks plus the constant scalar bending matrix.

Matrices and vectors are float32, sums float64 in a fixed order.
"""

import numpy as np

from fitting.drape.jit import njit, njit_inline


@njit_inline
def multiply(indptr, indices, blocks, bptr, bind, bval, free, x, y):  # noqa: ANN201
    """Write ``y = A x`` with pinned rows zero; arrays as in solve."""
    for i in range(indptr.shape[0] - 1):
        a = b = c = np.float32(0.0)
        if free[i]:
            for s in range(indptr[i], indptr[i + 1]):
                j = indices[s]
                u, v, w = x[j, 0], x[j, 1], x[j, 2]
                a += blocks[s, 0, 0] * u + blocks[s, 0, 1] * v + blocks[s, 0, 2] * w
                b += blocks[s, 1, 0] * u + blocks[s, 1, 1] * v + blocks[s, 1, 2] * w
                c += blocks[s, 2, 0] * u + blocks[s, 2, 1] * v + blocks[s, 2, 2] * w
            for s in range(bptr[i], bptr[i + 1]):
                j = bind[s]
                q = bval[s]
                a += q * x[j, 0]
                b += q * x[j, 1]
                c += q * x[j, 2]
        y[i, 0] = a
        y[i, 1] = b
        y[i, 2] = c


@njit
def invert_diagonal(blocks, diagonal, bdiag, free, inverse):  # noqa: ANN201
    """Write the inverse of each vertex's 3x3 block; pinned vertices get zero."""
    for i in range(diagonal.shape[0]):
        m = blocks[diagonal[i]]
        q = bdiag[i]
        a, b, c = float(m[0, 0] + q), float(m[0, 1]), float(m[0, 2])
        d, e, f = float(m[1, 1] + q), float(m[1, 2]), float(m[2, 2] + q)
        p, r, s = d * f - e * e, c * e - b * f, b * e - c * d
        det = a * p + b * r + c * s
        k = 1.0 / det if free[i] and det > 0 else 0.0
        inverse[i, 0, 0] = p * k
        inverse[i, 0, 1] = inverse[i, 1, 0] = r * k
        inverse[i, 0, 2] = inverse[i, 2, 0] = s * k
        inverse[i, 1, 1] = (a * f - c * c) * k
        inverse[i, 1, 2] = inverse[i, 2, 1] = (b * c - a * e) * k
        inverse[i, 2, 2] = (a * d - b * b) * k


@njit
def solve(indptr, indices, blocks, bptr, bind, bval, inverse, free, right, guess, tol, cap):  # noqa: ANN201
    """Solve ``A x = right``; returns x (float32), iterations and the relative residual.

    indptr, indices, blocks: Membrane pattern and 3x3 blocks. bptr, bind, bval: Bending matrix.
    inverse: Block-Jacobi preconditioner. free: False where pinned. guess: Start.
    """
    n = right.shape[0]
    x = guess.copy()
    r = np.zeros((n, 3), np.float32)
    z = np.zeros((n, 3), np.float32)
    p = np.zeros((n, 3), np.float32)
    q = np.zeros((n, 3), np.float32)
    multiply(indptr, indices, blocks, bptr, bind, bval, free, x, q)
    norm = rho = rr = 0.0
    for i in range(n):
        for d in range(3):
            if free[i]:
                norm += float(right[i, d]) ** 2
                r[i, d] = right[i, d] - q[i, d]
                rr += float(r[i, d]) ** 2
    if norm == 0.0:
        x[:] = 0
        return x, 0, 0.0
    k = 0
    while rr > tol * tol * norm and k < cap:
        new = 0.0
        for i in range(n):
            for d in range(3):
                z[i, d] = (
                    inverse[i, d, 0] * r[i, 0]
                    + inverse[i, d, 1] * r[i, 1]
                    + inverse[i, d, 2] * r[i, 2]
                )
                new += float(z[i, d]) * float(r[i, d])
        beta = np.float32(new / rho if k > 0 else 0.0)
        rho = new
        for i in range(n):
            for d in range(3):
                p[i, d] = z[i, d] + beta * p[i, d]
        multiply(indptr, indices, blocks, bptr, bind, bval, free, p, q)
        pq = 0.0
        for i in range(n):
            for d in range(3):
                pq += float(p[i, d]) * float(q[i, d])
        if not pq > 0.0:
            break
        alpha = np.float32(rho / pq)
        rr = 0.0
        for i in range(n):
            for d in range(3):
                x[i, d] += alpha * p[i, d]
                r[i, d] -= alpha * q[i, d]
                rr += float(r[i, d]) ** 2
        k += 1
    return x, k, np.sqrt(rr / norm)
