"""The one place that imports numba. Kernels are serial, so sums never depend on thread counts."""

import os
from collections.abc import Callable
from typing import Any

# Spinning OpenMP threads steal the second core; it must be set before numba is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba


def njit(function: Callable[..., Any]) -> Any:
    """Compile a kernel: cached on disk, without the lock, without fast-math."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def njit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function that kernels call; inlined by the compiler's back end."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
