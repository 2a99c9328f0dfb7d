"""Digest of the code that a fit runs through: an edited checkout keeps its version only."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from muslin.folders import assets_folder
from muslin.version import version

# What a result follows from, between the inputs of a case and its file.
FIT_ROOTS = ("fitting", "muslin.fitting_room", "muslin.batch.work")


@cache
def code_digest(roots: tuple[str, ...] = FIT_ROOTS) -> str:
    """Hash of the sources of `fitting`, of what runs a case, and of the data that they read.

    Read once a process; files in the order of their names, each with its name.

    Args:
        roots: Packages and modules that a result follows from.
    """
    digest = hashlib.sha256()
    for name, path in _files(roots):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def code_name(roots: tuple[str, ...] = FIT_ROOTS) -> str:
    """Version and code in words: equal where results are."""
    return f"{version()}, code {code_digest(roots)[:8]}"


def _files(roots: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Sources by their place in the packages; of the data their list of checksums."""
    # The manifest states a checksum of every file that ships, which a test holds it to.
    found = [("assets", assets_folder() / "MANIFEST.toml")]
    for root in roots:
        spec = find_spec(root)
        path = Path(str(spec.origin if spec else None))
        if path.name != "__init__.py":
            found.append((root, path))
            continue
        folder = path.parent
        sources = sorted(folder.rglob("*.py"), key=lambda one: one.relative_to(folder).as_posix())
        found += [(f"{root}/{one.relative_to(folder).as_posix()}", one) for one in sources]
    return found
