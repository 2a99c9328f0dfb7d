"""A second process for the first drape ever: it compiles kernels from the last one used backward.

Nobody waits for it. What it has finished is read from the cache when its turn comes; what it has
not, or where it fails, is compiled as if it did not exist.
"""

import atexit
import importlib
import multiprocessing
import os
import subprocess
import sys
import threading

ALONE = "MUSLIN_COMPILE_ALONE"  # set in the second process, and by whoever wants none
_LIMIT_S = 120.0
_RUN = "from fitting.drape.ahead import compile_all; compile_all()"
_LETTERS = {"d": "float64", "f": "float32", "i": "int64", "j": "int32", "b": "boolean"}
# Last used first. Types of arguments: a letter, and for arrays the number of dimensions.
KERNELS = (
    ("rub._settle", "d2 i2 d2 d2 d d d2"),
    ("contact.move_anchors", "d2 d1 d2 d2 d"),
    ("rub._energy", "d2 i2 d2 d2 d2 d1 d"),
    ("push.push_energy", "d2 i2 d2 d2 d d d1"),
    ("membrane.membrane_energy", "d2 i2 d2 d2 d1 d2 i1 d4 d d2 d2 d1"),
    ("contact.vertex_energy", "d2 d1 d2 d2 d1 d1 d2 d1 d j1 j1 d1 d2 d1 d2 d1"),
    ("push.limit_step", "d2 d1 i2 i1 d2"),
    ("push.push_foresee", "d2 i2 d2 d2 d d b1 d2 d2"),
    (
        "pcg.solve",
        "i1 i j1 j1 f2 j1 j1 f1 j1 j1 j1 j1 j1 f2 f1 f1 j2 j1 j1 f1 i2 d2 d2 d1 f2 f2 f2 f2 f2 f2 "
        "f2 d1 d i",
    ),
    ("system.gather_rows", "j1 j1 j1 j1 f1 f1 f3 f2 f2"),
    ("system.coarsen", "i i i f3 f3"),
    ("system.add_own", "d2 i2 f3"),
    ("rub._assemble", "d2 i2 d2 d2 b1 d2 d1 d d2 d2 d3 d2"),
    ("push.push_assemble", "i2 d2 d2 d d d2 d2"),
    ("contact.contact_assemble", "d1 d2 d1 d2 d2 d1 d d2 d2"),
    ("system.gather_gradient", "d2 j1 j1 d3 j1 j1 d1 d2 d2"),
    ("membrane.membrane_elements", "d2 i2 d2 d2 d1 d2 i1 d4 d d2 d2 d3 f3 b"),
    ("rub._follow", "d2 i2 d2 d2 d2 d1 d d d2 d1"),
    ("push.refresh_planes", "d2 i2 i1 d d2 d2 d2 d2 d3"),
    ("contact.contact_forces", "d2 d1 d2 d2 d1 d1 d1"),
)


def call_second(n_cores: int) -> subprocess.Popen[bytes] | None:
    """Start the second process; None where it would not help or may not be.

    Workers of a batch get none: their neighbours compile the same kernels already.
    """
    worker = multiprocessing.parent_process() is not None
    if n_cores < 2 or worker or not sys.executable or os.environ.get(ALONE):
        return None
    path = os.pathsep.join(folder for folder in sys.path if folder)
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN], env=os.environ | {ALONE: "1", "PYTHONPATH": path},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def compile_all(limit_s: float = _LIMIT_S) -> None:
    """Compile all kernels of the list into the cache; the process ends itself at the limit."""
    watch = threading.Timer(limit_s, os._exit, (1,))
    watch.daemon = True
    watch.start()
    for name, letters in KERNELS:
        module, function = name.split(".")
        kernel = getattr(importlib.import_module(f"fitting.drape.{module}"), function)
        kernel.compile(signature(letters))
    watch.cancel()


def signature(letters: str) -> tuple[object, ...]:
    """Types of the arguments of a kernel in `KERNELS`."""
    from numba.core import types

    def kind(code: str) -> object:
        scalar = getattr(types, _LETTERS[code[0]])
        return types.Array(scalar, int(code[1:]), "C") if len(code) > 1 else scalar

    return tuple(kind(code) for code in letters.split())
