"""Thin shells of the smaller commands: call the library, say the result, choose the exit code."""

from pathlib import Path

from muslin.errors import Exit
from muslin.folders import existing_file, readable_session, writable_folder
from muslin.screen import print_json, say, say_table, step


def analyze_session(session: Path, *, out: Path | None, model: Path | None, as_json: bool) -> Exit:
    """Analyse a session, or every session of a folder, and write its page."""
    if session.is_dir():
        from muslin.analyze_folder import analyze_folder

        return analyze_folder(session, out=out, model=model, as_json=as_json)
    from muslin.analyze import analyze

    readable_session(session)
    page = session.with_suffix(".html") if out is None else out
    writable_folder(page.parent)
    with step(f"analysing {session}"):
        analysis = analyze(session, out=page, model=model)
    if as_json:
        print_json(analysis.to_json())
    else:
        say_table("Session", [*analysis.rows(), ("page", str(page))])
    return Exit.INCOMPLETE if analysis.n_lost else Exit.DONE


def verify_session(session: Path, *, as_json: bool) -> Exit:
    """Check a session file and list what was found."""
    from wearables.sessions import verify

    report = verify(existing_file(session, "session file"))
    if as_json:
        print_json(report.to_json())
    else:
        for finding in report.findings:
            say(str(finding))
        say(f"{session}: {report.verdict}")
    return Exit(report.exit_code)
