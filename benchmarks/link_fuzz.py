"""Mutate frames and decode them: no crash, no more false accepts than the checksum allows."""

import argparse
import json

import numpy as np

from firmware_bridge.batch import decode_batch, has_numba
from firmware_bridge.codec import decode_frame
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.errors import FrameError
from firmware_bridge.packet import Frame, crc16
from firmware_bridge.schema import ChannelSchema, StreamSchema

LAYOUTS = ((12,) * 8, (-16,) * 6, (-24,), (-5, 12, -16, 31), (1,))
BATCH = 20_000


def stream_of(bits: tuple[int, ...]) -> StreamSchema:
    channels = tuple(
        ChannelSchema(
            name=f"c{i}", unit="1", bits=abs(b), signed=b < 0, scale=1, offset=0, kind="x"
        )
        for i, b in enumerate(bits)
    )
    return StreamSchema(
        id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=500, store=True,
        channels=channels,
    )  # fmt: skip


def sound_frames(stream: StreamSchema, rng: np.random.Generator, size: int) -> list[bytes]:
    encoder = FrameEncoder(stream, session=1, size=size)
    lows, highs = np.array([channel.count_range for channel in stream.channels]).T
    walk = (lows + highs) // 2
    frames = []
    for i in range(2000):
        walk = np.clip(walk + rng.integers(-20, 21, len(walk)), lows, highs)
        frames.append(encoder.push(walk.tolist(), device_us=1000 * i))
    return [frame for frame in [*frames, encoder.finish()] if frame]


def mutated(frame: bytes, rng: np.random.Generator, *, seal: bool) -> bytes:
    """Flip, cut, lengthen or splice; with a seal the checksum is made right again."""
    data = bytearray(frame)
    match rng.integers(4):
        case 0:
            for at in rng.integers(0, len(data), int(rng.integers(1, 6))):
                data[at] ^= 1 << int(rng.integers(8))
        case 1:
            data = data[: int(rng.integers(0, len(data)))]
        case 2:
            data += rng.bytes(int(rng.integers(1, 40)))
        case _:
            start = int(rng.integers(0, len(data)))
            n = min(int(rng.integers(1, 30)), len(data) - start)
            data[start : start + n] = rng.bytes(n)
    if seal and len(data) > 2:
        data[-2:] = crc16(bytes(data[:-2])).to_bytes(2, "little")
    return bytes(data)


def accepted(packet: bytes, stream: StreamSchema) -> bool:
    try:
        counts = decode_frame(Frame.from_bytes(packet), stream)
    except FrameError:
        return False
    # Values beyond a channel would show that a width was not checked.
    low, high = np.array([channel.count_range for channel in stream.channels]).T
    if ((counts < low) | (counts > high)).any() and not (np.abs(counts) < 2**32).all():
        raise SystemExit("a decoded value exceeds 32 bits")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(3)
    result = {"frames": 0, "accepted": 0, "expected": 0.0, "sealed": 0, "sealed_accepted": 0}
    disagreements = 0
    while result["frames"] < options.frames:
        stream = stream_of(LAYOUTS[int(rng.integers(len(LAYOUTS)))])
        sound = sound_frames(stream, rng, int(rng.choice([64, 100, 244, 495])))
        n = min(BATCH, options.frames - int(result["frames"]))
        seal = bool(rng.random() < 0.2)
        packets = [mutated(sound[int(rng.integers(len(sound)))], rng, seal=seal) for _ in range(n)]
        packets = [packet for packet in packets if packet not in set(sound)]
        live = [accepted(packet, stream) for packet in packets]
        # Both batch engines must answer like the live decoder.
        for engine in ("numpy", "numba") if has_numba() else ("numpy",):
            batch = decode_batch(packets, stream, engine=engine)
            disagreements += int(len(packets) - len(batch.damaged) != sum(live))
        result["frames"] += len(packets)
        key = "sealed_accepted" if seal else "accepted"
        result[key] += sum(live)
        result["sealed"] += len(packets) if seal else 0
    result["expected"] = (result["frames"] - result["sealed"]) / 65_536
    result["batch_disagreements"] = disagreements
    if options.json:
        print(json.dumps(result))
        return
    print(f"{result['frames']} mutated frames, no crash")
    print(f"  accepted {result['accepted']}, a 16-bit checksum lets {result['expected']:.1f} pass")
    print(f"  {result['sealed']} had their checksum mended: {result['sealed_accepted']} decode")
    print(f"  batches in which numpy or numba answered otherwise: {disagreements}")


if __name__ == "__main__":
    main()
