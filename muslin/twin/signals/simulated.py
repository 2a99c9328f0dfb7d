"""Predicted signals as a session, a replay file, or a virtual garment: `muslin twin simulate`."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_bridge.events import Marker, Sampled
from firmware_bridge.sim import write_replay
from muslin.errors import Exit, InputError
from muslin.fitting_room import open_fitting_room
from muslin.folders import writable_folder
from muslin.screen import print_json, say, say_table, step
from muslin.simulate import DoorSettings, simulate
from muslin.synthetic import LABEL
from muslin.twin.motion.frames import MotionFrames, motion_frames
from muslin.twin.motion.motion import AngleTrack, motion_of
from muslin.twin.motion.moving import N_KEYS, WornMoving, wear_moving
from muslin.twin.sensors.garment import TwinGarment, twin_garment
from muslin.twin.signals.predict import Prediction, SensorModels, predict
from muslin.version import version
from wearables.sessions import SessionWriter, SubjectInfo

FRAME_RATE_HZ = 50.0
_FRAME_SAMPLES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A garment worn through a motion, and what it would send.

    Attributes:
        garment: The garment.
        frames: The motion on the body.
        worn: The garment in key poses.
        prediction: What it would send.
    """

    garment: TwinGarment
    frames: MotionFrames
    worn: WornMoving
    prediction: Prediction

    def numbers(self) -> dict[str, Any]:
        """What a program may want to know."""
        said = self.prediction
        return {
            "motion": self.frames.name,
            "duration_s": float(self.frames.time_s[-1] - self.frames.time_s[0]),
            "n_keys": len(self.worn.drapes),
            "joints": list(self.worn.joints),
            "n_samples": {s.name: len(said.counts[s.id]) for s in said.schema.streams},
            "strain_at_keys": {
                site.sensor.name: self.worn.strain(site).tolist()
                for site in self.worn.sites
                if site.sensor.is_line
            },
            "notes": list(said.notes),
            "is_synthetic": True,
        }


def twin_simulate(
    garment: str,
    *,
    motion: str = "walk",
    duration_s: float | None = None,
    body: Path | None = None,
    size_step: int = 0,
    sensors: Path | None = None,
    fabric: str | None = None,
    models: SensorModels | None = None,
    n_keys: int = N_KEYS,
    seed: int = 0,
) -> Simulated:
    """Predict what a sensor garment sends while its wearer moves.

    Args:
        garment: Name of a block, or a pattern file.
        motion: A name of `muslin.twin.motion.motion.NAMES`, a BVH clip, or a table of joint angles.
        duration_s: Length of a named motion.
        body: Tape measures; the demo's body when absent.
        size_step: Sizes up or down of a block.
        sensors: Sensors file; the garment's own when absent.
        fabric: Fabric card; the garment's own when absent.
        models: How the sensors answer.
        n_keys: Most key poses that are draped.
        seed: Seed of drape and noise.

    Raises:
        InputError: If an option cannot be used, or nobody says what the garment sends.
        SensorError: If the sensors cannot be placed.
        FittingError: If it cannot be drafted or draped.
    """
    if not 1 <= n_keys <= 40:
        raise InputError(f"{n_keys} key poses are outside 1 to 40")
    chosen = twin_garment(garment, sensors=sensors, fabric=fabric)
    if chosen.schema is None:
        raise InputError(f"{garment} does not say what it sends; name a schema in its sensors file")
    moving = motion_of(motion, duration_s=duration_s, rate_hz=FRAME_RATE_HZ)
    room = open_fitting_room(body)
    pattern = chosen.draft(room.measures, size_step=size_step)
    frames = motion_frames(moving, room.body, rate_hz=FRAME_RATE_HZ)
    with step(f"drape {pattern.name} in key poses of {frames.name}"):
        worn = wear_moving(
            pattern,
            chosen.plans,
            chosen.fabric,
            room.body,
            frames,
            n_keys=n_keys,
            grip=chosen.grip,
            seed=seed,
        )
    markers = moving.markers if isinstance(moving, AngleTrack) else ((0.0, moving.name),)
    said = predict(chosen.schema, worn, frames, models=models, markers=markers, seed=seed)
    for note in said.notes:
        say(f"  note: {note}")
    return Simulated(garment=chosen, frames=frames, worn=worn, prediction=said)


