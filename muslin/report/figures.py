"""Figures of a session as SVG text: data in, gaps as grey bands, units in brackets.

matplotlib without pyplot: no global state. It loads on the first figure.
"""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.analysis.activity import ActivityResult
from muslin.analysis.result import Analysis, StreamSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 9.6
COLORS = ("#1f5f8b", "#c4662b", "#3d7d4f", "#7a4f8a", "#8c7a2b", "#4a4a4a")
GAP_COLOR = "#9a9a9a"
MAX_POINTS = 6000


def new_figure(
    height_in: float, n_rows: int = 1, *, share_x: bool = True
) -> tuple["Figure", list["Axes"]]:
    """A figure of the page's width with rows of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    axes = figure.subplots(n_rows, 1, sharex=share_x, squeeze=False)[:, 0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, alpha=0.25, linewidth=0.6)
        axis.tick_params(labelsize=8)
    return figure, list(axes)


def svg(figure: "Figure", label: str) -> str:
    """SVG text that can stand in a page; the same figure gives the same text."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "muslin", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Only what a page needs: no references to outside documents.
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def draw_gaps(axis: "Axes", stream: StreamSummary) -> None:
    """Grey bands where samples are missing."""
    for gap in stream.gaps:
        if gap.is_open:
            axis.axvspan(gap.start_s, gap.stop_s, color=GAP_COLOR, alpha=0.45, linewidth=0)


def draw_legend_above(axis: "Axes") -> None:
    """Out of the way of the signal."""
    axis.legend(
        fontsize=8, ncols=4, frameon=False, loc="lower left", bbox_to_anchor=(0, 0.97),
        borderpad=0.1,
    )  # fmt: skip


