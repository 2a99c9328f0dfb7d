"""The codec against golden bytes and as a property."""

import binascii

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec import decode_frame
from firmware_bridge.encoder import FrameEncoder
from firmware_bridge.errors import ChecksumError, FrameError
from firmware_bridge.packet import (
    FLAG_END_OF_BLOCK,
    FLAG_OVERRUN_BEFORE,
    Frame,
    FrameKind,
    crc16,
    device_content,
    device_frame,
)
from firmware_bridge.schema import ChannelSchema, StreamSchema


def stream_of(bits, *, signed=True, stream_id=1, n_channels=1):
    channels = tuple(
        ChannelSchema(
            name=f"c{i}", unit="1", bits=bits, signed=signed, scale=1.0, offset=0.0, kind="other"
        )
        for i in range(n_channels)
    )
    return StreamSchema(
        id=stream_id, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=500, store=True,
        channels=channels,
    )  # fmt: skip


def encode(stream, samples, *, session, device_us=0, start=0, **options):
    encoder = FrameEncoder(stream, session=session, **options)
    encoder._next_index = start
    frames = [encoder.push(row, device_us=device_us) for row in samples] + [encoder.flush()]
    return [frame for frame in frames if frame]


INT32 = 2**31
GOLDEN = {
    "V1": (stream_of(12, signed=False), [[2048]], 1, 1000, 0,
           "10 01 01 00 00 00 00 00 e8 03 00 00 00 00 01 00 00 08 02 30"),
    "V2": (stream_of(16, stream_id=2, n_channels=2),
           [[-1000 + 10 * i, 32767 - 3 * i * i] for i in range(5)], 0x0102, 0x0102030405, 0x10000,
           "10 02 02 01 00 00 01 00 05 04 03 02 01 00 05 00 18 fc ff 7f 25 44 94 52 5a bb 0b"
           " 91 8e"),
    "V3": (stream_of(24, stream_id=3), [[-(2**23)]] * 18, 7, 0, 0,
           "10 03 07 00 00 00 00 00 00 00 00 00 00 00 12 00 00 00 80 20 20 98 93"),
    "V4": (stream_of(12, signed=False), [[0], [4095], [0], [4095]], 1, 0, 0,
           "10 01 01 00 00 00 00 00 00 00 00 00 00 00 04 00 00 00 00 ff 0f 00 ff 0f 6e 76"),
    "V5": (stream_of(32), [[-INT32], [INT32 - 1], [-INT32]], 1, 0, 0,
           "10 01 01 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00 00 80 22 09 35 c0"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_frames(case):
    stream, samples, session, device_us, start, expected = GOLDEN[case]
    frames = encode(stream, samples, session=session, device_us=device_us, start=start)
    assert [frame.hex(" ") for frame in frames] == [expected]
    np.testing.assert_array_equal(decode_frame(Frame.from_bytes(frames[0]), stream), samples)


def test_golden_walk_of_twenty_thousand_samples():
    """Six 16-bit walks: frame count, bytes and chained checksum are agreed with the firmware."""
    stream = stream_of(16, stream_id=2, n_channels=6)
    encoder = FrameEncoder(stream, session=1, size=244)
    seed, row, frames = 1, [0] * 6, []
    for i in range(20_000):
        for channel in range(6):
            seed = (1664525 * seed + 1013904223) % 2**32
            row[channel] = max(-32768, min(32767, row[channel] + (seed >> 26) - 32))
        frames.append(encoder.push(row, device_us=5000 * i))
    frames = [frame for frame in [*frames, encoder.flush()] if frame]
    chained = 0xFFFF
    for frame in frames:
        chained = crc16(frame, chained)
    assert (len(frames), sum(map(len, frames)), f"{chained:04X}") == (455, 110_014, "60B4")


def test_the_checksum_is_the_agreed_one():
    assert crc16(b"123456789") == 0x29B1 == binascii.crc_hqx(b"123456789", 0xFFFF)


@settings(max_examples=60, deadline=None)
@given(
    bits=st.integers(1, 32),
    signed=st.booleans(),
    cap=st.sampled_from([1, 2, 17, 255]),
    n_channels=st.integers(1, 5),
    size=st.sampled_from([64, 100, 244, 495]),
    smooth=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_goes_in_comes_out(bits, signed, cap, n_channels, size, smooth, seed):
    """Any signal of any width survives any frame size, and no frame exceeds the size."""
    stream = stream_of(bits, signed=signed, n_channels=n_channels)
    low, high = stream.channels[0].count_range
    rng = np.random.default_rng(seed)
    counts = rng.integers(low, high, size=(300, n_channels), endpoint=True)
    if smooth:
        counts = np.sort(counts, axis=0)
    frames = encode(stream, counts, session=3, size=size, cap=cap)
    assert max(map(len, frames)) <= size
    blocks, expected = [], 0
    for data in frames:
        frame = Frame.from_bytes(data)
        assert frame.first_index == expected
        expected += frame.n_samples
        blocks.append(decode_frame(frame, stream))
    np.testing.assert_array_equal(np.concatenate(blocks), counts)


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 10_000), change=st.integers(1, 255), cut=st.integers(0, 40))
def test_damage_is_an_error_and_never_a_crash(position, change, cut):
    stream = stream_of(16, n_channels=3)
    counts = np.cumsum(np.arange(90).reshape(30, 3) % 7 - 3, axis=0)
    data = bytearray(encode(stream, counts, session=1)[0])
    data[position % len(data)] ^= change
    for damaged in (bytes(data), bytes(data[: len(data) - cut])):
        with pytest.raises(FrameError):
            Frame.from_bytes(damaged)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=80), n_samples=st.integers(0, 255))
