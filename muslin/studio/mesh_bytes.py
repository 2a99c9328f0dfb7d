"""Arrays of a fit as bytes: length (u32), JSON, arrays; every part starts at a multiple of four."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = {"f": "<f4", "u": "<u4", "i": "<i4"}


def pack_arrays(content: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Bytes of a description and named arrays; floats become f32, integers i32."""
    parts, described, at = [], [], 0
    for name, values in arrays.items():
        kind = _KINDS["f" if values.dtype.kind == "f" else "i"]
        raw = np.ascontiguousarray(values, dtype=kind).tobytes()
        described.append({"name": name, "kind": kind, "shape": list(values.shape), "at": at})
        parts.append(raw)
        at += len(raw)
    text = json.dumps({**content, "arrays": described}, separators=(",", ":"), allow_nan=False)
    raw_text = text.encode()
    raw_text += b" " * (-len(raw_text) % 4)
    return struct.pack("<I", len(raw_text)) + raw_text + b"".join(parts)


def unpack_arrays(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Description and arrays."""
    (n,) = struct.unpack_from("<I", data)
    content = json.loads(data[4 : 4 + n])
    arrays = {}
    for part in content.pop("arrays"):
        count = int(np.prod(part["shape"]))
        values = np.frombuffer(data, dtype=part["kind"], count=count, offset=4 + n + part["at"])
        arrays[part["name"]] = values.reshape(part["shape"])
    return content, arrays
