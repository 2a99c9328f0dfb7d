"""Bytes of our frames on real signals, beside the scheme of Polar's measurement data.

Polar's scheme (PMD delta frames): 10 bytes of head, one full reference, then blocks of a width, a
count and the deltas of all channels in that width. Where blocks end is the sender's choice. Two
choices are shown: one block a notification, and as a bound the best blocks that exist, found by
dynamic programming, which no microcontroller would look for. Its frames carry neither a checksum
nor a sample index. Sizes: 244 bytes a notification, all overhead included.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.codec import FrameEncoder
from firmware_bridge.schema import ChannelSchema, StreamSchema

SIZE = 244
POLAR_HEAD, POLAR_BLOCK, POLAR_MAX_BLOCK = 10, 2, 255
N_SAMPLES = 12_000


def stream_of(bits: int, n_channels: int, *, signed: bool) -> StreamSchema:
    channels = tuple(
        ChannelSchema(name=f"c{i}", unit="1", bits=bits, signed=signed, scale=1, offset=0, kind="x")
        for i in range(n_channels)
    )
    return StreamSchema(
        id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=60_000, store=True,
        channels=channels,
    )  # fmt: skip


def own_bytes(counts: NDArray[np.int64], bits: int, *, signed: bool) -> int:
    encoder = FrameEncoder(stream_of(bits, counts.shape[1], signed=signed), session=1, size=SIZE)
    frames = [encoder.push(row, device_us=10_000 * i) for i, row in enumerate(counts.tolist())]
    return sum(len(frame) for frame in [*frames, encoder.finish()] if frame)


def polar_bytes(counts: NDArray[np.int64], bits: int, *, best_blocks: bool) -> int:
    """Fill each notification with as many samples as one block, or the best blocks, allow."""
    n_channels = counts.shape[1]
    head = POLAR_HEAD + (bits + 7) // 8 * n_channels
    delta = np.diff(counts, axis=0)
    # Two's complement width of the widest delta of a sample.
    magnitude = np.where(delta >= 0, delta, -delta - 1).max(axis=1)
    width = np.ceil(np.log2(magnitude + 1)).astype(np.int64) + 1
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
            frames = arrays[min(arrays.files)][:600].astype(np.int64)
        loudest = np.argsort(frames.std(axis=0))[-16:]
        bits = int(frames.max()).bit_length()
        yield f"pressure, 16 cells, {path.stem}", frames[:, np.sort(loudest)], bits, False


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name, counts, bits, signed in signals(options.data):
        raw = counts.size * bits / 8
        own = own_bytes(counts, bits, signed=signed)
        polar = polar_bytes(counts, bits, best_blocks=False)
        bound = polar_bytes(counts, bits, best_blocks=True)
        rows.append(
            {
                "signal": name, "bits": bits, "channels": counts.shape[1],
                "own": raw / own, "polar": raw / polar, "ratio": polar / own,
                "polar_bound": raw / bound, "ratio_to_bound": bound / own,
            }
        )  # fmt: skip
    if not rows:
        sys.exit(f"{options.data} holds none of the known sets")
    if options.json:
        print(json.dumps(rows))
        return
    print("times smaller than packed raw")
    print(f"{'signal':36}channels bits   own  Polar  ratio   bound  ratio")
    for row in rows:
        print(f"{row['signal']:36}{row['channels']:5}{row['bits']:7}{row['own']:8.2f}"
              f"{row['polar']:7.2f}{row['ratio']:7.2f}{row['polar_bound']:8.2f}"
              f"{row['ratio_to_bound']:7.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
