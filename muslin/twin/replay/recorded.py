"""From a recorded session to joint angles: modules tell segments, strain lines tell a hinge."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from muslin.twin.motion.frames import smoothed
from muslin.twin.motion.motion import AngleTrack
from muslin.twin.motion.moving import WornMoving, segment_under
from muslin.twin.replay.segment_motion import (
    SegmentMotion,
    limb_angles,
    segment_motion,
    still_second,
    trunk_angles,
)
from muslin.twin.replay.strain_angle import StrainCurve, angle_from_strain
from muslin.twin.sensors.locate import Site
from wearables.events import SampleBlock
from wearables.sessions import Session, StreamReader
from wearables.signals.motion.joints import joint_angles
from wearables.signals.motion.rotation import matrices_to_quat

Rows = NDArray[np.float64]
HINGES = {"knee": "knee_flexion", "elbow": "elbow_flexion"}
_TRUNK = ("pelvis", "spine", "chest")
_RATE_HZ = 50.0
_AXES = "xyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMotion:
    """What a session says of how its wearer moved.

    Attributes:
        track: Joint angles; time 0 is session time ``start_s``.
        start_s: Session time of the first frame.
        sources: Where each angle comes from, in words.
        segments: Motion of each segment with a module, by joint.
    """

    track: AngleTrack
    start_s: float
    sources: Mapping[str, str]
    segments: Mapping[str, SegmentMotion]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """What a session does not say by itself.

    Attributes:
        gauge_factor: Reading of a strain line per strain, where it is known.
        bent_rad: Else the largest angle that the hinge reached.
        both_sides: Whether the other leg or arm did the same.
    """

    gauge_factor: float | None = None
    bent_rad: float | None = math.radians(90)
    both_sides: bool = False


def settings_from(
    *, bent_deg: float, gauge_factor: float | None, both_sides: bool
) -> ReplaySettings:
    """Settings from a person's words.

    Raises:
        InputError: If an angle or factor makes no sense.
    """
    if not 5 <= bent_deg <= 170:
        raise InputError(f"largest angle of {bent_deg:g} degrees is outside 5 to 170")
    if gauge_factor is not None and gauge_factor == 0:
        raise InputError("a gauge factor of 0 says nothing of strain")
    bent_rad = math.radians(bent_deg) if gauge_factor is None else None
    return ReplaySettings(gauge_factor=gauge_factor, bent_rad=bent_rad, both_sides=both_sides)


def recorded_motion(
    session: Session,
    worn: WornMoving,
    key_angles_rad: Mapping[str, Rows],
    settings: ReplaySettings | None = None,
) -> RecordedMotion:
    """Find how the wearer of a session moved.

    Args:
        session: An open session that starts with a still stand.
        worn: The garment in key poses, standing first.
        key_angles_rad: Joint angles in those key poses, shape (n_keys,) each.
        settings: What the session does not say.

    Raises:
        InputError: If it holds neither a module nor strain lines of this garment.
    """
    chosen = settings or ReplaySettings()
    found: dict[str, tuple[Rows, Rows]] = {}
    sources: dict[str, str] = {}
    segments = _segments(session, worn)
    for joint, motion in segments.items():
        for name, angle in _angles_of(joint, motion, segments).items():
            found[name] = motion.time_s, angle
            sources[name] = f"module on {joint.replace('_', ' ')}, calibrated by {motion.method}"
    hinge = hinge_under(worn)
    if hinge is not None and hinge not in found:
        bent = key_angles_rad[hinge if hinge in key_angles_rad else hinge[:-2]]
        strained = _hinge_by_strain(session, worn, bent, chosen)
        if strained is not None:
            found[hinge] = strained
            sources[hinge] = "strain lines"
    if not found:
        raise InputError(
            f"{session.path.name} holds neither a motion module nor strain lines that this garment "
            "has; its channels must have the names of the garment's sensors file"
        )
    track, start_s = _track(session, found, both_sides=chosen.both_sides)
    return RecordedMotion(track=track, start_s=start_s, sources=sources, segments=segments)


def hinge_under(worn: WornMoving) -> str | None:
    """The hinge that bends the garment, as a joint angle; None for none or several."""
    names = [
        f"{HINGES[stem]}_{side}"
        for stem, _, side in (joint.partition("_") for joint in worn.joints)
        if stem in HINGES
    ]
    return names[0] if len(names) == 1 else None


def strain_lines(worn: WornMoving, stream: StreamReader) -> list[tuple[Site, int]]:
    """Lines of the garment that a stream holds, with their columns."""
    return [
        (site, stream.channel_names.index(channel.split(".", 1)[1]))
        for site in worn.sites
        if site.sensor.is_line
        for channel in site.sensor.channels
        if channel.split(".", 1)[0] == stream.name
        and channel.split(".", 1)[1] in stream.channel_names
    ]


def _segments(session: Session, worn: WornMoving) -> dict[str, SegmentMotion]:
    """Motion of every segment that carries a module whose channels are in the session."""
    found: dict[str, SegmentMotion] = {}
    for site in worn.sites:
        if site.sensor.kind != "imu":
            continue
        block, rate_hz = _six(session, site.sensor.channels)
        if block is None:
            continue
        standing = worn.drapes[0].positions_m
        joint = segment_under(worn.bodies[0], site.mean(site.points_m(standing)))
        found[joint] = segment_motion(
            block, rate_hz=rate_hz, R_body_sensor=site.R_world_sensor(standing)
        )
    return found


def _six(session: Session, channels: Sequence[str]) -> tuple[SampleBlock | None, float]:
    """Acceleration and turning rate of a module as one block; None where they are not there."""
    names = [channel.split(".", 1) for channel in channels if channel[-1] in _AXES]
    if len(names) != 6 or names[0][0] not in session.streams:
        return None, 0.0
    stream = session.streams[names[0][0]]
    if any(name not in stream.channel_names for _, name in names):
        return None, 0.0
    columns = [0] * 6
    for _, name in names:
        i = stream.channel_names.index(name)
        kind = stream.kinds[i]
        if kind not in ("acc", "gyr"):
            return None, 0.0
        columns[_AXES.index(name[-1]) + (3 if kind == "gyr" else 0)] = i
    block = stream.read()
    return replace(
        block,
        values=block.values[:, columns],
        channels=tuple(block.channels[i] for i in columns),
    ), stream.nominal_rate_hz


def _angles_of(
    joint: str, motion: SegmentMotion, segments: Mapping[str, SegmentMotion]
) -> dict[str, Rows]:
    """Joint angles that the turn of one segment tells."""
    stem, _, side = joint.partition("_")
    if joint in _TRUNK:
        return {f"pelvis_{name}": angle for name, angle in trunk_angles(motion.R_turn).items()}
    if stem in ("hip", "shoulder"):
        angles = limb_angles(motion.R_turn, sign=1.0 if side == "l" else -1.0)
        return {f"{stem}_{name}_{side}": angle for name, angle in angles.items()}
    if stem in HINGES:
        above = segments.get(f"{'hip' if stem == 'knee' else 'shoulder'}_{side}")
        bend = _hinge_angle(None if above is None else above, motion)
        return {f"{HINGES[stem]}_{side}": bend if stem == "knee" else -bend}
    return {}


def _hinge_angle(upper: SegmentMotion | None, lower: SegmentMotion) -> Rows:
    """Flexion of the lower segment against the upper one, which hangs still where none tells."""
    low = matrices_to_quat(lower.R_turn)
    if upper is None:
        high = np.tile([1.0, 0.0, 0.0, 0.0], (len(low), 1))
    else:
        nearest = np.clip(np.searchsorted(upper.time_s, lower.time_s), 0, len(upper.time_s) - 1)
        high = matrices_to_quat(upper.R_turn[nearest])
    return np.unwrap(joint_angles(high, low)[:, 0])


def _hinge_by_strain(
    session: Session, worn: WornMoving, key_angle_rad: Rows, settings: ReplaySettings
) -> tuple[Rows, Rows] | None:
    """Session times and angle of the garment's hinge; None where no stream has its lines."""
    for stream in session.streams.values():
        lines = strain_lines(worn, stream)
        if not lines:
            continue
        block = stream.read()
        values = block.values[:, [column for _, column in lines]]
        rest = np.nanmean(values[_rest_rows(session, block)], axis=0)
        order = np.argsort(key_angle_rad)
        curve = StrainCurve(
            angle_rad=key_angle_rad[order],
            strain=np.stack([worn.strain(site)[order] for site, _ in lines], axis=1),
        )
        by_factor = settings.gauge_factor is not None
        angle = angle_from_strain(
            values, rest, curve, gauge_factor=settings.gauge_factor,
            bent_rad=None if by_factor else settings.bent_rad,
        )  # fmt: skip
        return block.time_s, angle
    return None


