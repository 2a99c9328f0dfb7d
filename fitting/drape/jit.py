"""The one place that imports numba.

Parallel kernels split their work into a fixed number of chunks and add partial sums in a fixed
order, so results never depend on the number of threads.
"""

import gc
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

# Spinning OpenMP threads steal the second core; it must be set before numba is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numba
from numba.core import event

from fitting.drape.ahead import call_second

_N_THREADS = numba.get_num_threads()
_njit: Any = numba.njit  # whose own types know no options of the target
# Sums may be reordered by the compiler, once: the same code gives the same bits every time.
_SAME: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract", "reassoc"}}
# Doors for callers in Python and C are a tenth of all compilation.
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
N_CHUNKS = 16  # of every parallel loop, whatever the number of threads


def room_stamp(folder: Path) -> str:
    """Digest of all sources of a folder: kernels take in functions and numbers of other files."""
    sources = sorted(folder.glob("*.py"))
    return blake2b(b"".join(source.read_bytes() for source in sources)).hexdigest()


_STAMP = room_stamp(Path(__file__).parent)


def njit(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls: cached on disk, without the lock."""
    kernel = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, **_SAME)(function)
    # The compiler's own stamp knows the kernel's file only, and would take stale code for fresh.
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel


def njit_part(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call; it is cached as part of them."""
    return _njit(**_SAME, **_INNER)(function)


def njit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function into the kernels that call it.

    Left to itself the compiler calls it, and passing arrays made a box test ten times slower.
    """
    return _njit(forceinline=True, **_SAME, **_INNER)(function)


def njit_spliced(function: Callable[..., Any]) -> Any:
    """Put a function that is called in one place into its caller before that is compiled.

    It is then compiled once, not by itself as well.
    """
    return _njit(inline="always", **_SAME)(function)


class _Compiling(event.Listener):
    """Pauses the collector, a twelfth of the compiler's time, and calls a second process once."""

    def __init__(self) -> None:
        self._depth, self._was_on, self._called = 0, False, False

    def on_start(self, event: event.Event) -> None:
        """The outermost function is going to be compiled: it was not in the cache."""
        if self._depth == 0:
            self._was_on = gc.isenabled()
            gc.disable()
            self._call((event.data or {}).get("dispatcher"))
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        """Let the collector go on."""
        self._depth -= 1
        if self._depth == 0 and self._was_on:
            gc.enable()

    def _call(self, kernel: Any) -> None:
        room = kernel.py_func.__module__.rpartition(".")[0] if kernel else ""
        if not self._called and room == "fitting.drape":
            self._called = True
            call_second(_N_THREADS)


event.register("numba:compile", _Compiling())


def use_threads(n_threads: int | None) -> None:
    """Run the following kernels on so many threads; None means as many as there are cores."""
    numba.set_num_threads(min(n_threads or _N_THREADS, _N_THREADS))
