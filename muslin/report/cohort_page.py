"""One page for a folder of sessions: data quality of each first, then what the bodies did."""

import math
from collections.abc import Sequence
from html import escape

from muslin.cohort import CohortRow
from muslin.report.html import page, table

HEAD = (
    "session", "subject", "minutes", "recorded [%]", "quality", "doubts", "heart [1/min]",
    "RMSSD [ms]", "breaths [1/min]", "steps", "cadence [1/min]", "moving [%]",
)  # fmt: skip


def cohort_page(name: str, rows: Sequence[CohortRow]) -> str:
    """The page as HTML text."""
    good = [row for row in rows if not row.failed]
    failed = [row for row in rows if row.failed]
    minutes = sum(row.duration_min for row in good)
    body = [
        f"<h1>Cohort {escape(name)}</h1>",
        f'<p class="soft">Sessions: {len(good)}, subjects: {len({row.subject for row in good})}, '
        f"{minutes:.0f} minutes.</p>",
        "<h2>Sessions</h2>",
        "<p>A dash means that a number is not known: samples are missing, clipped or too "
        "irregular. Steps are those seen; missing time is not made up for.</p>",
        table(HEAD, [_cells(row) for row in good], n_words=2),
    ]
    if failed:
        items = "".join(
            f"<li><b>{escape(row.file)}</b>: {escape(row.failed)}</li>" for row in failed
        )
        body.append(f'<h2>Not analysed</h2><ul class="bad">{items}</ul>')
    body.append('<p class="soft">Not a medical device; nothing here is a diagnosis.</p>')
    return page(f"Cohort {name}", body)


def _cells(row: CohortRow) -> list[str]:
    def cell(value: float, form: str = ".0f") -> str:
        return f"{value:{form}}" if math.isfinite(value) else "-"

    return [
        row.file, row.subject, cell(row.duration_min, ".1f"), cell(100 * row.coverage, ".1f"),
        cell(row.quality, ".2f"), str(row.n_doubts), cell(row.pulse_per_min),
        cell(row.rmssd_ms), cell(row.breaths_per_min, ".1f"), str(row.n_steps),
        cell(row.cadence_per_min), cell(100 * row.active_share),
    ]  # fmt: skip
