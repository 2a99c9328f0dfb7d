"""Say what is installed, what is missing and what to do about it: what `muslin doctor` does."""

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from muslin.errors import Exit
from muslin.screen import print_json, say_table
from muslin.version import version

State = Literal["ok", "missing", "problem"]
_NEEDED = (
    "numpy", "scipy", "h5py", "bleak", "bumble", "torch", "anny", "numba", "trimesh", "shapely",
    "matplotlib", "pillow", "typer", "rich",
)  # fmt: skip
# Package, extra that brings it, what it is for.
_OPTIONAL = (
    ("pyrender", "render", "pictures through OpenGL"),
    ("warp-lang", "gpu", "drapes on a GPU"),
    ("smpclient", "dfu", "firmware updates"),
    ("pylsl", "lsl", "Lab Streaming Layer"),
    ("edfio", "export", "EDF files"),
    ("mcap", "export", "MCAP files"),
    ("pandas", "export", "tables"),
)
_LEAST_FREE_GB = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        state: ``missing`` is fine for what is optional; ``problem`` is not.
        said: Version or finding.
        remedy: What to do, empty when nothing.
    """

    name: str
    state: State
    said: str
    remedy: str = ""


def doctor(*, as_json: bool = False) -> Exit:
    """Check this machine; exit 1 when something that is needed does not work."""
    checks = examine()
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        rows = [
            (check.name, f"{check.said}{f'  -> {check.remedy}' if check.remedy else ''}")
            for check in checks
        ]
        say_table("Doctor", rows)
    return Exit.FAILED if any(check.state == "problem" for check in checks) else Exit.DONE


def examine() -> tuple[Check, ...]:
    """Look at everything, most basic first."""
    return (
        Check(name="muslin", state="ok", said=version()),
        _python(),
        *(_package(name) for name in _NEEDED),
        *(_extra(*row) for row in _OPTIONAL),
        *_opengl(),
        _bluetooth(),
        *(_program(*row) for row in (
            ("chromium", "pages tested in a browser"), ("npm", "the studio's browser libraries"),
        )),
        _disk(),
        _cache(),
        *_plugins(),
    )  # fmt: skip


def _python() -> Check:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check(name="python", state="ok", said=f"{said}, {os.cpu_count()} cores")


def _package(name: str) -> Check:
    try:
        return Check(name=name, state="ok", said=metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name=name, state="problem", said="not installed", remedy=f"pip install {name}")


def _extra(name: str, extra: str, purpose: str) -> Check:
    try:
        return Check(name=name, state="ok", said=f"{metadata.version(name)}, for {purpose}")
    except metadata.PackageNotFoundError:
        return Check(
            name=name,
            state="missing",
            said=f"not installed, for {purpose}",
            remedy=f"pip install 'muslin[{extra}]'",
        )


def _opengl() -> list[Check]:
    """Each OpenGL platform, tried anew in a child process, and the z-buffer that always works."""
    from fitting.preview.probe import GL_BACKENDS, gl_state

    remedies = {
        "egl": "Debian: apt install libegl1 libegl-mesa0 libgl1-mesa-dri",
        "osmesa": "Debian: apt install libosmesa6; pip install --no-deps PyOpenGL==3.1.10",
    }
    checks = []
    for backend in GL_BACKENDS:
        said = gl_state(backend, again=True)
        works = said == "works"
        checks.append(
            Check(
                name=f"pictures by {backend}",
                state="ok" if works else "missing",
                said=said,
                remedy="" if works else remedies[backend],
            )
        )
    return [*checks, Check(name="pictures by numpy", state="ok", said="works everywhere")]


def _bluetooth() -> Check:
    adapters = Path("/sys/class/bluetooth")
    if platform.system() != "Linux":
        return Check(name="bluetooth", state="ok", said="by the operating system")
    found = sorted(path.name for path in adapters.glob("hci*")) if adapters.is_dir() else []
    if found:
        return Check(name="bluetooth", state="ok", said=", ".join(found))
    return Check(
        name="bluetooth",
        state="missing",
        said="no adapter; virtual garments work without one",
        remedy="plug one in to record real garments",
    )


def _program(name: str, purpose: str) -> Check:
    path = shutil.which(name)
    if path:
        return Check(name=name, state="ok", said=f"{path}, for {purpose}")
    return Check(name=name, state="missing", said=f"not found, for {purpose}",
                 remedy=f"install {name} if you need it")  # fmt: skip


def _disk() -> Check:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    if free_gb < _LEAST_FREE_GB:
        return Check(name="disk", state="problem", said=f"{free_gb:.1f} GB free here",
                     remedy=f"free {_LEAST_FREE_GB:g} GB for recordings")  # fmt: skip
    return Check(name="disk", state="ok", said=f"{free_gb:.0f} GB free here")


def _cache() -> Check:
    from fitting.body.build import cache_folder

    folder = cache_folder()
    models = sorted(folder.glob("body-anny-*.npz")) if folder.is_dir() else []
    if models:
        return Check(name="body model", state="ok", said=f"built, {models[-1]}")
    return Check(name="body model", state="missing", said=f"not built yet in {folder}",
                 remedy="the first drape builds it once, about a minute")  # fmt: skip


def _plugins() -> list[Check]:
    """What other packages add; one that cannot be loaded would stop the commands that need it."""
    from muslin.plugins import plugins

    checks = []
    for one in plugins():
        name = f"plug-in {one.name}"
        if one.error:
            remedy = f"mend or uninstall {one.package or 'its package'}"
            checks.append(Check(name=name, state="problem", said=one.error, remedy=remedy))
        else:
            checks.append(Check(name=name, state="ok", said=f"{one.package}: {one.brings}"))
    return checks
