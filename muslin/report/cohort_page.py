"""One page for a folder of sessions: data quality of each first, then what the bodies did."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from muslin.analysis.cohort import CohortRow
from muslin.report.html import page, table

HEAD = (
    "session", "subject", "minutes", "recorded [%]", "quality", "doubts", "heart [1/min]",
    "RMSSD [ms]", "breaths [1/min]", "steps", "cadence [1/min]", "moving [%]", "activity",
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
        "irregular. Steps are those seen; missing time is not made up for. Activity is what the "
        "model says most often. Median and quartiles are over the sessions that know a "
        "number.</p>",
        table(HEAD, [*map(_cells, good), *_spread(good)], n_words=2),
    ]
    if failed:
        items = "".join(
            f"<li><b>{escape(row.file)}</b>: {escape(row.failed)}</li>" for row in failed
        )
        body.append(f'<h2>Not analysed</h2><ul class="bad">{items}</ul>')
    body.append('<p class="soft">Not a medical device; nothing here is a diagnosis.</p>')
    return page(f"Cohort {name}", body)


# Form of each number of a row.
FORMS = (".1f", ".1f", ".2f", ".0f", ".0f", ".0f", ".1f", ".0f", ".0f", ".0f")


def _numbers(row: CohortRow) -> list[float]:
    return [
        row.duration_min, 100 * row.coverage, row.quality, row.n_doubts, row.pulse_per_min,
        row.rmssd_ms, row.breaths_per_min, row.n_steps, row.cadence_per_min,
        100 * row.active_share,
    ]  # fmt: skip


def _told(values: Sequence[float]) -> list[str]:
    return [
        f"{value:{form}}" if math.isfinite(value) else "-"
        for value, form in zip(values, FORMS, strict=True)
    ]


def _cells(row: CohortRow) -> list[str]:
    return [row.file, row.subject, *_told(_numbers(row)), row.activity or "-"]


def _spread(rows: Sequence[CohortRow]) -> list[list[str]]:
    """Median and quartiles of each number, where more than one session knows it."""
    if len(rows) < 2:
        return []
    table_of = np.array([_numbers(row) for row in rows], dtype=np.float64)
    spread = []
    for name, share in (("25 %", 0.25), ("median", 0.5), ("75 %", 0.75)):
        known = [column[np.isfinite(column)] for column in table_of.T]
        values = [np.quantile(own, share) if len(own) > 1 else math.nan for own in known]
        spread.append([name, "", *_told(values), ""])
    return spread
