"""A model for one person: what `muslin classify --personal SESSION` learns from a minute of them.

The session holds each activity of the model once or more, each begun with a marker whose text names
it, as the garment, a UDP message or an LSL stream sets it.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muslin.classify import picked, shipped_or, stream_with
from muslin.errors import InputError
from muslin.folders import readable_session

if TYPE_CHECKING:
    from wearables.activity.models import ActivityModel
    from wearables.events import SampleBlock
    from wearables.sessions import SessionMarker


def opened_model(
    model: Path | None, *, personal: Path | None = None, stream: str | None = None
) -> "ActivityModel":
    """Load weights, and make them one person's if a session of theirs is given.

    Args:
        model: Weights; the ones that ship when absent.
        personal: Session of the person, with markers.
        stream: Stream of that session; the first that fits if nothing is said.

    Raises:
        InputError: If the session marks no activity, or has no stream that fits.
        ModelError: If the model cannot be made personal.
    """
    from wearables.activity.models import adaptable, open_model, personal_model

    weights = shipped_or(model)
    loaded = open_model(weights)
    if personal is None:
        return loaded
    adaptable(weights)  # Said before a session is read for nothing.
    values, labels = labelled_windows(personal, loaded, stream)
    return personal_model(weights, values, labels)


def labelled_windows(
    path: Path, model: "ActivityModel", stream: str | None
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Windows between the markers of a session.

    Returns:
        Values, shape (n_windows, n_samples, n_channels), and what was done in each.

    Raises:
        InputError: If no marked activity is as long as a window.
    """
    from wearables.sessions import Session

    with Session.open(readable_session(path)) as session:
        there = {name: reader.channels for name, reader in session.streams.items()}
        name, columns = stream_with(there, model.channels, stream)
        runs = [picked(block, columns) for block in session.streams[name].read_runs()]
        found = list(_cut(runs, session.markers, model))
    if not found:
        raise InputError(
            f"{path} marks no activity of {model.window_s:g} s without a gap; "
            f"a marker must begin each and name it: {', '.join(model.classes)}"
        )
    values, labels = zip(*found, strict=True)
    return np.stack(values), np.array(labels)


def _cut(
    runs: Sequence["SampleBlock"], markers: Sequence["SessionMarker"], model: "ActivityModel"
) -> Iterator[tuple[NDArray[np.float64], str]]:
    """Windows that begin at a marker, and go on until the next one."""
    told = [mark for mark in markers if mark.kind == "activity" or mark.text in model.classes]
    edges = [*(mark.time_s for mark in told), np.inf]
    n, hop = (round(seconds * model.rate_hz) for seconds in (model.window_s, model.hop_s))
    for mark, (start_s, stop_s) in zip(told, pairwise(edges), strict=True):
        for block in runs:
            inside = (block.time_s >= start_s) & (block.time_s < stop_s)
            own = block.values[inside & np.isfinite(block.values).all(axis=1)]
            if len(own) != inside.sum():
                continue
            for first in range(0, len(own) - n + 1, max(1, hop)):
                yield own[first : first + n], mark.text
