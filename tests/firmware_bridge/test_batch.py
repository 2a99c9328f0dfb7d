import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.batch import decode_batch
from firmware_bridge.codec import decode_frame
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.packet import Frame, crc16
from firmware_bridge.schema import ChannelSchema, StreamSchema

ENGINES = ["numpy", "numba"]
SHAPES = ["constant", "ramp", "sine", "walk", "white", "steps", "spikes", "extremes", "parabola"]


def make_stream(widths, signed):
    return StreamSchema(
        id=3, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=500, store=True,
        channels=tuple(
            ChannelSchema(
                name=f"c{i}", unit="1", bits=b, signed=sign, scale=1.0, offset=0.0, kind="other"
            )
            for i, (b, sign) in enumerate(zip(widths, signed, strict=True))
        ),
    )  # fmt: skip


def make_counts(shape, stream, n, rng):
    t = np.arange(n)[:, None]
    columns = []
    for channel in stream.channels:
        low, high = channel.count_range
        middle, span = (low + high) // 2, high - low
        wave = {
            "constant": lambda m=middle: np.full((n, 1), m),
            "ramp": lambda lo=low, s=span: lo + t * max(s // max(n, 1), 1),
            "sine": lambda m=middle, s=span: m + np.rint(0.4 * s * np.sin(t / 9)).astype(np.int64),
            "walk": lambda m=middle, s=span: (
                m + np.cumsum(rng.integers(-max(s >> 9, 1), max(s >> 9, 1) + 1, (n, 1)), 0)
            ),
            "white": lambda lo=low, hi=high: rng.integers(lo, hi + 1, (n, 1)),
            "steps": lambda lo=low, s=span: lo + (t // 23 % 3) * (s // 3),
            "spikes": lambda m=middle, hi=high: np.where(rng.random((n, 1)) < 0.03, hi, m),
            "extremes": lambda lo=low, hi=high: np.where(t % 2, hi, lo),
            "parabola": lambda m=middle, s=span: m + (t - n // 2) ** 2 % max(s // 2, 1),
        }[shape]()
        columns.append(np.clip(wave, low, high))
    return np.concatenate(columns, axis=1).astype(np.int64)


def encode(stream, counts, *, size, session=9):
    encoder, frames = FrameEncoder(stream, session=session, size=size), []
    for i, row in enumerate(counts):
        frames.append(encoder.push(row.tolist(), device_us=(1 << 40) + 10_000 * i))
    frames.append(encoder.finish())
    return [frame for frame in frames if frame]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [64, 100, 182, 244, 495])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("widths", "signed"),
    [
        ([12] * 8, [False] * 8),
        ([16] * 6, [True] * 6),
        ([24], [True]),
        ([32, 32], [True, False]),
        ([1, 7, 9, 31], [False, True, False, True]),
        ([2], [True]),
    ],
)
def test_batch_gives_back_what_was_encoded(engine, size, shape, widths, signed):
    stream = make_stream(widths, signed)
    counts = make_counts(shape, stream, 400, np.random.default_rng(size))
    frames = encode(stream, counts, size=size)
    batch = decode_batch(frames, stream, engine=engine)
    np.testing.assert_array_equal(batch.counts, counts)
    assert batch.damaged == ()
    rows = np.cumsum(batch.n_samples) - batch.n_samples
    np.testing.assert_array_equal(batch.first_index, rows)
    np.testing.assert_array_equal(batch.device_us, (1 << 40) + 10_000 * rows)
    assert set(batch.session) == {9}
    assert batch.flags[-1] == 8


@pytest.fixture(scope="module")
def golden_frames(link_golden):
    return [(case, case.frames()) for case in link_golden.link_cases()]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_golden_cases_decode_to_their_samples(engine, golden_frames):
    """The same 550 cases that bind the C and the Python encoder and the live decoder."""
    assert len(golden_frames) >= 500
    for case, frames in golden_frames:
        batch = decode_batch(frames, case.stream, engine=engine)
        np.testing.assert_array_equal(batch.counts, np.array(case.samples), err_msg=case.name)
        assert batch.damaged == ()


@pytest.mark.parametrize("engine", ENGINES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_batch_and_single_frames_agree_on_mutants(engine, data):
    stream = make_stream([12, 16, 31], [False, True, True])
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 30)))
    frames = encode(stream, make_counts("walk", stream, 300, rng), size=100)
    packets = []
    for frame in frames * 8:
        mutant = bytearray(
            frame[: rng.integers(0, len(frame) + 1)] if rng.random() < 0.2 else frame
        )
        for _ in range(rng.integers(0, 4)):
            if mutant:
                mutant[rng.integers(len(mutant))] = rng.integers(256)
        if len(mutant) > 2 and rng.random() < 0.8:  # A forged checksum reaches the later checks.
            mutant[-2:] = crc16(bytes(mutant[:-2])).to_bytes(2, "little")
        packets.append(bytes(mutant))
    good, reasons = [], {}
    for i, packet in enumerate(packets):
        try:
            good.append(decode_frame(Frame.from_bytes(packet), stream))
        except ValueError as error:
            reasons[i] = str(error)
    batch = decode_batch(packets, stream, engine=engine)
    assert dict(batch.damaged) == reasons
    np.testing.assert_array_equal(batch.counts, np.concatenate([np.zeros((0, 3), int), *good]))


@pytest.mark.parametrize("engine", ENGINES)
def test_no_packet_gives_an_empty_batch(engine):
    batch = decode_batch([], make_stream([12], [False]), engine=engine)
    assert batch.counts.shape == (0, 1)
    assert batch.position.size == 0