def test_a_forged_body_is_refused_or_has_its_shape(body, n_samples):
    stream = stream_of(16, n_channels=2)
    data = Frame(
        kind=FrameKind.DATA, stream_id=1, session=1, first_index=0, device_us=0,
        n_samples=n_samples, flags=0, body=body or b"\0",
    ).to_bytes()  # fmt: skip
    try:
        counts = decode_frame(Frame.from_bytes(data), stream)
    except FrameError:
        return
    assert counts.shape == (n_samples, 2)


def test_a_flipped_bit_says_both_checksums():
    data = bytearray(encode(stream_of(16), [[1], [2]], session=1)[0])
    data[5] ^= 1
    with pytest.raises(ChecksumError) as caught:
        Frame.from_bytes(bytes(data))
    assert caught.value.expected != caught.value.actual


def test_foreign_frames_are_refused():
    good = encode(stream_of(16), [[1]], session=1)[0]
    with pytest.raises(FrameError, match="version"):
        Frame.from_bytes(b"\x20" + good[1:])
    with pytest.raises(FrameError, match="at least"):
        Frame.from_bytes(good[:10])
    kind_2 = b"\x12" + good[1:-2]
    with pytest.raises(FrameError, match="kind"):
        Frame.from_bytes(kind_2 + crc16(kind_2).to_bytes(2, "little"))


def test_bad_settings_are_refused():
    with pytest.raises(FrameError, match="size"):
        FrameEncoder(stream_of(16), session=1, size=20)
    with pytest.raises(FrameError, match="cap"):
        FrameEncoder(stream_of(16), session=1, cap=0)
    with pytest.raises(FrameError, match="channels"):
        FrameEncoder(stream_of(16), session=1).push([1, 2], device_us=0)


def test_device_frames_carry_a_map():
    data = device_frame(FrameKind.EVENT, {0: 0, 1: "hop"}, session=4, counter=9, device_us=77)
    frame = Frame.from_bytes(data)
    assert device_content(frame) == {0: 0, 1: "hop"}
    assert (frame.first_index, frame.device_us, frame.n_samples) == (9, 77, 0)
    bad = Frame(
        kind=FrameKind.STATUS, stream_id=0, session=1, first_index=0, device_us=0, n_samples=0,
        flags=0, body=b"\x01",
    )  # fmt: skip
    with pytest.raises(FrameError, match="map"):
        device_content(bad)


def test_a_count_that_does_not_fit_is_refused():
    stream = StreamSchema(
        id=1, name="s", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=500, store=True,
        channels=(
            stream_of(12, signed=False).channels[0],
            ChannelSchema(
                name="wide", unit="1", bits=16, signed=True, scale=1.0, offset=0.0, kind="other"
            ),
        ),
    )  # fmt: skip
    encoder = FrameEncoder(stream, session=1)
    encoder.push([4095, -32768], device_us=0)
    with pytest.raises(FrameError, match="channel 'c0': count of 4096 is outside 0 to 4095"):
        encoder.push([4096, 0], device_us=0)
    np.testing.assert_array_equal(
        decode_frame(Frame.from_bytes(encoder.flush()), stream), [[4095, -32768]]
    )


def test_a_sample_that_fills_more_than_a_frame_is_refused():
    with pytest.raises(FrameError, match="takes a frame of 82 bytes"):
        FrameEncoder(stream_of(32, n_channels=16), session=1, size=64)


def test_the_open_frame_can_be_looked_at():
    encoder = FrameEncoder(stream_of(16), session=1, generation=3)
    assert encoder.flush() is None
    encoder.push([1], device_us=42)
    assert (encoder.n_pending, encoder.first_us, encoder.next_index) == (1, 42, 1)
    frame = Frame.from_bytes(encoder.skip(9))
    assert frame.flags == FLAG_END_OF_BLOCK | 3 << 4
    encoder.push([2], device_us=50)
    assert encoder.next_index == 11
    after = Frame.from_bytes(encoder.finish())
    assert (after.first_index, after.flags & FLAG_OVERRUN_BEFORE) == (10, FLAG_OVERRUN_BEFORE)
    assert encoder.skip(0) is None
    encoder.push([2], device_us=60)
    assert Frame.from_bytes(encoder.flush()).flags == 3 << 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x00\x00\x60\x00", "order 3"),
        (b"\x00\x00\x05\x00", "raw group"),
        (b"\x00\x00\x30\x00\x00", "width 16"),
        (b"\x00\x00", "header needs"),
        (b"\x00\x00\x21\x00\x00\x00", "modes need"),
    ],
)
def test_modes_that_cannot_be_are_named(body, said):
    frame = Frame(
        kind=FrameKind.DATA, stream_id=1, session=1, first_index=0, device_us=0, n_samples=2,
        flags=0, body=body,
    )  # fmt: skip
    with pytest.raises(FrameError, match=said):
        decode_frame(frame, stream_of(16))
    with pytest.raises(FrameError, match="not a data frame of stream 9"):
        decode_frame(frame, stream_of(16, stream_id=9))
