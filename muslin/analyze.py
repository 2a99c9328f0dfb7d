"""From a session to what the body did: what `muslin analyze` does.

Everything runs on unbroken runs of samples; operators are told of every gap. What cannot be said
is NaN in here and null in JSON.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from muslin.activity import ActivityResult, classify_against_markers
from muslin.version import version
from wearables.events import SampleBlock
from wearables.sessions import Gap, Session, SessionMarker, StreamReader
from wearables.signals import (
    Beat,
    Breath,
    BreathDetector,
    Intensity,
    PulseDetector,
    Quality,
    Rate,
    movement_intensity,
    rates_from_intervals,
    run,
    signal_quality,
)
from wearables.signals.breath import breath_intervals_s
from wearables.signals.heart import intervals_s
from wearables.signals.rates import BREATH_STRICTNESS

PULSE_WINDOW_S = 10.0
BREATH_WINDOW_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSummary:
    """One stream: what arrived, what is missing, and how good it is.

    Attributes:
        name: Name of the stream.
        kinds: Kinds of its channels.
        channels: Channels with SI units.
        is_synthetic: Whether the garment says that it was computed.
        nominal_rate_hz: Rate by the schema.
        rate_hz: Rate as measured.
        n_stored: Samples in the file.
        n_lost: Samples in gap rows.
        coverage: Share that arrived.
        gaps: The gaps.
        quality: Quality per window.
        whole: All samples, NaN where missing.
    """

    name: str
    kinds: tuple[str, ...]
    channels: tuple[str, ...]
    is_synthetic: bool
    nominal_rate_hz: float
    rate_hz: float
    n_stored: int
    n_lost: int
    coverage: float
    gaps: tuple[Gap, ...]
    quality: tuple[Quality, ...]
    whole: SampleBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSummary:
    """How well device time is known on the host.

    Attributes:
        method: How it was fitted.
        n_exchanges: Exchanges recorded.
        drift_ppm: Device clock against the host's.
        rms_residual_s: Scatter of the exchanges.
    """

    method: str
    n_exchanges: int
    drift_ppm: float
    rms_residual_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything `analyze` found in a session; ``activity_refused`` says why there is none."""

    session_id: str
    path: str
    created_utc: str
    subject: str
    garment: str
    state: str
    software: str
    duration_s: float
    streams: tuple[StreamSummary, ...]
    markers: tuple[SessionMarker, ...]
    clock: ClockSummary
    beats: tuple[Beat, ...]
    pulse: tuple[Rate, ...]
    breaths: tuple[Breath, ...]
    breathing: tuple[Rate, ...]
    intensity: tuple[Intensity, ...]
    activity: ActivityResult | None
    activity_refused: str

    @property
    def n_lost(self) -> int:
        """Samples in gap rows, all streams."""
        return sum(stream.n_lost for stream in self.streams)

    def stream_of(self, kind: str) -> StreamSummary | None:
        """First stream that has a channel of a kind."""
        return next((stream for stream in self.streams if kind in stream.kinds), None)

    def rows(self) -> list[tuple[str, str]]:
        """Say it in a few rows for a person."""
        note = ", from a synthetic channel" if self.breathing_is_synthetic else ""
        breaths = f"{len(self.breaths)} breaths{note}"
        rows = [
            ("pulse", _say_rate(self.pulse, f"{len(self.beats)} beats")),
            ("breathing", _say_rate(self.breathing, breaths)),
        ]
        if self.activity is not None:
            rows.append(("activity", self.activity.sentence()))
        elif self.activity_refused:
            rows.append(("activity", f"not classified: {self.activity_refused}"))
        clock = "no exchange recorded, times come from arrivals"
        if self.clock.n_exchanges:
            clock = (
                f"{self.clock.drift_ppm:+.0f} ppm, {self.clock.n_exchanges} exchanges, "
                f"residual {self.clock.rms_residual_s * 1000:.2f} ms"
            )
        return [*rows, ("clock", clock)]

    @property
    def breathing_is_synthetic(self) -> bool:
        """Whether the breaths come from a computed channel."""
        stream = self.stream_of("strain")
        return stream is not None and stream.is_synthetic

    def to_json(self) -> dict[str, Any]:
        """Result for a program: units in the key names, null for what is not known."""
        return _plain(
            {
                "session_id": self.session_id,
                "duration_s": self.duration_s,
                "streams": {
                    s.name: {
                        "channels": s.channels,
                        "is_synthetic": s.is_synthetic,
                        "rate_hz": s.rate_hz,
                        "n_stored": s.n_stored,
                        "n_lost": s.n_lost,
                        "coverage": s.coverage,
                        "quality_mean": _mean([q.quality for q in s.quality]),
                    }
                    for s in self.streams
                },
                "clock": asdict(self.clock),
                "pulse_per_minute_median": _median(self.pulse),
                "pulse": [asdict(rate) for rate in self.pulse],
                "n_beats": len(self.beats),
                "breaths_per_minute_median": _median(self.breathing),
                "breathing_is_synthetic": self.breathing_is_synthetic,
                "breathing": [asdict(rate) for rate in self.breathing],
                "n_breaths": len(self.breaths),
                "intensity": [asdict(item) for item in self.intensity],
                "activity": asdict(self.activity) if self.activity else None,
                "activity_refused": self.activity_refused,
                "software": self.software,
            }
        )


