"""Streams as pandas and xarray objects by time range, one channel or all; gaps stay explicit."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from wearables.errors import SessionError
from wearables.events import SampleBlock
from wearables.sessions.stream_reader import StreamReader


def read_channels(
    stream: StreamReader,
    channels: Sequence[str] | None = None,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> SampleBlock:
    """Samples of a time range in SI, of some channels; what is missing is NaN.

    Args:
        stream: Stream of an open session.
        channels: Names with or without their unit; all if nothing is said.
        start_s: First session time, inclusive.
        stop_s: Last session time, exclusive.

    Raises:
        SessionError: If a channel is not there.
    """
    block = stream.read(start_s, stop_s)
    if channels is None:
        return block
    places = [_place(stream, name) for name in channels]
    return SampleBlock(
        stream=block.stream,
        first_index=block.first_index,
        time_s=block.time_s,
        values=block.values[:, places],
        channels=tuple(block.channels[place] for place in places),
    )


def _place(stream: StreamReader, name: str) -> int:
    for names in (stream.channels, stream.channel_names):
        if name in names:
            return names.index(name)
    known = ", ".join(stream.channels)
    raise SessionError(f"stream {stream.name!r} has no channel {name!r}; it has {known}")


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise SessionError(f"this needs the package {name}: pip install {name}") from error


def to_pandas(
    stream: StreamReader,
    channels: Sequence[str] | None = None,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
    drop_gaps: bool = False,
) -> Any:
    """Data frame with index ``time_s`` and a column for each channel.

    Args:
        stream: Stream of an open session.
        channels: Names with or without their unit; all if nothing is said.
        start_s: First session time, inclusive.
        stop_s: Last session time, exclusive.
        drop_gaps: Leave out rows that were never measured, instead of NaN.

    Returns:
        pandas.DataFrame; ``attrs`` holds stream and measured rate.

    Raises:
        SessionError: If pandas is missing or a channel is not there.
    """
    pandas = _package("pandas")
    block = read_channels(stream, channels, start_s=start_s, stop_s=stop_s)
    index = pandas.Index(block.time_s, name="time_s")
    frame = pandas.DataFrame(block.values, index=index, columns=list(block.channels))
    if drop_gaps:
        frame = frame.dropna(how="all")
    frame.attrs.update(stream=stream.name, rate_hz=stream.rate_hz)
    return frame


def to_xarray(
    stream: StreamReader,
    channels: Sequence[str] | None = None,
    *,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Any:
    """Array with dims ``time_s`` and ``channel``, and a coordinate ``is_measured`` along time.

    Args:
        stream: Stream of an open session.
        channels: Names with or without their unit; all if nothing is said.
        start_s: First session time, inclusive.
        stop_s: Last session time, exclusive.

    Returns:
        xarray.DataArray in SI; ``attrs`` holds stream and measured rate.

    Raises:
        SessionError: If xarray is missing or a channel is not there.
    """
    xarray = _package("xarray")
    block = read_channels(stream, channels, start_s=start_s, stop_s=stop_s)
    is_measured = np.isfinite(block.values).any(axis=1)
    return xarray.DataArray(
        block.values,
        dims=("time_s", "channel"),
        coords={
            "time_s": block.time_s,
            "channel": list(block.channels),
            "is_measured": ("time_s", is_measured),
        },
        name=stream.name,
        attrs={"stream": stream.name, "rate_hz": stream.rate_hz},
    )
