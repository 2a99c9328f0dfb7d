"""Movement of a session: intensity and its cost, steps, posture, and how fast the body moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearables.events import SampleBlock
from wearables.sessions import StreamReader
from wearables.signals import Intensity, Spectra, movement_intensity, run
from wearables.signals.motion import (
    GaitCycle,
    PostureDetector,
    PostureSpan,
    Step,
    StepDetector,
    TrunkGait,
    WalkingBout,
    Wear,
    WearDetector,
    gait_cycles,
    walking_bouts,
)
from wearables.signals.motion.steps import BAND_HZ as STEP_HZ
from wearables.signals.motion.trunk_gait import MIN_RATE_HZ as MIN_GAIT_HZ

# Walking of this many steps shows which way is up in the sensor's frame.
UPRIGHT_STEPS = 20
SPECTRUM_S = 4.0
MAX_SPECTRA = 600
MAX_FREQUENCY_HZ = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrogram:
    """Power of the acceleration's length over time.

    Attributes:
        times_s: Middle of each window, shape (n_windows,).
        frequency_hz: Up to 10 Hz, shape (n_frequencies,).
        density: Power density [(m/s2)2/Hz], NaN over gaps, shape (n_windows, n_frequencies).
    """

    times_s: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    density: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Movement of a session; empty without three axes of acceleration.

    Attributes:
        stream: Name of the stream.
        intensity: MAD and ENMO per second.
        steps: Steps.
        bouts: Rows of steps.
        postures: Spans of posture; the sensor is taken to sit on the trunk.
        posture_refused: Why there are none.
        spectrogram: None when the recording is shorter than a window.
        wear: Whether the garment was worn, per hour; empty for less than an hour.
        gait: Strides, as far as the sensor sits on the trunk; empty below 40 Hz.
    """

    stream: str = ""
    intensity: tuple[Intensity, ...] = ()
    steps: tuple[Step, ...] = ()
    bouts: tuple[WalkingBout, ...] = ()
    postures: tuple[PostureSpan, ...] = ()
    posture_refused: str = ""
    spectrogram: Spectrogram | None = None
    wear: tuple[Wear, ...] = ()
    gait: tuple[GaitCycle, ...] = ()


def movement(found: tuple[StreamReader, list[SampleBlock]] | None) -> Movement:
    """What three axes of acceleration say."""
    if found is None:
        return Movement()
    stream, runs = found
    columns = [i for i, kind in enumerate(stream.kinds) if kind == "acc"]
    if len(columns) != 3:
        return Movement(stream=stream.name, posture_refused="it needs three axes of acceleration")
    rate_hz = stream.nominal_rate_hz
    steps: list[Step] = []
    if rate_hz >= 4 * STEP_HZ[1]:
        steps = run(StepDetector(rate_hz=rate_hz, columns=columns), runs)
    bouts = walking_bouts(steps)
    gait: list[GaitCycle] = []
    if bouts and rate_hz >= MIN_GAIT_HZ:
        gait = gait_cycles(run(TrunkGait(rate_hz=rate_hz, columns=columns), runs))
    postures, refused = _postures(runs, bouts, columns, rate_hz)
    return Movement(
        stream=stream.name,
        intensity=tuple(movement_intensity(runs, rate_hz=stream.rate_hz, columns=columns)),
        steps=tuple(steps),
        bouts=tuple(bouts),
        postures=postures,
        posture_refused=refused,
        spectrogram=_spectrogram(runs, columns, rate_hz),
        gait=tuple(gait),
        wear=tuple(run(WearDetector(rate_hz=rate_hz, columns=columns), runs)),
    )


def _postures(
    runs: Sequence[SampleBlock], bouts: Sequence[WalkingBout], columns: list[int], rate_hz: float
) -> tuple[tuple[PostureSpan, ...], str]:
    """Who walks is upright: the median acceleration of walking is the upright direction."""
    if sum(bout.n_steps for bout in bouts) < UPRIGHT_STEPS:
        return (), f"fewer than {UPRIGHT_STEPS} steps, so nothing shows which way is up"
    walking = []
    for block in runs:
        inside = np.zeros(block.n_samples, dtype=bool)
        for bout in bouts:
            inside |= (block.time_s >= bout.start_s) & (block.time_s <= bout.stop_s)
        walking.append(block.values[inside][:, columns])
    up = np.median(np.concatenate(walking), axis=0)
    detector = PostureDetector(rate_hz=rate_hz, trunk_up=up, trunk=columns)
    return tuple(run(detector, runs)), ""


def _spectrogram(
    runs: Sequence[SampleBlock], columns: list[int], rate_hz: float
) -> Spectrogram | None:
    span_s = float(runs[-1].time_s[-1] - runs[0].time_s[0]) if runs else 0.0
    if span_s < SPECTRUM_S or SPECTRUM_S * rate_hz < 8:
        return None
    hop_s = max(1.0, span_s / MAX_SPECTRA)
    lengths = [_length(block, columns) for block in runs]
    spectra = run(Spectra(rate_hz=rate_hz, window_s=SPECTRUM_S, hop_s=hop_s), lengths)
    spectra = [spectrum for spectrum in spectra if np.isfinite(spectrum.time_s)]
    if not spectra:
        return None
    frequency = spectra[0].frequency_hz
    inside = frequency <= min(MAX_FREQUENCY_HZ, rate_hz / 2)
    return Spectrogram(
        times_s=np.array([spectrum.time_s for spectrum in spectra]),
        frequency_hz=frequency[inside],
        density=np.stack([spectrum.density[inside] for spectrum in spectra]),
    )


def _length(block: SampleBlock, columns: list[int]) -> SampleBlock:
    """The length of three axes as a block of one channel."""
    return SampleBlock(
        stream=block.stream,
        first_index=block.first_index,
        time_s=block.time_s,
        values=np.linalg.norm(block.values[:, columns], axis=1, keepdims=True),
        channels=("length_m_s2",),
    )
