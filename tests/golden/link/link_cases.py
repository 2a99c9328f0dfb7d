"""Cases that every encoder and decoder of the link must agree on, bit for bit.

Ten signal shapes, eleven channel layouts, five frame sizes: 550 cases. Only the standard
library's generator is used, whose bits are the same in every version. The expected frames'
count, length and chained checksum of each case stand in ``expected.csv`` beside this file.
"""

import csv
import math
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.packet import crc16
from firmware_bridge.schema import ChannelSchema, StreamSchema

EXPECTED = Path(__file__).with_name("expected.csv")
SIZES = (64, 100, 182, 244, 495)
# Bits of each channel, negative when signed.
LAYOUTS = {
    "u1": (1,), "u8": (8,), "i8x3": (-8,) * 3, "u12": (12,), "u12x8": (12,) * 8,
    "i16x6": (-16,) * 6, "u16x2": (16,) * 2, "i24": (-24,), "i24x4": (-24,) * 4,
    "i32u32": (-32, 32), "mixed": (-5, 12, -16, 31),
}  # fmt: skip
CAPS = (255, 255, 255, 40, 17, 16, 3, 1)
SHAPES = (
    "constant", "ramp", "sine", "small_noise", "white_noise", "steps", "spikes", "walk", "ecg",
    "alternating",
)  # fmt: skip
NO_SKIP = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCase:
    """One encoder run: settings, samples (n_samples rows of counts) and their device times."""

    name: str
    stream: StreamSchema
    session: int
    size: int
    cap: int
    generation: int
    samples: list[list[int]]
    device_us: list[int]
    skip_at: int
    skip_n: int

    def frames(self) -> list[bytes]:
        """What the Python encoder makes of it."""
        encoder = FrameEncoder(
            self.stream, session=self.session, size=self.size, cap=self.cap,
            generation=self.generation,
        )  # fmt: skip
        frames: list[bytes | None] = []
        for i, (row, at_us) in enumerate(zip(self.samples, self.device_us, strict=True)):
            if i == self.skip_at:
                frames.append(encoder.skip(self.skip_n))
            frames.append(encoder.push(row, device_us=at_us))
        frames.append(encoder.finish())
        return [frame for frame in frames if frame]

    def to_bytes(self) -> bytes:
        """Input of the C programs, see encode_cases.c."""
        bits = [c.bits * (-1 if c.signed else 1) for c in self.stream.channels]
        head = struct.pack(
            f"<B{len(bits)}bBHHBBIII", len(bits), *bits, self.stream.id, self.session, self.size,
            self.cap, self.generation, len(self.samples), self.skip_at, self.skip_n,
        )  # fmt: skip
        rows = (
            struct.pack(f"<Q{len(bits)}I", at_us, *(v & 0xFFFFFFFF for v in row))
            for row, at_us in zip(self.samples, self.device_us, strict=True)
        )
        return head + b"".join(rows)


def link_cases() -> Iterator[LinkCase]:
    """All cases, always the same."""
    for i_shape, shape in enumerate(SHAPES):
        for i_layout, layout in enumerate(LAYOUTS):
            for i_size, size in enumerate(SIZES):
                number = (i_shape * len(LAYOUTS) + i_layout) * len(SIZES) + i_size
                yield _case(number, shape, layout, size)


def expected_sums() -> dict[str, tuple[int, int, str]]:
    """Frames, bytes and chained checksum of each case, as recorded."""
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return {row[0]: (int(row[1]), int(row[2]), row[3]) for row in csv.reader(file)}


def sums(frames: list[bytes]) -> tuple[int, int, str]:
    """Frames, bytes and chained checksum."""
    chained = 0xFFFF
    for frame in frames:
        chained = crc16(frame, chained)
    return len(frames), sum(map(len, frames)), f"{chained:04X}"


def _case(number: int, shape: str, layout: str, size: int) -> LinkCase:
    rng = random.Random(number)
    stream = stream_of(LAYOUTS[layout], stream_id=1 + number % 255)
    n_samples = 90 + rng.getrandbits(7)
    columns = [_signal(shape, channel, n_samples, rng) for channel in stream.channels]
    start_us = rng.getrandbits(47)
    return LinkCase(
        name=f"{shape}-{layout}-{size}",
        stream=stream,
        session=rng.getrandbits(16),
        size=size,
        cap=CAPS[number % len(CAPS)],
        generation=number % 16,
        samples=[list(row) for row in zip(*columns, strict=True)],
        device_us=[start_us + 5000 * i + rng.getrandbits(6) for i in range(n_samples)],
        skip_at=rng.getrandbits(6) if number % 3 == 0 else NO_SKIP,
        skip_n=rng.getrandbits(32) if number % 2 else 7,
    )


def stream_of(bits: tuple[int, ...], *, stream_id: int = 1) -> StreamSchema:
    """Stream of channels of these bits, negative when signed."""
    channels = tuple(
        ChannelSchema(
            name=f"c{i}", unit="1", bits=abs(b), signed=b < 0, scale=1.0, offset=0.0, kind="other"
        )
        for i, b in enumerate(bits)
    )
    return StreamSchema(
        id=stream_id, name="s", rate_hz=200.0, rates_hz=(200.0,), max_latency_ms=500, store=True,
        channels=channels,
    )  # fmt: skip


def _signal(shape: str, channel: ChannelSchema, n: int, rng: random.Random) -> list[int]:
    low, high = channel.count_range
    middle, span = (low + high + 1) // 2, high - low
    phase = rng.getrandbits(5)

    def noise(n_bits: int) -> int:
        return rng.getrandbits(n_bits) - (1 << n_bits >> 1)

    def ecg(i: int) -> float:
        t = (i + phase) % 60
        return 0.4 * math.exp(-(((t - 20) / 1.5) ** 2)) + 0.08 * math.exp(-(((t - 38) / 5) ** 2))

    walk, values = middle, list[int]()
    for i in range(n):
        walk += noise(6)
        value = {
            "constant": lambda: (low, high, middle)[phase % 3],
            "ramp": lambda i=i: low + (i + phase) * max(1, span // 300),
            "sine": lambda i=i: middle + round(span * 0.45 * math.sin((i + phase) / 9)),
            "small_noise": lambda: middle + noise(3),
            "white_noise": lambda: low + rng.getrandbits(channel.bits),
            "steps": lambda i=i: low + span * ((i + phase) // 23 % 4) // 3,
            "spikes": lambda: rng.choice((low, high)) if rng.getrandbits(4) == 0 else middle,
            "walk": lambda walk=walk: walk,
            "ecg": lambda i=i: middle + round(span * ecg(i)) + noise(2),
            "alternating": lambda i=i: high if (i + phase) % 2 else low,
        }[shape]()
        values.append(min(max(value, low), high))
    return values
