"""Packets on a byte stream: COBS, each ended by a zero byte."""

# cobs ships no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from cobs import cobs

DEFAULT_CAP_BYTES = 4096


def encode_cobs(packet: bytes) -> bytes:
    """Encode one packet with its delimiter."""
    return cobs.encode(packet) + b"\x00"


class CobsReader:
    """Cut a byte stream into packets; resynchronises at the next zero byte."""

    def __init__(self, *, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self._cap = cap_bytes
        self._buffer = bytearray()
        self._skipping = False
        self.n_damaged = 0

    def __call__(self, data: bytes) -> list[bytes]:
        """Add bytes; returns the packets that are whole now. Damage is counted."""
        packets: list[bytes] = []
        for piece in data.split(b"\x00")[:-1]:
            self._extend(piece)
            packets.extend(self._close())
        self._extend(data.rsplit(b"\x00", 1)[-1])
        return packets

    def _extend(self, piece: bytes) -> None:
        if self._skipping:
            return
        self._buffer += piece
        if len(self._buffer) > self._cap:
            self._buffer.clear()
            self._skipping = True

    def _close(self) -> list[bytes]:
        skipped, self._skipping = self._skipping, False
        code = bytes(self._buffer)
        self._buffer.clear()
        if skipped:
            self.n_damaged += 1
            return []
        if not code:
            return []
        try:
            return [cobs.decode(code)]
        except cobs.DecodeError:
            self.n_damaged += 1
            return []
