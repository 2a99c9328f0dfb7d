"""From a session to what the body did: what `muslin analyze` does.

Everything runs on unbroken runs of samples; operators are told of every gap. What cannot be said
is NaN in here and null in JSON.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.schema import StreamSchema
from muslin.activity import ActivityResult, classify_against_markers
from muslin.movement import Movement, movement
from muslin.skin import Skin, skin
from muslin.synthetic import is_synthetic
from muslin.version import version
from muslin.vitals import Breathing, Heart, breathing, first_of, heart
from wearables.events import SampleBlock
from wearables.sessions import Gap, Session, SessionMarker, StreamReader
from wearables.signals import (
    Beat,
    Breath,
    Intensity,
    Quality,
    Rate,
    doubts,
    rails,
    signal_quality,
)

# Slower streams are events or derived values, which may well stay constant.
MIN_EVEN_HZ = 2.0
# A signal that is cut this often has lost its peaks.
MAX_CLIPPED = 0.01


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
        from muslin.analysis_json import analysis_json

        return analysis_json(self)


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


def analyze(path: Path, *, out: Path | None = None, model: Path | None = None) -> Analysis:
    """Analyse a session, and write its page.

    Args:
        path: Session file.
        out: Page to write, and the numbers as JSON beside it; nothing is written without it.
        model: Activity model; the one that ships when absent.

    Raises:
        SessionError: If the session cannot be read.
        InputError: If no stream has the given model's channels.
        ModelError: If the given model does not fit the session. The one that ships may not fit:
            then there is no activity, and the result says why.
    """
    with Session.open(path) as session:
        result = _analyze(session, model)
    if out is not None:
        from muslin.report.session_page import write_session_page

        write_session_page(out, result)
        text = json.dumps(result.to_json(), indent=2, allow_nan=False)
        out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return result


def _analyze(session: Session, model: Path | None) -> Analysis:
    streams = {name: (stream, stream.read_runs()) for name, stream in session.streams.items()}
    motion = first_of(streams, "acc")
    activity, refused = None, ""
    if motion is not None or model is not None:
        activity, refused = classify_against_markers(streams, model=model, markers=session.markers)
    beats = heart(streams)
    return Analysis(
        session_id=session.session_id,
        path=session.path.name,
        created_utc=session.created_utc,
        subject=str(session.subject.get("id", "")),
        garment=f"{session.schema.vendor} {session.schema.name}",
        state=session.state,
        software=f"muslin {version()}",
        duration_s=session.duration_s,
        streams=tuple(
            _summary(session.schema.stream_named(name), *found) for name, found in streams.items()
        ),
        markers=session.markers,
        clock=_clock(session),
        heart=beats,
        breath=breathing(streams, beats),
        skin=skin(streams),
        movement=movement(motion),
        activity=activity,
        activity_refused=refused,
    )


def _summary(
    described: StreamSchema, stream: StreamReader, runs: list[SampleBlock]
) -> StreamSummary:
    total = stream.n_stored + stream.n_lost
    is_even = stream.nominal_rate_hz >= MIN_EVEN_HZ and bool(runs)
    quality = signal_quality(runs, stream.clipped(), rate_hz=stream.rate_hz) if is_even else []
    return StreamSummary(
        name=stream.name,
        kinds=stream.kinds,
        channels=stream.channels,
        is_synthetic=any(is_synthetic(channel) for channel in described.channels),
        nominal_rate_hz=stream.nominal_rate_hz,
        rate_hz=stream.rate_hz,
        n_stored=stream.n_stored,
        n_lost=stream.n_lost,
        coverage=stream.n_stored / total if total else float("nan"),
        gaps=stream.gaps,
        quality=tuple(quality),
        doubts=_doubts(stream, runs),
        whole=stream.read(),
    )


def _doubts(stream: StreamReader, runs: list[SampleBlock]) -> tuple[str, ...]:
    """Doubts about what is sampled evenly; lists of events have no rate to doubt."""
    if stream.nominal_rate_hz < MIN_EVEN_HZ or not runs:
        return ()
    found = list(doubts(runs, stream.kinds, rate_hz=stream.nominal_rate_hz))
    share = (stream.clipped() | rails(stream.read().values)).mean(axis=0)
    for name, own in zip(stream.channels, share.tolist(), strict=True):
        if own > MAX_CLIPPED:
            found.append(f"{name} is clipped in {100 * own:.1f} % of its samples")
    return tuple(found)


def _clock(session: Session) -> ClockSummary:
    boots = [int(b) for s in session.streams.values() for b in s.segments["boot"]]
    fit = session.clock(boots[-1] if boots else 0)
    return ClockSummary(
        method=fit.method,
        n_exchanges=len(session.exchanges),
        drift_ppm=-float(fit.drift[0]) * 1e6,
        rms_residual_s=fit.rms_residual_s,
    )
