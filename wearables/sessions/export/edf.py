"""EDF+C, or BDF+C where a channel has more than 16 bits; gaps are filled and annotated.

Readers take EDF+D as continuous without a word, so a gap holds the physical minimum and an
annotation ``BAD_gap`` of its duration. Source of the format: edfplus.info.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearables.errors import SessionError
from wearables.sessions.export.sidecar import require, write_sidecar
from wearables.sessions.reader import Session
from wearables.sessions.stream_reader import StreamReader


def write_edf(session: Session, folder: Path) -> list[Path]:
    """Write ``<session>.edf`` (or .bdf) with all streams from one start, in whole seconds.

    Raises:
        SessionError: If edfio is missing, nothing was stored, or a rate is no whole number.
    """
    edfio = require("edfio", "edf")
    blocks = {name: s.read() for name, s in session.streams.items() if s.n_stored}
    if not blocks:
        raise SessionError(f"{session.path} holds no samples, so there is nothing to export")
    start_s = min(float(np.nanmin(block.time_s)) for block in blocks.values())
    stop_s = max(float(np.nanmax(block.time_s)) for block in blocks.values())
    duration_s = int(np.ceil(stop_s - start_s + 1e-6))
    is_wide = any(session.streams[name].max_bits > 16 for name in blocks)
    signals: list[Any] = []
    notes: list[Any] = []
    for name in blocks:
        stream = session.streams[name]
        if stream.nominal_rate_hz % 1:
            raise SessionError(
                f"stream {name} has {stream.nominal_rate_hz:g} Hz; EDF needs a whole number of "
                "samples a second: align it to one first"
            )
        signals += _signals(edfio, stream, start_s, duration_s, is_wide=is_wide)
        notes += [
            edfio.EdfAnnotation(gap.start_s - start_s, gap.stop_s - gap.start_s, f"BAD_gap {name}")
            for gap in stream.gaps
            if gap.is_open and gap.start_s >= start_s
        ]
    notes += [
        edfio.EdfAnnotation(
            max(0.0, mark.time_s - start_s), mark.duration_s or None, f"{mark.kind}: {mark.text}"
        )
        for mark in session.notes
    ]
    kind, ending = (edfio.Bdf, "bdf") if is_wide else (edfio.Edf, "edf")
    path = folder / f"{session.file_name}.{ending}"
    kind(signals, annotations=sorted(notes, key=lambda note: note.onset)).write(path)
    return [path, write_sidecar(session, folder / f"{session.file_name}.json")]


def _signals(
    edfio: Any, stream: StreamReader, start_s: float, duration_s: int, *, is_wide: bool
) -> list[Any]:
    """Channels of one stream on the grid of its nominal rate, in their own units."""
    rows = np.flatnonzero(stream.stored_rows())
    place = np.rint((stream.time_s(rows) - start_s) * stream.nominal_rate_hz).astype(np.int64)
    n_samples = round(duration_s * stream.nominal_rate_hz)
    inside = (place >= 0) & (place < n_samples)
    values = stream.physical(stream.counts(0, stream.n_rows))[rows[inside]]
    return [
        _signal(edfio, stream, channel, values[:, channel], place[inside], n_samples, is_wide)
        for channel in range(len(stream.channels))
    ]


def _signal(
    edfio: Any,
    stream: StreamReader,
    channel: int,
    values: NDArray[np.float64],
    place: NDArray[np.int64],
    n_samples: int,
    is_wide: bool,
) -> Any:
    low, high = (float(_eight(value)) for value in stream.physical_range(channel))
    data = np.full(n_samples, low)
    data[place] = np.clip(values, low, high)
    make = edfio.BdfSignal if is_wide else edfio.EdfSignal
    unit = stream.units[channel].strip("[]{}")
    return make(
        data,
        stream.nominal_rate_hz,
        label=_label(stream, channel),
        physical_dimension=unit.encode("ascii", "replace").decode()[:8],
        physical_range=(low, high),
    )


def _label(stream: StreamReader, channel: int) -> str:
    """Name of a channel in 16 characters; of several garments they end in what tells them apart."""
    device, name = stream.name.rpartition("/")[0], stream.channel_names[channel]
    room = 16 - len(name) - 1
    return f"{device[-room:]} {name}" if device and room > 0 else name[:16]


def _eight(value: float) -> str:
    """The most exact number of at most eight characters, as the header needs."""
    for digits in range(8, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= 8 and "e" not in text:
            return text
    return f"{value:.0f}"
