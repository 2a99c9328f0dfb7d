"""The picture of a replay: the avatar in a few frames, joint angles, measured beside predicted."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fitting.preview import Camera, MovingMesh, PaintedMesh, camera_for, render
from muslin.twin.replay.replayed import TwinReplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_FRAMES = 4
_MEASURED, _PREDICTED = "#1f5f8b", "#c4662b"


def draw_replay(
    replay: TwinReplay, meshes: tuple[MovingMesh, ...], rows: NDArray[np.int64], path: Path
) -> None:
    """Draw the picture.

    Args:
        replay: A session on the twin.
        meshes: Its animation.
        rows: Frames of the animation.
        path: PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = replay.lines
    n_rows = 1 + len(lines)
    figure = Figure(figsize=(11, 4.2 + 1.25 * n_rows), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(2, 1, height_ratios=[4.2, 1.25 * n_rows])
    top, bottom = np.asarray(parts, dtype=object).ravel().tolist()
    _stills(replay, meshes, rows, list(top.subplots(1, _N_FRAMES)))
    axes = list(np.atleast_1d(bottom.subplots(n_rows, 1, sharex=True)))
    _angles(replay, axes[0])
    for axis, line in zip(axes[1:], lines, strict=True):
        time_s = line.time_s - replay.motion.start_s
        axis.plot(time_s, line.measured, color=_MEASURED, linewidth=1.0)
        gain = line.gain if abs(line.gain) > 1e-9 else 1.0
        middle = np.mean(line.measured - gain * line.predicted)
        axis.plot(time_s, gain * line.predicted + middle, color=_PREDICTED, linewidth=1.2)
        axis.set_ylabel(line.name, rotation=0, ha="right", va="center", fontsize=9)
        said = "constant" if np.isnan(line.correlation) else f"r = {line.correlation:+.2f}"
        axis.text(1.005, 0.5, said, transform=axis.transAxes, fontsize=8, va="center")
    if lines:
        axes[1].set_title(
            "strain lines: measured (blue), predicted from the movement alone (orange, scaled)",
            fontsize=9, loc="left",
        )  # fmt: skip
    axes[-1].set_xlabel("time [s]", fontsize=9)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, alpha=0.25, linewidth=0.6)
        axis.tick_params(labelsize=8)
    figure.savefig(path, dpi=110)


def mesh_at(moving: MovingMesh, i_frame: int) -> PaintedMesh:
    """A moving mesh in one frame."""
    return replace(moving.mesh, vertices_m=moving.frames_m[i_frame])


def frame_picture(
    meshes: tuple[MovingMesh, ...], i_frame: int, camera: Camera, *, width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """One frame as a picture, shape (height_px, width_px, 3)."""
    still = tuple(mesh_at(moving, i_frame) for moving in meshes)
    return render(still, camera, width_px=width_px, height_px=height_px)


def camera_of(meshes: tuple[MovingMesh, ...]) -> Camera:
    """From the left and front, so that every frame is in the picture."""
    low = [moving.frames_m.min(axis=(0, 1)) for moving in meshes]
    high = [moving.frames_m.max(axis=(0, 1)) for moving in meshes]
    box = np.array([np.min(low, axis=0), np.max(high, axis=0)])
    hull = PaintedMesh(
        name="box", vertices_m=box, faces=np.zeros((0, 3), dtype=np.int64),
        colors=np.zeros((2, 3), dtype=np.uint8),
    )  # fmt: skip
    return camera_for("three_quarter", (hull,))


def _stills(
    replay: TwinReplay, meshes: tuple[MovingMesh, ...], rows: NDArray[np.int64], axes: "list[Axes]"
) -> None:
    camera = camera_of(meshes)
    for axis, i in zip(axes, _shown(replay, rows), strict=True):
        axis.imshow(frame_picture(meshes, i, camera, width_px=300, height_px=420))
        axis.set_axis_off()
        axis.set_title(f"{replay.frames.time_s[rows[i]]:.1f} s", fontsize=9)


def _shown(replay: TwinReplay, rows: NDArray[np.int64]) -> list[int]:
    """Frames from the straightest to the most bent pose, in order of the main angle."""
    angles = replay.motion.track.angles_rad
    main = max(replay.motion.sources, key=lambda name: float(np.ptp(angles[name])))
    time_s = replay.frames.time_s[rows]
    bent = replay.motion.track.at(time_s)[main]
    wanted = np.linspace(bent.min(), bent.max(), _N_FRAMES)
    return [int(np.abs(bent - value).argmin()) for value in wanted]


def _angles(replay: TwinReplay, axis: "Axes") -> None:
    track = replay.motion.track
    for i, name in enumerate(replay.motion.sources):
        angle = np.degrees(track.angles_rad[name])
        if np.ptp(angle) > 3:
            axis.plot(track.time_s, angle, linewidth=1.2, color=f"C{i}",
                      label=name.replace("_", " "))  # fmt: skip
    axis.set_ylabel("degrees", fontsize=9)
    axis.set_title("joint angles found in the session", fontsize=9, loc="left")
    if axis.lines:
        axis.legend(fontsize=7, loc="upper right", frameon=False)
