"""The C encoder makes the bytes of the Python encoder, under the sanitizers."""

import struct
import subprocess

import numpy as np
import pytest

from firmware_bridge.codec import decode_frame
from firmware_bridge.packet import INDEX_MODULUS, Frame, crc16


@pytest.fixture(scope="module")
def cases(link_golden):
    return list(link_golden.link_cases())


def run_cases(program, cases):
    data = b"".join(case.to_bytes() for case in cases)
    run = subprocess.run([program], input=data, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    answers, position = [[]], 0
    while position < len(run.stdout):
        (length,) = struct.unpack_from("<H", run.stdout, position)
        position += 2
        if length == 0:
            answers.append([])
            continue
        answers[-1].append(run.stdout[position : position + length])
        position += length
    return answers[:-1]


def test_the_cases_cover_what_they_promise(link_golden, cases):
    assert len(cases) >= 500
    assert len({case.name for case in cases}) == len(cases)
    assert len(link_golden.SHAPES) >= 8
    assert {case.size for case in cases} == {64, 100, 182, 244, 495}


def test_python_frames_are_the_recorded_ones(link_golden, cases):
    """So that both encoders cannot drift together."""
    assert {case.name: link_golden.sums(case.frames()) for case in cases} == (
        link_golden.expected_sums()
    )


def test_c_and_python_agree_on_every_byte(compile_c, cases):
    answers = run_cases(compile_c("encode_cases.c"), cases)
    for case, answer in zip(cases, answers, strict=True):
        assert answer == case.frames(), case.name


def test_c_with_16_bit_storage_agrees(compile_c, cases):
    narrow = [c for c in cases if max(channel.bits for channel in c.stream.channels) <= 16]
    program = compile_c("encode_cases.c", options=["-DGL_SAMPLE_BITS=16"])
    for case, answer in zip(narrow, run_cases(program, narrow), strict=True):
        assert answer == case.frames(), case.name


def test_c_frames_decode_to_the_samples(compile_c, cases):
    for case, answer in zip(cases, run_cases(compile_c("encode_cases.c"), cases), strict=True):
        frames = [Frame.from_bytes(data) for data in answer]
        assert max(map(len, answer)) <= case.size
        counts = np.concatenate([decode_frame(frame, case.stream) for frame in frames])
        np.testing.assert_array_equal(counts, np.array(case.samples), err_msg=case.name)
        index = 0
        for frame in frames:
            done = sum(f.n_samples for f in frames[: frames.index(frame)])
            index = done + (case.skip_n if done >= case.skip_at else 0)
            assert frame.first_index == index % INDEX_MODULUS
            assert frame.device_us == case.device_us[done] % 2**48


def test_c_agrees_on_the_walk_of_twenty_thousand_samples(compile_c, link_golden):
    """V6: 455 frames, 110,014 bytes, checksum 60B4."""
    seed, row, samples = 1, [0] * 6, []
    for _ in range(20_000):
        for channel in range(6):
            seed = (1664525 * seed + 1013904223) % 2**32
            row[channel] = max(-32768, min(32767, row[channel] + (seed >> 26) - 32))
        samples.append(list(row))
    case = link_golden.LinkCase(
        name="V6", stream=link_golden.stream_of((-16,) * 6, stream_id=2), session=1, size=244,
        cap=255, generation=0, samples=samples, device_us=[5000 * i for i in range(20_000)],
        skip_at=link_golden.NO_SKIP, skip_n=0,
    )  # fmt: skip
    (frames,) = run_cases(compile_c("encode_cases.c"), [case])
    # The last frame says end of block here, so compare it without its flag.
    last = frames[-1][:15] + b"\0" + frames[-1][16:-2]
    frames[-1] = last + crc16(last).to_bytes(2, "little")
    assert link_golden.sums(frames) == (455, 110_014, "60B4")
