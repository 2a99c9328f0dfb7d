"""What Rice codes would bring to our frames, estimated on the signals of link_compression.py.

The format keeps orders 3 and 4 for Rice coded differences. Here each group and channel may choose
them beside the modes that exist, with the best parameter (in the width field) and an escape for
large values; frames are filled as ever, heads and checksums included. An estimate: no such frame is
written.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from link_compression import SIZE, polar_streamed, signals

GROUP, MAX_SAMPLES, OVERHEAD, ESCAPE = 16, 255, 18, 16


def zigzag(d: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(d < 0, -2 * d - 1, 2 * d)


def channel_bits(codes: NDArray[np.int64], bits: int, *, with_rice: bool) -> int:
    """Bits of one order in one group: packed at the widest, or Rice coded."""
    width = int(codes.max()).bit_length()
    best = width * len(codes) if width < bits else bits * len(codes)
    if with_rice:
        for k in range(min(bits, 16)):
            quotient = codes >> k
            best = min(
                best, int(np.where(quotient < ESCAPE, 1 + quotient + k, ESCAPE + bits).sum())
            )
    return best


def group_bits(
    group: NDArray[np.int64], before: NDArray[np.int64], delta_before: NDArray[np.int64], bits: int,
    *, with_rice: bool,
) -> int:  # fmt: skip
    delta = np.diff(np.vstack([before, group]), axis=0)
    second = np.diff(np.vstack([delta_before, delta]), axis=0)
    n_channels = group.shape[1]
    return 8 * n_channels + sum(
        min(
            bits * len(group),
            *(channel_bits(zigzag(d[:, c]), bits, with_rice=with_rice) for d in (delta, second)),
        )
        for c in range(n_channels)
    )


def frame_bytes(counts: NDArray[np.int64], bits: int, *, with_rice: bool) -> int:
    """Bytes of all frames; the last group of a frame is as long as fits."""
    n_channels = counts.shape[1]
    base, budget = 8 * ((bits + 7) // 8) * n_channels, 8 * (SIZE - OVERHEAD)
    total, first = 0, 0
    while first < len(counts):
        n, used = 1, 0
        while n < MAX_SAMPLES and first + n < len(counts):
            at = first + n
            delta = counts[at - 1] - counts[at - 2] if n > 1 else np.zeros(n_channels, np.int64)
            longest = min(GROUP, len(counts) - at, MAX_SAMPLES - n)
            for size in range(longest, 0, -1):
                group = counts[at : at + size]
                cost = group_bits(group, counts[at - 1], delta, bits, with_rice=with_rice)
                if base + used + cost + 7 <= budget:
                    break
            else:
                break
            used, n = used + cost, n + size
            if size < longest:
                break
        total += OVERHEAD + (base + used + 7) // 8
        first += n
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sums: dict[str, list[float]] = {}
    for name, counts, bits, _ in signals(options.data):
        part = counts[: options.samples]
        sizes = [
            part.size * bits / 8, frame_bytes(part, bits, with_rice=False),
            frame_bytes(part, bits, with_rice=True), polar_streamed(part, bits, length=None),
        ]  # fmt: skip
        row = sums.setdefault(name.split("/")[0], [0.0] * len(sizes))
        for i, size in enumerate(sizes):
            row[i] += size
    rows = {
        name: {"own": row[0] / row[1], "rice": row[0] / row[2], "greedy": row[0] / row[3]}
        for name, row in sums.items()
    }
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'times smaller than packed raw':36}   own   with Rice   Polar, greedy")
    for name, row in rows.items():
        print(f"{name:36}{row['own']:6.2f}{row['rice']:12.2f}{row['greedy']:16.2f}")


if __name__ == "__main__":
    main()
