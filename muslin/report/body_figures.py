"""Figures of what the body did: heart, variability, breath, spectrogram, walking, posture."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.analysis.movement import Movement, Spectrogram
from muslin.analysis.result import Analysis, StreamSummary
from muslin.analysis.skin import Skin
from muslin.analysis.vitals import MIN_BEAT_QUALITY, Breathing, Heart
from muslin.report.figures import COLORS, draw_gaps, draw_legend_above, draw_line, new_figure, svg
from wearables.events import SampleBlock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAD = "#b3261e"
# A strip of so many seconds shows single beats.
STRIP_S = 12.0
MINUTE_S = 60.0
# More marks than this hide the signal.
MAX_MARKS = 800
POSTURES = ("lying", "leaning", "sitting", "standing", "upright")


def heart(analysis: Analysis, stream: StreamSummary) -> str:
    """The signal with its beats, a strip of it close up, and the rate."""
    result = analysis.heart
    figure, axes = new_figure(5.0, 3, share_x=False)
    unit = stream.channels[result.column].rsplit("_", 1)[-1]
    is_crowded = len(result.beats) > MAX_MARKS
    _beats(axes[0], replace(result, beats=()) if is_crowded else result, stream)
    start = _strip_start(result, stream)
    _beats(axes[1], result, replace(stream, whole=_between(stream, start, start + STRIP_S)))
    axes[1].set_xlim(start, start + STRIP_S)
    for axis in axes[:2]:
        axis.set_ylabel(f"{result.source.upper()} [{unit}]", fontsize=8)
    if result.beats:
        draw_legend_above(axes[1] if is_crowded else axes[0])
    _rates(axes[2], stream, analysis.pulse, "heart rate [1/min]")
    return svg(figure, "Heart signal with beats, close up, and heart rate")


def skin(result: Skin, stream: StreamSummary | None) -> str:
    """Temperature, and conductance with its responses."""
    n_rows = int(bool(result.temperature_stream)) + (stream is not None)
    figure, axes = new_figure(1.9 * n_rows, n_rows)
    if result.temperature_stream:
        times = [one.time_s for one in result.temperatures]
        celsius = [one.temperature_k - 273.15 for one in result.temperatures]
        axes[0].plot(times, celsius, "o-", color=COLORS[1], markersize=3, linewidth=0.8)
        axes[0].set_ylabel("temperature [°C]", fontsize=8)
    if stream is not None:
        axis, column = axes[-1], result.conductance_column
        draw_gaps(axis, stream)
        micro = replace(stream.whole, values=1e6 * stream.whole.values)
        draw_line(axis, replace(stream, whole=micro), column, color=COLORS[0])
        peaks = [one.peak_s for one in result.responses]
        heights = np.interp(peaks, micro.time_s, micro.values[:, column])
        axis.plot(peaks, heights, "v", color=COLORS[2], markersize=3.5, label="response")
        axis.set_ylabel("conductance [µS]", fontsize=8)
    axes[-1].set_xlabel("session time [s]", fontsize=8)
    return svg(figure, "Skin temperature and conductance")


def _beats(axis: "Axes", result: Heart, stream: StreamSummary) -> None:
    draw_gaps(axis, stream)
    draw_line(axis, stream, result.column, color=COLORS[0])
    for is_good, color, label in ((True, COLORS[2], "beat"), (False, BAD, "doubtful beat")):
        least = MIN_BEAT_QUALITY if result.source == "ecg" else 0.0
        times = np.array([b.time_s for b in result.beats if (b.quality >= least) == is_good])
        first, last = stream.whole.time_s[[0, -1]] if stream.whole.n_samples else (0.0, -1.0)
        times = times[(times >= first) & (times <= last)]
        heights = np.interp(times, stream.whole.time_s, stream.whole.values[:, result.column])
        if len(times):
            axis.plot(times, heights, "v", color=color, markersize=3.5, label=label,
                      rasterized=len(times) > 500)  # fmt: skip


def _between(stream: StreamSummary, start_s: float, stop_s: float) -> SampleBlock:
    first, last = np.searchsorted(stream.whole.time_s, (start_s, stop_s))
    return stream.whole.part(int(first), int(last))


def _strip_start(result: Heart, stream: StreamSummary) -> float:
    """Where most good beats lie within the length of a strip."""
    good = np.array([b.time_s for b in result.beats if b.quality >= MIN_BEAT_QUALITY])
    if not good.size:
        times = stream.whole.time_s
        return float(times[0]) if times.size else 0.0
    counts = np.searchsorted(good, good + STRIP_S) - np.arange(good.size)
    return float(good[int(counts.argmax())]) - 0.5


def _rates(axis: "Axes", stream: StreamSummary, rates: Any, label: str) -> None:
    draw_gaps(axis, stream)
    times = [rate.time_s for rate in rates]
    size = 3.5 if len(times) < 100 else 1.5
    values = [rate.per_minute for rate in rates]
    axis.plot(times, values, "o-", color=COLORS[2], markersize=size, linewidth=0.8)
    axis.set_ylabel(label, fontsize=8)
    axis.set_xlabel("session time [s]", fontsize=8)
    axis.margins(y=0.4)


def variability(result: Heart, stream: StreamSummary) -> str:
    """Tachogram, Poincare plot and spectrum of the intervals that can be trusted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 3.3), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(2.2, 1.3, 1.5))
    ends, intervals = np.array(result.ends_s), 1000 * np.array(result.intervals_s)
    draw_gaps(left, stream)
    left.plot(ends, intervals, ".-", color=COLORS[0], markersize=2.5, linewidth=0.6)
    left.set_xlabel("session time [s]", fontsize=8)
    left.set_ylabel("interval [ms]", fontsize=8)
    _poincare(middle, result, intervals)
    _spectrum(right, result, ends, intervals)
    for axis in (left, middle, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
        axis.grid(visible=True, alpha=0.25, linewidth=0.6)
    return svg(figure, "Intervals over time, Poincare plot and spectrum of intervals")


def _poincare(axis: "Axes", result: Heart, intervals_ms: np.ndarray) -> None:
    from matplotlib.patches import Ellipse

    first, second = intervals_ms[:-1], intervals_ms[1:]
    known = np.isfinite(first) & np.isfinite(second)
    axis.plot(first[known], second[known], ".", color=COLORS[0], markersize=2.5, alpha=0.5)
    whole = result.whole
    if whole is not None and math.isfinite(whole.sd1_s) and known.any():
        middle = float(first[known].mean()), float(second[known].mean())
        axis.add_patch(
            Ellipse(
                middle, 2000 * whole.sd2_s, 2000 * whole.sd1_s, angle=45, fill=False,
                edgecolor=COLORS[1], linewidth=1.5,
            )
        )  # fmt: skip
        axis.set_title(
            f"SD1 {1000 * whole.sd1_s:.1f} ms, SD2 {1000 * whole.sd2_s:.1f} ms", fontsize=8
        )
    axis.set_aspect("equal", "datalim")
    axis.set_xlabel("interval [ms]", fontsize=8)
    axis.set_ylabel("next interval [ms]", fontsize=8)


def _spectrum(axis: "Axes", result: Heart, ends_s: np.ndarray, intervals_ms: np.ndarray) -> None:
    from wearables.signals.heart.hrv import HF_HZ, LF_HZ, lomb_density

    known = np.isfinite(intervals_ms)
    axis.set_xlabel("frequency [Hz]", fontsize=8)
    axis.set_ylabel("density [ms2/Hz]", fontsize=8)
    if result.whole is None or not math.isfinite(result.whole.hf_s2):
        axis.set_title("too short or too little for a spectrum", fontsize=8)
        return
    span = float(np.ptp(ends_s[known]))
    frequency = np.arange(0.02, 0.45, 1 / (2 * min(span, 600.0)))
    density = lomb_density(ends_s[known], intervals_ms[known], frequency)
    axis.axvspan(*LF_HZ, color=COLORS[1], alpha=0.12, linewidth=0)
    axis.axvspan(*HF_HZ, color=COLORS[2], alpha=0.12, linewidth=0)
    axis.plot(frequency, density, color=COLORS[0], linewidth=0.9)
    axis.set_title("LF, HF shaded", fontsize=8)


def breath(analysis: Analysis, stream: StreamSummary) -> str:
    """What shows breathing with its breaths, a minute close up where it is long, and the rate."""
    result = analysis.breath
    times = stream.whole.time_s
    is_long = times.size > 0 and times[-1] - times[0] > 3 * MINUTE_S
    figure, axes = new_figure(5.0 if is_long else 3.6, 3 if is_long else 2, share_x=False)
    _breaths(axes[0], result, stream)
    own = stream.whole.values[:, result.column]
    if np.isfinite(own).any():
        # A belt that is put on or taken off leaps far beyond any breath.
        low, high = np.nanpercentile(own, (5, 95))
        axes[0].set_ylim(low - 1.5 * (high - low), high + 1.5 * (high - low) + 1e-12)
    if is_long:
        known = [rate.time_s for rate in result.rates if math.isfinite(rate.per_minute)]
        start = (known[len(known) // 2] if known else float(times[0])) - MINUTE_S / 2
        near = replace(stream, whole=_between(stream, start, start + MINUTE_S))
        _breaths(axes[1], result, near)
        axes[1].set_xlim(start, start + MINUTE_S)
    note = ", synthetic" if stream.is_synthetic else ""
    unit = stream.channels[result.column].rsplit("_", 1)[-1]
    label = {"respiration": f"belt [{unit}]", "strain": "strain [m/m]", "ecg": f"ECG [{unit}]"}
    for axis in axes[:-1]:
        axis.set_ylabel(label[result.source] + note, fontsize=8)
    draw_legend_above(axes[0])
    _rates(axes[-1], stream, analysis.breathing, "breaths [1/min]")
    return svg(figure, f"Breathing signal{note} with breaths, and breathing rate")


def _breaths(axis: "Axes", result: Breathing, stream: StreamSummary) -> None:
    draw_gaps(axis, stream)
    draw_line(axis, stream, result.column, color=COLORS[1])
    own = stream.whole.time_s
    times = np.array([each.start_s for each in result.breaths])
    inside = (times >= own[0]) & (times <= own[-1]) if own.size else np.zeros(len(times), bool)
    times = times[inside]
    heights = np.interp(times, own, stream.whole.values[:, result.column]) if times.size else times
    axis.plot(times, heights, "^", color=BAD, markersize=4 if len(times) < 200 else 2,
              label="start of inspiration", rasterized=len(times) > 500)  # fmt: skip


def spectrogram(result: Spectrogram) -> str:
    """Power of the acceleration's length over time and frequency."""
    figure, (axis,) = new_figure(2.6)
    decibel = 10 * np.log10(np.maximum(result.density, 1e-6))
    mesh = axis.pcolormesh(
        result.times_s, result.frequency_hz, decibel.T, cmap="viridis", shading="nearest",
        rasterized=True, vmin=float(np.nanpercentile(decibel, 5)) if np.isfinite(decibel).any()
        else -60, vmax=float(np.nanmax(decibel)) if np.isfinite(decibel).any() else 0,
    )  # fmt: skip
    axis.grid(visible=False)
    bar = figure.colorbar(mesh, ax=axis, pad=0.01)
    bar.set_label("dB re 1 (m/s2)2/Hz", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    axis.set_ylabel("frequency [Hz]", fontsize=8)
    axis.set_xlabel("session time [s]", fontsize=8)
    return svg(figure, "Spectrogram of the acceleration")


def walking(result: Movement, stream: StreamSummary) -> str:
    """Cadence of each bout, and posture below."""
    figure, (top, bottom) = new_figure(3.2, 2)
    for axis in (top, bottom):
        draw_gaps(axis, stream)
    for bout in result.bouts:
        top.plot([bout.start_s, bout.stop_s], [bout.cadence_per_min] * 2, color=COLORS[3],
                 linewidth=3, solid_capstyle="butt")  # fmt: skip
    top.set_ylabel("cadence [1/min]", fontsize=8)
    top.margins(y=0.3)
    names = [name for name in POSTURES if any(span.name == name for span in result.postures)]
    for span in result.postures:
        bottom.plot([span.start_s, span.stop_s], [names.index(span.name)] * 2,
                    color=COLORS[4], linewidth=8, solid_capstyle="butt")  # fmt: skip
    bottom.set_yticks(range(len(names)), names)
    bottom.set_ylim(-0.6, max(0, len(names) - 1) + 0.6)
    bottom.set_ylabel("posture", fontsize=8)
    bottom.set_xlabel("session time [s]", fontsize=8)
    return svg(figure, "Cadence of walking, and posture")
