"""Files that a person brings in: looked at here, read by a worker with limits, kept anew.

A pattern is kept as GarmentCode, a scan of a person as plain points and triangles. A name from
outside is a label to show, and its suffix chooses the format; no path is made of it.
"""

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muslin.errors import InputError
from muslin.studio.child import as_text
from muslin.studio.pipe import read_message
from muslin.studio.project import Folders

SUFFIXES = (".json", ".dxf", ".svg")
# No .gltf: it is a list of other files.
SCAN_SUFFIXES = (".ply", ".obj", ".glb", ".stl")
INTAKE_TIMEOUT_S = 40.0
N_WAITING = 3
N_KEPT = 50
ID_BYTES = 8
_SIGNS = {
    b"PK": "a ZIP archive", b"\x1f\x8b": "a gzip archive", b"\x7fELF": "a program",
    b"MZ": "a program", b"\x89PNG": "a picture", b"%PDF": "a PDF", b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive", b"\x28\xb5\x2f\xfd": "a zstd archive", b"#!": "a script",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file that was taken in.

    Attributes:
        id: Random name.
        label: What the person called it.
        kind: ``pattern`` or ``scan``.
        told: What was found in it, in words.
    """

    id: str
    label: str
    kind: str
    told: str


def suffix_of(label: str, body: bytes) -> str:
    """Check what can be checked without reading; returns the suffix.

    Raises:
        InputError: If it can be neither a pattern nor a scan.
    """
    suffix = Path(label.replace("\\", "/")).suffix.lower()
    taken = (*SUFFIXES, *SCAN_SUFFIXES)
    if suffix not in taken:
        raise InputError(f"{suffix or 'a file without suffix'} is not taken; {', '.join(taken)}")
    for sign, what in _SIGNS.items():
        if body.startswith(sign):
            raise InputError(f"this is {what}, not a {_kind_of(suffix)}")
    if not body.strip():
        raise InputError("the file is empty")
    if suffix in SCAN_SUFFIXES and suffix != ".obj":
        return suffix
    if b"\0" in body:
        raise InputError("the file is not text")
    lower = body.lower()
    if b"<!doctype" in lower or b"<!entity" in lower:
        raise InputError("the file declares a document type or entities, which is not taken")
    return suffix


def _kind_of(suffix: str) -> str:
    return "scan" if suffix in SCAN_SUFFIXES else "pattern"


class Intake:
    """Takes uploads one after the other; few may wait."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._one = asyncio.Lock()
        self._n_waiting = 0
        self.kept: dict[str, Upload] = {}

    def path_of(self, upload_id: str, kind: str = "pattern") -> Path:
        """Where an upload lies.

        Raises:
            InputError: If there is none of this id and kind.
        """
        if upload_id not in self.kept or self.kept[upload_id].kind != kind:
            raise InputError(f"this {kind} is not here (any more)")
        suffix = "json" if kind == "pattern" else "scan"
        return self._folders.uploads / f"{upload_id}.{suffix}"

    def sensors_path_of(self, pattern: str) -> Path:
        """Where the sensors file of a block, or of ``upload:ID``, lies or will lie.

        Raises:
            InputError: If the upload is not here.
        """
        if pattern.startswith("upload:"):
            return self.path_of(pattern.removeprefix("upload:")).with_suffix(".sensors.toml")
        return self._folders.sensors / f"{pattern}.sensors.toml"

    def blocks_with_sensors(self) -> list[str]:
        """Blocks whose sensors file lies in the project's folder."""
        found = self._folders.sensors.glob("*.sensors.toml")
        return [path.name.removesuffix(".sensors.toml") for path in found]

    async def take(self, label: str, body: bytes) -> Upload:
        """Take a file in.

        Raises:
            InputError: If it is refused; says why.
        """
        label = as_text(Path(label.replace("\\", "/")).name) or "pattern"
        suffix = suffix_of(label, body)
        if self._n_waiting >= N_WAITING:
            raise InputError(f"{N_WAITING} files are being read already; try again in a moment")
        self._n_waiting += 1
        try:
            async with self._one:
                return await self._read(label, suffix, body)
        finally:
            self._n_waiting -= 1

    async def _read(self, label: str, suffix: str, body: bytes) -> Upload:
        upload_id = secrets.token_hex(ID_BYTES)
        raw = self._folders.uploads / f"{upload_id}-raw{suffix}"
        try:
            await asyncio.to_thread(raw.write_bytes, body)
            content, read = await _in_worker(raw)
        finally:
            raw.unlink(missing_ok=True)
        kind = _kind_of(suffix)
        if content.get("type") != kind:
            raise InputError(str(content.get("text", "it cannot be read")))
        self.kept[upload_id] = Upload(
            id=upload_id, label=label, kind=kind, told=as_text(content["told"])
        )
        await asyncio.to_thread(self.path_of(upload_id, kind).write_bytes, read)
        self._forget_oldest()
        return self.kept[upload_id]

    def _forget_oldest(self) -> None:
        while len(self.kept) > N_KEPT:
            oldest = next(iter(self.kept.values()))
            path = self.path_of(oldest.id, oldest.kind)
            for gone in (path, path.with_suffix(".sensors.toml")):
                gone.unlink(missing_ok=True)
            del self.kept[oldest.id]


async def _in_worker(path: Path) -> tuple[dict[str, Any], bytes]:
    """Read a file in a process with limits; nothing of our environment's secrets goes along."""
    keep = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1", "NUMBA_DISABLE_JIT": "1"}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "muslin.studio.intake_worker", str(path),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    try:
        async with asyncio.timeout(INTAKE_TIMEOUT_S):
            message = await read_message(process.stdout) if process.stdout else None
            await process.wait()
    except TimeoutError:
        return {"text": f"reading it took more than {INTAKE_TIMEOUT_S:g} s"}, b""
    except ValueError:
        return {"text": "what was read of it is too large"}, b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if message is None:
        return {"text": "reading it took more time or memory than an upload may"}, b""
    return message
