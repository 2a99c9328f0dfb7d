"""Bytes of our frames on real signals, beside the scheme of Polar's measurement data.

Polar's scheme (PMD delta frames): 10 bytes of head, one full reference, then blocks of a width, a
count and the deltas of all channels in that width. Its frames carry no checksum and no index.
Where blocks end is the sender's choice, and what the sensors choose is not published, so four
choices are shown:

- one block a notification: what a sensor does that keeps no more than a maximum;
- blocks of one length, the best of 8 to 64 samples for each signal: the model we call faithful,
  with the length tuned to the very signal in the peer's favour;
- greedy: a block grows while that costs less than a new one, sample by sample;
- the bound: the best blocks that exist, by dynamic programming, which no microcontroller looks for.

Sizes: 244 bytes a notification, all overhead included.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from link_decode import stream_of
from numpy.typing import NDArray

from firmware_bridge.encoder import FrameEncoder

SIZE = 244
POLAR_HEAD, POLAR_BLOCK, POLAR_MAX_BLOCK = 10, 2, 255
MODELS = ("one_block", "fixed", "greedy", "bound")
POLAR_LENGTHS = (8, 12, 16, 24, 32, 64)
N_SAMPLES = 12_000


def own_bytes(counts: NDArray[np.int64], bits: int, *, signed: bool) -> int:
    encoder = FrameEncoder(stream_of(bits, counts.shape[1], signed=signed), session=1, size=SIZE)
    frames = [encoder.push(row, device_us=10_000 * i) for i, row in enumerate(counts.tolist())]
    return sum(len(frame) for frame in [*frames, encoder.finish()] if frame)


def widths_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two's complement width of the widest delta of each sample after the first."""
    delta = np.diff(counts, axis=0)
    magnitude = np.where(delta >= 0, delta, -delta - 1).max(axis=1)
    return np.ceil(np.log2(magnitude + 1)).astype(np.int64) + 1


def block_bytes(n: int, width: int, n_channels: int) -> int:
    return POLAR_BLOCK + (n * width * n_channels + 7) // 8 if n else 0


def polar_bytes(counts: NDArray[np.int64], bits: int, *, best_blocks: bool) -> int:
    """Fill each notification with as many samples as one block, or the best blocks, allow."""
    n_channels = counts.shape[1]
    head = POLAR_HEAD + (bits + 7) // 8 * n_channels
    width = widths_of(counts)
    total, first = 0, 0
    while first < len(counts):
        cost = [0]
        own = width[first : first + 8 * SIZE]
        for j in range(1, len(own) + 1):
            low = max(0, j - POLAR_MAX_BLOCK) if best_blocks else 0
            widest = np.maximum.accumulate(own[low:j][::-1])[::-1]
            n = j - np.arange(low, j)
            block = POLAR_BLOCK + (n * widest * n_channels + 7) // 8
            best = int((np.array(cost[low:j]) + block).min()) if best_blocks else int(block[0])
            if head + best > SIZE:
                break
            cost.append(best)
        total += head + cost[-1]
        first += len(cost)
    return total


def polar_streamed(counts: NDArray[np.int64], bits: int, *, length: int | None) -> int:
    """Fill notifications sample by sample: blocks of one length, or greedy ones."""
    n_channels, width = counts.shape[1], widths_of(counts).tolist()
    head = POLAR_HEAD + (bits + 7) // 8 * n_channels
    total, first = 0, 0
    while first < len(counts):
        closed, n, widest, i = head, 0, 0, first
        while i < len(width):
            wider = max(widest, width[i])
            grown = block_bytes(n + 1, wider, n_channels)
            split = block_bytes(n, widest, n_channels) + block_bytes(1, width[i], n_channels)
            may_grow = grown <= split and n < POLAR_MAX_BLOCK if length is None else n < length
            now_closed = closed if may_grow else closed + block_bytes(n, widest, n_channels)
            now_n, now_widest = (n + 1, wider) if may_grow else (1, width[i])
            if now_closed + block_bytes(now_n, now_widest, n_channels) > SIZE:
                break
            closed, n, widest, i = now_closed, now_n, now_widest, i + 1
        total += closed + block_bytes(n, widest, n_channels)
        first = i + 1
    return total


def peer_sizes(counts: NDArray[np.int64], bits: int) -> dict[str, int]:
    """Bytes of each model of Polar's scheme."""
    lengths = (polar_streamed(counts, bits, length=n) for n in POLAR_LENGTHS)
    return {
        "one_block": polar_bytes(counts, bits, best_blocks=False),
        "fixed": min(lengths),
        "greedy": polar_streamed(counts, bits, length=None),
        "bound": polar_bytes(counts, bits, best_blocks=True),
    }


