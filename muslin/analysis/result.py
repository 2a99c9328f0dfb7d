"""What an analysis found in a session, as values, in rows for a person and in JSON for programs.

What cannot be said is NaN in here and null in JSON.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from muslin.analysis.activity import ActivityResult
from muslin.analysis.movement import Movement
from muslin.analysis.skin import Skin
from muslin.analysis.vitals import Breathing, Heart
from wearables.events import SampleBlock
from wearables.sessions import Gap, SessionMarker
from wearables.signals import Beat, Breath, Intensity, Quality, Rate

# Slower streams are events or derived values, which may well stay constant.
MIN_EVEN_HZ = 2.0


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
        doubts: Sentences about what cannot be right in the stream as a whole.
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
    doubts: tuple[str, ...]
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
    heart: Heart
    breath: Breathing
    skin: Skin
    movement: Movement
    activity: ActivityResult | None
    activity_refused: str

    @property
    def beats(self) -> tuple[Beat, ...]:
        """Beats, doubtful ones included."""
        return self.heart.beats

    @property
    def pulse(self) -> tuple[Rate, ...]:
        """Heart rate per window."""
        return self.heart.rates

    @property
    def breaths(self) -> tuple[Breath, ...]:
        """Breaths."""
        return self.breath.breaths

    @property
    def breathing(self) -> tuple[Rate, ...]:
        """Breath rate per window."""
        return self.breath.rates

    @property
    def intensity(self) -> tuple[Intensity, ...]:
        """Movement per second."""
        return self.movement.intensity

    @property
    def n_lost(self) -> int:
        """Samples in gap rows, all streams."""
        return sum(stream.n_lost for stream in self.streams)

    def stream_of(self, kind: str) -> StreamSummary | None:
        """First stream that has a channel of a kind."""
        return next((stream for stream in self.streams if kind in stream.kinds), None)

    def stream_named(self, name: str) -> StreamSummary | None:
        """Stream of a name."""
        return next((stream for stream in self.streams if stream.name == name), None)

    def rows(self) -> list[tuple[str, str]]:
        """Say it in a few rows for a person."""
        note = ", from a synthetic channel" if self.breathing_is_synthetic else ""
        breaths = f"{len(self.breaths)} breaths{note}"
        rows = [
            ("pulse", _say_rate(self.pulse, f"{len(self.beats)} beats")),
            ("breathing", _say_rate(self.breathing, breaths)),
        ]
        whole = self.heart.whole
        if whole is not None and math.isfinite(whole.rmssd_s):
            rows.append(("variability", f"RMSSD {1000 * whole.rmssd_s:.0f} ms"))
        if self.movement.steps:
            bouts = f"{len(self.movement.bouts)} bouts of walking"
            rows.append(("steps", f"{len(self.movement.steps)} in {bouts}"))
        rows += [("doubt", f"{s.name}: {text}") for s in self.streams for text in s.doubts]
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
        stream = self.stream_named(self.breath.stream)
        return stream is not None and stream.is_synthetic

    def to_json(self) -> dict[str, Any]:
        """Result for a program: units in the key names, null for what is not known."""
        return _plain(
            {
                "session_id": self.session_id,
                "subject": self.subject,
                "created_utc": self.created_utc,
                "duration_s": self.duration_s,
                "streams": {stream.name: _stream(stream) for stream in self.streams},
                "clock": asdict(self.clock),
                "pulse_source": self.heart.source,
                "pulse_per_minute_median": median_rate(self.pulse),
                "pulse": [asdict(rate) for rate in self.pulse],
                "n_beats": len(self.beats),
                "variability": _variability(self.heart),
                "breathing_source": self.breath.source,
                "breaths_per_minute_median": median_rate(self.breathing),
                "breathing_is_synthetic": self.breathing_is_synthetic,
                "breathing": [asdict(rate) for rate in self.breathing],
                "n_breaths": len(self.breaths),
                "inspiration_share": self.breath.inspiration_share,
                "skin_temperature_k_median": self.skin.median_k,
                "skin_temperature": [asdict(one) for one in self.skin.temperatures],
                "skin_conductance_s_median": self.skin.tonic_s,
                "skin_responses_per_minute": self.skin.responses_per_min,
                "skin_responses": [asdict(one) for one in self.skin.responses],
                "wear": [asdict(one) for one in self.movement.wear],
                "intensity": [asdict(item) for item in self.intensity],
                "n_steps": len(self.movement.steps),
                "walking": [asdict(bout) for bout in self.movement.bouts],
                "gait": [asdict(one) for one in self.movement.gait],
                "postures": [asdict(span) for span in self.movement.postures],
                "posture_refused": self.movement.posture_refused,
                "activity": asdict(self.activity) if self.activity else None,
                "activity_refused": self.activity_refused,
                "software": self.software,
            }
        )


def median_rate(rates: Sequence[Rate]) -> float:
    """Median of the windows that have a rate; NaN when none has one."""
    known = [rate.per_minute for rate in rates if math.isfinite(rate.per_minute)]
    return float(np.median(known)) if known else float("nan")


def _say_rate(rates: Sequence[Rate], events: str) -> str:
    if not rates:
        return "not recorded"
    n_known = sum(math.isfinite(rate.per_minute) for rate in rates)
    if not n_known:
        return f"{events}, no rate: samples are missing or the intervals are too irregular"
    return f"{median_rate(rates):.1f} /min median over {n_known} of {len(rates)} windows, {events}"


def _stream(stream: StreamSummary) -> dict[str, Any]:
    return {
        "channels": stream.channels,
        "is_synthetic": stream.is_synthetic,
        "rate_hz": stream.rate_hz,
        "n_stored": stream.n_stored,
        "n_lost": stream.n_lost,
        "coverage": stream.coverage,
        "quality_mean": _mean([q.quality for q in stream.quality]),
        "doubts": stream.doubts,
    }


def _variability(heart: Heart) -> dict[str, Any] | None:
    if heart.whole is None:
        return None
    return {
        "n_artefacts": heart.n_artefacts,
        "clipped_share": heart.clipped_share,
        "whole": asdict(heart.whole),
        "windows": [{"time_s": time_s, **asdict(one)} for time_s, one in heart.windows],
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _plain(value: Any) -> Any:
    """JSON cannot say NaN: make it null, and tuples lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
