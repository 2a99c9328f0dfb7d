"""The process that `guarded.py` starts to look at session files: answers in JSON on stdout."""

import dataclasses
import faulthandler
import json
import sys
from pathlib import Path
from typing import Any

from wearables.errors import WearablesError
from wearables.sessions.catalogue import facts_of
from wearables.sessions.export.sidecar import describe
from wearables.sessions.reader import Session
from wearables.sessions.recover import journal_of, keep_readable
from wearables.sessions.verify import verify_here

GRACE_S = 5.0


def answer(task: str, path: Path, target: Path | None = None) -> dict[str, Any]:
    """What was asked about a session file, or the sentence that says why not."""
    try:
        if task == "verify":
            return dataclasses.asdict(verify_here(path))
        if task == "copy" and target is not None:
            return keep_readable(path, target, journal_of(path)).to_json()
        with Session.open(path) as session:
            return describe(session)
    except WearablesError as error:
        return {"error": str(error)}


def list_facts(paths: list[Path]) -> None:
    """One line a file, at once, so that what is known stays known when the next file hangs."""
    for path in paths:
        sys.stdout.write(json.dumps(facts_of(path)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # The parent kills at the limit; should it be gone by then, nothing loops on for ever.
    faulthandler.dump_traceback_later(float(sys.argv[1]) + GRACE_S, exit=True)
    if sys.argv[2] == "catalogue":
        list_facts([Path(argument) for argument in sys.argv[3:]])
    else:
        sys.stdout.write(json.dumps(answer(sys.argv[2], *map(Path, sys.argv[3:]))))
