"""One Parquet file per stream: time_s, index, valid, channels; the facts in the schema."""

import json
from pathlib import Path

import numpy as np

from wearables.sessions.export.sidecar import describe, require, write_sidecar
from wearables.sessions.reader import Session


def write_parquet(session: Session, folder: Path) -> list[Path]:
    """Write ``<session>_<stream>.parquet``; rows that are missing have ``valid`` false and null.

    Raises:
        SessionError: If pyarrow is not installed.
    """
    arrow = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    facts = {b"muslin": json.dumps(describe(session)).encode()}
    paths = []
    for stream in session.streams.values():
        block = stream.read()
        rows = np.flatnonzero(np.isfinite(block.time_s))
        values = block.values[rows]
        columns = {
            "time_s": arrow.array(block.time_s[rows]),
            "index": arrow.array(block.first_index + rows),
            "valid": arrow.array(np.isfinite(values).all(axis=1)),
        }
        for i, channel in enumerate(block.channels):
            columns[channel] = arrow.array(values[:, i], mask=np.isnan(values[:, i]))
        table = arrow.table(columns).replace_schema_metadata(facts)
        path = folder / f"{session.file_name}_{stream.file_name}.parquet"
        parquet.write_table(table, path)
        paths.append(path)
    return [*paths, write_sidecar(session, folder / f"{session.file_name}.json")]
