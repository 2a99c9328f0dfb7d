"""One self-contained page for a session, data quality first. It asks nothing from outside."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from muslin.analysis.result import MIN_EVEN_HZ, Analysis, StreamSummary
from muslin.report import figures, sections
from muslin.report.html import figure_box, number, page


def write_session_page(path: Path, analysis: Analysis) -> None:
    """Write the page.

    Args:
        path: File to write.
        analysis: What was found in the session.

    Raises:
        OSError: If the file cannot be written.
    """
    path.write_text(session_page(analysis), encoding="utf-8")


def session_page(analysis: Analysis) -> str:
    """The page as HTML text."""
    body = [
        f"<h1>Session {escape(analysis.session_id[:8])}</h1>",
        f'<p class="soft">{escape(analysis.garment)} · subject {escape(analysis.subject)} · '
        f"recorded {escape(analysis.created_utc[:19])} UTC · {analysis.duration_s:.1f} s · "
        f"file {escape(analysis.path)} ({escape(analysis.state)})</p>",
        _quality(analysis),
        sections.summary(analysis),
        sections.heart(analysis),
        sections.variability(analysis),
        sections.breathing(analysis),
        sections.skin(analysis),
        sections.motion(analysis),
        sections.walking(analysis),
        sections.activity(analysis),
        _provenance(analysis),
    ]
    return page(f"Session {analysis.session_id[:8]}", body)


def _quality(analysis: Analysis) -> str:
    even = [stream for stream in analysis.streams if stream.nominal_rate_hz >= MIN_EVEN_HZ]
    # A list of events has no samples that could be missing; a garment may bring dozens of them.
    others = [stream for stream in analysis.streams if stream.nominal_rate_hz < MIN_EVEN_HZ]
    shown = even or others
    gaps = [(stream, gap) for stream in analysis.streams for gap in stream.gaps]
    gap_rows = "".join(
        f'<tr><td>{escape(stream.name)}</td><td class="n">{gap.start_s:.2f}</td>'
        f'<td class="n">{gap.stop_s - gap.start_s:.2f}</td><td class="n">{gap.first_index}</td>'
        f'<td class="n">{gap.n_samples or "unknown"}</td><td class="n">{gap.n_filled}</td>'
        f"<td>{escape(gap.cause.name.lower().replace('_', ' '))}</td></tr>"
        for stream, gap in gaps
    )
    gap_table = (
        '<table><thead><tr><th>stream</th><th class="n">start [s]</th><th class="n">length [s]</th>'
        '<th class="n">first index</th><th class="n">samples</th><th class="n">filled later</th>'
        f"<th>cause</th></tr></thead><tbody>{gap_rows}</tbody></table>"
        if gaps
        else '<p class="good">No gap: every sample that the garment took is in the file.</p>'
    )
    return (
        "<h2>Data quality</h2>"
        + _verdict(analysis)
        + "<p>Every sample that the garment took is either in the file or in the table of gaps. "
        "Nothing is interpolated: gaps are drawn as grey bands and left out of every number.</p>"
        + _stream_table(shown)
        + figure_box(figures.overview(shown), "Recorded samples; gaps in red.")
        + figure_box(
            figures.quality(shown),
            "Quality in windows of 2 s, green 1 to red 0: coverage, less what is clipped or a "
            "spike; 0 where a channel is flat. Streams below 2 Hz are not judged.",
        )
        + _others(others if even else [])
        + gap_table
        + f"<p>Clock: {_clock(analysis)}.</p>"
    )


def _stream_table(streams: Sequence[StreamSummary]) -> str:
    rows = "".join(_stream_row(stream) for stream in streams)
    return (
        '<table><thead><tr><th>stream</th><th>channels</th><th class="n">rate (nominal) [Hz]</th>'
        '<th class="n">stored</th><th class="n">lost</th><th class="n">coverage</th>'
        f'<th class="n">quality</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _others(streams: Sequence[StreamSummary]) -> str:
    """Streams below 2 Hz, folded away."""
    if not streams:
        return ""
    return (
        f"<details><summary>{len(streams)} streams of events or derived values, below "
        f"{MIN_EVEN_HZ:g} Hz</summary>{_stream_table(streams)}</details>"
    )


def _clock(analysis: Analysis) -> str:
    clock = analysis.clock
    if not clock.n_exchanges:
        return "no two-way exchange was recorded, times come from arrivals or from the file"
    return (
        f"{clock.n_exchanges} two-way exchanges, method {escape(clock.method)}, the garment's "
        f"clock runs {number(clock.drift_ppm, '+.1f')} ppm against the host's, residual "
        f"{number(clock.rms_residual_s * 1000, '.2f')} ms rms"
    )


def _verdict(analysis: Analysis) -> str:
    """What a reader should know before any number: share recorded, and doubts."""
    stored = sum(stream.n_stored for stream in analysis.streams)
    total = stored + analysis.n_lost
    share = 100 * stored / total if total else math.nan
    doubtful = [(stream.name, text) for stream in analysis.streams for text in stream.doubts]
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(text)}</li>" for name, text in doubtful)
    said = (
        f'<p class="bad">Doubts about whole streams:</p><ul>{items}</ul>'
        if items
        else (
            '<p class="good">No doubt about clock, rate, units, order or range of any stream.</p>'
        )
    )
    return f"<p><b>{number(share)} %</b> of {total} samples recorded.</p>{said}"


def _stream_row(stream: StreamSummary) -> str:
    tag = ' <span class="tag">synthetic</span>' if stream.is_synthetic else ""
    quality = [q.quality for q in stream.quality]
    mean = sum(quality) / len(quality) if quality else math.nan
    lost = f'<span class="bad">{stream.n_lost}</span>' if stream.n_lost else "0"
    return (
        f"<tr><td>{escape(stream.name)}{tag}</td><td>{escape(', '.join(stream.channels))}</td>"
        f'<td class="n">{stream.rate_hz:.3f} ({stream.nominal_rate_hz:g})</td>'
        f'<td class="n">{stream.n_stored}</td><td class="n">{lost}</td>'
        f'<td class="n">{number(100 * stream.coverage)} %</td>'
        f'<td class="n">{number(mean, ".2f") if quality else "-"}</td></tr>'
    )


def _provenance(analysis: Analysis) -> str:
    marks = ", ".join(
        f"{escape(mark.text or mark.kind)} at {mark.time_s:.2f} s" for mark in analysis.markers
    )
    return (
        "<h2>Provenance</h2>"
        f"<p>Session {escape(analysis.session_id)}, analysed by {escape(analysis.software)}. "
        "Filters are causal; the page shows what a live view would have shown.</p>"
        f'<p class="soft">Markers: {marks or "none"}.</p>'
        '<p class="soft">Not a medical device; nothing here is a diagnosis.</p>'
    )
