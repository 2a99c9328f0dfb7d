"""Record a garment into a session file: what `muslin record` does."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, writable_folder
from muslin.screen import print_json, say_table, step


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """What a recording holds.

    Attributes:
        path: The session file.
        duration_s: Recorded time.
        n_stored: Samples in the file, by stream.
        n_lost: Samples in gap rows, by stream.
    """

    path: Path
    duration_s: float
    n_stored: dict[str, int]
    n_lost: dict[str, int]

    def numbers(self) -> dict[str, Any]:
        """Result for a program, units in the key names."""
        return {
            "path": str(self.path),
            "duration_s": self.duration_s,
            "n_stored": self.n_stored,
            "n_lost": self.n_lost,
        }

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        if as_json:
            print_json(self.numbers())
        else:
            say_table("Recording", [*self.rows(), ("session", str(self.path))])
        return Exit.INCOMPLETE if any(self.n_lost.values()) else Exit.DONE

    def rows(self) -> list[tuple[str, str]]:
        """One row per stream."""
        return [
            (
                f"stream {name}",
                f"{stored} samples stored, {self.n_lost[name]} lost and listed as gaps "
                f"({100 * stored / max(stored + self.n_lost[name], 1):.1f} % covered)",
            )
            for name, stored in self.n_stored.items()
        ]


def record(
    *,
    garment: str = "sim:",
    duration_s: float = 40.0,
    subject: str = "anonymous",
    out: Path = Path("session.h5"),
    loss: float = 0.03,
    seed: int = 7,
) -> RecordResult:
    """Record a garment.

    Args:
        garment: ``sim:`` starts a virtual garment in its own process; else a transport URI.
        duration_s: Time to record; 0 records until the garment ends or the user interrupts.
        subject: Pseudonym.
        out: Session file to write.
        loss: Share of frames that the virtual garment loses on purpose.
        seed: Seed of the virtual garment.

    Raises:
        InputError: If an option cannot be used.
        LinkError: If no garment answers.
    """
    if not 0 <= loss < 1:
        raise InputError(f"loss of {loss:g} is outside [0, 1); it is a share, not per cent")
    if duration_s < 0:
        raise InputError(f"duration of {duration_s:g} s is negative")
    writable_folder(out.parent)
    if out.is_dir():
        raise InputError(f"session file {out} is a folder; a file name is needed")
    return asyncio.run(_record(garment, duration_s, subject, out, loss, seed))


async def _record(
    garment: str, duration_s: float, subject: str, out: Path, loss: float, seed: int
) -> RecordResult:
    from wearables.ble import GarmentSource
    from wearables.sessions import SubjectInfo
    from wearables.sessions import record as record_session

    async with _garment(garment, duration_s, loss, seed) as uri:
        with step(f"recording {duration_s:g} s from {garment}"):
            async with GarmentSource(uri, duration_s=duration_s or None) as source:
                summary = await record_session(source, out, subject=SubjectInfo(id=subject))
    return RecordResult(
        path=out,
        duration_s=_duration_s(out),
        n_stored=dict(summary.n_stored),
        n_lost=dict(summary.n_lost),
    )


def _duration_s(path: Path) -> float:
    from wearables.sessions import Session

    with Session.open(path) as session:
        return session.duration_s


@asynccontextmanager
async def _garment(garment: str, duration_s: float, loss: float, seed: int) -> AsyncIterator[str]:
    """Start the virtual garment when asked for; yields the URI to connect to."""
    if garment != "sim:":
        yield garment
        return
    from firmware_bridge.sim import sim_process, write_replay
    from muslin.wearer import demo_replay

    with tempfile.TemporaryDirectory(prefix="muslin-garment-") as folder:
        replay = Path(folder) / "replay.npz"
        schema, counts, markers = demo_replay(
            assets_folder(),
            seconds_per_activity=max((duration_s or 40.0) / 4, 1.0),
            rng=np.random.default_rng(seed),
        )
        write_replay(replay, schema, counts, markers)
        async with sim_process(replay, loss=loss, seed=seed) as uri:
            yield uri
