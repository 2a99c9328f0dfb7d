"""Quaternions of shape (n, 4), always wxyz; ``quat_a_b`` maps vectors of frame b to frame a."""

import numpy as np
from numpy.typing import NDArray


def quat_product(
    first_wxyz: NDArray[np.float64], second_wxyz: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Hamilton product of each row, shape (n, 4)."""
    a, b, c, d = np.moveaxis(first_wxyz, -1, 0)
    e, f, g, h = np.moveaxis(second_wxyz, -1, 0)
    return np.stack(
        [
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ],
        axis=-1,
    )


def quat_inverse(wxyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of unit quaternions, shape as given."""
    return wxyz * np.array([1.0, -1.0, -1.0, -1.0])


def quat_to_matrix(wxyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices of unit quaternions, shape (..., 3, 3)."""
    w, x, y, z = np.moveaxis(np.asarray(wxyz, dtype=np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_quat(R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternion wxyz of one rotation matrix, w not negative, shape (4,)."""
    # Shepperd's choice: start from the largest component.
    trace = float(np.trace(R))
    squares = np.array([trace, R[0, 0], R[1, 1], R[2, 2]])
    largest = int(squares.argmax())
    if largest == 0:
        q = np.array([1 + trace, R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    else:
        i = largest - 1
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.zeros(4)
        q[0] = R[k, j] - R[j, k]
        q[1 + i] = 1 + R[i, i] - R[j, j] - R[k, k]
        q[1 + j] = R[i, j] + R[j, i]
        q[1 + k] = R[i, k] + R[k, i]
    q = q / np.linalg.norm(q)
    return q if q[0] >= 0 else -q


def matrices_to_quat(R: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternions wxyz of rotation matrices, shape (n, 3, 3); as of one each, shape (n, 4)."""
    return np.array([matrix_to_quat(one) for one in R]).reshape(len(R), 4)


def rotated(wxyz: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors turned by each quaternion, shape (n, 3); sums row by row, whatever the block."""
    return (quat_to_matrix(wxyz) * vector[..., None, :]).sum(axis=-1)
