"""What a supervised link is doing: a union of small types."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """Waiting for the garment to advertise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """Connecting to a garment that was seen."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The link is up: configuring, then streaming."""

    epoch: int
    since_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pausing after trouble."""

    delay_s: float
    n_failures: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Done; ``error`` says why when it was not asked for."""

    error: str | None = None


State = Scanning | Connecting | Serving | Backoff | Stopped