def _rest_rows(session: Session, block: SampleBlock) -> NDArray[np.bool_]:
    """Rows of the still second, told by the module if there is one, else the first second."""
    start_s = float(block.time_s[0])
    stop_s = start_s + 1.0
    for stream in session.streams.values():
        columns = [i for i, kind in enumerate(stream.kinds) if kind == "gyr"]
        if columns:
            read = stream.read()
            rows = np.isfinite(read.values[:, columns]).all(axis=1)
            time_s = read.time_s[rows]
            still = still_second(time_s, read.values[rows][:, columns], stream.nominal_rate_hz)
            start_s, stop_s = float(time_s[still.start]), float(time_s[still.stop - 1])
            break
    return (block.time_s >= start_s) & (block.time_s <= stop_s)


def _track(
    session: Session, found: Mapping[str, tuple[Rows, Rows]], *, both_sides: bool
) -> tuple[AngleTrack, float]:
    """All angles on one time line, smooth; what nobody tells stays as standing."""
    start_s = max(float(time_s[0]) for time_s, _ in found.values())
    stop_s = min(float(time_s[-1]) for time_s, _ in found.values())
    n = int((stop_s - start_s) * _RATE_HZ) + 1
    if n < 10:
        raise InputError("the session's streams have less than 0.2 s in common")
    time_s = np.arange(n) / _RATE_HZ
    angles: dict[str, Rows] = {
        name: np.zeros(n) for name in ("hip_flexion", "knee_flexion")
    } | {name: np.radians(np.full(n, deg)) for name, deg in
         (("shoulder_abduction", 12.0), ("elbow_flexion", 10.0))}  # fmt: skip
    for name, (own_s, angle) in found.items():
        good = np.isfinite(angle)
        even = np.interp(time_s + start_s, own_s[good], angle[good])
        angles[name] = smoothed(even, _RATE_HZ)
        if both_sides and name[-2:] in ("_l", "_r"):
            angles[name[:-2]] = angles[name]
    markers = tuple(
        (mark.time_s - start_s, mark.text) for mark in session.markers if mark.kind == "activity"
    )
    track = AngleTrack(name=session.path.stem, time_s=time_s, angles_rad=angles, markers=markers)
    return track, start_s
