"""Sections of a session's page: what the body did, each with its quality and what is missing."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from html import escape

from muslin.analysis.activity import ActivityResult
from muslin.analysis.movement import Movement
from muslin.analysis.result import Analysis, median_rate
from muslin.report import body_figures, figures
from muslin.report.html import card, figure_box, number, table
from wearables.signals import Rate
from wearables.signals.heart import Variability

SOURCES = {
    "ecg": "R peaks of the ECG",
    "ppg": "pulses of the photoplethysmogram",
    "respiration": "the chest belt",
    "strain": "a strain line",
}
ZERO_CELSIUS_K = 273.15
INTENSITY_LEVELS_M_S2 = (("still", 0.0), ("light", 0.22), ("moderate", 0.9), ("vigorous", 4.0))


def summary(analysis: Analysis) -> str:
    """The main numbers as cards; one that is not known says so."""
    cards = []
    if analysis.heart.source:
        label = (
            "pulse, median [1/min]" if analysis.heart.source == "ppg" else "heart, median [1/min]"
        )
        cards.append(card(number(median_rate(analysis.pulse)), label))
        whole = analysis.heart.whole
        cards.append(card(number(1000 * whole.rmssd_s if whole else None, ".0f"), "RMSSD [ms]"))
    if analysis.breathing:
        note = ", from a synthetic channel" if analysis.breathing_is_synthetic else ""
        rate = number(median_rate(analysis.breathing))
        cards.append(card(rate, f"breaths, median [1/min]{note}"))
    if analysis.skin.temperature_stream:
        celsius = number(analysis.skin.median_k - ZERO_CELSIUS_K)
        cards.append(card(celsius, "skin temperature, median [°C]"))
    if analysis.movement.stream:
        cards.append(card(str(len(analysis.movement.steps)), "steps, missing time not counted"))
    if analysis.activity is not None:
        cards += _activity_cards(analysis.activity)
    body = f'<div class="cards">{"".join(cards)}</div>' if cards else "<p>No vital sign found.</p>"
    return f"<h2>Summary</h2>{body}"


def _activity_cards(result: ActivityResult) -> list[str]:
    """What was done most, and how often the model is right where markers tell."""
    counts = Counter(result.labels)
    cards = []
    if counts:
        name, n = counts.most_common(1)[0]
        share = f"{100 * n / len(result.labels):.0f}"
        cards.append(card(name, f"most frequent activity, {share} % of windows"))
    if result.n_judged:
        accuracy = number(100 * result.accuracy, ".0f")
        cards.append(card(f"{accuracy} %", "activity: judged windows right"))
    return cards


def _known(rates: Sequence[Rate], window_s: int) -> str:
    known = sum(math.isfinite(rate.per_minute) for rate in rates)
    return (
        f"rate in windows of {window_s} s, {known} of {len(rates)} windows have one; the others "
        "miss samples or are too irregular. No interval reaches over a gap."
    )


def heart(analysis: Analysis) -> str:
    """Beats and rate."""
    result = analysis.heart
    stream = analysis.stream_named(result.stream)
    if stream is None:
        return ""
    title = "Pulse" if result.source == "ppg" else "Heart"
    text = f"<p>From {SOURCES[result.source]}, channel {escape(stream.channels[result.column])}."
    if result.clipped_share > 0.001:
        text += (
            f' <span class="bad">{100 * result.clipped_share:.1f} % of it is clipped</span>: beats '
            "there count as doubtful and give no interval."
        )
    caption = f"{len(result.beats)} beats; {_known(result.rates, 10)}"
    return f"<h2>{title}</h2>{text}</p>{figure_box(body_figures.heart(analysis, stream), caption)}"


def variability(analysis: Analysis) -> str:
    """Variability with tachogram, Poincare plot, spectrum, and a table."""
    result = analysis.heart
    stream = analysis.stream_named(result.stream)
    if stream is None or result.whole is None or result.whole.n_intervals < 2:
        return ""
    whole = result.whole
    text = (
        f"<p>{whole.n_intervals} intervals cover {100 * whole.coverage:.0f} % of the recording; "
        f"{result.n_artefacts} were taken out as artefacts and none was filled in. Time-domain "
        "numbers need 80 % of a stretch, spectra 95 %; below that they are not known.</p>"
    )
    if not any(math.isfinite(one.mean_s) for one in (whole, *(w for _, w in result.windows))):
        most = max(one.coverage for one in (whole, *(w for _, w in result.windows)))
        text += (
            '<p class="bad">No stretch is covered well enough: the best reaches '
            f"{100 * most:.0f} %.</p>"
        )
        return f"<h2>Heart rate variability</h2>{text}"
    rows = [_variability_row("whole", whole)]
    rows += [
        _variability_row(f"{max(0.0, time_s - 150):.0f} s", one)
        for time_s, one in result.windows[:24]
    ]
    head = ("stretch", "covered [%]", "mean [ms]", "SDNN [ms]", "RMSSD [ms]", "pNN50 [%]",
            "LF [ms2]", "HF [ms2]", "SD1 [ms]", "SD2 [ms]", "entropy", "DFA 1")  # fmt: skip
    picture = body_figures.variability(result, stream)
    caption = (
        f"n = {whole.n_intervals} intervals; stretches of five minutes start at the time given."
    )
    return f"<h2>Heart rate variability</h2>{text}{figure_box(picture, caption)}{table(head, rows)}"


def _variability_row(name: str, one: Variability) -> list[str]:
    def cell(value: float, factor: float, form: str) -> str:
        return f"{factor * value:{form}}" if math.isfinite(value) else "-"

    return [
        name, cell(one.coverage, 100, ".0f"), cell(one.mean_s, 1000, ".0f"),
        cell(one.sdnn_s, 1000, ".1f"), cell(one.rmssd_s, 1000, ".1f"), cell(one.pnn50, 100, ".1f"),
        cell(one.lf_s2, 1e6, ".0f"), cell(one.hf_s2, 1e6, ".0f"), cell(one.sd1_s, 1000, ".1f"),
        cell(one.sd2_s, 1000, ".1f"), cell(one.sample_entropy, 1, ".2f"),
        cell(one.dfa_alpha1, 1, ".2f"),
    ]  # fmt: skip


def breathing(analysis: Analysis) -> str:
    """Breaths and their rate."""
    result = analysis.breath
    stream = analysis.stream_named(result.stream)
    if stream is None or not analysis.breathing:
        return ""
    source = SOURCES[result.source] if result.source != "ecg" else "the height of R peaks"
    text = f"<p>From {source}."
    if math.isfinite(result.inspiration_share):
        text += f" Inspiration takes {100 * result.inspiration_share:.0f} % of a breath (median)."
    if stream.is_synthetic:
        text += (
            ' <span class="tag">synthetic</span> This strain line was computed, not recorded from '
            "a person."
        )
    caption = f"{len(result.breaths)} breaths; {_known(result.rates, 20)}"
    picture = figure_box(body_figures.breath(analysis, stream), caption)
    return f"<h2>Breathing</h2>{text}</p>{picture}"


def skin(analysis: Analysis) -> str:
    """Temperature and conductance of the skin."""
    result = analysis.skin
    parts = []
    if result.temperature_stream:
        known = sum(math.isfinite(one.temperature_k) for one in result.temperatures)
        parts.append(
            f"Temperature is known in {known} of {len(result.temperatures)} windows of 30 s; the "
            "others miss samples or are no skin temperature."
        )
    stream = analysis.stream_named(result.conductance_stream)
    if stream is not None:
        parts.append(
            f"Conductance: {len(result.responses)} responses, "
            f"{number(result.responses_per_min)} a recorded minute, slow level "
            f"{number(1e6 * result.tonic_s, '.2f')} µS (median)."
        )
    if not parts:
        return ""
    picture = figure_box(body_figures.skin(result, stream), "Skin; gaps are grey.")
    return f"<h2>Skin</h2><p>{' '.join(parts)}</p>{picture}"


def motion(analysis: Analysis) -> str:
    """Movement, its intensity and its spectrogram."""
    stream = analysis.stream_named(analysis.movement.stream)
    if stream is None:
        return ""
    known = [item.mad_m_s2 for item in analysis.intensity if math.isfinite(item.mad_m_s2)]
    levels = Counter(_level(value) for value in known)
    said = ", ".join(f"{name} {levels[name]} s" for name, _ in INTENSITY_LEVELS_M_S2)
    text = f"<p>Seconds by intensity: {said}; {len(analysis.intensity) - len(known)} not known."
    if analysis.movement.wear:
        verdicts = Counter(one.verdict for one in analysis.movement.wear)
        hours = ", ".join(f"{name} {n}" for name, n in verdicts.most_common())
        text += f" Windows of an hour, each 15 minutes: {hours}."
    text += "</p>"
    caption = "Intensity is the mean amplitude deviation of the acceleration, per second."
    pictures = figure_box(figures.motion(analysis, stream), caption)
    found = analysis.movement.spectrogram
    if found is not None:
        pictures += figure_box(
            body_figures.spectrogram(found),
            f"Length of the acceleration in windows of 4 s, n = {len(found.times_s)}; blank where "
            "samples are missing.",
        )
    return f"<h2>Movement</h2>{text}{pictures}"


def _level(mad_m_s2: float) -> str:
    return [name for name, least in INTENSITY_LEVELS_M_S2 if mad_m_s2 >= least][-1]


def walking(analysis: Analysis) -> str:
    """Steps, cadence, posture."""
    result = analysis.movement
    stream = analysis.stream_named(result.stream)
    if stream is None or not (result.bouts or result.postures):
        return ""
    head = ("bout", "steps", "cadence [1/min]", "variation [%]", "asymmetry [%]")
    longest = sorted(result.bouts, key=lambda bout: -bout.n_steps)[:8]
    rows = [
        [f"{b.start_s:.0f} to {b.stop_s:.0f} s", str(b.n_steps), number(b.cadence_per_min, ".0f"),
         number(100 * b.step_variation, ".1f"), number(100 * b.asymmetry, ".1f")]
        for b in sorted(longest, key=lambda bout: bout.start_s)
    ]  # fmt: skip
    totals: dict[str, float] = {}
    for span in result.postures:
        totals[span.name] = totals.get(span.name, 0.0) + span.stop_s - span.start_s
    held = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in totals.items())
    posture = (
        f"<p>Posture: {held}. The sensor is taken to sit on the trunk; walking shows which way is "
        "up.</p>"
        if held
        else f"<p>No posture: {result.posture_refused}.</p>"
    )
    posture += _gait(result)
    caption = f"{len(result.steps)} steps in {len(result.bouts)} bouts; the longest in the table."
    picture = figure_box(body_figures.walking(result, stream), caption)
    return f"<h2>Walking and posture</h2>{posture}{picture}{table(head, rows)}"


def _gait(result: Movement) -> str:
    """Shares of a stride, where contacts were found."""
    cycles = [one for one in result.gait if math.isfinite(one.stance_s)]
    if not cycles:
        return ""
    stance, double = (
        100 * statistics.median(getattr(one, name) / one.stride_s for one in cycles)
        for name in ("stance_s", "double_support_s")
    )
    stride_s = statistics.median(one.stride_s for one in cycles)
    return (
        f"<p>A stride takes {stride_s:.2f} s: stance {stance:.0f} %, double support {double:.0f} % "
        f"(medians of {len(cycles)}, one from each contact of a foot); true as far as the sensor "
        "sits at the lower back.</p>"
    )


def activity(analysis: Analysis) -> str:
    """What the model says, beside the truth if markers tell it."""
    result = analysis.activity
    stream = analysis.stream_named(result.stream) if result else None
    if result is None or stream is None:
        why = analysis.activity_refused
        return f"<h2>Activity</h2><p>Not classified: {escape(why)}.</p>" if why else ""
    text = (
        f"<p>{escape(result.sentence())}. {_unknown(result)}"
        f"{'Windows over a change of activity are not judged.' if result.n_judged else ''}</p>"
    )
    caption = f"From {stream.name}, n = {len(result.labels)} windows."
    if any(result.truth):
        caption += " Grey bars: the true activity by the garment's markers."
    times = _activity_times(result)
    return f"<h2>Activity</h2>{text}{figure_box(figures.activity(result, stream), caption)}{times}"


def _unknown(result: ActivityResult) -> str:
    """Why windows are unknown, in numbers."""
    from wearables.activity.answer import REASONS

    counts = Counter(reason for reason in result.reasons if reason)
    if not counts:
        return ""
    said = ", ".join(f"{n} since {REASONS[reason]}" for reason, n in counts.most_common())
    return f"Unknown: {said}. "


def _activity_times(result: ActivityResult) -> str:
    """How much of the judged time each activity takes."""
    counts = Counter(result.labels)
    total = sum(counts.values())
    rows = [[name, str(n), f"{100 * n / total:.0f}"] for name, n in counts.most_common()]
    return table(("activity", "windows", "share [%]"), rows) if rows else ""
