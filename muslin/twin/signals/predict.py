"""From a garment worn through a motion to the raw counts its channels would send.

Strain in a channel of unit ``1`` is the relative change of resistance; in ``%`` it is what
electronics say that know the line's gauge factor. Channels whose signal does not come from motion
(an ECG) stay at zero, and a note says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from muslin.synthetic import synthetic_schema
from muslin.twin.errors import SensorError
from muslin.twin.motion.frames import MotionFrames
from muslin.twin.motion.moving import WornMoving, segment_under
from muslin.twin.sensors.locate import Site
from muslin.twin.signals.counts import counts_of
from muslin.twin.signals.gauge import GaugeSettings, StrainGauge
from muslin.twin.signals.imu import ImuErrors, ImuPath, ImuSettings
from muslin.twin.signals.pad import PadSettings, PressurePad
from wearables.events import SampleBlock

Rows = NDArray[np.float64]
_BLOCK = 4096
_AXES = "xyz"
_TRUNK = ("chest", "spine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Breathing:
    """Breathing that a band round the trunk feels.

    Attributes:
        per_minute: Breaths a minute.
        stretch: Strain from the end of a breath out to the end of a breath in; an estimate for
            quiet breathing, about 1 cm of a chest.
    """

    per_minute: float = 15.0
    stretch: float = 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorModels:
    """How the sensors of a garment answer; see the settings' own files for their sources."""

    gauge: GaugeSettings = field(default_factory=GaugeSettings)
    pad: PadSettings = field(default_factory=PadSettings)
    imu: ImuSettings = field(default_factory=ImuSettings)
    breathing: Breathing | None = field(default_factory=Breathing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a garment would send.

    Attributes:
        schema: The garment's, with every channel labelled synthetic.
        counts: Raw counts by stream id, shape (n_samples, n_channels).
        markers: Time [s], kind and text of what the wearer does.
        felt: Truth before the sensor models in SI by ``stream.channel``, shape (n_samples,).
        notes: One sentence for each thing that was not predicted.
    """

    schema: GarmentSchema
    counts: Mapping[int, NDArray[np.int64]]
    markers: tuple[tuple[float, str, str], ...]
    felt: Mapping[str, Rows]
    notes: tuple[str, ...]


def predict(
    schema: GarmentSchema,
    worn: WornMoving,
    frames: MotionFrames,
    *,
    models: SensorModels | None = None,
    markers: tuple[tuple[float, str], ...] = (),
    seed: int = 0,
) -> Prediction:
    """Predict what a garment sends.

    Args:
        schema: What it sends.
        worn: The garment in the key poses of the motion.
        frames: The motion.
        models: How the sensors answer.
        markers: Start and name of what the wearer does.
        seed: Seed of all noise.

    Raises:
        SensorError: If a sensor feeds a channel that is not in the schema.
    """
    chosen = models or SensorModels()
    of_channel = _sensors(schema, worn)
    counts, felt, notes = {}, {}, []
    for stream in schema.streams:
        desk = _Desk(stream, worn, frames, chosen, seed=seed * 1000 + stream.id)
        counts[stream.id] = desk.counts(of_channel)
        felt.update(desk.felt)
        notes += desk.notes
    how = f"muslin twin, {frames.name}, seed {seed}"
    told = ((0.0, "marker", f"synthetic: {how}"), *((at, "activity", what) for at, what in markers))
    return Prediction(
        schema=synthetic_schema(schema, how), counts=counts, markers=told, felt=felt,
        notes=tuple(notes),
    )  # fmt: skip


def _sensors(schema: GarmentSchema, worn: WornMoving) -> dict[str, Site]:
    known = {f"{s.name}.{c.name}" for s in schema.streams for c in s.channels}
    found: dict[str, Site] = {}
    for site in worn.sites:
        for channel in site.sensor.channels:
            if channel not in known:
                raise SensorError(
                    f"sensor {site.sensor.name!r} feeds {channel}, which the garment does not send"
                )
            found.setdefault(channel, site)
    return found


class _Desk:
    """One stream while it is predicted."""

    def __init__(
        self, stream: StreamSchema, worn: WornMoving, frames: MotionFrames, models: SensorModels, *,
        seed: int,
    ) -> None:  # fmt: skip
        self.stream, self.worn, self.frames, self.models = stream, worn, frames, models
        self.seed = seed
        duration_s = float(frames.time_s[-1] - frames.time_s[0])
        n = int(duration_s * stream.rate_hz)
        self.at_s = frames.time_s[0] + np.arange(n) / stream.rate_hz
        self.felt: dict[str, Rows] = {}
        self.notes: list[str] = []

    def counts(self, of_channel: Mapping[str, Site]) -> NDArray[np.int64]:
        """Counts of the stream, shape (n_samples, n_channels)."""
        out = np.zeros((len(self.at_s), len(self.stream.channels)))
        for kind, columns in self._groups(of_channel):
            names = [self.stream.channels[i].name for i in columns]
            sites = [of_channel[f"{self.stream.name}.{name}"] for name in names]
            own = [self.stream.channels[i] for i in columns]
            felt, said = self._kind(kind, sites, own)
            out[:, columns] = said
            self.felt |= {f"{self.stream.name}.{name}": felt[:, k] for k, name in enumerate(names)}
        return np.stack(
            [counts_of(out[:, i], c) for i, c in enumerate(self.stream.channels)], axis=1
        )

    def _groups(self, of_channel: Mapping[str, Site]) -> Iterator[tuple[str, list[int]]]:
        """Columns that are predicted together."""
        groups: dict[tuple[str, str], list[int]] = {}
        for i, channel in enumerate(self.stream.channels):
            site = of_channel.get(f"{self.stream.name}.{channel.name}")
            kind = _predicted(channel, site)
            if kind is None or site is None:
                self.notes.append(
                    f"{self.stream.name}.{channel.name} is constant: {channel.kind} does not come "
                    "from motion" if site else
                    f"{self.stream.name}.{channel.name} is constant: no sensor feeds it"
                )  # fmt: skip
                continue
            # Lines and pads answer alike; each motion module has its own way.
            key = (kind, site.sensor.name if kind == "imu" else "")
            groups.setdefault(key, []).append(i)
        for (kind, _), columns in groups.items():
            yield kind, columns

    def _kind(
        self, kind: str, sites: list[Site], channels: list[ChannelSchema]
    ) -> tuple[Rows, Rows]:
        """What is felt and what is said, SI, shape (n_samples, n_columns) each."""
        rate_hz, n = self.stream.rate_hz, len(sites)
        if kind == "strain":
            felt = np.stack([self._strain(site) for site in sites], axis=1)
            gauge = StrainGauge(self.models.gauge, rate_hz=rate_hz, n_channels=n, seed=self.seed)
            said = self._through(gauge, felt)
            factor = np.broadcast_to(np.asarray(self.models.gauge.gauge_factor, float), n)
            knows = np.array([channel.unit == "%" for channel in channels])
            return felt, np.where(knows, said / factor, said)
        if kind == "pressure":
            felt = np.stack(
                [self._smooth(self.worn.pressure_at(site, self.frames)) for site in sites], axis=1
            )
            pad = PressurePad(self.models.pad, rate_hz=rate_hz, n_channels=n, seed=self.seed)
            return felt, self._through(pad, felt)
        felt = self.path(sites[0]).felt(self.at_s)
        errors = ImuErrors(self.models.imu, rate_hz=rate_hz, seed=self.seed)
        said = self._through(errors, felt)
        columns = [_imu_column(channel) for channel in channels]
        return felt[:, columns], said[:, columns]

    def path(self, site: Site) -> ImuPath:
        """Way of a module: it goes with its segment."""
        joint, place, R_segment_sensor = self.worn.mount_at(site, self.frames)
        R = self.frames.R_world[joint]
        at = self.frames.joints_m[joint] + np.einsum("nij,nj->ni", R, place)
        return ImuPath(self.frames.time_s, at, R @ R_segment_sensor)

    def _strain(self, site: Site) -> Rows:
        strain = self._smooth(self.worn.strain_at(site, self.frames))
        breathing = self.models.breathing
        if breathing is None or abs(site.sensor.axis[0]) < 0.7:
            return strain
        place = site.mean(site.points_m(self.worn.drapes[0].positions_m))
        if segment_under(self.worn.bodies[0], place) not in _TRUNK:
            return strain
        phase = 2 * np.pi * breathing.per_minute / 60 * self.at_s
        return strain + breathing.stretch * 0.5 * (1 - np.cos(phase))

    def _smooth(self, values: Rows) -> Rows:
        from scipy.interpolate import CubicSpline

        return np.asarray(CubicSpline(self.frames.time_s, values)(self.at_s))

    def _through(self, operator: StrainGauge | PressurePad | ImuErrors, felt: Rows) -> Rows:
        whole = SampleBlock(
            stream=self.stream.name, first_index=0, time_s=self.at_s, values=felt,
            channels=tuple(f"c{i}" for i in range(felt.shape[1])),
        )  # fmt: skip
        parts = [
            operator(whole.part(start, min(start + _BLOCK, len(felt))))[0].values
            for start in range(0, len(felt), _BLOCK)
        ]
        return np.concatenate(parts) if parts else felt


def _predicted(channel: ChannelSchema, site: Site | None) -> str | None:
    """What model predicts a channel: strain, pressure, imu, or none."""
    if site is None:
        return None
    if channel.kind == "strain" and site.sensor.is_line:
        return "strain"
    if channel.kind == "pressure" and not site.sensor.is_line:
        return "pressure"
    if channel.kind in ("acc", "gyr") and channel.name[-1] in _AXES:
        return "imu"
    return None


def _imu_column(channel: ChannelSchema) -> int:
    return _AXES.index(channel.name[-1]) + (0 if channel.kind == "acc" else 3)
