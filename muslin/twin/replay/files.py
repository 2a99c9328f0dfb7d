"""What `muslin twin replay` writes: animation, pictures, numbers, and samples to stream again."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Replay, read_replay, write_replay
from fitting.body import Body
from fitting.preview import (
    MovingMesh,
    PaintedMesh,
    body_mesh,
    write_glb_motion,
)
from muslin.errors import Exit, InputError
from muslin.folders import writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say_table, step
from muslin.simulate import replay_file_of
from muslin.synthetic import synthetic_stream
from muslin.twin.replay.picture import draw_replay
from muslin.twin.replay.replayed import TwinReplay
from muslin.twin.replay.ribbons import sensor_ribbons
from muslin.twin.signals.counts import counts_of

FILES = ("twin.glb", "twin.png", "twin.json", "replay.npz")
_PREDICTED_SCALE = 1e-4
_CLOTH = np.array([70, 92, 120], dtype=np.uint8)


def write_twin(
    replay: TwinReplay, folder: Path, *, start_s: float = 0.0, seconds: float = 10.0,
    n_frames: int = 40,
) -> dict[str, Any]:  # fmt: skip
    """Write all files of a replay.

    Args:
        replay: A session on the twin.
        folder: Where they go.
        start_s: Where the animation starts.
        seconds: How long it is.
        n_frames: Its frames; between them every point goes straight.

    Returns:
        Content of ``twin.json``.

    Raises:
        InputError: If the folder cannot be written, or nothing is left to show.
    """
    writable_folder(folder)
    rows = animation_rows(replay, start_s=start_s, seconds=seconds, n_frames=n_frames)
    bodies = replay.bodies(rows)
    cloths = replay.cloth_m(bodies, rows)
    with step("animation and picture"):
        meshes = moving_meshes(replay, bodies, cloths)
        time_s = replay.frames.time_s[rows] - replay.frames.time_s[rows[0]]
        numbers = replay.numbers() | {"animation_start_s": start_s, "n_frames": len(rows)}
        write_glb_motion(folder / "twin.glb", meshes, time_s, name=replay.frames.name,
                         extras={"title": f"{replay.session.name} on the twin"})  # fmt: skip
        draw_replay(replay, meshes, rows, folder / "twin.png")
    write_again(replay, folder / "replay.npz")
    write_json(folder / "twin.json", numbers)
    return numbers


def animation_rows(
    replay: TwinReplay, *, start_s: float, seconds: float, n_frames: int
) -> NDArray[np.int64]:
    """Frames that the animation shows, shape (n,).

    Raises:
        InputError: If fewer than two are left.
    """
    if not 2 <= n_frames <= 400:
        raise InputError(f"{n_frames} frames are outside 2 to 400")
    if start_s < 0 or not seconds > 0:
        raise InputError(f"start {start_s:g} s and length {seconds:g} s make no animation")
    time_s = replay.frames.time_s
    stop_s = min(start_s + seconds, float(time_s[-1]))
    wanted = np.linspace(start_s, max(stop_s, start_s), n_frames)
    rows = np.unique(np.searchsorted(time_s, wanted - 1e-9).clip(0, len(time_s) - 1))
    if len(rows) < 2 or stop_s <= start_s:
        raise InputError(f"start {start_s:g} s is beyond the {time_s[-1]:.1f} s of the session")
    return rows


def moving_meshes(
    replay: TwinReplay, bodies: Sequence[Body], cloths: Sequence[NDArray[np.float64]]
) -> tuple[MovingMesh, ...]:
    """Avatar, garment, and the sensors on it."""
    worn = replay.worn
    garment = PaintedMesh(
        name="garment", vertices_m=cloths[0], faces=worn.cloth.faces,
        colors=np.tile(_CLOTH, (len(cloths[0]), 1)), two_sided=True,
    )  # fmt: skip
    shell = body_mesh(bodies[0])
    return (
        MovingMesh(mesh=shell, frames_m=np.stack([body.vertices_m for body in bodies])),
        MovingMesh(mesh=garment, frames_m=np.stack(cloths)),
        sensor_ribbons(worn, cloths),
    )


def write_again(replay: TwinReplay, path: Path) -> None:
    """The session's own samples, bit for bit, with the predicted strain in a stream of its own."""
    with tempfile.TemporaryDirectory(prefix="muslin-twin-") as folder:
        own = read_replay(replay_file_of(replay.session, Path(folder)))
    added = _predicted(own, replay)
    if added is None:
        write_replay(path, own.schema, own.counts, own.markers)
        return
    stream, counts = added
    schema: GarmentSchema = replace(own.schema, streams=(*own.schema.streams, stream))
    write_replay(path, schema, {**own.counts, stream.id: counts}, own.markers)


def _predicted(own: Replay, replay: TwinReplay) -> tuple[StreamSchema, NDArray[np.int64]] | None:
    lines = replay.lines
    if not lines:
        return None
    like = own.schema.stream_named(lines[0].channel.split(".", 1)[0])
    channels = tuple(
        ChannelSchema(
            name=f"{line.name}_predicted", unit="1", bits=16, signed=True, scale=_PREDICTED_SCALE,
            offset=0.0, kind="predicted_strain",
        )
        for line in lines
    )  # fmt: skip
    used = {stream.id for stream in own.schema.streams}
    stream = replace(
        like, id=min(set(range(1, 256)) - used), name="twin", channels=channels,
        rates_hz=(like.rate_hz,),
    )  # fmt: skip
    n = len(own.counts[like.id])
    at_s = np.arange(n) / like.rate_hz - replay.motion.start_s
    columns = []
    for line, channel in zip(lines, channels, strict=True):
        strain = np.interp(at_s, line.time_s - replay.motion.start_s, line.predicted)
        columns.append(counts_of(strain, channel))
    return synthetic_stream(stream, "muslin twin, predicted strain"), np.stack(columns, axis=1)


def tell(numbers: dict[str, Any], folder: Path, *, as_json: bool) -> Exit:
    """Say what was found to a person or a program."""
    if as_json:
        print_json(numbers | {"folder": str(folder)})
        return Exit.DONE
    rows = []
    for name, source in numbers["sources"].items():
        low, high = numbers["angles_deg"][name]
        rows.append((name.replace("_", " "), f"{low:.0f} to {high:.0f} degrees, from {source}"))
    for name, line in numbers["lines"].items():
        said = line["correlation"]
        told = "is constant" if said is None else f"goes with the prediction, r = {said:+.2f}"
        rows.append((f"strain of {name}", told))
    rows += [(name, str(folder / name)) for name in FILES]
    say_table("Replay on the twin", rows)
    return Exit.DONE
