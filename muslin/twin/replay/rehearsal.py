"""Rehearsed repetitions: what a knee sleeve would say of exercises that nobody has done yet.

Predicted strain over the knee angle, exercises in random tempo and size, and lines in random gain,
hysteresis, creep and noise give labelled windows for an activity model. Knitted lines answer less
and less the farther they are stretched, so the strain passes a saturation first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muslin.twin.motion.motion import there_and_back
from muslin.twin.replay.strain_angle import StrainCurve
from muslin.twin.signals.gauge import GaugeSettings, StrainGauge
from wearables.events import SampleBlock

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """One exercise as the knee does it.

    Attributes:
        far_deg: Knee angle in the middle.
        start_deg: Knee angle at the start and the end.
        spread_deg: Standard deviation of both between repetitions.
    """

    far_deg: float
    start_deg: float = 0.0
    spread_deg: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFit:
    """How the lines of a real sleeve answer predicted strain.

    Attributes:
        gain: Reading of each line at the strain of 90 degrees, shape (n_lines,).
        saturation: Strain of the leading line at which the answer has fallen to 1/e; infinite
            for none.
        gain_spread: Standard deviation of the logarithm of the gain between wearers.
        noise: Standard deviation of the reading at rest.
    """

    gain: Rows
    saturation: float = np.inf
    gain_spread: float = 0.35
    noise: float = 0.01


def answered(curve: StrainCurve, angle_rad: Rows, fit: LineFit) -> Rows:
    """Reading of ideal lines over an angle, shape (n, n_lines)."""
    grid, change = curve.on_grid()
    strain = np.stack([np.interp(angle_rad, grid, column) for column in change.T], axis=1)
    at_90 = np.array([np.interp(np.pi / 2, grid, column) for column in change.T])
    leading = float(np.abs(at_90).max())
    # All lines see the knit of the leading one: the saturation is that of its strain.
    scale = fit.saturation * at_90 / leading
    if not np.isfinite(fit.saturation):
        return fit.gain * strain / at_90
    return fit.gain * (1 - np.exp(-strain / scale)) / (1 - np.exp(-at_90 / scale))


def rehearse(
    curve: StrainCurve,
    bouts: Mapping[str, Bout],
    fit: LineFit,
    *,
    n_each: int,
    n_samples: int,
    rate_hz: float,
    rng: np.random.Generator,
) -> tuple[Rows, list[str]]:
    """Windows of one repetition each, of one wearer who puts the sleeve on once.

    Args:
        curve: Predicted strain on the wearer's body.
        bouts: Exercises by class name.
        fit: How real lines answer; gains and saturation of this wearer are drawn round it.
        n_each: Repetitions of each exercise.
        n_samples: Length of a window.
        rate_hz: Rate.
        rng: Source of everything random.

    Returns:
        Readings, shape (n_windows, n_samples, n_lines), and the class of each.
    """
    size = np.exp(fit.gain_spread * rng.standard_normal())
    gain = fit.gain * size * np.exp(0.5 * fit.gain_spread * rng.standard_normal(len(fit.gain)))
    saturation = fit.saturation * float(np.exp(0.3 * rng.standard_normal()))
    own = LineFit(gain=gain, saturation=saturation)
    names = [name for name in bouts for _ in range(n_each)]
    angles = [_angle(bouts[name], n_samples, rate_hz, rng) for name in names]
    ideal = np.stack([answered(curve, angle, own) for angle in angles])
    return _spoken(ideal, fit.noise, rate_hz, rng), names


def _angle(bout: Bout, n_samples: int, rate_hz: float, rng: np.random.Generator) -> Rows:
    """Knee angle of a repetition somewhere in its window, shape (n_samples,) [rad]."""
    far = bout.far_deg + bout.spread_deg * rng.standard_normal()
    start = bout.start_deg + 0.5 * bout.spread_deg * rng.standard_normal()
    length_s = n_samples / rate_hz
    cycle_s = float(np.clip(rng.normal(0.6, 0.1), 0.35, 0.9)) * length_s
    begin_s = float(rng.uniform(0.05, 0.95)) * (length_s - cycle_s)
    phase = (np.arange(n_samples) / rate_hz - begin_s) / cycle_s
    share = there_and_back(np.clip(phase, 0, 1), hold=float(rng.uniform(0.02, 0.2)))
    return np.radians(np.clip(start + (far - start) * share, 0, 110))


def _spoken(ideal: Rows, noise: float, rate_hz: float, rng: np.random.Generator) -> Rows:
    """Ideal readings through lag, hysteresis, creep and noise of one sleeve, same shape."""
    n_windows, n_samples, n_lines = ideal.shape
    settings = GaugeSettings(
        gauge_factor=1.0, stroke=max(float(np.ptp(ideal)), 1e-6),
        hysteresis_share=float(rng.uniform(0.03, 0.2)), creep_share=float(rng.uniform(0.0, 0.2)),
        creep_s=float(rng.uniform(3, 20)), noise=noise, walk=noise,
    )  # fmt: skip
    n = n_windows * n_lines
    gauge = StrainGauge(settings, rate_hz=rate_hz, n_channels=n, seed=int(rng.integers(2**31)))
    offsets = 3 * noise * rng.standard_normal((n_windows, 1, n_lines))
    side_by_side = (ideal + offsets).transpose(1, 0, 2).reshape(n_samples, n)
    block = SampleBlock(
        stream="strain", first_index=0, time_s=np.arange(n_samples) / rate_hz,
        values=side_by_side, channels=tuple(f"c{i}" for i in range(n)),
    )  # fmt: skip
    said = gauge(block)[0].values
    return said.reshape(n_samples, n_windows, n_lines).transpose(1, 0, 2)
