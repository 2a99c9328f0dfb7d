"""Garment descriptions: golden bytes, round trip, and sentences for mistakes."""

import contextlib

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.control import (
    Command,
    Op,
    Rc,
    SmpAssembler,
    SmpMessage,
    check_response,
    decode_message,
    encode_message,
    refusal,
    request,
    response,
)
from firmware_bridge.errors import ControlError, MessageError, SchemaError
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.schema_toml import garment_from_toml

BAND_TOML = """
[device]
vendor = "org.example"
name = "ref-band"
hw = "nrf52840-ref"
schema = 1
[[stream]]
id = 1
name = "strain"
rate_hz = 100
rates_hz = [50, 100]
max_latency_ms = 500
store = true
[[stream.channel]]
name = ["chest"]
unit = "%"
bits = 12
signed = false
scale = 0.0125
offset = 0.0
kind = "strain"
"""
BAND_CBOR = (
    "a4 00 01 01 83 6b 6f72672e6578616d706c65 68 7265662d62616e64 6c 6e726635323834302d726566"
    "02 01 03 81 87 01 66 73747261696e f95640 82 f95240 f95640 1901f4 f5 81 86 65 6368657374"
    "61 25 0c fb3f8999999999999a f90000 66 73747261696e"
)


def test_the_descriptor_has_the_agreed_bytes():
    schema = garment_from_toml(BAND_TOML)
    assert schema.to_cbor() == bytes.fromhex(BAND_CBOR)
    assert schema.sha256()[:8].hex() == "f1b6bce9a084df6b"


def test_a_host_without_the_toml_decodes_the_same_garment():
    schema = garment_from_toml(
        BAND_TOML.replace(
            'kind = "strain"', 'kind="strain"\nsite="x"\ncalibration="c7 2026-03-01"\naxis="y"'
        )
    )
    assert GarmentSchema.from_cbor(schema.to_cbor()) == schema
    assert schema.stream(1) is schema.stream_named("strain")
    (channel,) = schema.stream(1).channels
    assert (channel.site, channel.calibration, channel.axis) == ("x", "c7 2026-03-01", "y")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bits = 12", "bits = 40", "bits is 40"),
        ("scale = 0.0125", "scale = 0.0", "scale"),
        ("rate_hz = 100\n", "rate_hz = 75\n", "not among"),
        ("id = 1\n", "id = 300\n", "id is 300"),
        ('unit = "%"', "", "'unit'"),
        ("[device]", "[devize]", r"\[device\]"),
        ("schema = 1", "", "'schema'"),
        ("bits = 12", "bits = ", "cannot be read"),
        ('["chest"]', '["chest", "chest"]', "repeat"),
        ('["chest"]', "[5]", "name is 5"),
        ("signed = false", 'signed = "false"', "signed is 'false', wanted true or false"),
        ("bits = 12", "bits = 12.5", "bits is 12.5, wanted an integer"),
        ("schema = 1", 'schema = "x"', "schema is 'x'"),
        ("scale = 0.0125", 'scale = "big"', "'chest'.*scale is 'big', wanted a number"),
        ("scale = 0.0125", "scale = nan", "finite"),
        ("scale = 0.0125", "scale = 1" + "0" * 400, "too large"),
        ("rates_hz = [50, 100]", "rates_hz = 100", "rates_hz is 100, wanted a list"),
        ("rates_hz = [50, 100]", "rates_hz = [-50, 100]", "above 0"),
        ("max_latency_ms = 500", "max_latency_ms = 0", "max_latency_ms is 0"),
        ("store = true", "store = 1", "store is 1"),
        ("[[stream.channel]]", "channel = 3\n[other]", "wanted .*channel.* tables"),
    ],
)
def test_mistakes_are_named(old, new, said):
    with pytest.raises(SchemaError, match=said):
        garment_from_toml(BAND_TOML.replace(old, new))


def test_streams_are_unique_and_not_empty():
    band = garment_from_toml(BAND_TOML)
    with pytest.raises(SchemaError, match="repeat"):
        GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=band.streams * 2)
    with pytest.raises(SchemaError, match="no channel"):
        StreamSchema(
            id=1, name="s", rate_hz=1.0, rates_hz=(1.0,), max_latency_ms=1, store=True, channels=()
        )
    for unknown in (lambda: band.stream(9), lambda: band.stream_named("ecg")):
        with pytest.raises(SchemaError, match="has no stream"):
            unknown()


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xa1\x00\x02", b"\xa2\x00\x01\x01\x80", b"\xff"])
def test_foreign_descriptors_are_refused(data):
    with pytest.raises(SchemaError):
        GarmentSchema.from_cbor(data)


