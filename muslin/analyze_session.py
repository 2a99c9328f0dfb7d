"""What `muslin analyze` does: a page for a session, or for every session of a folder."""

import math
from pathlib import Path

from muslin.analysis.cohort import CohortRow, cohort_json, cohort_row
from muslin.analysis.result import Analysis
from muslin.analyze import analyze
from muslin.errors import Exit, InputError
from muslin.folders import garments_of, writable_folder
from muslin.json_file import write_json
from muslin.report.cohort_page import cohort_page
from muslin.screen import print_json, say, say_table, step
from wearables.errors import WearablesError
from wearables.sessions.reader import split_device


def analyze_session(session: Path, *, out: Path | None, model: Path | None, as_json: bool) -> Exit:
    """Analyse a session, or every session of a folder, and write its page; one for each garment."""
    if session.is_dir():
        return analyze_folder(session, out=out, model=model, as_json=as_json)
    garments = garments_of(session)
    if len(garments) > 1 and out is not None:
        raise InputError(
            f"{session} holds several garments, so --out would be written over; name one: "
            f"{garments[0]}"
        )
    found: dict[str, Analysis] = {}
    for garment in garments:
        page = _page_of(garment) if out is None else out
        writable_folder(page.parent)
        with step(f"analysing {garment}"):
            analysis = found[split_device(garment)[1]] = analyze(garment, out=page, model=model)
        if not as_json:
            say_table("Session", [*analysis.rows(), ("page", str(page))])
    if as_json:
        told = {name: analysis.to_json() for name, analysis in found.items()}
        print_json({"garments": told} if len(told) > 1 else next(iter(told.values())))
    return Exit.INCOMPLETE if any(one.n_lost for one in found.values()) else Exit.DONE


def _page_of(session: Path) -> Path:
    """Where the page of a session goes, or of one of its garments."""
    file, device = split_device(session)
    return file.with_name(f"{file.stem}-{device}.html" if device else f"{file.stem}.html")


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
            analysed = [analyze(garment, model=model) for garment in garments_of(path)]
            rows += [cohort_row(analysis) for analysis in analysed]
        except WearablesError as error:
            rows.append(CohortRow(file=path.name, failed=str(error)))
    if out is not None:
        out.write_text(cohort_page(folder.name, rows), encoding="utf-8")
        write_json(out.with_suffix(".json"), cohort_json(rows))
    return rows


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
