"""Numbers of an analysis for programs: units in the key names, null for what is not known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.vitals import Heart

if TYPE_CHECKING:
    from muslin.analyze import Analysis, StreamSummary


def analysis_json(analysis: "Analysis") -> dict[str, Any]:
    """The whole result as plain values that JSON can say."""
    from muslin.analyze import median_rate

    return _plain(
        {
            "session_id": analysis.session_id,
            "subject": analysis.subject,
            "created_utc": analysis.created_utc,
            "duration_s": analysis.duration_s,
            "streams": {stream.name: _stream(stream) for stream in analysis.streams},
            "clock": asdict(analysis.clock),
            "pulse_source": analysis.heart.source,
            "pulse_per_minute_median": median_rate(analysis.pulse),
            "pulse": [asdict(rate) for rate in analysis.pulse],
            "n_beats": len(analysis.beats),
            "variability": _variability(analysis.heart),
            "breathing_source": analysis.breath.source,
            "breaths_per_minute_median": median_rate(analysis.breathing),
            "breathing_is_synthetic": analysis.breathing_is_synthetic,
            "breathing": [asdict(rate) for rate in analysis.breathing],
            "n_breaths": len(analysis.breaths),
            "inspiration_share": analysis.breath.inspiration_share,
            "skin_temperature_k_median": analysis.skin.median_k,
            "skin_temperature": [asdict(one) for one in analysis.skin.temperatures],
            "skin_conductance_s_median": analysis.skin.tonic_s,
            "skin_responses_per_minute": analysis.skin.responses_per_min,
            "skin_responses": [asdict(one) for one in analysis.skin.responses],
            "wear": [asdict(one) for one in analysis.movement.wear],
            "intensity": [asdict(item) for item in analysis.intensity],
            "n_steps": len(analysis.movement.steps),
            "walking": [asdict(bout) for bout in analysis.movement.bouts],
            "gait": [asdict(one) for one in analysis.movement.gait],
            "postures": [asdict(span) for span in analysis.movement.postures],
            "posture_refused": analysis.movement.posture_refused,
            "activity": asdict(analysis.activity) if analysis.activity else None,
            "activity_refused": analysis.activity_refused,
            "software": analysis.software,
        }
    )


def _stream(stream: "StreamSummary") -> dict[str, Any]:
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
