"""Layout 1.2 of a session file: the one table of groups, columns and types.

Writer, reader and `verify` use these names. Times: `*_host_ns` is `time.monotonic_ns` of the
recording host, `*_device_us` microseconds since the garment's boot. Row of `raw` = sample index
plus the segment's start; holes stay holes.
"""

import h5py
import numpy as np

FORMAT = "muslin-session"
VERSION = (1, 2)
# Of a garment that is recorded alone; several have names of their own.
DEVICE_KEY = "garment"

STATE_RECORDING, STATE_CLOSED, STATE_RECOVERED = "recording", "closed", "recovered"
SOURCE_LIVE, SOURCE_BACKFILL = 0, 1
NO_DEVICE_TIME = -1
# The fit that the recorder makes at the close.
FINAL_FIT = "final"

_TEXT = h5py.string_dtype()

CHANNELS = np.dtype(
    [("name", _TEXT), ("unit", _TEXT), ("bits", "u1"), ("signed", "u1"), ("scale", "f8"),
     ("offset", "f8"), ("kind", _TEXT), ("site", _TEXT)]
)  # fmt: skip
SEGMENTS = np.dtype(
    [("boot", "u2"), ("generation", "u1"), ("index0", "u8"), ("row0", "u8"), ("n_rows", "u8"),
     ("device_us0", "u8"), ("rate_hz", "f8"), ("rate_sd_hz", "f8")]
)  # fmt: skip
FRAMES = np.dtype(
    [("boot", "u2"), ("epoch", "u4"), ("generation", "u1"), ("flags", "u1"), ("source", "u1"),
     ("n", "u2"), ("index", "u8"), ("row", "u8"), ("device_us", "u8"), ("host_ns", "i8")]
)  # fmt: skip
GAPS = np.dtype(
    [("boot", "u2"), ("index", "u8"), ("n", "u8"), ("row", "u8"), ("cause", "u1"),
     ("epoch_before", "u4"), ("epoch_after", "u4"), ("n_filled", "u8"),
     ("opened_host_ns", "i8"), ("closed_host_ns", "i8")]
)  # fmt: skip
BOOTS = np.dtype([("boot", "u2"), ("first_host_ns", "i8"), ("last_host_ns", "i8")])
EPOCHS = np.dtype(
    [("epoch", "u4"), ("boot", "u2"), ("open_host_ns", "i8"), ("close_host_ns", "i8"),
     ("reason", _TEXT), ("mtu", "u2"), ("n_frames", "u8"), ("n_damaged", "u4")]
)  # fmt: skip
EXCHANGES = np.dtype(
    [("epoch", "u4"), ("boot", "u2"), ("t1_host_ns", "i8"), ("t2_device_us", "u8"),
     ("t3_device_us", "u8"), ("t4_host_ns", "i8"), ("dither_us", "u4")]
)  # fmt: skip
STATUS = np.dtype(
    [("host_ns", "i8"), ("battery_pct", "f4"), ("producer_lost", "u8"), ("frames_dropped", "u8"),
     ("log_used_b", "u8")]
)  # fmt: skip
KNOTS = np.dtype(
    [("boot", "u2"), ("device_us", "f8"), ("offset_s", "f8"), ("drift", "f8"), ("sd_s", "f8")]
)
MARKERS = np.dtype(
    [("host_ns", "i8"), ("device_us", "i8"), ("duration_ns", "i8"), ("uncertainty_ns", "i8"),
     ("kind", _TEXT), ("text", _TEXT), ("source", _TEXT), ("device", _TEXT)]
)  # fmt: skip
LOG = np.dtype([("host_ns", "i8"), ("level", _TEXT), ("text", _TEXT)])

CALIBRATIONS = np.dtype(
    [("id", "u4"), ("channel", _TEXT), ("date_utc", _TEXT), ("kind", _TEXT), ("json", _TEXT)]
)

DEVICE_TABLES = {
    "boots": BOOTS, "epochs": EPOCHS, "exchanges": EXCHANGES, "status": STATUS,
    "calibrations": CALIBRATIONS,
}  # fmt: skip
STREAM_TABLES = {"segments": SEGMENTS, "frames": FRAMES, "gaps": GAPS}
ROOT_TABLES = {"markers": MARKERS, "log": LOG}


def raw_dtype(bits: int, *, signed: bool) -> np.dtype:
    """Smallest integer type that holds a channel."""
    for size in (1, 2, 4):
        if bits <= 8 * size:
            return np.dtype(f"{'i' if signed else 'u'}{size}")
    return np.dtype("i8" if signed else "u8")


def fill_value(dtype: np.dtype) -> int:
    """Value of rows that never arrived; a hint only, the gap table is the truth."""
    info = np.iinfo(dtype)
    return int(info.min if dtype.kind == "i" else info.max)


def chunk_rows(n_channels: int, dtype: np.dtype) -> int:
    """Power of two of rows nearest to 32 KiB."""
    return 1 << max(4, round(np.log2(32768 / (n_channels * dtype.itemsize))))