def signals(data: Path) -> Iterator[tuple[str, NDArray[np.int64], int, bool]]:
    """Name, counts, bits, signed; physical units are counted as a sensor does."""
    for path in sorted(data.glob("knit_sleeve/**/*.csv"))[:3]:
        table = _numbers(path)
        if table is not None and len(table) > 500:
            strain = table[:, :5]
            yield f"knit strain, {path.stem}", *_counted(strain, 12), False
    for path in sorted(data.glob("knit_sleeve/cls_*.npz")):
        with np.load(path) as arrays:
            values, columns = arrays["data"], [str(c) for c in arrays["columns"]]
        imu = values[:, [i for i, c in enumerate(columns) if c[0] in "ag"]]
        strain = values[:, [i for i, c in enumerate(columns) if c[0] == "S"]]
        yield f"knit strain, {path.stem}", *_counted(strain[:N_SAMPLES], 12), False
        yield f"knee IMU, {path.stem}", *_counted(imu[:N_SAMPLES], 16), False
    for path in sorted(data.glob("hapt/*.npz")):
        with np.load(path) as arrays:
            name = next(key for key in arrays.files if key.startswith("exp"))
            imu = arrays[name][:N_SAMPLES].astype(np.float64)
        # 4 g and 1000 deg/s in 16 bits.
        scale = np.r_[np.full(3, 4 / 32768), np.full(3, np.radians(1000) / 32768)]
        counts = np.clip(np.round(imu / scale), -32768, 32767).astype(np.int64)
        yield f"waist IMU, {path.stem}", counts, 16, True
    for path in sorted(data.glob("mitbih/*.dat"))[:4]:
        raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)[: 3 * N_SAMPLES].reshape(-1, 3)
        first = raw[:, 0].astype(np.int64) | (raw[:, 1].astype(np.int64) & 0x0F) << 8
        counts = np.where(first > 2047, first - 4096, first)[:, None]
        yield f"ECG 12 bit, {path.stem}", counts, 12, True
    for path in sorted(data.glob("heartpy_ppg/*.csv")):
        table = _numbers(path)
        if table is not None:
            ppg = table[:N_SAMPLES, -1:]
            yield f"PPG 10 bit, {path.stem}", np.clip(ppg, 0, 1023).astype(np.int64), 10, False
    for path in sorted(data.glob("pressure_mat_pmd/*.npz")):
        with np.load(path) as arrays:
            postures = [arrays[name].astype(np.int64) for name in sorted(arrays.files)]
        # Each posture is a recording of its own of some eighty samples.
        for number, frames in enumerate(postures):
            loudest = np.sort(np.argsort(frames.std(axis=0))[-16:])
            yield (
                f"pressure, 16 cells, {path.stem}/{number}",
                frames[:N_SAMPLES, loudest],
                12,
                False,
            )


def _numbers(path: Path) -> NDArray[np.float64] | None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = []
        for row in csv.reader(file):
            try:
                rows.append([float(cell) for cell in row if cell.strip()])
            except ValueError:
                continue
    if not rows or not rows[-1]:
        return None
    width = len(rows[-1])
    return np.array([row for row in rows if len(row) == width][: 4 * N_SAMPLES])


def _counted(values: NDArray[np.floating], bits: int) -> tuple[NDArray[np.int64], int]:
    """Counts over each channel's own range, with a tenth of it to spare."""
    low, high = values.min(axis=0), values.max(axis=0)
    step = np.where(high > low, (high - low) * 1.2 / (1 << bits), 1.0)
    return np.round((values - low) / step + 0.08 * (1 << bits)).astype(np.int64), bits


def measured(data: Path) -> list[dict[str, object]]:
    """Times smaller than packed raw; recordings of one file are summed."""
    sums: dict[str, dict[str, float]] = {}
    about: dict[str, tuple[int, int]] = {}
    for name, counts, bits, signed in signals(data):
        file = name.split("/")[0]
        row = sums.setdefault(file, {})
        about[file] = bits, counts.shape[1]
        sizes = {"raw": counts.size * bits / 8, "own": own_bytes(counts, bits, signed=signed)}
        for key, size in (sizes | peer_sizes(counts, bits)).items():
            row[key] = row.get(key, 0.0) + size
    return [
        {"signal": name, "bits": about[name][0], "channels": about[name][1]}
        | {key: row["raw"] / size for key, size in row.items() if key != "raw"}
        | {f"ratio_{key}": row[key] / row["own"] for key in MODELS}
        for name, row in sums.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measured(options.data)
    if not rows:
        sys.exit(f"{options.data} holds none of the known sets")
    if options.json:
        print(json.dumps(rows))
        return
    print("times smaller than packed raw; in brackets, ours by the peer's")
    print(f"{'signal':34}channels bits   own" + "".join(f"{model:>16}" for model in MODELS))
    for row in rows:
        cells = "".join(f"{row[m]:8.2f} ({row['ratio_' + m]:.2f})" + " " for m in MODELS)
        print(f"{row['signal']:34}{row['channels']:5}{row['bits']:7}{row['own']:8.2f} {cells}")


if __name__ == "__main__":
    main()
