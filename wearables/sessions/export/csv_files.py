"""One CSV per stream (RFC 4180, UTF-8 without BOM); what is missing is an empty cell."""

import csv
from pathlib import Path

import numpy as np

from wearables.sessions.export.sidecar import write_sidecar
from wearables.sessions.reader import Session


def write_csv(session: Session, folder: Path) -> list[Path]:
    """Write ``<session>_<stream>.csv`` with columns time_s, index, channels, and a JSON beside."""
    paths = []
    for stream in session.streams.values():
        block = stream.read()
        path = folder / f"{session.file_name}_{stream.file_name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["time_s", "index", *block.channels])
            for i in np.flatnonzero(np.isfinite(block.time_s)):
                cells = ["" if np.isnan(value) else repr(float(value)) for value in block.values[i]]
                rows.writerow([f"{block.time_s[i]:.6f}", block.first_index + int(i), *cells])
        paths.append(path)
    return [*paths, write_sidecar(session, folder / f"{session.file_name}.json")]
