import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.events import Damaged
from wearables.profiles import decode_gsp, decode_pmd, decode_raw_motion, movesense, polar, thingy
from wearables.profiles.polar import PmdKind, PmdSetting

AT = {"host_ns": 5, "epoch": 2}
STAMP = "154dd19353135008"


def pmd(kind: int, form: int, body: str) -> bytes:
    return bytes([kind]) + bytes.fromhex(STAMP) + bytes([form]) + bytes.fromhex(body)


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (pmd(0, 0, "010000ffffff000080"), [[1], [-1], [-8388608]]),
        (pmd(2, 1, "e803ecff0000eb03ebffffff"), [[1000, -20, 0], [1003, -21, -1]]),
        (
            pmd(2, 0x81, "e803ecff00000303fbdd010008016464 9c"),
            [[1000, -20, 0], [1003, -21, -1], [1001, -24, 2], [1001, -24, 2], [1101, 76, -98]],
        ),
        (pmd(1, 0, "010000feffff000080ffff7f"), [[1, -2, -8388608, 8388607]]),
        (pmd(1, 0x80, "0100000200000300000400000401 1032"), [
            [1, 2, 3, 4], [1, 3, 5, 7],
        ]),
    ],
)  # fmt: skip
def test_polar_vectors(data, counts):
    frame = decode_pmd(data, **AT)
    assert isinstance(frame, polar.PmdFrame)
    assert frame.counts.tolist() == counts
    assert frame.last_ns == 599000000123456789


def pack(values: np.ndarray, width: int) -> bytes:
    bits = (values.ravel()[:, None] >> np.arange(width)) & 1
    return np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()


@given(st.integers(2, 16), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_polar_delta_gives_back_what_was_packed(width, count, seed):
    rng = np.random.default_rng(seed)
    low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
    steps = rng.integers(low, high + 1, (count, 3))
    first = rng.integers(-2000, 2000, 3)
    body = first.astype("<i2").tobytes() + bytes([width, count]) + pack(steps, width)
    frame = decode_pmd(pmd(2, 0x81, body.hex()), **AT)
    assert isinstance(frame, polar.PmdFrame)
    assert np.array_equal(frame.counts, np.cumsum(np.vstack([first, steps]), axis=0))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "0 bytes"),
        (pmd(0, 0, "0100"), "multiple of 3"),
        (pmd(9, 0, "0100"), "kind 9"),
        (pmd(0, 0x80, "010000"), "delta form 0"),
        (pmd(2, 0x81, "e803"), "reference"),
        (pmd(2, 0x81, "e803ecff000003"), "head of a block"),
        (pmd(2, 0x81, "e803ecff0000 0305ff"), "wanted 6"),
        (pmd(2, 0x81, "e803ecff0000 00010000"), "1 to 32 bits"),
    ],
)
def test_polar_damage_is_told(data, word):
    found = decode_pmd(data, **AT)
    assert isinstance(found, Damaged)
    assert word in found.reason
    assert (found.host_ns, found.epoch) == (5, 2)


def test_polar_agrees_with_an_independent_decoder():
    models = pytest.importorskip("polar_python.models")
    parsers = pytest.importorskip("polar_python.parsers.polar")
    assert models
    rng = np.random.default_rng(3)
    for _ in range(200):
        width, count = int(rng.integers(2, 12)), int(rng.integers(1, 30))
        steps = rng.integers(-(1 << (width - 1)), 1 << (width - 1), (count, 3))
        body = rng.integers(-99, 99, 3).astype("<i2").tobytes() + bytes([width, count])
        frames = [
            pmd(2, 0x81, (body + pack(steps, width)).hex()),
            pmd(2, 1, rng.bytes(6 * count).hex()),
            pmd(0, 0, rng.bytes(3 * count).hex()),
        ]
        for data in frames:
            ours = decode_pmd(data, **AT)
            theirs = parsers.parse_polar_data(bytearray(data), lambda _kind: 1.0)
            assert isinstance(ours, polar.PmdFrame)
            values = np.array(theirs.data).reshape(len(ours.counts), -1)
            assert np.array_equal(ours.counts, values)


