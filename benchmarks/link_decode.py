"""Speed on one core: encoder, three decoders, and construct and protobuf in the same run.

The peers carry the same counts in the way their users write them: construct a header and an array
of 32-bit integers, protobuf one packed repeated sint32 a channel, turned into a numpy array.
Processor time, so that a busy machine matters less.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.batch import decode_batch, has_numba
from firmware_bridge.codec import decode_frame
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.packet import Frame
from firmware_bridge.schema import ChannelSchema, StreamSchema

SETS = {"strain 8 x 12 bit": (12, 8, False), "IMU 6 x 16 bit": (16, 6, True),
        "ECG 24 bit": (24, 1, True)}  # fmt: skip


def stream_of(bits: int, n_channels: int, *, signed: bool) -> StreamSchema:
    channels = tuple(
        ChannelSchema(name=f"c{i}", unit="1", bits=bits, signed=signed, scale=1, offset=0, kind="x")
        for i in range(n_channels)
    )
    return StreamSchema(
        id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=60_000, store=True,
        channels=channels,
    )  # fmt: skip


def counts_of(bits: int, n_channels: int, n: int, *, signed: bool) -> NDArray[np.int64]:
    rng = np.random.default_rng(5)
    t = np.arange(n)[:, None]
    wave = np.sin(t / 40 + np.arange(n_channels)) * (1 << bits) * 0.3
    values = wave + rng.normal(0, 2 + (1 << bits) / 4096, (n, n_channels))
    return np.round(values + (0 if signed else 1 << (bits - 1))).astype(np.int64)


def seconds(job: Callable[[], Any], *, repeats: int) -> float:
    job()
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        job()
        best = min(best, time.process_time() - start)
    return best


def peers(pieces: list[NDArray[np.int64]]) -> dict[str, Callable[[], Any]]:
    """Decoders of other libraries, for the same samples in the same pieces."""
    found: dict[str, Callable[[], Any]] = {}
    n_channels = pieces[0].shape[1]
    try:
        import construct

        form = construct.Struct(
            "kind" / construct.Int8ul, "stream" / construct.Int8ul, "session" / construct.Int16ul,
            "index" / construct.Int32ul, "us" / construct.Int64ul, "n" / construct.Int8ul,
            "counts" / construct.Array(construct.this.n * n_channels, construct.Int32sl),
        )  # fmt: skip
        packets = [
            form.build({"kind": 0, "stream": 1, "session": 1, "index": 0, "us": 0, "n": len(piece),
                        "counts": piece.ravel().tolist()})
            for piece in pieces
        ]  # fmt: skip
        found["construct"] = lambda: [np.array(form.parse(p).counts) for p in packets]
    except ImportError:
        pass
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

        file = descriptor_pb2.FileDescriptorProto(name="frame.proto", syntax="proto3")
        channel = file.message_type.add(name="Frame")
        channel.field.add(name="index", number=1, type=13, label=1)
        channel.field.add(name="us", number=2, type=4, label=1)
        for c in range(n_channels):
            channel.field.add(name=f"c{c}", number=3 + c, type=17, label=3)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        made = message_factory.GetMessageClass(pool.FindMessageTypeByName("Frame"))
        encoded = []
        for piece in pieces:
            message = made(index=0, us=0)
            for c in range(n_channels):
                getattr(message, f"c{c}").extend(piece[:, c].tolist())
            encoded.append(message.SerializeToString())

        def parse() -> None:
            for data in encoded:
                message = made.FromString(data)
                np.array([getattr(message, f"c{c}") for c in range(n_channels)])

        found["protobuf"] = parse
    except ImportError:
        pass
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, dict[str, float]] = {}
    for name, (bits, n_channels, signed) in SETS.items():
        stream = stream_of(bits, n_channels, signed=signed)
        counts = counts_of(bits, n_channels, options.samples, signed=signed)
        encoder = FrameEncoder(stream, session=1, size=244)
        made = [encoder.push(row, device_us=100 * i) for i, row in enumerate(counts.tolist())]
        packets = [frame for frame in [*made, encoder.finish()] if frame]
        sizes = np.cumsum([packet[14] for packet in packets])[:-1]
        some = counts[:20_000].tolist()

        def encode(rows: list[list[int]] = some, s: StreamSchema = stream) -> None:
            own = FrameEncoder(s, session=1, size=244)
            for i, row in enumerate(rows):
                own.push(row, device_us=100 * i)

        jobs: dict[str, Callable[[], Any]] = {
            "live": lambda p=packets, s=stream: [decode_frame(Frame.from_bytes(x), s) for x in p],
            "numpy": lambda p=packets, s=stream: decode_batch(p, s, engine="numpy"),
        }
        if has_numba():
            jobs["numba"] = lambda p=packets, s=stream: decode_batch(p, s, engine="numba")
        jobs |= peers(np.split(counts, sizes))
        result[name] = {
            key: counts.size / seconds(job, repeats=3 if key in ("live", "construct") else 7) / 1e6
            for key, job in jobs.items()
        }
        result[name]["encoder"] = len(some) * n_channels / seconds(encode, repeats=3) / 1e6
    if options.json:
        print(json.dumps(result))
        return
    print("million scalars a second on one core; in brackets, times the protobuf of this run")
    for name, row in result.items():
        base = row.get("protobuf", float("nan"))
        cells = [f"{key} {value:.2f} ({value / base:.1f})" for key, value in row.items()]
        print(f"{name:20}" + "  ".join(cells))


if __name__ == "__main__":
    main()
