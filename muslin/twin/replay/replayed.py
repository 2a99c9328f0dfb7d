"""A recorded session drives the twin: avatar, garment and predicted signals beside the measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitting.body import Body
from fitting.body.posing import turned_body
from muslin.errors import InputError
from muslin.fitting_room import FittingRoom, open_fitting_room
from muslin.folders import existing_session
from muslin.screen import step
from muslin.twin.motion.frames import MotionFrames, motion_frames
from muslin.twin.motion.keyposes import pose_features
from muslin.twin.motion.motion import AngleTrack, Exercise, exercise_track
from muslin.twin.motion.moving import WornMoving, wear_moving
from muslin.twin.replay.recorded import (
    RecordedMotion,
    ReplaySettings,
    recorded_motion,
    strain_lines,
)
from muslin.twin.sensors.garment import TwinGarment, twin_garment
from wearables.sessions import Session

Rows = NDArray[np.float64]
# Hinges from straight to as far as they are used; whatever lies under the garment counts.
_REACH = Exercise(angles_deg={"knee_flexion": 110, "elbow_flexion": 110}, cycle_s=6.0)
_N_REFERENCE = 7
# Poses farther than this from all that was draped are draped anew.
_KNOWN_RAD = np.radians(14.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCompared:
    """One strain line, measured and predicted.

    Attributes:
        name: Sensor.
        channel: Channel of the session.
        time_s: Session time, shape (n,).
        measured: Reading less its mean at the start, shape (n,).
        predicted: Strain less its own, shape (n,), no unit.
        correlation: Of the two; NaN where one is constant.
        gain: Reading per predicted strain, by least squares.
    """

    name: str
    channel: str
    time_s: Rows
    measured: Rows
    predicted: Rows
    correlation: float
    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinReplay:
    """A session on the twin.

    Attributes:
        session: What opens it: its file, or ``FILE#DEVICE``.
        garment: The garment.
        body: Who wears it.
        worn: The garment in key poses.
        motion: What the session says of the movement.
        frames: The same on the body.
        lines: Every strain line, measured beside predicted.
    """

    session: Path
    garment: TwinGarment
    body: Body
    worn: WornMoving
    motion: RecordedMotion
    frames: MotionFrames
    lines: tuple[LineCompared, ...]

    def bodies(self, rows: NDArray[np.int64]) -> list[Body]:
        """The avatar in some frames."""
        turns = [self.frames.rotations(i) for i in rows.tolist()]
        name = self.frames.name
        return [turned_body(self.body, R, name=name, anchor="pelvis") for R in turns]

    def cloth_m(self, bodies: list[Body], rows: NDArray[np.int64]) -> list[Rows]:
        """The garment on those bodies, shape (n_vertices, 3) each."""
        features = pose_features(self.frames, self.worn.joints)[rows]
        return self.worn.binding().on(bodies, features)

    def numbers(self) -> dict[str, Any]:
        """What a program may want to know."""
        angles = self.motion.track.angles_rad
        return {
            "session": self.session.name,
            "duration_s": self.motion.track.duration_s,
            "sources": dict(self.motion.sources),
            "angles_deg": {
                name: [float(np.degrees(angles[name].min())), float(np.degrees(angles[name].max()))]
                for name in self.motion.sources
            },
            "calibration": {
                joint: {"method": s.method, "gravity_off_deg": float(np.degrees(s.tilt_rad))}
                for joint, s in self.motion.segments.items()
            },
            "lines": {
                line.name: {
                    "channel": line.channel,
                    "correlation": None if np.isnan(line.correlation) else line.correlation,
                    "gain": line.gain,
                }
                for line in self.lines
            },
        }


def twin_replay(
    session: Path,
    garment: str,
    *,
    body: Path | None = None,
    size_step: int = 0,
    sensors: Path | None = None,
    fabric: str | None = None,
    settings: ReplaySettings | None = None,
    seed: int = 0,
    wearer: FittingRoom | None = None,
) -> TwinReplay:
    """Let a recorded session move the avatar and its garment.

    Args:
        session: A session that starts with a still stand; ``FILE#DEVICE`` for one of several
            garments.
        garment: Name of a block, or a pattern file; its sensors name the session's channels.
        body: Tape measures; the demo's body when absent.
        size_step: Sizes up or down of a block.
        sensors: Sensors file; the garment's own when absent.
        fabric: Fabric card; the garment's own when absent.
        settings: What the session does not say.
        seed: Seed of the drape.
        wearer: Who wears it, where the body is made already; instead of ``body``.

    Raises:
        InputError: If an option cannot be used, or nothing in the session tells a movement.
        SessionError: If the session cannot be read.
    """
    chosen = twin_garment(garment, sensors=sensors, fabric=fabric)
    with Session.open(existing_session(session)) as opened:
        if not any(stream.n_rows for stream in opened.only.streams.values()):
            raise InputError(f"{session} holds no sample")
        room = open_fitting_room(body) if wearer is None else wearer
        reach = exercise_track("reach", _REACH, duration_s=8.0)
        worn = _worn(chosen, room, reach, size_step, seed)
        motion = recorded_motion(opened, worn, reach.at(worn.key_s), settings)
        frames = motion_frames(motion.track, room.body)
        if _is_strange(worn, frames):
            worn = _worn(chosen, room, motion.track, size_step, seed)
        lines = tuple(compared_lines(opened, worn, frames, motion.start_s))
    return TwinReplay(
        session=session, garment=chosen, body=room.body, worn=worn, motion=motion, frames=frames,
        lines=lines,
    )  # fmt: skip


def _worn(
    garment: TwinGarment, room: FittingRoom, track: AngleTrack, size_step: int, seed: int
) -> WornMoving:
    pattern = garment.draft(room.measures, size_step=size_step)
    with step(f"drape {pattern.name} in key poses of {track.name}"):
        return wear_moving(
            pattern, garment.plans, garment.fabric, room.body, motion_frames(track, room.body),
            n_keys=_N_REFERENCE, grip=garment.grip, seed=seed,
        )  # fmt: skip


def _is_strange(worn: WornMoving, frames: MotionFrames) -> bool:
    """Whether the motion leaves the poses that were draped."""
    features = pose_features(frames, worn.joints)
    off = np.linalg.norm(features[:, None] - worn.features, axis=2).min(axis=1)
    return bool(np.quantile(off, 0.99) > _KNOWN_RAD)


def compared_lines(
    session: Session, worn: WornMoving, frames: MotionFrames, start_s: float
) -> list[LineCompared]:
    """Every line that a session holds, beside what the twin predicts for the movement."""
    found = []
    for stream in session.streams.values():
        for site, column in strain_lines(worn, stream):
            block = stream.read(start_s, start_s + float(frames.time_s[-1]))
            measured = block.values[:, column]
            good = np.isfinite(measured)
            time_s, measured = block.time_s[good], measured[good]
            predicted = np.interp(time_s - start_s, frames.time_s, worn.strain_at(site, frames))
            found.append(_line(site.sensor.name, f"{stream.name}.{stream.channel_names[column]}",
                               time_s, measured, predicted))  # fmt: skip
    return found


def _line(name: str, channel: str, time_s: Rows, measured: Rows, predicted: Rows) -> LineCompared:
    spread = float(np.std(predicted)), float(np.std(measured))
    both = min(spread) > 1e-9
    correlation = float(np.corrcoef(measured, predicted)[0, 1]) if both else float("nan")
    gain = correlation * spread[1] / spread[0] if both else 0.0
    return LineCompared(
        name=name, channel=channel, time_s=time_s, measured=measured - measured[:1],
        predicted=predicted - predicted[:1], correlation=correlation, gain=gain,
    )  # fmt: skip