def _median(rates: Sequence[Rate]) -> float:
    known = [rate.per_minute for rate in rates if math.isfinite(rate.per_minute)]
    return float(np.median(known)) if known else float("nan")


def _say_rate(rates: Sequence[Rate], events: str) -> str:
    if not rates:
        return "not recorded"
    n_known = sum(math.isfinite(rate.per_minute) for rate in rates)
    if not n_known:
        return f"{events}, no rate: samples are missing or the intervals are too irregular"
    return f"{_median(rates):.1f} /min median over {n_known} of {len(rates)} windows, {events}"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _plain(value: Any) -> Any:
    """JSON cannot say NaN: make it null, and tuples lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def analyze(path: Path, *, out: Path | None = None, model: Path | None = None) -> Analysis:
    """Analyse a session, and write its page.

    Args:
        path: Session file.
        out: Page to write; none is written without it.
        model: Activity model; the one that ships when absent.

    Raises:
        SessionError: If the session cannot be read.
        ModelError: If the given model does not fit the session. The one that ships may not fit:
            then there is no activity, and the result says why.
    """
    with Session.open(path) as session:
        result = _analyze(session, model)
    if out is not None:
        from muslin.report.session_page import write_session_page

        write_session_page(out, result)
    return result


def _analyze(session: Session, model: Path | None) -> Analysis:
    streams = {name: (stream, stream.read_runs()) for name, stream in session.streams.items()}
    beats, pulse = _pulse(_first(streams, "ppg"))
    breaths, breathing = _breathing(_first(streams, "strain"))
    motion = _first(streams, "acc")
    activity, refused = None, ""
    if motion is not None:
        activity, refused = classify_against_markers(
            motion[0], motion[1], model=model, markers=session.markers
        )
    return Analysis(
        session_id=session.session_id,
        path=session.path.name,
        created_utc=session.created_utc,
        subject=str(session.subject.get("id", "")),
        garment=f"{session.schema.vendor} {session.schema.name}",
        state=session.state,
        software=f"muslin {version()}",
        duration_s=session.duration_s,
        streams=tuple(_summary(stream, runs) for stream, runs in streams.values()),
        markers=session.markers,
        clock=_clock(session),
        beats=tuple(beats),
        pulse=tuple(pulse),
        breaths=tuple(breaths),
        breathing=tuple(breathing),
        intensity=tuple(_intensity(motion)),
        activity=activity,
        activity_refused=refused,
    )


_Runs = tuple[StreamReader, list[SampleBlock]]


def _first(streams: Mapping[str, _Runs], kind: str) -> _Runs | None:
    for stream, runs in streams.values():
        if kind in stream.kinds and runs:
            return stream, runs
    return None


def _summary(stream: StreamReader, runs: list[SampleBlock]) -> StreamSummary:
    total = stream.n_stored + stream.n_lost
    quality = signal_quality(runs, stream.clipped(), rate_hz=stream.rate_hz) if runs else []
    return StreamSummary(
        name=stream.name,
        kinds=stream.kinds,
        channels=stream.channels,
        is_synthetic=any("synthetic" in name for name in stream.channel_names),
        nominal_rate_hz=stream.nominal_rate_hz,
        rate_hz=stream.rate_hz,
        n_stored=stream.n_stored,
        n_lost=stream.n_lost,
        coverage=stream.n_stored / total if total else float("nan"),
        gaps=stream.gaps,
        quality=tuple(quality),
        whole=stream.read(),
    )


def _clock(session: Session) -> ClockSummary:
    boots = [int(b) for s in session.streams.values() for b in s.segments["boot"]]
    fit = session.clock(boots[-1] if boots else 0)
    return ClockSummary(
        method=fit.method,
        n_exchanges=len(session.exchanges),
        drift_ppm=-float(fit.drift[0]) * 1e6,
        rms_residual_s=fit.rms_residual_s,
    )


def _pulse(found: _Runs | None) -> tuple[list[Beat], list[Rate]]:
    if found is None:
        return [], []
    stream, runs = found
    channel = stream.kinds.index("ppg")
    beats = run(PulseDetector(rate_hz=stream.nominal_rate_hz, channel=channel), runs)
    rates = rates_from_intervals(
        np.array([beat.time_s for beat in beats]),
        intervals_s(beats),
        runs,
        rate_hz=stream.rate_hz,
        window_s=PULSE_WINDOW_S,
        hop_s=2.0,
    )
    return beats, rates


def _breathing(found: _Runs | None) -> tuple[list[Breath], list[Rate]]:
    if found is None:
        return [], []
    stream, runs = found
    channel = stream.kinds.index("strain")
    breaths = run(BreathDetector(rate_hz=stream.nominal_rate_hz, channel=channel), runs)
    rates = rates_from_intervals(
        np.array([breath.start_s for breath in breaths]),
        breath_intervals_s(breaths),
        runs,
        rate_hz=stream.rate_hz,
        window_s=BREATH_WINDOW_S,
        hop_s=4.0,
        strictness=BREATH_STRICTNESS,
    )
    return breaths, rates


def _intensity(found: _Runs | None) -> list[Intensity]:
    if found is None:
        return []
    stream, runs = found
    columns = [i for i, kind in enumerate(stream.kinds) if kind == "acc"]
    return movement_intensity(runs, rate_hz=stream.rate_hz, columns=columns)
