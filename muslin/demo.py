"""The main job, end to end: the commands `record`, `analyze` and `drape` in a row.

The drape needs nothing from the recording, so it runs in its own process meanwhile; what it says
is shown when its turn comes.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from muslin.errors import Exit
from muslin.folders import assets_folder, writable_folder
from muslin.screen import print_json, say, say_table

DRAPE_TIMEOUT_S = 600.0


def demo(
    *, out: Path = Path("muslin-demo"), duration_s: float = 40.0, as_json: bool = False
) -> Exit:
    """Run the demo and write its five files.

    Args:
        out: Folder for the files.
        duration_s: Seconds to record.
        as_json: Print the table's numbers as JSON on stdout.

    Raises:
        InputError: If the folder cannot be written.
    """
    from muslin.analyze import analyze
    from muslin.record import record

    start_ns = time.monotonic_ns()
    folder = writable_folder(out)
    fit = _start_drape(folder)
    try:
        say("1 Sense and 2 Record: a virtual garment streams over Bluetooth into a session file")
        session = folder / "session.h5"
        recorded = record(duration_s=duration_s, subject="demo", out=session)
        say("3 Understand: from raw counts to what the body did")
        analysis = analyze(session, out=folder / "session.html", model=None)
        say("4 Fit: a T-shirt for a body from tape measures, and one size down")
        said = fit.communicate(timeout=DRAPE_TIMEOUT_S)[1]
    finally:
        if fit.poll() is None:
            fit.kill()
            fit.wait()
    say(said.rstrip())
    if fit.returncode not in (Exit.DONE, Exit.INCOMPLETE):
        return Exit.FAILED
    numbers = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    wall_s = (time.monotonic_ns() - start_ns) / 1e9
    files = [(name, str(folder / name)) for name in ("session.h5", "session.html")]
    say_table(
        "Muslin demo", [*recorded.rows(), *analysis.rows(), *files, ("time", f"{wall_s:.0f} s")]
    )
    if as_json:
        print_json(_numbers(recorded.numbers(), analysis.to_json(), numbers, wall_s))
    return Exit.DONE if numbers["converged"] else Exit.INCOMPLETE


def _start_drape(folder: Path) -> subprocess.Popen[str]:
    """Start `muslin drape` for the demo's body, with the next size down beside it."""
    body = assets_folder() / "body" / "demo.toml"
    command = [sys.executable, "-m", "muslin", "drape", "--body", str(body), "--compare", "-1"]
    return subprocess.Popen(
        [*command, "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _numbers(
    recording: dict[str, Any], analysis: dict[str, Any], fit: dict[str, Any], wall_s: float
) -> dict[str, Any]:
    return {"recording": recording, "analysis": analysis, "fit": fit, "wall_s": wall_s}
