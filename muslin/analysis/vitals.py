"""Heart and breath of a session: which channel is used, what it says, and what is left out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wearables.events import SampleBlock
from wearables.sessions import StreamReader
from wearables.signals import (
    Beat,
    Breath,
    BreathDetector,
    PulseDetector,
    Rate,
    RPeakDetector,
    rails,
    rates_from_intervals,
    run,
    with_clipping,
)
from wearables.signals.breath import breath_intervals_s, breathing_from_beats
from wearables.signals.breath.derived import GRID_HZ
from wearables.signals.breath.sites import shows_breath
from wearables.signals.heart import Variability, clean_intervals, intervals_s, variability
from wearables.signals.rates import BREATH_STRICTNESS

PULSE_WINDOW_S = 10.0
BREATH_WINDOW_S = 20.0
HRV_WINDOW_S = 300.0
# Intervals need two beats that look like beats in a signal that is not clipped.
MIN_BEAT_QUALITY = 0.3

Runs = tuple[StreamReader, list[SampleBlock]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """Heart of a session; empty where nothing shows it.

    Attributes:
        source: ``ecg`` or ``ppg``; empty without either.
        stream: Name of the stream.
        column: Its channel; of several leads the one that clips least.
        beats: All beats, doubtful ones with a low quality.
        rates: Rate per window.
        ends_s: Time of the beat that ends each interval.
        intervals_s: Intervals; NaN over gaps, at doubtful beats and at artefacts.
        n_artefacts: Intervals that were taken out as artefacts.
        whole: Variability of the session.
        windows: Variability in windows of five minutes, with the time of their middle.
        clipped_share: Share of samples at an end of their range.
    """

    source: str = ""
    stream: str = ""
    column: int = 0
    beats: tuple[Beat, ...] = ()
    rates: tuple[Rate, ...] = ()
    ends_s: tuple[float, ...] = ()
    intervals_s: tuple[float, ...] = ()
    n_artefacts: int = 0
    whole: Variability | None = None
    windows: tuple[tuple[float, Variability], ...] = ()
    clipped_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breathing:
    """Breath of a session; empty where nothing shows it.

    Attributes:
        source: ``respiration`` (belts), ``strain`` or ``ecg`` (height of R peaks); empty without.
        stream: Name of the stream.
        column: Its channel.
        breaths: Breaths.
        rates: Rate per window.
        inspiration_share: Median share of the inspiration in a breath.
    """

    source: str = ""
    stream: str = ""
    column: int = 0
    breaths: tuple[Breath, ...] = ()
    rates: tuple[Rate, ...] = ()
    inspiration_share: float = math.nan


def first_of(streams: Mapping[str, Runs], kind: str) -> Runs | None:
    """First stream with samples that has a channel of a kind."""
    for stream, runs in streams.values():
        if kind in stream.kinds and runs:
            return stream, runs
    return None


def heart(streams: Mapping[str, Runs]) -> Heart:
    """Beats, rates and variability, from an ECG if there is one, else from a PPG."""
    for kind in ("ecg", "ppg"):
        found = first_of(streams, kind)
        if found is not None:
            return _heart(*found, kind)
    return Heart()


def _heart(stream: StreamReader, runs: list[SampleBlock], kind: str) -> Heart:
    columns = [i for i, name in enumerate(stream.kinds) if name == kind]
    values = np.full((stream.n_rows, len(columns)), np.nan)
    for block in runs:
        rows = slice(block.first_index, block.first_index + block.n_samples)
        values[rows] = block.values[:, columns]
    clipped = stream.clipped()[:, columns] | rails(values)
    best = int(clipped.mean(axis=0).argmin())
    column, own = columns[best], clipped[:, [best]]
    marked = with_clipping(runs, own, rate_hz=stream.nominal_rate_hz)
    make = RPeakDetector if kind == "ecg" else PulseDetector
    beats = run(make(rate_hz=stream.nominal_rate_hz, channel=column), marked)
    times = np.array([beat.time_s for beat in beats])
    raw = intervals_s(beats, min_quality=MIN_BEAT_QUALITY if kind == "ecg" else 0.0)
    clean = clean_intervals(raw)
    rates = rates_from_intervals(
        times, raw, runs, rate_hz=stream.rate_hz, window_s=PULSE_WINDOW_S, hop_s=2.0
    )
    span = float(runs[-1].time_s[-1] - runs[0].time_s[0])
    return Heart(
        source=kind,
        stream=stream.name,
        column=column,
        beats=tuple(beats),
        rates=tuple(rates),
        ends_s=tuple(times.tolist()),
        intervals_s=tuple(clean.tolist()),
        n_artefacts=int((np.isfinite(raw) & np.isnan(clean)).sum()),
        whole=variability(times, clean, span_s=span),
        windows=_windows(times, clean, runs),
        clipped_share=float(own.mean()) if own.size else 0.0,
    )


def _windows(
    times: np.ndarray, clean: np.ndarray, runs: Sequence[SampleBlock]
) -> tuple[tuple[float, Variability], ...]:
    first, last = float(runs[0].time_s[0]), float(runs[-1].time_s[-1])
    found = []
    for start in np.arange(first, last - HRV_WINDOW_S + 1e-9, HRV_WINDOW_S):
        inside = (times >= start) & (times < start + HRV_WINDOW_S)
        one = variability(times[inside], clean[inside], span_s=HRV_WINDOW_S)
        found.append((float(start + HRV_WINDOW_S / 2), one))
    return tuple(found)


def breathing(streams: Mapping[str, Runs], beats: Heart) -> Breathing:
    """Breaths from belts, else a strain line, else the height of R peaks."""
    for kind in ("respiration", "strain"):
        for stream, runs in streams.values():
            column = _belt(stream, kind)
            if column is None or not runs:
                continue
            breaths = run(BreathDetector(rate_hz=stream.nominal_rate_hz, channel=column), runs)
            return _breathing(breaths, runs, stream.rate_hz, kind, stream.name, column)
    if beats.source != "ecg":
        return Breathing()
    rows = breathing_from_beats(beats.beats, min_quality=MIN_BEAT_QUALITY)
    breaths = run(BreathDetector(rate_hz=GRID_HZ), rows)
    return _breathing(breaths, rows, GRID_HZ, "ecg", beats.stream, beats.column)


def _belt(stream: StreamReader, kind: str) -> int | None:
    """The belt round the chest by its name, else the first channel of the kind on the trunk."""
    columns = [
        i
        for i, (name, site) in enumerate(zip(stream.kinds, stream.sites, strict=True))
        if name == kind and shows_breath(name, site)
    ]
    chest = [i for i in columns if "thor" in stream.channel_names[i]]
    return next(iter(chest or columns), None)


def _breathing(
    breaths: list[Breath],
    runs: list[SampleBlock],
    rate_hz: float,
    source: str,
    stream: str,
    column: int,
) -> Breathing:
    rates = rates_from_intervals(
        np.array([breath.start_s for breath in breaths]),
        breath_intervals_s(breaths),
        runs,
        rate_hz=rate_hz,
        window_s=BREATH_WINDOW_S,
        hop_s=4.0,
        strictness=BREATH_STRICTNESS,
    )
    shares = [b.inspiration_s / (b.inspiration_s + b.expiration_s) for b in breaths]
    known = [share for share in shares if math.isfinite(share)]
    return Breathing(
        source=source,
        stream=stream,
        column=column,
        breaths=tuple(breaths),
        rates=tuple(rates),
        inspiration_share=float(np.median(known)) if known else math.nan,
    )
