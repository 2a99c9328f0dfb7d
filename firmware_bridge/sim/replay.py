"""What a virtual garment plays: schema, raw counts per stream, and what truly happened when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import SchemaError
from firmware_bridge.schema import GarmentSchema

TruthMarker = tuple[float, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Content of a virtual garment.

    Attributes:
        schema: Streams and channels.
        counts: Raw integers by stream id, shape (n_samples, n_channels) each, at the nominal rate.
        markers: (time since start in seconds, kind, text), ascending.
    """

    schema: GarmentSchema
    counts: Mapping[int, NDArray[np.int64]]
    markers: tuple[TruthMarker, ...]

    def __post_init__(self) -> None:
        for stream in self.schema.streams:
            shape = self.counts[stream.id].shape if stream.id in self.counts else None
            if shape is None or len(shape) != 2 or shape[1] != len(stream.channels):
                raise SchemaError(
                    f"stream {stream.name!r}: counts have shape {shape}, "
                    f"wanted (n, {len(stream.channels)})"
                )


def write_replay(
    path: Path,
    schema: GarmentSchema,
    counts: Mapping[int, NDArray[np.integer]],
    markers: Sequence[TruthMarker],
) -> None:
    """Write a replay file (npz), so that a garment can be started in its own process."""
    replay = Replay(
        schema=schema,
        counts={key: np.asarray(values, dtype=np.int64) for key, values in counts.items()},
        markers=tuple(markers),
    )
    arrays = {f"stream_{key}": values for key, values in replay.counts.items()}
    descriptor = np.frombuffer(schema.to_cbor(), dtype=np.uint8)
    text = np.array(json.dumps(list(markers)))
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, descriptor=descriptor, markers=text, **arrays)


def read_replay(path: Path) -> Replay:
    """Read a replay file.

    Raises:
        SchemaError: If it does not hold a garment.
        OSError: If it cannot be read.
    """
    with np.load(path, allow_pickle=False) as data:
        if "descriptor" not in data.files:
            raise SchemaError(f"{path} holds no garment descriptor, so it is not a replay")
        schema = GarmentSchema.from_cbor(data["descriptor"].tobytes())
        counts = {stream.id: data[f"stream_{stream.id}"] for stream in schema.streams}
        rows = json.loads(str(data["markers"]))
    markers = tuple((float(row[0]), str(row[1]), str(row[2])) for row in rows)
    return Replay(schema=schema, counts=counts, markers=markers)
