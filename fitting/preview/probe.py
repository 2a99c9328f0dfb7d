"""Which OpenGL platforms draw here: tried once in a child process, remembered per machine.

A platform that fails spoils OpenGL for the rest of its process, and trying takes seconds. The
answer is kept in the user's cache under machine, Python and library versions.
"""

import json
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from fitting.body.build import cache_folder

GlBackend = Literal["egl", "osmesa"]
GL_BACKENDS: tuple[GlBackend, ...] = ("egl", "osmesa")
_DRAW = "import sys; from fitting.preview.gl import draw_probe; draw_probe(sys.argv[1])"


@cache
def gl_works(backend: GlBackend) -> bool:
    """Whether a picture can be drawn with a backend."""
    return gl_state(backend) == "works"


def gl_state(backend: GlBackend, *, again: bool = False) -> str:
    """Return ``works``, or why it does not.

    Args:
        backend: OpenGL platform.
        again: Try even where the answer is remembered.
    """
    path = _cache_file()
    known = _read(path)
    key = f"{_machine()} {backend}"
    if again or key not in known:
        known[key] = _try(backend)
        _write(path, known)
    return known[key]


def _try(backend: GlBackend, *, timeout_s: float = 60.0) -> str:
    """Draw a triangle in a child process."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _DRAW, backend],
            capture_output=True,
            check=False,
            timeout=timeout_s,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return f"no picture within {timeout_s:g} s"
    if done.returncode == 0:
        return "works"
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"the child process ended with code {done.returncode}"


def _machine() -> str:
    versions = [platform.node(), platform.python_version()]
    for name in ("pyrender", "PyOpenGL", "numpy"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return ", ".join(versions)


def _cache_file() -> Path:
    return cache_folder() / "opengl.json"


def _read(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(path: Path, known: dict[str, str]) -> None:
    """Remember the answer; where nothing can be written it is only asked again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known, indent=1), encoding="utf-8")
    except OSError:
        return
