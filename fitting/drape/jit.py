"""The one place that imports numba.

Parallel kernels split their work into a fixed number of chunks and add partial sums in a fixed
order, so results never depend on the number of threads.
"""

import os
from collections.abc import Callable
from typing import Any

# Spinning OpenMP threads steal the second core; it must be set before numba is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba

prange = numba.prange
_N_THREADS = numba.get_num_threads()
# Sums may be reordered by the compiler, once: the same code gives the same bits every time.
_MATH = {"contract", "reassoc"}
N_CHUNKS = 16  # of every parallel loop, whatever the number of threads


def njit(function: Callable[..., Any]) -> Any:
    """Compile a kernel: cached on disk, without the lock, fused multiply-add allowed."""
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_MATH)(function)


def pjit(function: Callable[..., Any]) -> Any:
    """Compile a kernel whose ``prange`` loops run on all threads."""
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=_MATH, parallel=True)(
        function
    )


def njit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function into the kernels that call it.

    Left to itself the compiler calls it, and passing arrays made a box test ten times slower.
    """
    return numba.njit(
        cache=True, nogil=True, error_model="numpy", fastmath=_MATH, forceinline=True
    )(function)


def njit_spliced(function: Callable[..., Any]) -> Any:
    """Put a function that is called in one place into its caller before that is compiled.

    It is then compiled once, not by itself as well.
    """
    return numba.njit(nogil=True, error_model="numpy", fastmath=_MATH, inline="always")(function)


def use_threads(n_threads: int | None) -> None:
    """Run the following kernels on so many threads; None means as many as there are cores."""
    numba.set_num_threads(min(n_threads or _N_THREADS, _N_THREADS))