def check_target(path: Path) -> None:
    """Check a file to write before anything slow starts.

    Raises:
        InputError: If the file is there, its name ends otherwise, or its folder takes no files.
    """
    if path.suffix not in (".npz", ".h5", ".hdf5"):
        raise InputError(f"{path.name} is no .h5 session and no .npz replay")
    writable_folder(path.parent)
    if path.exists():
        raise InputError(f"{path} exists; name another file")


def write_prediction(prediction: Prediction, path: Path, *, title: str) -> None:
    """Write a session (``.h5``) or a replay file (``.npz``), labelled synthetic.

    Raises:
        InputError: If the file is there, or its name ends otherwise.
        SessionError: If it cannot be written.
    """
    check_target(path)
    if path.suffix == ".npz":
        write_replay(path, prediction.schema, prediction.counts, prediction.markers)
        return
    about = {"task": title, "origin": LABEL}
    with SessionWriter(
        path, prediction.schema, subject=SubjectInfo(id=LABEL), title=f"{LABEL}: {title}",
        software=f"muslin {version()}", journal=False, protocol=about,
    ) as writer:  # fmt: skip
        for stream in prediction.schema.streams:
            counts = prediction.counts[stream.id]
            for first in range(0, len(counts), _FRAME_SAMPLES):
                at_us = round(first / stream.rate_hz * 1e6)
                writer.write(Sampled(
                    stream_id=stream.id, boot=1, first_index=first, device_us=at_us,
                    counts=counts[first : first + _FRAME_SAMPLES], flags=0,
                    host_ns=writer.anchor_host_ns + at_us * 1000, epoch=0,
                ))  # fmt: skip
        for at_s, kind, text in prediction.markers:
            host_ns = writer.anchor_host_ns + round(at_s * 1e9)
            writer.write(Marker(host_ns=host_ns, kind=kind, text=text, source="program"))


def stream_prediction(
    prediction: Prediction, *, door: DoorSettings, seed: int, idle_s: float,
    knobs: dict[str, Any] | None = None,
) -> Exit:  # fmt: skip
    """Be the garment: send the samples over the virtual radio, serial lines or UDP.

    Args:
        prediction: What to send.
        door: Where it is reached.
        seed: Seed of the losses.
        idle_s: How long to wait for a listener once the replay is over.
        knobs: What goes wrong, see `firmware_bridge.sim.Faults`.
    """
    with tempfile.TemporaryDirectory(prefix="muslin-twin-") as folder:
        path = Path(folder) / "twin.npz"
        write_replay(path, prediction.schema, prediction.counts, prediction.markers)
        return simulate(
            replay=path, seconds=60.0, seed=seed, serial=1, idle_s=idle_s, summary=None,
            knobs=knobs or {}, door=door,
        )  # fmt: skip


def tell(simulated: Simulated, out: Path | None, *, as_json: bool) -> Exit:
    """Say what was predicted to a person or a program."""
    numbers = simulated.numbers()
    if as_json:
        print_json({**numbers, "path": str(out) if out else None})
        return Exit.DONE
    rows = [(f"stream {n}", f"{k} synthetic samples") for n, k in numbers["n_samples"].items()]
    for name, strain in numbers["strain_at_keys"].items():
        told = ", ".join(f"{100 * value:+.1f}" for value in strain)
        rows.append((f"strain of {name}", f"{told} % in the key poses"))
    if out is not None:
        rows.append(("written", str(out)))
    say_table("Prediction", rows)
    return Exit.DONE
