"""What a virtual garment measures: raw counts of every stream, played once, with the truth beside.

A replay is one ``.npz`` file: ``descriptor`` (CBOR bytes), ``stream_<id>`` (integers, shape
(n_samples, n_channels)) and ``markers`` (JSON text).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema import GarmentSchema


class TruthMarker(NamedTuple):
    """What really happened, told by the garment in an event frame.

    Attributes:
        time_s: Time since the first sample.
        kind: Name of an event kind in lower case: ``activity``, ``marker``, ``button`` ...
        text: What it says.
    """

    time_s: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Samples to play, in the units of the wire.

    Attributes:
        schema: Streams and channels.
        counts: Raw integers by stream id, shape (n_samples, n_channels).
        markers: Truth, ascending in time.
    """

    schema: GarmentSchema
    counts: Mapping[int, NDArray[np.int64]]
    markers: tuple[TruthMarker, ...] = ()

    def __post_init__(self) -> None:
        for stream in self.schema.streams:
            counts = self.counts.get(stream.id)
            if counts is None:
                raise SchemaError(f"replay has no samples for stream {stream.name!r}")
            wanted = len(stream.channels)
            if counts.ndim != 2 or counts.shape[1] != wanted:
                raise SchemaError(
                    f"stream {stream.name!r}: counts have shape {counts.shape}, "
                    f"wanted (n_samples, {wanted})"
                )
            for channel, column in zip(stream.channels, counts.T, strict=True):
                low, high = channel.count_range
                if column.size and (column.min() < low or column.max() > high):
                    raise SchemaError(
                        f"stream {stream.name!r}, channel {channel.name!r}: counts reach from "
                        f"{column.min()} to {column.max()}, its bits hold {low} to {high}"
                    )

    @property
    def duration_s(self) -> float:
        """Length of the longest stream."""
        return max(
            (self.counts[stream.id].shape[0] / stream.rate_hz for stream in self.schema.streams),
            default=0.0,
        )


def write_replay(
    path: Path,
    schema: GarmentSchema,
    counts: Mapping[int, NDArray[np.integer]],
    markers: Iterable[tuple[float, str, str]] = (),
) -> None:
    """Write a replay file.

    Args:
        path: File to write, ``.npz``.
        schema: Streams and channels.
        counts: Raw integers by stream id, shape (n_samples, n_channels).
        markers: Time since the first sample [s], kind, text.

    Raises:
        SchemaError: If counts and schema do not fit together.
    """
    replay = Replay(
        schema=schema,
        counts={key: np.asarray(values, dtype=np.int64) for key, values in counts.items()},
        markers=tuple(sorted(TruthMarker(*marker) for marker in markers)),
    )
    arrays: dict[str, NDArray[np.generic]] = {
        f"stream_{key}": values for key, values in replay.counts.items()
    }
    arrays["descriptor"] = np.frombuffer(schema.to_cbor(), dtype=np.uint8)
    arrays["markers"] = np.array(json.dumps(replay.markers))
    with Path(path).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_replay(path: Path) -> Replay:
    """Read a replay file.

    Raises:
        SchemaError: If it is not one.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            schema = GarmentSchema.from_cbor(arrays["descriptor"].tobytes())
            counts = {
                stream.id: arrays[f"stream_{stream.id}"].astype(np.int64)
                for stream in schema.streams
            }
            markers = json.loads(str(arrays["markers"]))
    except (KeyError, ValueError, OSError) as error:
        if isinstance(error, (SchemaError, FileNotFoundError)):
            raise
        raise SchemaError(f"{path} is not a replay: {error}") from error
    return Replay(schema=schema, counts=counts, markers=tuple(TruthMarker(*row) for row in markers))