def draw_line(axis: "Axes", stream: StreamSummary, column: int, **style: Any) -> None:
    """Draw a channel; more points than pixels are drawn as their extremes, NaN breaks the line."""
    times, values = stream.whole.time_s, stream.whole.values[:, column]
    step = -(-len(values) // MAX_POINTS)
    if step > 1:
        n = len(values) // step * step
        rows = values[:n].reshape(-1, step)
        missing = np.isnan(rows).any(axis=1)
        filled = np.nan_to_num(rows)
        pairs = np.stack([filled.min(axis=1), filled.max(axis=1)], axis=1)
        pairs[missing] = np.nan
        times, values = np.repeat(times[:n:step], 2), pairs.ravel()
    axis.plot(times, values, linewidth=0.9, **style)


def _name(stream: StreamSummary) -> str:
    return f"{stream.name} (synthetic)" if stream.is_synthetic else stream.name


def overview(streams: Sequence[StreamSummary]) -> str:
    """Which samples are there, stream by stream."""
    figure, (axis,) = new_figure(0.6 + 0.28 * len(streams))
    for i, stream in enumerate(streams):
        there = np.isfinite(stream.whole.values).all(axis=1).astype(np.int8)
        times = stream.whole.time_s
        if times.size:
            axis.plot([times[0], times[-1]], [i, i], color="#cfd8dc", linewidth=9, zorder=1,
                      solid_capstyle="butt")  # fmt: skip
        change = np.diff(there, prepend=0, append=0)
        stops = np.flatnonzero(change == -1) - 1
        for start, stop in zip(np.flatnonzero(change == 1), stops, strict=True):
            axis.plot([times[start], times[stop]], [i, i], color=COLORS[i % len(COLORS)],
                      linewidth=9, zorder=2, solid_capstyle="butt")  # fmt: skip
        for gap in stream.gaps:
            axis.plot([gap.start_s, gap.stop_s], [i, i], color="#b3261e", linewidth=3, zorder=3,
                      solid_capstyle="butt")  # fmt: skip
    axis.set_yticks(range(len(streams)), [_name(stream) for stream in streams])
    axis.set_ylim(len(streams) - 0.5, -0.5)
    axis.set_xlabel("session time [s]", fontsize=8)
    return svg(figure, "Recorded samples and gaps of every stream")


def quality(streams: Sequence[StreamSummary]) -> str:
    """Signal quality per window, a strip for each stream."""
    shown = [stream for stream in streams if len(stream.quality) > 1]
    figure, (axis,) = new_figure(0.8 + 0.3 * max(1, len(shown)))
    for i, stream in enumerate(shown):
        times = np.array([q.time_s for q in stream.quality])
        known = np.isfinite(times)
        values = np.array([q.quality for q in stream.quality])[known]
        times = times[known]
        if times.size > 1:
            edges = np.interp(np.arange(times.size + 1) - 0.5, np.arange(times.size), times)
            axis.pcolormesh(
                edges, [i - 0.38, i + 0.38], values[None], cmap="RdYlGn", vmin=0, vmax=1,
                rasterized=True,
            )  # fmt: skip
    axis.set_yticks(range(len(shown)), [_name(stream) for stream in shown])
    axis.set_ylim(max(1, len(shown)) - 0.5, -0.5)
    axis.set_xlabel("session time [s]", fontsize=8)
    axis.grid(visible=False)
    return svg(figure, "Signal quality of every stream per window")


def motion(analysis: Analysis, stream: StreamSummary) -> str:
    """Acceleration, rotation and intensity of movement."""
    labels = {"acc": "acceleration [m/s2]", "gyr": "rotation [rad/s]"}
    shown = [kind for kind in labels if kind in stream.kinds]
    figure, axes = new_figure(1.7 * (len(shown) + 1), len(shown) + 1)
    for axis, kind in zip(axes, shown, strict=False):
        draw_gaps(axis, stream)
        columns = [i for i, k in enumerate(stream.kinds) if k == kind]
        for color, column in zip(COLORS, columns, strict=False):
            draw_line(axis, stream, column, color=color, label=stream.channels[column][:5])
        axis.set_ylabel(labels[kind], fontsize=8)
        draw_legend_above(axis)
    draw_gaps(axes[-1], stream)
    times = [item.time_s for item in analysis.intensity]
    values = [item.mad_m_s2 for item in analysis.intensity]
    axes[-1].step(times, values, where="mid", color=COLORS[3])
    axes[-1].set_ylabel("intensity, MAD [m/s2]", fontsize=8)
    axes[-1].set_xlabel("session time [s]", fontsize=8)
    return svg(figure, "Acceleration, rotation and intensity of movement")


def activity(result: ActivityResult, stream: StreamSummary) -> str:
    """Activity timeline: what the model says above, what was true below."""
    figure, (axis,) = new_figure(2.2)
    # A marker may name an activity that the model never learned; it gets a row of its own.
    foreign = sorted(set(result.truth) - set(result.classes) - {""})
    names = [*result.classes, *foreign, "unknown"]
    draw_gaps(axis, stream)
    truth = [names.index(name) if name else np.nan for name in result.truth]
    said = [names.index(name) for name in result.labels]
    times, rows, true = np.array(result.times_s), np.array(said), np.array(truth, dtype=float)
    judged = np.isfinite(true) & (rows != len(names) - 1)
    series = [
        (judged & (rows == true), "o", COLORS[2], COLORS[2], "right"),
        (judged & (rows != true), "x", "#b3261e", "none", "wrong"),
        (~judged, "o", COLORS[5], "none", "not judged"),
    ]
    if np.isfinite(true).any():
        axis.step(times, true, where="mid", color="#b0bec5", linewidth=9, label="truth")
    else:
        series = [(np.ones(len(rows), dtype=bool), "o", COLORS[0], COLORS[0], "the model")]
    for chosen, marker, color, fill, label in series:
        axis.plot(
            times[chosen], rows[chosen], linestyle="none", marker=marker, color=color,
            markerfacecolor=fill, markersize=4.5, label=label,
        )  # fmt: skip
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.set_xlabel("session time [s]", fontsize=8)
    axis.legend(fontsize=8, ncols=4, frameon=False, loc="upper left", bbox_to_anchor=(0, 1.2))
    return svg(figure, "Activity by the model against the truth")