def test_polar_requests_and_answers():
    ecg = {PmdSetting.RATE_HZ: 130, PmdSetting.RESOLUTION_BITS: 14}
    assert polar.start_request(PmdKind.ECG, ecg).hex() == "02000001820001010e00"
    assert polar.refusal(bytes.fromhex("f002000000")) is None
    assert polar.refusal(bytes.fromhex("f002000600")) is None
    assert "status 5" in (polar.refusal(bytes.fromhex("f002000500")) or "")
    assert "not one" in (polar.refusal(b"\x01") or "")
    offered = polar.decode_settings(bytes.fromhex("f0010200000002190032000101100004 0103"), **AT)
    assert offered == {
        PmdSetting.RATE_HZ: (25, 50), PmdSetting.RESOLUTION_BITS: (16,), PmdSetting.CHANNELS: (3,)
    }  # fmt: skip
    assert isinstance(polar.decode_settings(bytes.fromhex("f00102000000021900"), **AT), Damaged)
    assert isinstance(polar.decode_settings(bytes.fromhex("f001020000 09"), **AT), Damaged)


def test_movesense_vector():
    data = bytes.fromhex("0263e80300000000003f00001cc10000803f")
    found = decode_gsp(data, {99: "/Meas/Acc/52"}, **AT)
    assert isinstance(found, movesense.GspSamples)
    assert (found.reference, found.time_ms) == (99, 1000)
    assert found.values.tolist() == [[0.5, -9.75, 1.0]]


def test_movesense_sensors_follow_each_other():
    acc, gyr = np.arange(6, dtype="<f4"), 10 + np.arange(6, dtype="<f4")
    data = b"\x02\x07" + (5).to_bytes(4, "little") + acc.tobytes() + gyr.tobytes()
    found = decode_gsp(data, {7: "/Meas/IMU6/104"}, **AT)
    assert isinstance(found, movesense.GspSamples)
    assert found.values.tolist() == [[0, 1, 2, 10, 11, 12], [3, 4, 5, 13, 14, 15]]
    ecg = np.arange(-8, 8, dtype="<i4")
    found = decode_gsp(b"\x02\x08\0\0\0\0" + ecg.tobytes(), {8: "/Meas/ECG/128"}, **AT)
    assert isinstance(found, movesense.GspSamples)
    assert found.values[:, 0].tolist() == list(range(-8, 8))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("02", "1 bytes"),
        ("0163", "response has 2"),
        ("0363", "continues nothing"),
        ("0963", "kind 9"),
        ("0262e8030000", "never subscribed"),
        ("0263e8030000", "no whole number"),
        ("0263e803000000", "no whole number"),
        ("0263e8030000" + "0000c07f" * 3, "not finite"),
        ("0264e803000000", "no whole number"),
    ],
)
def test_movesense_damage_is_told(data, word):
    found = decode_gsp(bytes.fromhex(data), {99: "/Meas/Acc/52", 100: "/Meas/ECG/128"}, **AT)
    assert isinstance(found, Damaged)
    assert word in found.reason


def test_movesense_requests_and_two_part_notifications():
    assert movesense.subscribe_request(99, "/Meas/Acc/52") == b"\x01\x63/Meas/Acc/52"
    assert movesense.unsubscribe_request(99) == b"\x02\x63"
    assert movesense.hello_request(1) == b"\x00\x01"
    assert movesense.what_of("/Time") == ""
    response = decode_gsp(bytes.fromhex("0163c800"), {}, **AT)
    assert response == movesense.GspResponse(reference=99, status=200)
    join = movesense.GspAssembler()
    assert join(b"\x02\x01ab") == []
    assert join(b"\x01\x01\xc8\x00") == [b"\x01\x01\xc8\x00"]
    assert join(b"\x03\x01cd") == [b"\x02\x01abcd"]
    assert join(b"\x02\x01ef") == []
    assert join(b"\x02\x01gh") == [b"\x02\x01ef"]
    assert join.flush() == [b"\x02\x01gh"]
    assert join(b"\x03\x01ij") == [b"\x03\x01ij"]


