"""A cohort's table: one session in a few numbers a row."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from muslin.analysis.result import Analysis, median_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRow:
    """One session in a few numbers; NaN where nothing is known.

    Attributes:
        file: Name of the session file.
        subject: Pseudonym.
        duration_min: Minutes recorded.
        coverage: Share of samples that arrived.
        quality: Mean quality of all windows of all streams.
        n_doubts: Doubts about whole streams.
        pulse_per_min: Median heart rate.
        rmssd_ms: Of the whole session.
        breaths_per_min: Median breath rate.
        n_steps: Steps.
        cadence_per_min: Median of the bouts, weighted by none.
        active_share: Share of seconds with at least light movement.
        activity: What the model says most often; empty without an answer.
        failed: Why the session could not be analysed; empty otherwise.
    """

    file: str
    subject: str = ""
    duration_min: float = math.nan
    coverage: float = math.nan
    quality: float = math.nan
    n_doubts: int = 0
    pulse_per_min: float = math.nan
    rmssd_ms: float = math.nan
    breaths_per_min: float = math.nan
    n_steps: int = 0
    cadence_per_min: float = math.nan
    active_share: float = math.nan
    activity: str = ""
    failed: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values, null for what is not known."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }


LIGHT_MAD_M_S2 = 0.22


def cohort_row(analysis: Analysis) -> CohortRow:
    """A session's row."""
    stored = sum(stream.n_stored for stream in analysis.streams)
    total = stored + analysis.n_lost
    quality = [q.quality for stream in analysis.streams for q in stream.quality]
    moves = [i.mad_m_s2 for i in analysis.intensity if math.isfinite(i.mad_m_s2)]
    cadences = [bout.cadence_per_min for bout in analysis.movement.bouts]
    whole = analysis.heart.whole
    return CohortRow(
        file=analysis.path,
        subject=analysis.subject,
        duration_min=analysis.duration_s / 60,
        coverage=stored / total if total else math.nan,
        quality=float(np.mean(quality)) if quality else math.nan,
        n_doubts=sum(len(stream.doubts) for stream in analysis.streams),
        pulse_per_min=median_rate(analysis.pulse),
        rmssd_ms=1000 * whole.rmssd_s if whole is not None else math.nan,
        breaths_per_min=median_rate(analysis.breathing),
        n_steps=len(analysis.movement.steps),
        cadence_per_min=float(np.median(cadences)) if cadences else math.nan,
        active_share=float(np.mean(np.array(moves) >= LIGHT_MAD_M_S2)) if moves else math.nan,
        activity=Counter(analysis.activity.labels).most_common(1)[0][0]
        if analysis.activity and analysis.activity.labels else "",
    )  # fmt: skip


def cohort_json(rows: list[CohortRow]) -> Mapping[str, Any]:
    """The whole table for programs."""
    return {"sessions": [row.to_json() for row in rows]}
