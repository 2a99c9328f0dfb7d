"""One self-contained page for a session, data quality first. It asks nothing from outside."""

import math
from html import escape
from pathlib import Path

from muslin.analyze import Analysis, StreamSummary
from muslin.report import figures

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --paper: #ffffff; --soft: #5b6670;
  --line: #d8dee3; --card: #f5f7f9; --bad: #b3261e; --good: #2c6e49; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --paper: #14181c; --soft: #9aa7b2;
  --line: #2b333b; --card: #1c2228; --bad: #f2b8b5; --good: #8fd3aa; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 32px 24px 64px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; }
p { margin: 6px 0; max-width: 72ch; } .soft { color: var(--soft); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin: 18px 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 14px; }
.card b { display: block; font-size: 22px; } .card span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; margin: 10px 0; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 16px; }
.tag { border: 1px solid var(--line); border-radius: 10px; padding: 0 8px; font-size: 12px; }
.bad { color: var(--bad); } .good { color: var(--good); }
figure { margin: 10px 0; background: #fff; border-radius: 8px; border: 1px solid var(--line);
  padding: 6px; } figure svg { width: 100%; height: auto; display: block; }
figcaption { color: #4a545d; font-size: 12.5px; padding: 2px 6px; }
"""


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
        _cards(analysis),
        _quality(analysis),
        _activity(analysis),
        _pulse(analysis),
        _breathing(analysis),
        _motion(analysis),
        _provenance(analysis),
    ]
    title = f"Session {escape(analysis.session_id[:8])}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
        + "\n".join(part for part in body if part)
        + "</main></body></html>\n"
    )


def _number(value: float, form: str = ".1f") -> str:
    return f"{value:{form}}" if math.isfinite(value) else "not known"


def _card(value: str, label: str) -> str:
    return f'<div class="card"><b>{escape(value)}</b><span>{escape(label)}</span></div>'


def _cards(analysis: Analysis) -> str:
    numbers = analysis.to_json()
    stored = sum(stream.n_stored for stream in analysis.streams)
    total = stored + analysis.n_lost
    share = 100 * stored / total if total else float("nan")
    cards = [_card(f"{_number(share)} %", f"of {total} samples recorded")]
    if analysis.pulse:
        value = numbers["pulse_per_minute_median"]
        cards.append(_card(_number(value or math.nan), "pulse, median [1/min]"))
    if analysis.breathing:
        value = numbers["breaths_per_minute_median"]
        strain = analysis.stream_of("strain")
        note = ", from a synthetic channel" if strain and strain.is_synthetic else ""
        cards.append(_card(_number(value or math.nan), f"breaths, median [1/min]{note}"))
    if analysis.activity is not None:
        accuracy = _number(100 * analysis.activity.accuracy, ".0f")
        judged = f"{accuracy} %" if analysis.activity.n_judged else "not judged"
        cards.append(_card(judged, "activity: judged windows right"))
    return f'<div class="cards">{"".join(cards)}</div>'


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def _quality(analysis: Analysis) -> str:
    rows = "".join(_stream_row(stream) for stream in analysis.streams)
    gaps = [(stream, gap) for stream in analysis.streams for gap in stream.gaps]
    gap_rows = "".join(
        f'<tr><td>{escape(stream.name)}</td><td class="n">{gap.start_s:.2f}</td>'
        f'<td class="n">{gap.stop_s - gap.start_s:.2f}</td><td class="n">{gap.first_index}</td>'
        f'<td class="n">{gap.n_samples}</td><td class="n">{gap.n_filled}</td>'
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
    clock = analysis.clock
    return (
        "<h2>Data quality</h2>"
        "<p>Every sample that the garment took is either in the file or in the table of gaps. "
        "Nothing is interpolated: gaps are drawn as grey bands and left out of every number.</p>"
        '<table><thead><tr><th>stream</th><th>channels</th><th class="n">rate (nominal) [Hz]</th>'
        '<th class="n">stored</th><th class="n">lost</th><th class="n">coverage</th>'
        f'<th class="n">quality</th></tr></thead><tbody>{rows}</tbody></table>'
        + _figure(figures.overview(analysis.streams), "Recorded samples; gaps in red.")
        + _figure(
            figures.quality(analysis.streams),
            "Quality per window of 2 s: coverage, less what is clipped; 0 where a channel is flat.",
        )
        + gap_table
        + f"<p>Clock: {clock.n_exchanges} two-way exchanges, method {escape(clock.method)}, "
        f"the garment's clock runs {_number(clock.drift_ppm, '+.1f')} ppm against the host's, "
        f"residual {_number(clock.rms_residual_s * 1000, '.2f')} ms rms.</p>"
    )


def _stream_row(stream: StreamSummary) -> str:
    tag = ' <span class="tag">synthetic</span>' if stream.is_synthetic else ""
    quality = [q.quality for q in stream.quality]
    mean = sum(quality) / len(quality) if quality else math.nan
    lost = f'<span class="bad">{stream.n_lost}</span>' if stream.n_lost else "0"
    return (
        f"<tr><td>{escape(stream.name)}{tag}</td><td>{escape(', '.join(stream.channels))}</td>"
        f'<td class="n">{stream.rate_hz:.3f} ({stream.nominal_rate_hz:g})</td>'
        f'<td class="n">{stream.n_stored}</td><td class="n">{lost}</td>'
        f'<td class="n">{_number(100 * stream.coverage)} %</td>'
        f'<td class="n">{_number(mean, ".2f")}</td></tr>'
    )


def _activity(analysis: Analysis) -> str:
    stream = analysis.stream_of("acc")
    if analysis.activity is None or stream is None:
        why = escape(analysis.activity_refused)
        return f"<h2>Activity</h2><p>Not classified: {why}.</p>" if why else ""
    result = analysis.activity
    text = (
        f"<p>{escape(result.sentence())}. Unknown means that samples are missing inside the window "
        "or that the model doubts. Windows over a change of activity are not judged.</p>"
    )
    caption = "Grey bars: the true activity by the garment's markers. n = "
    picture = _figure(figures.activity(result, stream), f"{caption}{len(result.labels)} windows.")
    return f"<h2>Activity</h2>{text}{picture}"


def _pulse(analysis: Analysis) -> str:
    stream = analysis.stream_of("ppg")
    if stream is None or not analysis.pulse:
        return ""
    known = sum(math.isfinite(rate.per_minute) for rate in analysis.pulse)
    caption = (
        f"{len(analysis.beats)} beats; rate in windows of 10 s, {known} of {len(analysis.pulse)} "
        "windows have one; the others miss samples or are too irregular. No interval reaches over "
        "a gap."
    )
    return f"<h2>Pulse</h2>{_figure(figures.pulse(analysis, stream), caption)}"


def _breathing(analysis: Analysis) -> str:
    stream = analysis.stream_of("strain")
    if stream is None or not analysis.breathing:
        return ""
    note = (
        '<p><span class="tag">synthetic</span> This strain line was computed, not recorded from '
        "a person.</p>"
        if stream.is_synthetic
        else ""
    )
    known = sum(math.isfinite(rate.per_minute) for rate in analysis.breathing)
    caption = (
        f"{len(analysis.breaths)} breaths; rate in windows of 20 s, {known} of "
        f"{len(analysis.breathing)} windows have one. No interval reaches over a gap."
    )
    return f"<h2>Breathing</h2>{note}{_figure(figures.breathing(analysis, stream), caption)}"


def _motion(analysis: Analysis) -> str:
    stream = analysis.stream_of("acc")
    if stream is None:
        return ""
    caption = "Intensity is the mean amplitude deviation of the acceleration, per second."
    return f"<h2>Movement</h2>{_figure(figures.motion(analysis, stream), caption)}"


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
