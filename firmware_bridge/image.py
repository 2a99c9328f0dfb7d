"""Firmware images as MCUboot signs them: header, body, then hash and signature as TLVs.

Layout: MCUboot design document, "Image format". `cryptography` is needed to check a signature.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import NamedTuple

from firmware_bridge.errors import ImageError

MAGIC = 0x96F3B83D
_HEADER = struct.Struct("<IIHHIIBBHII")
_TLV = struct.Struct("<HH")
_TLV_MAGIC, _PROTECTED_MAGIC = 0x6907, 0x6908
_SHA256, _ECDSA, _ED25519 = 0x10, 0x22, 0x24


class Version(NamedTuple):
    """Version of an image; compares in this order."""

    major: int
    minor: int
    revision: int
    build: int

    def __str__(self) -> str:
        """As MCUboot writes it, without a build number of 0."""
        text = f"{self.major}.{self.minor}.{self.revision}"
        return f"{text}.{self.build}" if self.build else text

    @classmethod
    def from_text(cls, text: str) -> "Version":
        """Read ``1.2.3`` or ``1.2.3.4``; ``1.2.3+4`` too.

        Raises:
            ImageError: If it is none of them.
        """
        words = text.replace("+", ".").split(".")
        try:
            numbers = [int(word) for word in words]
            return cls(*(numbers + [0] * (4 - len(numbers))))
        except (ValueError, TypeError) as error:
            raise ImageError(f"version {text!r} is not like 1.2.3 or 1.2.3.4") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareImage:
    """One signed image.

    Attributes:
        data: The whole file.
        version: From its header.
        sha256: Hash that names it, over header, body and protected TLVs.
        signed: What hash and signature cover.
        signatures: Signatures by TLV type.
    """

    data: bytes
    version: Version
    sha256: bytes
    signed: bytes
    signatures: dict[int, bytes]

    @classmethod
    def from_bytes(cls, data: bytes) -> "FirmwareImage":
        """Read an image and check its own hash.

        Raises:
            ImageError: If it is no image, cut short or damaged.
        """
        if len(data) < _HEADER.size:
            raise ImageError(f"firmware image has {len(data)} bytes, its header alone has 32")
        magic, _, header_size, protected_size, body_size, _, *version, _ = _HEADER.unpack_from(data)
        if magic != MAGIC:
            raise ImageError(
                f"firmware image starts with {magic:08x}, wanted {MAGIC:08x}: sign it with imgtool"
            )
        end = header_size + body_size
        if header_size < _HEADER.size or end + protected_size + _TLV.size > len(data):
            raise ImageError(f"firmware image of {len(data)} bytes is cut short: it says {end}")
        signed = data[: end + protected_size]
        tlvs = _tlvs(data, end + protected_size, _TLV_MAGIC)
        digest = hashlib.sha256(signed).digest()
        if tlvs.get(_SHA256) != digest:
            raise ImageError("firmware image does not match its own hash: it is damaged")
        signatures = {kind: tlvs[kind] for kind in (_ECDSA, _ED25519) if kind in tlvs}
        return cls(
            data=data, version=Version(*version), sha256=digest, signed=signed,
            signatures=signatures,
        )  # fmt: skip

    def check_signature(self, public_key: bytes) -> None:
        """Check the signature (ECDSA P-256 or Ed25519).

        Args:
            public_key: PEM of the maker's public key.

        Raises:
            ImageError: If it is not signed with that key.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(public_key)
        except ValueError as error:
            raise ImageError("the key is not a public key in PEM form") from error
        try:
            if isinstance(key, ec.EllipticCurvePublicKey) and _ECDSA in self.signatures:
                key.verify(self.signatures[_ECDSA], self.signed, ec.ECDSA(SHA256()))
                return
            if isinstance(key, ed25519.Ed25519PublicKey) and _ED25519 in self.signatures:
                # MCUboot signs the hash.
                key.verify(self.signatures[_ED25519], self.sha256)
                return
        except InvalidSignature as error:
            raise ImageError(
                f"firmware {self.version} is not signed with this key: forged, or another maker's"
            ) from error
        raise ImageError(f"firmware {self.version} has no signature of the kind of this key")


def _tlvs(data: bytes, at: int, magic: int) -> dict[int, bytes]:
    found, total = _TLV.unpack_from(data, at)
    if found != magic or at + total > len(data):
        raise ImageError("firmware image has no hash after its body: it is cut short or unsigned")
    tlvs: dict[int, bytes] = {}
    end, at = at + total, at + _TLV.size
    while at + _TLV.size <= end:
        kind, length = _TLV.unpack_from(data, at)
        at += _TLV.size
        if at + length > end:
            raise ImageError("firmware image ends within its hash or signature")
        tlvs[kind] = data[at : at + length]
        at += length
    return tlvs
