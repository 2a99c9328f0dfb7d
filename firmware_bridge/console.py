"""Control messages on a serial line: the console framing of SMP.

A message stands as base64 text on lines of at most 127 bytes. The first line starts with 06 09, the
others with 04 14. Encoded are a big-endian u16 length (checksum included), the message and its
CRC-16/XMODEM, which has the data frame's polynomial but starts at zero.
"""

import base64
import binascii

_START, _CONTINUE, _END = b"\x06\x09", b"\x04\x14", b"\n"
_TEXT_BYTES = 120  # With delimiters and a carriage return below 127, and whole groups of four.
_LENGTH_BYTES = _CRC_BYTES = 2
_MAX_LINE_BYTES = 4096
_MAX_TEXT_BYTES = 90_000  # Base64 of the longest message that an SMP header can announce.


def encode_console(message: bytes) -> bytes:
    """Encode one control message as lines.

    Raises:
        ValueError: If it is longer than the u16 length can say.
    """
    if len(message) + _CRC_BYTES > 0xFFFF:
        raise ValueError(f"control message has {len(message)} bytes, at most 65533 fit")
    length = (len(message) + _CRC_BYTES).to_bytes(_LENGTH_BYTES, "big")
    crc = binascii.crc_hqx(message, 0).to_bytes(_CRC_BYTES, "big")
    text = base64.b64encode(length + message + crc)
    lines = [text[i : i + _TEXT_BYTES] for i in range(0, len(text), _TEXT_BYTES)]
    marks = [_START, *[_CONTINUE] * (len(lines) - 1)]
    return b"".join(mark + line + _END for mark, line in zip(marks, lines, strict=True))


class ConsoleReader:
    """Cut a byte stream into control messages; other text on the line is passed over.

    Attributes:
        n_damaged: Messages that were cut short, or whose checksum was wrong.
    """

    def __init__(self) -> None:
        self.n_damaged = 0
        self._line = bytearray()
        self._text = bytearray()

    def reset(self) -> None:
        """Forget what has arrived."""
        self._line.clear()
        self._text.clear()

    def __call__(self, data: bytes) -> list[bytes]:
        """Add bytes; returns the messages that are whole now."""
        messages: list[bytes] = []
        *ends, rest = data.split(_END)
        for piece in ends:
            self._line += piece
            message = self._take(bytes(self._line).rstrip(b"\r"))
            self._line.clear()
            if message is not None:
                messages.append(message)
        self._line += rest
        if len(self._line) > _MAX_LINE_BYTES:
            self._line.clear()
        return messages

    def _take(self, line: bytes) -> bytes | None:
        """Add a line; returns the message that it completes."""
        mark, text = line[:2], line[2:]
        if mark == _START:
            self.n_damaged += bool(self._text)
            self._text = bytearray(text)
        elif mark == _CONTINUE and self._text:
            self._text += text
        else:
            return None
        return self._whole()

    def _whole(self) -> bytes | None:
        try:
            data = base64.b64decode(bytes(self._text), validate=True)
        except binascii.Error:
            return self._damaged()
        if len(data) < _LENGTH_BYTES or len(self._text) > _MAX_TEXT_BYTES:
            return self._damaged()
        size = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "big")
        if len(data) < size:
            return None
        body, crc = data[_LENGTH_BYTES : size - _CRC_BYTES], data[size - _CRC_BYTES : size]
        if len(data) > size or size < _LENGTH_BYTES + _CRC_BYTES:
            return self._damaged()
        if binascii.crc_hqx(body, 0) != int.from_bytes(crc, "big"):
            return self._damaged()
        self._text.clear()
        return body

    def _damaged(self) -> None:
        self.n_damaged += 1
        self._text.clear()