def test_thingy_raw_motion_vector():
    found = decode_raw_motion(bytes.fromhex("000400fc00022000c0ff00001000f0ffa000"), **AT)
    assert isinstance(found, thingy.RawMotion)
    g = thingy.STANDARD_GRAVITY_M_S2
    assert np.allclose(found.acc_m_s2, [g, -g, g / 2])
    assert np.allclose(found.gyr_rad_s, [math.radians(1), math.radians(-2), 0])
    assert np.allclose(found.mag_t, [1e-6, -1e-6, 10e-6])


def test_thingy_other_payloads():
    one = (1 << 30).to_bytes(4, "little")
    assert np.allclose(thingy.decode_quaternion(one + bytes(12), **AT), [1, 0, 0, 0])
    assert isinstance(thingy.decode_quaternion(bytes(16), **AT), Damaged)
    steps = thingy.decode_steps(bytes.fromhex("0a000000e8030000"), **AT)
    assert steps == thingy.Steps(n_steps=10, walking_s=1.0)
    degrees = (90 << 16).to_bytes(4, "little")
    euler = thingy.decode_euler_rad(degrees + bytes(8), **AT)
    assert np.allclose(euler, [math.pi / 2, 0, 0])
    assert thingy.decode_heading_rad(degrees, **AT) == pytest.approx(math.pi / 2)
    eye = (np.eye(3) * 2**14).astype("<i2").tobytes()
    assert np.allclose(thingy.decode_rotation(eye, **AT), np.eye(3))
    down = np.array([0, 0, 9.81], "<f4")
    assert np.allclose(thingy.decode_gravity_m_s2(down.tobytes(), **AT), down)
    assert isinstance(thingy.decode_gravity_m_s2((down * math.nan).tobytes(), **AT), Damaged)
    settings = thingy.MotionSettings(motion_rate_hz=200, wake_on_motion=False)
    assert settings.to_bytes().hex() == "e803f401f401c80000"


THINGY = [
    thingy.decode_raw_motion, thingy.decode_quaternion, thingy.decode_steps,
    thingy.decode_euler_rad, thingy.decode_heading_rad, thingy.decode_rotation,
    thingy.decode_gravity_m_s2,
]  # fmt: skip


@pytest.mark.parametrize("decode", THINGY)
def test_thingy_truncation_is_damage(decode):
    found = decode(bytes(3), **AT)
    assert isinstance(found, Damaged)
    assert "3 bytes" in found.reason


@pytest.mark.parametrize("decode", [*THINGY, decode_pmd])
def test_noise_never_raises(decode):
    rng = np.random.default_rng(11)
    for _ in range(5000):
        data = bytearray(rng.bytes(int(rng.integers(0, 60))))
        if decode is decode_pmd and len(data) > 9:
            # Most noise would end at an unknown kind; half of it gets a known head.
            data[0], data[9] = rng.integers(0, 3), rng.choice([0, 1, 2, 0x80, 0x81])
        decode(bytes(data), **AT)


def test_noise_on_subscriptions_never_raises():
    rng = np.random.default_rng(13)
    paths = dict(enumerate(["/Meas/Acc/52", "/Meas/IMU9/13", "/Meas/ECG/128", "/Time", "x"]))
    join = movesense.GspAssembler()
    for _ in range(5000):
        data = bytes([rng.integers(0, 5), rng.integers(0, 6)]) + rng.bytes(int(rng.integers(0, 60)))
        for whole in join(data[: int(rng.integers(0, len(data) + 1))]):
            decode_gsp(whole, paths, **AT)