@pytest.mark.parametrize(
    "row",
    [
        [1.5, "s", 100.0, [100.0], 5, True, [["a", "b", 12, 0.1, 0.0, "x"]]],
        [1, 2, 100.0, [100.0], 5, True, [["a", "b", 12, 0.1, 0.0, "x"]]],
        [1, "s", 100.0, [100.0], 5, True, [["a", "b", 12.5, 0.1, 0.0, "x"]]],
        [1, "s", 100.0, [100.0], 5, True, [["a", 7, 12, 0.1, 0.0, "x"]]],
        [1, "s", 10**400, [10**400], 5, True, [["a", "b", 12, 0.1, 0.0, "x"]]],
        [1, "s", 100.0, [100.0], 5, 1, [["a", "b", 12, 0.1, 0.0, "x"]]],
    ],
)
def test_descriptors_of_wrong_types_are_refused(row):
    content = {0: 1, 1: ["v", "n", "h"], 2: 1, 3: [row]}
    with pytest.raises(SchemaError, match=r"wanted|too large"):
        GarmentSchema.from_cbor(cbor2.dumps(content))


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, 95), change=st.integers(1, 255))
def test_a_damaged_descriptor_is_refused_or_a_garment(position, change):
    data = bytearray.fromhex(BAND_CBOR)
    data[position] ^= change
    with contextlib.suppress(SchemaError):
        assert GarmentSchema.from_cbor(bytes(data)).streams is not None


def test_count_ranges():
    signed = ChannelSchema(
        name="c", unit="1", bits=12, signed=True, scale=1, offset=0, kind="other"
    )
    assert signed.count_range == (-2048, 2047)


def test_control_messages_have_the_agreed_bytes():
    backfill = request(
        Command.BACKFILL, {"a": 1000, "b": 9000, "stream": 2, "session": 1}, sequence=0
    )
    assert encode_message(backfill) == bytes.fromhex(
        "0a00001c00470005 a4 6161 1903e8 6162 192328 6673747265616d 02 6773657373696f6e 01"
    )
    time = request(Command.TIME, {"t1": 123456789012345, "dither_us": 15000}, sequence=1)
    assert encode_message(time) == bytes.fromhex(
        "0800001a00470103 a2 627431 1b000070 48860ddf79 69 6469746865725f7573 193a98"
    )
    assert decode_message(encode_message(time)) == time


def test_messages_survive_any_cut():
    messages = [
        encode_message(request(Command.START, {"streams": [1, 2]}, sequence=i)) for i in range(4)
    ]
    data = b"".join(messages)
    for size in (1, 3, 20, 400):
        assembler = SmpAssembler()
        whole = [m for i in range(0, len(data), size) for m in assembler(data[i : i + size])]
        assert whole == messages
    assembler(b"\0")
    assembler.reset()
    assert assembler(messages[0]) == messages[:1]


def test_a_refusal_says_what_and_why():
    asked = request(Command.SET, {"stream": 1}, sequence=5)
    assert check_response(response(asked, {"generation": 3})) == {"generation": 3}
    with pytest.raises(ControlError, match="refused set: over budget") as caught:
        check_response(refusal(asked, Rc.OVER_BUDGET))
    assert caught.value.rc == 4
    foreign = SmpMessage(op=Op.READ_RESPONSE, group=0, sequence=0, command=5, body={"rc": 99})
    with pytest.raises(ControlError, match="code 99"):
        check_response(foreign)


@pytest.mark.parametrize(
    "data",
    [b"\x08", b"\x08\0\0\x05\0\x47\0\0", b"\x0f\0\0\0\0\x47\0\0", b"\x08\0\0\x01\0\x47\0\0\x01"],
)
def test_broken_messages_are_refused(data):
    with pytest.raises(MessageError):
        decode_message(data)


@pytest.mark.parametrize("body", [{"err": 5}, {"err": {"rc": "x"}}, {"rc": [1]}])
def test_unreadable_refusals_are_no_answer(body):
    message = SmpMessage(op=Op.READ_RESPONSE, group=71, sequence=0, command=77, body=body)
    with pytest.raises(MessageError, match="cannot be read"):
        check_response(message)


def test_an_unknown_command_keeps_its_number():
    message = SmpMessage(op=Op.READ_RESPONSE, group=71, sequence=0, command=77, body={"rc": 2})
    with pytest.raises(ControlError, match="refused 77: range"):
        check_response(message)
