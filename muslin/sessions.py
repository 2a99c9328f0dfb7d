"""Care for session files: what `muslin repair` and its siblings do."""

from pathlib import Path

from muslin.errors import Exit
from muslin.screen import print_json, say


def repair_session(session: Path, *, out: Path | None, as_json: bool) -> Exit:
    """Write a sound copy of a session; the damaged one stays."""
    from wearables.sessions import recover

    report = recover(session, out)
    if as_json:
        print_json(report.to_json())
    else:
        for name, n_stored in report.n_stored.items():
            lost_s = report.lost_s[name]
            say(f"stream {name}: {n_stored} samples, {lost_s:.2f} s known to be missing")
        say(f"{report.path}: {report.method}")
    return Exit.INCOMPLETE if any(report.lost_s.values()) else Exit.DONE
