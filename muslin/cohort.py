"""A cohort: one row for each session of a folder, a page and JSON beside it."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from muslin.analyze import Analysis, analyze, median_rate
from muslin.errors import Exit, InputError
from muslin.folders import readable_session, writable_folder
from muslin.screen import print_json, say, say_table, step
from wearables.errors import WearablesError


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


def analyze_cohort(folder: Path, *, out: Path | None, model: Path | None) -> list[CohortRow]:
    """Analyse every session of a folder; one that cannot be read gets a row that says why.

    Args:
        folder: Folder with session files.
        out: Page to write; the numbers go beside it as JSON. None writes nothing.
        model: Activity model; the shipped one when absent.

    Raises:
        InputError: If the folder holds no session file.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".h5")
    if not paths:
        raise InputError(f"folder {folder} holds no session file (.h5)")
    rows = []
    for path in paths:
        try:
            rows.append(cohort_row(analyze(readable_session(path), model=model)))
        except WearablesError as error:
            rows.append(CohortRow(file=path.name, failed=str(error)))
    if out is not None:
        from muslin.report.cohort_page import cohort_page

        out.write_text(cohort_page(folder.name, rows), encoding="utf-8")
        text = json.dumps(cohort_json(rows), indent=2, allow_nan=False)
        out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return rows


def cohort_json(rows: list[CohortRow]) -> Mapping[str, Any]:
    """The whole table for programs."""
    return {"sessions": [row.to_json() for row in rows]}


def analyze_folder(folder: Path, *, out: Path | None, model: Path | None, as_json: bool) -> Exit:
    """What `muslin analyze FOLDER` does."""
    page = folder / "cohort.html" if out is None else out
    writable_folder(page.parent)
    with step(f"analysing the sessions of {folder}"):
        rows = analyze_cohort(folder, out=page, model=model)
    failed = [row for row in rows if row.failed]
    if as_json:
        print_json(dict(cohort_json(rows)))
    else:
        said = [(row.file, row.failed or _say(row)) for row in rows]
        say_table("Cohort", [*said, ("page", str(page))])
    for row in failed:
        say(f"{row.file}: {row.failed}")
    if failed:
        return Exit.FAILED
    is_whole = all(row.coverage == 1.0 for row in rows)
    return Exit.DONE if is_whole else Exit.INCOMPLETE


def _say(row: CohortRow) -> str:
    heart = f"{row.pulse_per_min:.0f}" if math.isfinite(row.pulse_per_min) else "-"
    breath = f"{row.breaths_per_min:.0f}" if math.isfinite(row.breaths_per_min) else "-"
    return (
        f"{row.subject}, {row.duration_min:.1f} min, {100 * row.coverage:.1f} % recorded, "
        f"heart {heart}, breaths {breath} /min, {row.n_steps} steps"
    )
