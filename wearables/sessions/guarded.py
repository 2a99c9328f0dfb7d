"""Look at session files of unknown state from outside: in a child process with a time limit.

On some damaged files the HDF5 library loops for ever or crashes, in C code that no exception ends.
No part of such a file can be trusted to tell, so each file is looked at in a child, and the child
is killed when its time is up. That costs the start of a process, about half a second.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from wearables.errors import SessionError, UnreadableError
from wearables.sessions.journal import journal_path
from wearables.sessions.reader import split_device
from wearables.sessions.recover import (
    RecoverReport,
    journal_of,
    must_exist,
    rebuild,
    recovered_path,
)
from wearables.sessions.verify import VerifyReport

# A megabyte takes 0.02 s of processor time to check and 0.25 s to copy when its samples are random,
# more when they compress well; the rest is for busy machines and slow disks.
START_S = 60.0
READ_S_PER_MB = 1.0
COPY_S_PER_MB = 10.0
CHILD = "wearables.sessions.child"


def verify(path: Path, *, timeout_s: float | None = None) -> VerifyReport:
    """Check a session file of any state; damage is a finding, never an exception.

    Args:
        path: The session file.
        timeout_s: How long the HDF5 library may take; by default 60 s and 1 s a megabyte.
    """
    limit_s = _limit_s(path, READ_S_PER_MB) if timeout_s is None else timeout_s
    try:
        answer = _ask("verify", path, limit_s=limit_s)
    except UnreadableError as error:
        return VerifyReport.unreadable(f"unreadable: {error}")
    answer["findings"] = tuple(answer["findings"])
    return VerifyReport(**answer)


def describe_file(path: Path, *, timeout_s: float | None = None) -> dict[str, Any]:
    """Facts of a session file of any state, as `export.sidecar.describe` gives them.

    Raises:
        SessionError: If the file is missing, damaged, or not a session of this version.
        UnreadableError: If the HDF5 library hung or crashed.
    """
    limit_s = _limit_s(path, READ_S_PER_MB) if timeout_s is None else timeout_s
    try:
        return _ask("describe", path, limit_s=limit_s)
    except UnreadableError as error:
        raise UnreadableError(f"session file {path} is unreadable: {error}") from error


def check_readable(path: Path, *, timeout_s: float | None = None) -> None:
    """Make sure that reading a session file here will not hang: everything is read once in a child.

    Damage that the library can tell is not looked for; whoever reads the file finds it.

    Raises:
        UnreadableError: If the HDF5 library hung or crashed.
    """
    limit_s = _limit_s(path, READ_S_PER_MB) if timeout_s is None else timeout_s
    try:
        _ask("verify", path, limit_s=limit_s)
    except UnreadableError as error:
        raise UnreadableError(f"session file {path} is unreadable: {error}") from error


def list_files(paths: Sequence[Path], *, timeout_s: float | None = None) -> list[dict[str, Any]]:
    """What `catalogue.facts_of` says of each file; nothing of those that nobody can read.

    One child looks at one file after the other. If it does not come back from one, or dies, it is
    ended, and another one goes on with the next file.

    Args:
        paths: Session files.
        timeout_s: How long the HDF5 library may take for a file; by default as `verify`.
    """
    found: list[dict[str, Any]] = []
    while len(found) < len(paths):
        rest = paths[len(found) :]
        with _child_lines("catalogue", rest) as lines:
            for path in rest:
                limit_s = _limit_s(path, READ_S_PER_MB) if timeout_s is None else timeout_s
                line = _line(lines, limit_s)
                found.append(json.loads(line) if line else {})
                if not line:
                    break
    return found


def _line(lines: "queue.Queue[bytes]", limit_s: float) -> bytes:
    try:
        return lines.get(timeout=limit_s)
    except queue.Empty:
        return b""


@contextlib.contextmanager
def _child_lines(task: str, paths: Sequence[Path]) -> "Iterator[queue.Queue[bytes]]":
    """A child that answers with one line a file; an empty line is its end."""
    lines: queue.Queue[bytes] = queue.Queue()
    limit_s = sum(_limit_s(path, READ_S_PER_MB) for path in paths)
    with subprocess.Popen(
        _command(task, paths, limit_s), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=_environment(),
    ) as process:  # fmt: skip
        output = process.stdout

        def read() -> None:
            for line in output or ():
                lines.put(line)
            lines.put(b"")

        # A pipe has no time limit of its own on every platform.
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            process.kill()
            reader.join()


def recover(
    path: Path, out: Path | None = None, *, timeout_s: float | None = None
) -> RecoverReport:
    """Write a sound copy of a session.

    Args:
        path: The session file; it may be missing when its journal is there.
        out: New file; by default the name with ``.recovered`` before the ending.
        timeout_s: How long the HDF5 library may take to check the file, and again to copy it; by
            default 60 s, and 1 s a megabyte to check and 10 s to copy.

    Raises:
        SessionError: If nothing can be read, or ``out`` would overwrite something.
    """
    path = Path(path)
    target = recovered_path(path, None if out is None else Path(out))
    journal = journal_of(path)
    if journal is not None and not path.is_file():
        return rebuild(target, journal)
    must_exist(path)
    if journal is not None and verify(path, timeout_s=timeout_s).is_damaged:
        return rebuild(target, journal)
    limit_s = _limit_s(path, COPY_S_PER_MB) if timeout_s is None else timeout_s
    try:
        answer = _ask("copy", path, target, limit_s=limit_s)
    except UnreadableError as error:
        for half in (target, target.with_name(target.name + ".packing")):
            half.unlink(missing_ok=True)
        if journal is not None:
            return rebuild(target, journal)
        raise UnreadableError(
            f"nothing can be recovered from {path}: it is unreadable ({error}) "
            f"and no journal {journal_path(path).name} helps"
        ) from error
    answer["path"] = target
    return RecoverReport(**answer)


def _limit_s(path: Path, s_per_mb: float) -> float:
    path, _ = split_device(path)
    size_b = path.stat().st_size if path.is_file() else 0
    return START_S + round(size_b * 1e-6 * s_per_mb)


def _ask(task: str, *paths: Path, limit_s: float) -> dict[str, Any]:
    """Answer of a child about a file.

    Raises:
        SessionError: What the child raised.
        UnreadableError: If the child did not come back in time, or died.
    """
    try:
        done = subprocess.run(
            _command(task, paths, limit_s), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=limit_s, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(f"the HDF5 library did not come back within {limit_s:g} s") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnreadableError(f"its reader died with code {done.returncode}: {last or 'no words'}")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise SessionError(answer["error"])
    return answer


def _command(task: str, paths: Sequence[Path], limit_s: float) -> list[str]:
    return [sys.executable, "-P", "-m", CHILD, str(limit_s), task, *map(str, paths)]


def _environment() -> dict[str, str]:
    """The child must find the same package, wherever this process found it."""
    search = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": search}
