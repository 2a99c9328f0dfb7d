"""BIDS physiological recordings: what is no motion, evenly sampled, compressed, without a header.

Source: bids-specification.readthedocs.io, "Physiological recordings". Such a file knows only start
and rate, so rows that were never measured are ``n/a``, also those between two runs of a garment;
a last column holds the true times.
"""

import gzip
from pathlib import Path

import numpy as np

from wearables.sessions.export.sidecar import write_facts
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader


def write_physio(session: Session, stream: StreamReader, stem: Path) -> list[Path]:
    """Write ``<stem>_physio.tsv.gz`` and its JSON.

    Args:
        session: Where the stream is from.
        stem: Path without the suffix, entities included.
        stream: A stream without motion channels.
    """
    block = stream.read()
    rows = np.flatnonzero(np.isfinite(block.time_s))
    table, start_s = _even(block.time_s[rows], block.values[rows], stream.rate_hz)
    # No name and no time of making inside, so that the same session gives the same bytes.
    path = stem.with_name(f"{stem.name}_physio.tsv.gz")
    path.write_bytes(gzip.compress(_text(table).encode(), mtime=0))
    columns = [*block.channels, "time"]
    facts: dict[str, object] = {
        "SamplingFrequency": stream.rate_hz,
        "StartTime": start_s,
        "Columns": columns,
        "Manufacturer": stream.garment.schema.vendor,
        "ManufacturersModelName": stream.garment.schema.name,
        "TaskName": session.title or "recording",
        "PhysioType": "generic",
        "time": {"Description": "Session time of the sample", "Units": "s"},
    }
    units = [name.removeprefix(f"{plain}_") for name, plain in
             zip(block.channels, stream.channel_names, strict=True)]  # fmt: skip
    for name, unit, kind in zip(block.channels, units, stream.kinds, strict=True):
        facts[name] = {"Description": kind, "Units": unit}
    return [path, write_facts(stem.with_name(f"{stem.name}_physio.json"), facts)]


def _even(time_s: np.ndarray, values: np.ndarray, rate_hz: float) -> tuple[np.ndarray, float]:
    """Rows on the even grid of the file, shape (n_rows, n_channels + 1), and the time of the first.

    A row goes where its time falls; of two that fall on one place the later one stays.
    """
    if not time_s.size:
        return np.zeros((0, values.shape[1] + 1)), 0.0
    start_s = float(time_s.min())
    place = np.round((time_s - start_s) * rate_hz).astype(np.int64)
    table = np.full((int(place.max()) + 1, values.shape[1] + 1), np.nan)
    table[place, :-1] = values
    table[place, -1] = time_s
    return table, start_s


def _text(table: np.ndarray) -> str:
    lines = []
    for row in table:
        cells = ["n/a" if np.isnan(value) else repr(float(value)) for value in row]
        lines.append("\t".join(cells) + "\n")
    return "".join(lines)
