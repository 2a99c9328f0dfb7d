"""Console lines of control messages, as the field's own tools write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.console import ConsoleReader, encode_console


@given(messages=st.lists(st.binary(min_size=1, max_size=700), max_size=4), data=st.data())
def test_any_cutting_gives_the_messages_back(messages, data):
    stream = b"".join(map(encode_console, messages))
    reader, got, at = ConsoleReader(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 300))
        got += reader(stream[at : at + size])
        at += size
    assert got == messages
    assert reader.n_damaged == 0


@given(message=st.binary(min_size=1, max_size=3000))
def test_lines_are_those_of_smp(message):
    packet = pytest.importorskip("smp.packet")
    lines = encode_console(message).splitlines(keepends=True)
    assert all(len(line) <= 127 for line in lines)
    assert encode_console(message) == b"".join(packet.encode(message, line_length=127))
    decoder = packet.decode()
    next(decoder)
    for line in lines[:-1]:
        decoder.send(line)
    with pytest.raises(StopIteration) as ended:
        decoder.send(lines[-1])
    assert ended.value.value == message


@given(message=st.binary(min_size=1, max_size=400), data=st.data())
def test_a_changed_byte_never_makes_another_message(message, data):
    stream = bytearray(encode_console(message))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= 1 << data.draw(st.integers(0, 7))
    reader = ConsoleReader()
    assert reader(bytes(stream)) in ([], [message])
    assert reader(encode_console(b"next")) in ([b"next"], [])
    assert reader(encode_console(b"after"))[-1:] == [b"after"]


def test_other_text_is_passed_over_and_long_lines_are_bounded():
    reader = ConsoleReader()
    assert reader(b"*** Booting ***\r\n" + b"x" * 10_000) == []
    assert reader(b"\n" + encode_console(b"hello").replace(b"\n", b"\r\n")) == [b"hello"]
    assert reader(b"\x06\x09AAAAAA==\n") == []
    assert reader.n_damaged == 1


def test_a_message_too_long_is_refused():
    with pytest.raises(ValueError, match="at most 65533"):
        encode_console(bytes(65_534))
